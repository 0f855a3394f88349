"""Constant matrices on numbers as adder graphs: alkaid solves them, fwgen writes the circuit."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from alkaid.cmvm import cmvm_solve
from alkaid.types import CombLogic
from numpy.typing import NDArray

from fwgen.errors import LoweringError
from fwgen.ir.cast import Ints
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Scaled, Word

_SUMS = (0, 1)  # the solver's opcodes of an addition and a subtraction


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


def solve(
    c: Circuit, x: Sequence[Word], weight: Ints, lift: int, bias: Ints, variant: Variant
) -> list[Scaled]:
    """The sums ``(weight @ x << lift) + bias``, one term an output, by an adder graph.

    A bias is one more input of its own output only, so that the solver places it where the tree
    has room, and not after the tree.
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
