"""A third implementation: circuits evaluated operation by operation on Python integers."""

from collections.abc import Mapping, Sequence

from fwgen.ir.fixed import Fixed, Rounding
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import (
    Above,
    Addition,
    Clamp,
    Even,
    Floor,
    Gate,
    Joined,
    Lookup,
    Op,
    Pick,
    Product,
    Register,
    RoundUp,
    Select,
    Square,
    Truth,
    Word,
    Wrap,
)
from tests.ir.definition import Fraction, in_range, rounded


def outputs(circuit: Circuit, ports: Mapping[str, Sequence[int]]) -> list[list[int]]:
    """The output ports' integers for those of the input ports, registers seen through."""
    known = {
        word.name: value
        for port in circuit.inputs
        for word, value in zip(port.words, ports[port.name], strict=True)
    }

    def value(word: Word) -> int:
        return word.lo if word.constant else known[word.name]

    for op in circuit.ops:
        if not isinstance(op, Pick):
            known[op.word.name] = _result(op, [value(w) for w in op.operands])
        assert op.word.lo <= known[op.word.name] <= op.word.hi, op
    return [[value(w) for w in port.words] for port in circuit.outputs]


def _result(op: Op, values: list[int]) -> int:  # noqa: C901, PLR0912 - one case an operation
    a = values[0]
    match op:
        case Addition():
            b = (values[1] + sum(values[2:])) * 2**op.b_shift
            return a * 2**op.a_shift + (-b if op.minus else b)
        case Gate():
            return a * op.value
        case Joined():
            return sum(bit * 2**k for k, bit in enumerate(values))
        case Truth():
            return op.values[sum(bit << k for k, bit in enumerate(values))]
        case Select():
            return values[1] if a else values[2]
        case Above():
            return int(a > op.limit)
        case Floor():
            return a // 2**op.shift
        case RoundUp():
            return rounded(Fraction(a, 2**op.shift), Rounding(op.mode)) - a // 2**op.shift
        case Even():
            return a if values[1] else a - a % 2
        case Clamp():
            inside = op.floor <= a <= op.ceiling
            return a if inside else 0 if op.to_zero else min(max(a, op.floor), op.ceiling)
        case Wrap():
            return in_range(a, Fixed(op.word.signed, op.word.width, op.word.width))
        case Square():
            return a * a
        case Product():
            return a * values[1]
        case Lookup():
            return op.values[a - op.a.lo]
        case Register():
            return a
    raise AssertionError(op)
