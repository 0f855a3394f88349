"""Feed-forward operations as pipelined circuits."""

from collections.abc import Sequence

import numpy as np
from alkaid.cmvm import cmvm_solve
from alkaid.types import CombLogic

from fwgen.errors import LoweringError
from fwgen.ir.cast import Ints
from fwgen.ir.nodes import Dense, Quantise, SquaredError, Threshold
from fwgen.lower.circuit import Circuit
from fwgen.lower.convert import convert
from fwgen.lower.ops import Scaled, Word
from fwgen.lower.pace import Pace
from fwgen.quantise.bounds import Range, const, floor_to

# adder levels that the solver may add to the smallest possible depth to save adders
EXTRA_DEPTH = 1
_EXACT_FLOAT32 = 1 << 24


def dense_weights(node: Dense, source: Range, result: Range) -> tuple[Ints, int, Ints]:
    """Integer weight (outputs, inputs), how far it must be shifted left, and bias (outputs,).

    The shifted weight times the source, plus the bias, lies on the result's grid.
    """
    weight, bias = const(node.weight), const(node.bias)
    lift = result.frac - weight.fmt.frac - source.frac
    return weight.values, lift, bias.values << (result.frac - bias.fmt.frac)


def adder_graph(
    node: Dense, source: Range, result: Range, pace: Pace, *, registered: bool
) -> Circuit:
    """Constant matrix on numbers: alkaid finds shared subexpressions, fwgen writes the circuit.

    Raises
    ------
    LoweringError
        If a weight needs more than the 24 bits that the solver takes exactly.
    """
    c = Circuit(pace)
    x = c.input("x_i", source)
    weight, lift, bias = dense_weights(node, source, result)
    if np.abs(weight).max(initial=0) >= _EXACT_FLOAT32:
        raise LoweringError(
            f"layer '{node.name}' (dense): weight",
            needed="weights of at most 24 bits",
            found=f"{int(np.abs(weight).max()).bit_length()} bits",
            do="Choose a narrower weight_format.",
        )
    sums = [term._replace(exp=term.exp + lift) for term in _solve(c, x, weight)]
    outputs = [
        c.whole(f"y{o}", term, int(b)) for o, (term, b) in enumerate(zip(sums, bias, strict=True))
    ]
    c.output("y_o", outputs, result, registered=registered)
    return c


def _solve(c: Circuit, x: Sequence[Word], weight: Ints) -> list[Scaled]:
    intervals = [(float(w.lo), float(w.hi), 1.0) for w in x]
    kernel = np.ascontiguousarray(weight.T.astype(np.float32))
    values = [Scaled(w) for w in x]
    programs = cmvm_solve(kernel, qintervals=intervals, hard_dc=EXTRA_DEPTH)
    for index, program in enumerate(programs):
        values = _replay(c, f"v{index}", program, values)
    return values


def _replay(c: Circuit, stem: str, program: CombLogic, inputs: list[Scaled]) -> list[Scaled]:
    """Write one of the solver's programs into the circuit; exponents replace its real scale."""
    buffer: list[Scaled] = []
    for index, op in enumerate(program.ops):
        match op.opcode:
            case -1:  # input
                word, exp, minus = inputs[op.data[0]]
                buffer.append(Scaled(word, exp + int(program.inp_shifts[op.data[0]]), minus))
            case -2:  # negation
                word, exp, minus = buffer[op.addr[0]]
                buffer.append(Scaled(word, exp, not minus))
            case 0 | 1:  # a + (b << shift), a - (b << shift)
                a, b = (buffer[i] for i in op.addr)
                b = Scaled(b.word, b.exp + op.data[0], b.minus ^ (op.opcode == 1))
                buffer.append(c.combine(f"{stem}_{index}", a, b))
            case _:
                raise LoweringError(
                    f"adder graph '{stem}'",
                    needed="additions and subtractions from alkaid's solver",
                    found=f"operation {op.opcode}",
                    do="Install the alkaid version that fwgen's requirements name.",
                )
    outputs = zip(program.out_idxs, program.out_shifts, program.out_negs, strict=True)
    return [
        Scaled(c.constant(0))
        if i < 0
        else Scaled(buffer[i].word, buffer[i].exp + int(shift), buffer[i].minus ^ bool(negate))
        for i, shift, negate in outputs
    ]


def synapses(node: Dense, source: Range, result: Range, pace: Pace) -> Circuit:
    """Constant matrix on spikes: a synapse adds its weight when its input spiked."""
    c = Circuit(pace)
    spikes = c.input("spike_i", source)
    weight, lift, bias = dense_weights(node, source, result)
    sums = []
    for o, row in enumerate(weight):
        terms = [
            Scaled(c.gate(f"n{o}_w{i}", spike, int(w)), lift)
            for i, (spike, w) in enumerate(zip(spikes, row, strict=True))
        ]
        total = c.sum(f"n{o}", [*terms, Scaled(c.constant(int(bias[o])))])
        sums.append(c.whole(f"n{o}", total))
    c.output("current_o", sums, result, registered=True)
    return c


def squared_error(node: SquaredError, ranges: dict[str, Range], pace: Pace) -> Circuit:
    """Differences, squares and a balanced tree, all exact."""
    c = Circuit(pace)
    left, right = ranges[node.left], ranges[node.right]
    a, b = c.input("left_i", left), c.input("right_i", right)
    frac = max(left.frac, right.frac)
    squares = []
    for i, (p, q) in enumerate(zip(a, b, strict=True)):
        terms = Scaled(p, frac - left.frac), Scaled(q, frac - right.frac, minus=True)
        d = c.whole(f"d{i}", c.combine(f"d{i}", *terms))
        squares.append(Scaled(c.square(f"d{i}_squared", d)))
    score = c.whole("score", c.sum("score", squares))
    c.output("score_o", [score], ranges[node.name], registered=True)
    return c


def threshold(node: Threshold, source: Range, result: Range, pace: Pace) -> Circuit:
    """Comparison of each element with the constant."""
    c = Circuit(pace)
    limit = int(floor_to(const(node.value), source.frac)[()])
    bits = [c.above(f"above_{i}", x, limit) for i, x in enumerate(c.input("x_i", source))]
    c.output("y_o", bits, result, registered=True)
    return c


def quantise(node: Quantise, source: Range, result: Range, pace: Pace) -> Circuit:
    """Conversion of each element."""
    c = Circuit(pace)
    words = [
        convert(c, f"y{i}", x, source.frac, node.fmt) for i, x in enumerate(c.input("x_i", source))
    ]
    c.output("y_o", words, result, registered=True)
    return c
