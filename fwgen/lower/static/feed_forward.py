"""Feed-forward operations as pipelined circuits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from alkaid.cmvm import cmvm_solve
from alkaid.types import CombLogic
from numpy.typing import NDArray

from fwgen.errors import LoweringError
from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Add, Concat, Dense, KlDivergence, Multiply, Node, Pair, Subtract
from fwgen.ir.ranges import Range, const
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.convert import convert
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.squares import square
from fwgen.lower.circuit.sums import Part, Sums
from fwgen.lower.circuit.vectors import aligned, sum_of_two, terms
from fwgen.lower.circuit.words import Scaled, Word
from fwgen.lower.static import activations as element_wise
from fwgen.lower.static.scores import Score, decision, score_terms

_SUMS = (0, 1)  # the solver's opcodes of an addition and a subtraction
_EXACT_FLOAT32 = 1 << 24

Ranges = Mapping[str, Range]


class Variant(NamedTuple):
    """How the solver is asked for an adder graph.

    ``extra_depth`` are adder levels that it may add to the smallest possible depth to save adders,
    -1 for any; ``order`` numbers the order in which it sees inputs and outputs, 0 as they are.
    """

    extra_depth: int = 0
    order: int = 0

    def places(self, count: int) -> NDArray[np.intp]:
        """The elements in this variant's order; the same on every machine."""
        if not self.order:
            return np.arange(count)
        spread = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_SPREAD * self.order)
        return np.argsort(spread % np.uint64(1 << 32), kind="stable")


SHALLOW = Variant()
_SPREAD = 2_654_435_761  # Knuth's multiplicative hash: 2**32 over the golden ratio


def circuit(
    node: Node,
    ranges: Ranges,
    pace: Pace,
    before: Mapping[str, Sequence[int]] | None = None,
    accumulator: Fixed | None = None,
    lifted: int = 0,
    variant: Variant = SHALLOW,
) -> Circuit:
    """The circuit of a node that exists once per event; its outputs are not registered.

    Parameters
    ----------
    ranges
        Bounds of every value.
    pace
        As in `Circuit`.
    before
        Picoseconds of logic before each element of a source, by the source's name.
    accumulator
        Of a dense layer, where its sums wrap around in it.
    lifted
        What a dense layer's sums carry beside their value, and a conversion's source does.
    variant
        Of a dense layer's adder graph.

    Raises
    ------
    LoweringError
        If there is no circuit; the message names the layer.
    """
    if isinstance(node, Score):
        return score(node, ranges, pace, before or {}, {})
    c = Circuit(pace)
    read = _inputs(c, node, ranges, before or {})
    if isinstance(node, Dense):
        source = ranges[node.source]
        words = _adder_graph(c, node, read[0], source, accumulator, lifted, variant)
    else:
        words = _words(c, node, read, ranges, lifted)
    c.output("y_o", words, ranges[node.name])
    return c


def score(
    node: Score,
    ranges: Ranges,
    pace: Pace,
    before: Mapping[str, Sequence[int]],
    limits: Mapping[str, int],
) -> Circuit:
    """The circuit of a score, and beside it whether the score is above each of some limits.

    Parameters
    ----------
    limits
        Limits by the names of thresholds; each has a port ``NAME_o`` of one bit behind ``y_o``.
    """
    c = Circuit(pace)
    read = _inputs(c, node, ranges, before)
    found = score_terms(c, node, read, [ranges[name].frac for name in node.sources])
    total = c.whole("score", c.sum("score", found))
    c.output("y_o", [total], ranges[node.name])
    for name, limit in limits.items():
        c.output(f"{name}_o", [decision(c, name, found, limit)], ranges[name])
    return c


def _inputs(
    c: Circuit, node: Node, ranges: Ranges, before: Mapping[str, Sequence[int]]
) -> list[Sequence[Word]]:
    """The words of each source, in the node's order."""
    sources = {
        name: c.input(port, ranges[name], before.get(name, ()))
        for name, port in ports(node).items()
    }
    return [sources[name] for name in node.sources]


def ports(node: Node) -> dict[str, str]:
    """The input port of each source; a source that is read twice has one."""
    match node:
        case KlDivergence():
            names: Sequence[str] = ("mean_i", "log_variance_i", "variance_i")
        case Pair():
            names = ("left_i", "right_i")
        case Concat():
            names = [f"x{i}_i" for i in range(len(node.parts))]
        case _:
            names = ("x_i",)
    found: dict[str, str] = {}
    for source, name in zip(node.sources, names, strict=True):
        found.setdefault(source, name)
    return found


def _words(
    c: Circuit,
    node: Node,
    sources: Sequence[Sequence[Word]],
    ranges: Ranges,
    lifted: int,
) -> list[Word]:
    fracs = [ranges[name].frac for name in node.sources]
    match node:
        case Concat():
            return [w for part in aligned(c, sources, fracs) for w in part]
        case Add() | Subtract():
            pairs = zip(*terms(sources, fracs), strict=True)
            minus = isinstance(node, Subtract)
            return [sum_of_two(c, f"y{i}", a, b, minus=minus) for i, (a, b) in enumerate(pairs)]
        case Multiply() if node.left == node.right:
            return [square(c, f"y{i}", x) for i, x in enumerate(sources[0])]
        case Multiply():
            pairs = zip(*sources, strict=True)
            return [c.multiply(f"y{i}", a, b) for i, (a, b) in enumerate(pairs)]
        case _:
            return element_wise.words(
                c, node, sources[0], ranges[node.sources[0]], ranges[node.name], lifted
            )


# ---- dense ----


def dense_weights(node: Dense, source: Range) -> tuple[Ints, int, Ints, int]:
    """Integer weight (outputs, inputs), its shift, bias (outputs,), and the sum's fraction bits.

    The weight times the source, shifted left, plus the bias, is the exact sum.
    """
    weight, bias = const(node.weight), const(node.bias)
    frac = max(weight.fmt.frac + source.frac, bias.fmt.frac)
    lift = frac - weight.fmt.frac - source.frac
    return weight.values, lift, bias.values << (frac - bias.fmt.frac), frac


def _adder_graph(
    c: Circuit,
    node: Dense,
    x: Sequence[Word],
    source: Range,
    accumulator: Fixed | None,
    lifted: int,
    variant: Variant,
) -> list[Word]:
    """Constant matrix on numbers: alkaid finds shared subexpressions, fwgen writes the circuit.

    Raises
    ------
    LoweringError
        If a weight needs more than the 24 bits that the solver takes exactly.
    """
    weight, lift, bias, frac = dense_weights(node, source)
    if np.abs(weight).max(initial=0) >= _EXACT_FLOAT32:
        raise LoweringError(
            f"layer '{node.name}' (dense): weight",
            needed="weights of at most 24 bits",
            found=f"{int(np.abs(weight).max()).bit_length()} bits",
            do="Choose a narrower weight_format.",
        )
    c.sums = Sums("y", (Part("x", "x_i", weight << lift),), bias + lifted, frac)
    sums = _solve(c, x, weight, lift, bias + lifted, variant)
    words = [c.whole(f"y{o}", term) for o, term in enumerate(sums)]
    return accumulated(c, words, frac, accumulator)


def accumulated(c: Circuit, words: list[Word], frac: int, accumulator: Fixed | None) -> list[Word]:
    """The sums as an accumulator that wraps around leaves them."""
    if accumulator is None:
        return words
    return [convert(c, f"acc{o}", w, frac, accumulator) for o, w in enumerate(words)]


def _solve(
    c: Circuit, x: Sequence[Word], weight: Ints, lift: int, bias: Ints, variant: Variant
) -> list[Scaled]:
    """The sums ``(weight @ x << lift) + bias``, one term an output.

    A bias is one more input of its own output only, so that the solver places it where the tree
    has room, and not behind the tree.
    """
    given = np.flatnonzero(bias != 0)
    own = np.zeros((len(given), len(bias)))
    own[np.arange(len(given)), given] = 1
    kernel = np.concatenate([weight.T, own])
    constants = [c.constant(int(b)) for b in bias[given]]
    values = [Scaled(w, lift) for w in x] + [Scaled(w) for w in constants]
    rows, columns = variant.places(len(values)), variant.places(len(bias))
    values = [values[i] for i in rows]
    intervals = tuple(_interval(term) for term in values)
    programs = _programs(_Kernel(kernel[rows][:, columns]), intervals, variant.extra_depth)
    for index, program in enumerate(programs):
        values = _replay(c, f"v{index}", program, values)
    return [values[i] for i in np.argsort(columns)]


class _Kernel:
    """A matrix as the solver reads it, comparable by its numbers."""

    def __init__(self, values: NDArray[Any]) -> None:
        # the solver reads the memory row by row, in whatever order NumPy has laid it out
        self.values = np.ascontiguousarray(values, dtype=np.float32)
        self._key = (self.values.shape, self.values.tobytes())

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kernel) and self._key == other._key


@lru_cache(maxsize=64)
def _programs(
    kernel: _Kernel, intervals: tuple[tuple[float, float, float], ...], extra_depth: int
) -> tuple[CombLogic, ...]:
    """The solver's answer; kept, since a search lowers the other layers again and again."""
    return tuple(cmvm_solve(kernel.values, qintervals=list(intervals), hard_dc=extra_depth))


def _interval(term: Scaled) -> tuple[float, float, float]:
    """Lowest value, highest value and step of a term, as the solver wants them."""
    step = 2.0**term.exp
    return term.word.lo * step, term.word.hi * step, step


def _replay(c: Circuit, stem: str, program: CombLogic, inputs: list[Scaled]) -> list[Scaled]:
    """Write one of the solver's programs into the circuit; exponents replace its real scale."""
    buffer: list[Scaled] = []
    readers = Counter(i for op in program.ops if op.opcode in _SUMS for i in op.addr)
    for index, op in enumerate(program.ops):
        match op.opcode:
            case -1:  # input
                word, exp, minus = inputs[op.data[0]]
                word = c.loaded(word, readers[index])
                buffer.append(Scaled(word, exp + int(program.inp_shifts[op.data[0]]), minus))
            case -2:  # negation
                word, exp, minus = buffer[op.addr[0]]
                buffer.append(Scaled(word, exp, not minus))
            case 0 | 1:  # a + (b << shift), a - (b << shift)
                a, b = (buffer[i] for i in op.addr)
                b = Scaled(b.word, b.exp + op.data[0], b.minus ^ (op.opcode == 1))
                word, exp, minus = c.combine(f"{stem}_{index}", a, b)
                buffer.append(Scaled(c.loaded(word, readers[index]), exp, minus))
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
