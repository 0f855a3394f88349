"""LUTs, flip-flops and DSPs of a lowered design, estimated without synthesis.

Every operation is counted bit by bit. A bit is a constant, a bit of an earlier signal (slices,
sign extensions and spike-gated weights only rename bits), or new. A LUT is counted where a new bit
needs a function of two or more different bits, once for equal functions: the adder of two gated
weights costs one LUT for all the bits where both weights have a one. ``docs/estimates.md`` has the
measured error against Yosys.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fwgen.ir.fixed import Rounding
from fwgen.lower.circuit import Circuit
from fwgen.lower.design import (
    Block,
    CircuitBlock,
    CountBlock,
    DelayBlock,
    Design,
    HoldBlock,
    LifBlock,
)
from fwgen.lower.lif import NeuronCircuit
from fwgen.lower.ops import (
    Above,
    Add,
    Clamp,
    Floor,
    Gate,
    Lookup,
    Multiply,
    Op,
    Register,
    RoundUp,
    Select,
    Square,
    Word,
    Wrap,
)
from fwgen.lower.unary import table_luts

MODEL = "fwgen/lower/cost.py: bits counted operation by operation, calibrated against Yosys 0.70"
_LUT_INPUTS = 6
_SHIFT_LUT_BITS = 32
_SHORTEST_SHIFT = 3  # registers in a row that Yosys turns into a shift-register LUT
_DSP_A, _DSP_B = 27, 18  # multiplier of a DSP48E2
_SMALLEST_DSP_RESULT = 9

Bit = int | tuple[str, int]  # 0, 1, or (signal, index)


@dataclass(frozen=True, slots=True)
class Cost:
    """LUTs (shift registers included), flip-flops and DSPs."""

    lut: int = 0
    ff: int = 0
    dsp: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.lut + other.lut, self.ff + other.ff, self.dsp + other.dsp)

    def __mul__(self, times: int) -> "Cost":
        return Cost(self.lut * times, self.ff * times, self.dsp * times)


def estimate(design: Design) -> dict[str, Cost]:
    """Cost by layer, in the order of the blocks; the event control under ``""``."""
    rows: dict[str, Cost] = {}
    for block in design.blocks:
        layer = block.name.partition("__")[0]
        rows[layer] = rows.get(layer, Cost()) + block_cost(block)
    rows[""] = Cost(lut=2, ff=design.last + 1)
    return rows


def block_cost(block: Block) -> Cost:
    """Cost of one block."""
    match block:
        case CircuitBlock():
            return circuit_cost(block.circuit)
        case LifBlock():
            of = block.core.of
            kinds = [neuron_cost(kind, block) for kind in block.core.kinds]
            return sum((kinds[kind] for kind in of), Cost())
        case CountBlock():
            bits = block.output.width
            return Cost(lut=bits, ff=bits)
        case HoldBlock():
            return Cost(ff=block.output.width)
        case DelayBlock():
            return delay_cost(block.output.width, block.cycles)
        case _:
            return Cost()


def delay_cost(width: int, cycles: int) -> Cost:
    """A shift register."""
    if cycles < _SHORTEST_SHIFT:
        return Cost(ff=width * cycles)
    return Cost(lut=width * -(-cycles // _SHIFT_LUT_BITS))


def neuron_cost(kind: NeuronCircuit, block: LifBlock) -> Cost:
    """One neuron: its step, the state's restart at an event's first step, and its registers."""
    counter = _Counter()
    counter.start(kind.membrane)
    counter.start(kind.current)
    if not kind.reset.constant:
        counter.start(kind.reset)
        counter.cost += Cost(lut=1)
    cost = counter.run(kind.circuit)
    stored = kind.membrane.width + bool(block.spikes and not kind.spike.constant)
    stored += not (kind.reset.constant or kind.next_reset is kind.spike)
    return cost + Cost(lut=kind.membrane.width, ff=stored)


def circuit_cost(circuit: Circuit) -> Cost:
    """A pipelined circuit."""
    return _Counter().run(circuit)


@dataclass(slots=True)
class _Counter:
    """Counts operations in order; knows what every bit of every signal is."""

    cost: Cost = field(default_factory=Cost)
    bits: dict[str, tuple[Bit, ...]] = field(default_factory=dict)
    functions: set[tuple[object, ...]] = field(default_factory=set)
    stored: set[tuple[Bit, int]] = field(default_factory=set)
    masks: set[str] = field(default_factory=set)

    def start(self, word: Word) -> None:
        """A signal that comes from outside."""
        self._new(word)

    def run(self, circuit: Circuit) -> Cost:
        shifts = _shift_registers(circuit)
        self.masks = _masks(circuit)
        for op in circuit.ops:
            if op.word.name in shifts:
                self.cost += shifts[op.word.name]
                self._new(op.word)
            else:
                self._count(op)
        return self.cost

    def _count(self, op: Op) -> None:
        match op:
            case Add():
                self._add(op)
            case Gate():
                self._gate(op)
            case Floor():
                self.bits[op.word.name] = self._of(op.a, op.shift + op.word.width)[op.shift :]
            case Wrap():
                self.bits[op.word.name] = self._of(op.a, op.word.width)
            case Register():
                self._register(op)
            case Select() if op.word.name in self.masks:
                self._new(op.word)
            case Select():
                width = op.word.width
                columns = (self._of(op.bit, 1) * width, self._of(op.yes, width))
                self._functions(op.word, "mux", *columns, self._of(op.no, width))
            case Above():
                self._compare(op.a, op.limit)
                self._new(op.word)
            case Clamp():
                self._clamp(op)
            case RoundUp():
                self._round_up(op)
            case _:
                self._count_product(op)

    def _count_product(self, op: Op) -> None:
        """Multipliers, tables, and elements of ports, whose bits are all new."""
        match op:
            case Square():
                self._multiplier(op.word, op.a.width, op.a.width)
            case Multiply():
                self._multiplier(op.word, op.a.width, op.b.width)
            case Lookup():
                self.cost += Cost(lut=table_luts(op.a, op.values))
        self._new(op.word)

    def _new(self, word: Word) -> None:
        self.bits[word.name] = tuple((word.name, i) for i in range(word.width))

    def _of(self, word: Word, width: int, shift: int = 0) -> tuple[Bit, ...]:
        """``word << shift`` as ``width`` bits."""
        if word.constant:
            return tuple(word.lo << shift >> i & 1 for i in range(width))
        own = self.bits[word.name]
        more: Bit = own[-1] if word.signed else 0
        return tuple(
            0 if i < shift else own[i - shift] if i - shift < len(own) else more
            for i in range(width)
        )

    def _functions(self, word: Word, what: str, *columns: tuple[Bit, ...]) -> None:
        """A LUT for every bit whose function of its column is new."""
        fresh: list[Bit] = []
        for i, inputs in enumerate(zip(*columns, strict=True)):
            names = {bit for bit in inputs if not isinstance(bit, int)}
            if len(names) > 1:
                self._lut((what, *inputs))
            fresh.append((word.name, i))
        self.bits[word.name] = tuple(fresh)

    def _lut(self, key: tuple[object, ...]) -> None:
        if key not in self.functions:
            self.functions.add(key)
            self.cost += Cost(lut=1)

    def _add(self, op: Add) -> None:
        width = op.word.width
        a, b = self._of(op.a, width, op.a_shift), self._of(op.b, width, op.b_shift)
        names = {bit for bit in (*a, *b) if not isinstance(bit, int)}
        if len(names) == 1:
            self.bits[op.word.name] = _of_one(names.pop(), a, b, minus=op.minus)
            return
        copied = 0 if op.minus else _leading_zeros(a, b)
        self._functions(op.word, "-" if op.minus else "+", a, b)
        low = tuple(x if y == 0 else y for x, y in zip(a[:copied], b[:copied], strict=True))
        self.bits[op.word.name] = low + self.bits[op.word.name][copied:]

    def _gate(self, op: Gate) -> None:
        (spike,) = self._of(op.bit, 1)
        width = op.word.width
        self.bits[op.word.name] = tuple(spike if op.value >> i & 1 else 0 for i in range(width))

    def _register(self, op: Register) -> None:
        out: list[Bit] = []
        for bit in self._of(op.a, op.word.width):
            if isinstance(bit, int):
                out.append(bit)
                continue
            key = (bit, op.word.stage)
            if key not in self.stored:
                self.stored.add(key)
                self.cost += Cost(ff=1)
            out.append((f"{bit[0]}@{op.word.stage}", bit[1]))
        self.bits[op.word.name] = tuple(out)

    def _compare(self, word: Word, limit: int) -> None:
        """``word > limit``: carries over groups of bits; the last ones of the limit say nothing."""
        width = max(word.width, (limit if limit >= 0 else ~limit).bit_length() + word.signed)
        ones = (limit ^ (limit + 1)).bit_length() - 1 if limit != -1 else width
        self.cost += Cost(lut=compare_luts(max(1, width - ones)))

    def _clamp(self, op: Clamp) -> None:
        # below the floor is not above what lies under it
        for limit, reached in (
            (op.floor - 1, op.a.lo < op.floor),
            (op.ceiling, op.a.hi > op.ceiling),
        ):
            if reached:
                self._compare(op.a, limit)
        self.cost += Cost(lut=op.word.width)
        self._new(op.word)

    def _round_up(self, op: RoundUp) -> None:
        half = self._of(op.a, op.shift + 1)
        if Rounding(op.mode) is Rounding.RND:
            self.bits[op.word.name] = half[op.shift - 1 : op.shift]
            return
        self.cost += Cost(lut=-(-(op.shift + 1) // (_LUT_INPUTS - 1)))
        self._new(op.word)

    def _multiplier(self, word: Word, *factors: int) -> None:
        if word.width >= _SMALLEST_DSP_RESULT:
            wide, narrow = max(factors), min(factors)
            self.cost += Cost(dsp=-(-wide // (_DSP_A - 1)) * -(-narrow // _DSP_B))
        else:
            self.cost += Cost(lut=word.width)


def compare_luts(width: int) -> int:
    """LUTs of ``width`` bits against a constant."""
    return 1 if width <= _LUT_INPUTS else -(-width // 2)


def _of_one(name: Bit, a: Sequence[Bit], b: Sequence[Bit], *, minus: bool) -> tuple[Bit, ...]:
    """Bits of a sum that only one bit decides: constants, the bit itself, or its inverse."""
    off, on = (
        _value(a, name, level) + (-1 if minus else 1) * _value(b, name, level) for level in (0, 1)
    )
    choices: dict[tuple[int, int], Bit] = {(0, 0): 0, (1, 1): 1, (0, 1): name}
    inverse: Bit = (f"~{name}", 0)
    return tuple(choices.get((off >> i & 1, on >> i & 1), inverse) for i in range(len(a)))


def _value(bits: Sequence[Bit], name: Bit, level: int) -> int:
    return sum((level if bit == name else int(bit == 1)) << i for i, bit in enumerate(bits))


def _leading_zeros(a: Iterable[Bit], b: Iterable[Bit]) -> int:
    """Low bits that an addition hands through, because one side is 0 up to there."""
    count = 0
    for x, y in zip(a, b, strict=True):
        if x != 0 and y != 0:
            break
        count += 1
    return count


def _masks(circuit: Circuit) -> set[str]:
    """Selections of a signal or 0 that only additions read: ANDs in the LUTs of those."""
    other = {w.name for port in circuit.outputs for w in port.words}
    other |= {w.name for op in circuit.ops if not isinstance(op, Add) for w in op.operands}
    masks = (op for op in circuit.ops if isinstance(op, Select))
    zero = (op for op in masks if any(w.constant and w.lo == 0 for w in (op.yes, op.no)))
    return {op.word.name for op in zero} - other


def _shift_registers(circuit: Circuit) -> dict[str, Cost]:
    """Registers that form rows without taps, with the cost at each row's last register."""
    readers: dict[str, list[Op]] = {}
    for op in circuit.ops:
        for word in op.operands:
            readers.setdefault(word.name, []).append(op)
    shown = {w.name for port in circuit.outputs for w in port.words}
    by_name = {op.word.name: op for op in circuit.ops}
    found: dict[str, Cost] = {}
    for op in circuit.ops:
        if isinstance(op, Register) and not _continues(op, readers, shown):
            row = _row(op, by_name, readers, shown)
            if len(row) >= _SHORTEST_SHIFT:
                found |= dict.fromkeys(row, Cost())
                found[op.word.name] = delay_cost(op.word.width, len(row))
    return found


def _continues(op: Register, readers: dict[str, list[Op]], shown: set[str]) -> bool:
    """Whether the only reader of a register is another register."""
    found = readers.get(op.word.name, [])
    return len(found) == 1 and isinstance(found[0], Register) and op.word.name not in shown


def _row(
    last: Register, by_name: dict[str, Op], readers: dict[str, list[Op]], shown: set[str]
) -> list[str]:
    row = [last.word.name]
    before = by_name.get(last.a.name)
    while isinstance(before, Register) and _continues(before, readers, shown):
        row.append(before.word.name)
        before = by_name.get(before.a.name)
    return row
