"""Circuits as networks of bits: what every operation makes of the bits that it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fwgen.devices.delays import LUT_INPUTS, SHORTEST_SHIFT
from fwgen.ir.fixed import Rounding
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.tables import block_luts, columns, parts
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
    Vector,
    Word,
    Wrap,
)
from fwgen.lower.estimate.luts import FREE, Bit, Cost, Network

_SHIFT_LUT_BITS = 32
_DSP_A, _DSP_B = 27, 18  # multiplier of a DSP48E2
_SMALLEST_DSP_RESULT = 9
_SLICE_BITS = 2  # address bits that the multiplexers of a slice take in


def delay_cost(width: int, cycles: int) -> Cost:
    """Cost of a shift register."""
    if cycles < SHORTEST_SHIFT:
        return Cost(ff=width * cycles)
    return Cost(lut=width * -(-cycles // _SHIFT_LUT_BITS))


@dataclass(slots=True)
class Bits:
    """The bits of every signal of a circuit.

    ``fixed`` are bits of input ports that are constant.
    """

    net: Network = field(default_factory=Network)
    fixed: Mapping[Bit, int] = field(default_factory=dict)
    words: dict[str, tuple[Bit, ...]] = field(default_factory=dict)

    def run(self, circuit: Circuit) -> None:
        """Add a circuit's operations in their order."""
        rows = _shift_registers(circuit)
        for op in circuit.ops:
            if op.word.name in rows:
                self.words[op.word.name] = self._in_row(op, rows[op.word.name])
            else:
                self.words[op.word.name] = tuple(self._op(op))

    def of(self, word: Word, width: int, shift: int = 0) -> tuple[Bit, ...]:
        """``word << shift`` as ``width`` bits."""
        if word.constant:
            return tuple(word.lo << shift >> i & 1 for i in range(width))
        own = self.words[word.name]
        more: Bit = own[-1] if word.signed else 0
        return tuple(
            0 if i < shift else own[i - shift] if i - shift < len(own) else more
            for i in range(width)
        )

    def outputs(self, port: Vector) -> dict[int, Bit]:
        """The bits of an output port by their place."""
        width = port.fmt.width
        return {
            n * width + i: bit
            for n, word in enumerate(port.words)
            for i, bit in enumerate(self.of(word, width))
        }

    # ---- one method an operation ----

    def _op(self, op: Op) -> Sequence[Bit]:
        width = op.word.width
        match op:
            case Pick():
                ports = [(op.port, op.lsb + i) for i in range(width)]
                return [self.fixed.get(bit, bit) for bit in ports]
            case Addition():
                return self._add(op)
            case Gate():
                (spike,) = self.of(op.bit, 1)
                return [spike if op.value >> i & 1 else 0 for i in range(width)]
            case Floor() | Wrap() | Joined():
                return self._wires(op, width)
            case Register():
                row = enumerate(self.of(op.a, width))
                return [self.net.register(op.word.name, i, bit) for i, bit in row]
            case Select():
                (condition,) = self.of(op.bit, 1)
                pairs = zip(self.of(op.yes, width), self.of(op.no, width), strict=True)
                return [self.net.choose(condition, yes, no) for yes, no in pairs]
            case Above():
                return [self._above(op.word.name, op.a, op.limit)]
            case Clamp():
                return self._clamp(op) if op.aligned is None else self._aligned(op, op.aligned)
            case Even():
                lowest, *kept = self.of(op.a, width)
                return [self.net.function("&", lowest, *self.of(op.keep, 1)), *kept]
            case RoundUp():
                return [self._round_up(op)]
            case _:
                return self._product(op)

    def _wires(self, op: Floor | Wrap | Joined, width: int) -> Sequence[Bit]:
        match op:
            case Joined():
                return [self.of(word, 1)[0] for word in op.bits]
            case Floor():
                return self.of(op.a, op.shift + width)[op.shift :]
            case Wrap():
                return self.of(op.a, width)

    def _truth(self, op: Truth, column: int) -> Bit:
        """A bit of a function: of those bits only on which it depends."""
        bits = [self.of(word, 1)[0] for word in op.bits]
        reads = [bit for k, bit in enumerate(bits) if depends(column, k, len(bits))]
        if not reads:
            return column & 1
        if len(reads) == 1 and not column & 1:
            return reads[0]
        return self.net.function(f"truth {column}" if len(reads) > 1 else "~", *reads)

    def _product(self, op: Op) -> Sequence[Bit]:
        """What is no row of LUTs: multipliers and tables."""
        match op:
            case Truth():
                return [self._truth(op, op.column(i)) for i in range(op.word.width)]
            case Square():
                return self._multiply(op.word, op.a)
            case Product():
                return self._multiply(op.word, op.a, op.b)
            case Lookup():
                return self._lookup(op)
            case _:
                raise TypeError(f"no cost for {type(op).__name__}")

    def _in_row(self, op: Op, cycles: int) -> tuple[Bit, ...]:
        """A register of a row: only its last one, after ``cycles``, delivers new bits."""
        (before,) = op.operands
        bits = self.of(before, op.word.width)
        if not cycles:
            return bits
        cost = delay_cost(1, cycles)
        return tuple(
            bit if isinstance(bit, int) else self.net.source((op.word.name, i), cost, [bit])
            for i, bit in enumerate(bits)
        )

    def _add(self, op: Addition) -> Sequence[Bit]:
        width = op.word.width
        a, b = self.of(op.a, width, op.a_shift), self.of(op.b, width, op.b_shift)
        if op.carry:
            start = min(op.b_shift, width)
            carry = self.of(op.carry, 1)[0]
            upper = self.net.add(op.word.name, a[start:], b[start:], carry=carry)
            return [*a[:start], *upper]
        names = {bit for bit in (*a, *b) if not isinstance(bit, int)}
        if len(names) == 1:
            return self._of_one(names.pop(), a, b, minus=op.minus)
        return self.net.add(op.word.name, a, b, minus=op.minus)

    def _of_one(
        self, name: Bit, a: Sequence[Bit], b: Sequence[Bit], *, minus: bool
    ) -> Sequence[Bit]:
        """Bits of a sum that only one bit decides: constants, the bit itself, or its inverse."""
        off, on = (
            _value(a, name, level) + (-1 if minus else 1) * _value(b, name, level)
            for level in (0, 1)
        )
        inverse = self.net.function("~", name)
        choices: dict[tuple[int, int], Bit] = {(0, 0): 0, (1, 1): 1, (0, 1): name, (1, 0): inverse}
        return [choices[off >> i & 1, on >> i & 1] for i in range(len(a))]

    def _above(self, name: str, a: Word, limit: int) -> Bit:
        flipped = limit ^ (1 << (a.width - 1)) if a.signed else limit
        return self.net.above(name, self.of(a, a.width), flipped)

    def _clamp(self, op: Clamp) -> Sequence[Bit]:
        """Each bit reads whether a limit is passed; bits in which the limits differ, which one.

        The sign of a clamped number is its sign before, unless too large becomes 0.
        """
        width, name = op.word.width, op.word.name
        low = self._above(f"{name}<", op.a, op.floor - 1) if op.a.lo < op.floor else 1
        high = self._above(f"{name}>", op.a, op.ceiling) if op.a.hi > op.ceiling else 0
        limits = (0, 0) if op.to_zero else (op.floor, op.ceiling)
        out: list[Bit] = []
        for i, bit in enumerate(self.of(op.a, width)):
            raised = self.net.choose(low, bit, limits[0] >> i & 1)
            out.append(self.net.choose(high, limits[1] >> i & 1, raised))
        if op.word.signed and op.floor < 0 <= op.ceiling and not op.to_zero:
            out[-1] = self.of(op.a, op.a.width)[-1]
        return out

    def _aligned(self, op: Clamp, k: int) -> Sequence[Bit]:
        """Limits of k bits: whether a value lies beyond them shows in its bits from k on."""
        bits = self.of(op.a, op.a.width)
        sign = bits[-1] if op.a.signed else 0
        upper = bits[k : op.a.width - op.a.signed]
        row = [self.net.function("|", self._over(sign, upper), bit) for bit in bits[:k]]
        if not op.a.signed:
            return row
        if op.floor == 0:
            return [self.net.function("&~", bit, sign) for bit in row]
        if op.a.lo < op.floor:
            under = self.net.function("&~", sign, self.net.tree("&", upper))
            row = [self.net.function("&~", bit, under) for bit in row]
        return [*row, sign]

    def _over(self, sign: Bit, upper: Sequence[Bit]) -> Bit:
        return self.net.function("~&", sign, self.net.tree("|", upper))

    def _round_up(self, op: RoundUp) -> Bit:
        """The bit added to the floor: half, whether anything is below, and the deciding bit."""
        row = self.of(op.a, max(op.shift + 1, op.a.width))
        half, below = row[op.shift - 1], row[: op.shift - 1]
        match Rounding(op.mode):
            case Rounding.RND:
                return half
            case Rounding.TRN_ZERO:
                return self.net.function("up0", row[-1], self.net.tree("|", [half, *below]))
            case Rounding.RND_MIN_INF:
                return self.net.function("up<", half, self.net.tree("|", below))
            case Rounding.RND_CONV:
                return self.net.function("up=", half, row[op.shift], self.net.tree("|", below))
            case _:
                what = f"up{op.mode}"
                return self.net.function(what, half, row[-1], self.net.tree("|", below))

    def _multiply(self, word: Word, *factors: Word) -> Sequence[Bit]:
        bits = [bit for factor in factors for bit in self.of(factor, factor.width)]
        if word.width < _SMALLEST_DSP_RESULT:
            return [self.net.function(f"*{i}", *bits) for i in range(word.width)]
        wide, narrow = max(f.width for f in factors), min(f.width for f in factors)
        count = -(-wide // (_DSP_A - 1)) * -(-narrow // _DSP_B)
        whole = self.net.source((f"{word.name} dsp", 0), Cost(dsp=count), bits)
        return [self.net.source((word.name, i), FREE, [whole]) for i in range(word.width)]

    def _lookup(self, op: Lookup) -> Sequence[Bit]:
        width = op.a.address_bits  # the bits above them are the same for all that it can be
        found = columns(width, op.a.lo, op.values, op.word.width)
        return [self._column(op, i, column) for i, column in enumerate(found)]

    def _column(self, op: Lookup, index: int, column: int) -> Bit:
        """A bit of a table: constant, one LUT's worth, or blocks and choices among them."""
        width = op.a.address_bits
        bits = self.of(op.a, op.a.width)[:width]
        if column in {0, (1 << (1 << width)) - 1}:
            return int(column > 0)
        if width <= LUT_INPUTS:
            return self.net.function(f"table {column}", *bits)
        luts = _column_luts(column, width)
        return self.net.source((op.word.name, index), Cost(lut=luts), bits)


def _column_luts(column: int, width: int) -> int:
    """LUTs of one bit of a table with more than six address bits: blocks and choices among them.

    The multiplexers of a slice choose among four blocks for nothing; a tree of LUTs chooses among
    what is left, by the upper address bits. Yosys 0.70 needs 32, 72 and 136 LUTs for tables of 8
    random bits with 8, 9 and 10 address bits, which is what this says; of squares, which have a
    pattern, 30, 62 and 114, where this says 30, 66 and 125.
    """
    own, joined = block_luts(column, width), min(width, LUT_INPUTS + _SLICE_BITS)
    left = parts(column, width, joined)
    if len(left) == 1:
        return own
    varying = left - {0, (1 << (1 << joined)) - 1}
    inputs = len(varying) + width - joined
    return own + max(1, -(-(inputs - 1) // (LUT_INPUTS - 1)))


def depends(column: int, k: int, inputs: int) -> bool:
    """Whether a function, as the contents of a LUT, depends on its input k."""
    step = 1 << k
    low = sum(((1 << step) - 1) << i for i in range(0, 1 << inputs, 2 * step))
    return (column >> step & low) != column & low


def _value(bits: Sequence[Bit], name: Bit, level: int) -> int:
    return sum((level if bit == name else int(bit == 1)) << i for i, bit in enumerate(bits))


def _shift_registers(circuit: Circuit) -> dict[str, int]:
    """Registers that form rows without taps, with the row's length at its last; 0 at others."""
    readers: dict[str, list[Op]] = {}
    for op in circuit.ops:
        for word in op.operands:
            readers.setdefault(word.name, []).append(op)
    shown = {w.name for port in circuit.outputs for w in port.words}
    by_name = {op.word.name: op for op in circuit.ops}
    found: dict[str, int] = {}
    for op in circuit.ops:
        if isinstance(op, Register) and not _continues(op, readers, shown):
            row = _row(op, by_name, readers, shown)
            if len(row) >= SHORTEST_SHIFT:
                found |= dict.fromkeys(row, 0)
                found[op.word.name] = len(row)
    return found


def _continues(op: Register, readers: Mapping[str, list[Op]], shown: set[str]) -> bool:
    """Whether the only reader of a register is another register."""
    found = readers.get(op.word.name, [])
    return len(found) == 1 and isinstance(found[0], Register) and op.word.name not in shown


def _row(
    last: Register, by_name: Mapping[str, Op], readers: Mapping[str, list[Op]], shown: set[str]
) -> list[str]:
    row = [last.word.name]
    before = by_name.get(last.a.name)
    while isinstance(before, Register) and _continues(before, readers, shown):
        row.append(before.word.name)
        before = by_name.get(before.a.name)
    return row
