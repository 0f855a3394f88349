"""Operations of a circuit as Verilog statements, with every width explicit.

All arithmetic is modulo 2**width of the result, on operands brought to exactly that width, so
that the text means the same under every tool's width rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from fwgen.emit.literals import joined, literal, repeated
from fwgen.emit.memories import TABLE, block_bits, entry_blocks, key, memory
from fwgen.emit.operands import Operands
from fwgen.ir.fixed import Rounding
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


@dataclass(slots=True)
class Writer(Operands):
    """Turns operations into statements; ``fills`` are those that fill the tables."""

    fills: list[str] = field(default_factory=list)
    _tables: dict[object, list[str | None]] = field(default_factory=dict)

    def lines(self, op: Op) -> list[str]:
        """The statements of one combinational operation, tables that it reads first."""
        tables = self._table_of(op)
        if isinstance(op, Addition) and op.carry:
            return [f"{self.declare(op.word)};", *self._with_carry(op, op.carry)]
        return [*tables, f"{self.declare(op.word)} = {self._value(op)};"]

    def _value(self, op: Op) -> str:
        width = op.word.width
        match op:
            case Pick():
                top = op.lsb + width - 1
                if op.port_width == 1 and op.lsb == 0 and width == 1:
                    return f"{op.port}[0]"
                return f"{op.port}[{top}:{op.lsb}]" if width > 1 else f"{op.port}[{top}]"
            case Addition():
                return self._sum(op)
            case Gate():
                spike = self.bits(op.bit, 1)
                return f"{spike} ? {literal(op.value, width)} : {literal(0, width)}"
            case Select():
                yes, no = self.bits(op.yes, width), self.bits(op.no, width)
                return f"{self.bits(op.bit, 1)} ? {yes} : {no}"
            case Above():
                return self._tree(op) if op.tree else self._compare(op.a, ">", op.limit)
            case Floor() | Joined():
                return self._floor(op) if isinstance(op, Floor) else self._side_by_side(op)
            case RoundUp():
                return self._round_up(op)
            case Clamp():
                return self._clamp(op) if op.aligned is None else self._aligned(op, op.aligned)
            case Even():
                kept = [repeated(width - 1, "1'b1")] * (width > 1)
                return f"{self.bits(op.a, width)} & {joined([self.bits(op.keep, 1), *kept])}"
            case Wrap():
                return self.bits(op.a, width)
            case _:
                return self._product(op)

    def _side_by_side(self, op: Joined | Truth) -> str:
        return joined([self.bits(word, 1) for word in op.bits])

    def _product(self, op: Op) -> str:
        """What is no single line of LUTs: multipliers and tables."""
        match op:
            case Truth():
                return f"{self._tables[op.word.name][0]}[{self._side_by_side(op)}]"
            case Square():
                self.mark(op.a, op.a.width - 1, 0)
                factor = f"$signed({op.a.name})" if op.a.signed else op.a.name
                return f"{factor} * {factor}"
            case Product():
                return f"{self._factor(op.a, op)} * {self._factor(op.b, op)}"
            case Lookup():
                return self._lookup(op)
            case _:
                raise TypeError(f"no Verilog form for {type(op).__name__}")

    def _factor(self, word: Word, op: Product) -> str:
        """An operand as wide as the product, so that no tool extends it its own way."""
        text = self.bits(word, op.word.width)
        return f"$signed({text})" if op.word.signed else text

    def _lookup(self, op: Lookup) -> str:
        """The low bits of the operand, which tell its values apart, are the address."""
        low = block_bits(op)
        index = self.cut(op.a, low - 1, 0)
        if op.a.signed and low == op.a.width:
            index = f"$unsigned({index})"
        row = [f"{name}[{index}]" if name else "" for name in self._tables[key(op)]]
        for bit in range(low, op.bits):
            upper = self.cut(op.a, bit, bit)
            pairs = zip(row[::2], row[1::2], strict=True)
            row = [f"({upper} ? {b} : {a})" if a and b else a or b for a, b in pairs]
        return row[0]

    def _table_of(self, op: Op) -> list[str]:
        """Declarations of what an operation reads, if no earlier one reads the same."""
        match op:
            case Truth():
                name = self.names.take(op.word.name + TABLE)
                self._tables[op.word.name] = [name]
                return self._memory(name, op, op.values)
            case Lookup() if key(op) not in self._tables:
                name, blocks = f"TABLE_{len(self._tables)}", entry_blocks(op)
                endings = [f"_{k}" for k in range(len(blocks))] if len(blocks) > 1 else [""]
                rows = zip(endings, blocks, strict=True)
                found = [self.names.take(name + end) if block else None for end, block in rows]
                self._tables[key(op)] = found
                pairs = zip(found, blocks, strict=True)
                return [line for n, b in pairs if n and b for line in self._memory(n, op, b)]
            case _:
                return []

    def _memory(self, name: str, op: Op, entries: Sequence[int | None]) -> list[str]:
        made = memory(self.names, name, op.word.width, entries)
        self.fills += made.fill
        return made.declared

    def _sum(self, op: Addition) -> str:
        width = op.word.width
        a, b = self.shifted(op.a, op.a_shift, width), self.shifted(op.b, op.b_shift, width)
        if op.b.constant and op.b.lo == 0:
            return a
        if op.a.constant and op.a.lo == 0:
            return f"-{b}" if op.minus else b
        return f"{a} {'-' if op.minus else '+'} {b}"

    def _with_carry(self, op: Addition, carry: Word) -> Iterator[str]:
        """A cell for the bits from where the carry enters; those below are handed on."""
        name, low, width = op.word.name, op.b_shift, op.word.width - op.b_shift
        ports = {
            "a_i": self.above(op.a, low, width),
            "b_i": self.bits(op.b, width),
            "carry_i": self.bits(carry, 1),
            "sum_o": f"{name}[{op.word.width - 1}:{low}]" if op.word.width > 1 else name,
        }
        wired = ", ".join(f".{port}({text})" for port, text in ports.items())
        yield f"fwgen_sum #(.WIDTH({width})) {self.names.take(f'{name}__sum')} ({wired});"
        if low:
            yield f"assign {name}[{low - 1}:0] = {self.bits(op.a, low)};"

    def _compare(self, word: Word, sign: str, limit: int) -> str:
        both = Word("", min(word.lo, limit), max(word.hi, limit))
        if both.signed:
            value = literal(limit, both.width, signed=True)
            return f"{self.signed_bits(word, both.width)} {sign} {value}"
        return f"{self.bits(word, both.width)} {sign} {literal(limit, both.width)}"

    def _tree(self, op: Above) -> str:
        """Greater, or equal and greater below: groups of bits, from the highest to the lowest."""
        text = ""
        for low, high in op.groups:
            greater = self._greater(op, low, high)
            value = op.limit >> low & ((1 << (high - low + 1)) - 1)
            equal = f"{self.cut(op.a, high, low)} == {literal(value, high - low + 1)}"
            below = f"({equal}) & ({text})" if text else ""
            text = " | ".join(part for part in (greater, below) if part) or "1'b0"
        return text

    def _greater(self, op: Above, low: int, high: int) -> str:
        """Whether a group of bits is above the limit's: a function of one LUT, as gates.

        A sign bit counts the other way. Written with ``>`` it would become a carry chain.
        """
        text = ""
        for i in range(low, high + 1):
            sign = op.a.signed and i == op.a.width - 1
            bit = f"{'~' if sign else ''}{self.cut(op.a, i, i)}"
            if (op.limit >> i & 1) ^ sign:
                text = f"({bit} & {text})" if text else ""
            else:
                text = f"({bit} | {text})" if text else bit
        return text

    def _floor(self, op: Floor) -> str:
        top = op.a.width - 1
        if op.shift > top:
            self.mark(op.a, top, top)
            return self.cut(op.a, top, top) if op.a.signed else literal(0, 1)
        kept = Word(op.a.name, op.a.lo >> op.shift, op.a.hi >> op.shift)
        return self.cut(op.a, min(op.shift + kept.width - 1, top), op.shift)

    def _round_up(self, op: RoundUp) -> str:
        """The bit added to the floor; formulas in docs/ir.md."""
        a, shift = op.a, op.shift
        half = partial(self.bit, a, shift - 1)
        below = partial(self.any_of, a, shift - 2)
        negative = partial(self.bit, a, a.width) if a.signed else partial(str, "1'b0")
        match Rounding(op.mode):
            case Rounding.RND:
                return half()
            case Rounding.RND_MIN_INF:
                return f"{half()} & {below()}"
            case Rounding.RND_ZERO:
                return f"{half()} & ({below()} | {negative()})"
            case Rounding.RND_INF:
                return f"{half()} & ({below()} | ~{negative()})"
            case Rounding.RND_CONV:
                return f"{half()} & ({below()} | {self.bit(a, shift)})"
            case Rounding.TRN_ZERO:
                return f"{negative()} & ({half()} | {below()})"
            case Rounding.TRN:
                return "1'b0"

    def _clamp(self, op: Clamp) -> str:
        width, value = op.word.width, self.bits(op.a, op.word.width)
        for limit, sign, reached in (
            (op.floor, "<", op.a.lo < op.floor),
            (op.ceiling, ">", op.a.hi > op.ceiling),
        ):
            if reached:
                held = literal(0 if op.to_zero else limit, width)
                value = f"({self._compare(op.a, sign, limit)}) ? {held} : {value}"
        return value

    def _aligned(self, op: Clamp, k: int) -> str:
        """Limits of k bits: whether a value lies beyond them shows in its bits from k on."""
        a, low = op.a, self.cut(op.a, k - 1, 0)
        if not a.signed:
            return f"{repeated(k, f'(|{self.cut(a, a.width - 1, k)})')} | {low}"
        sign = self.bit(a, a.width - 1)
        upper = self.cut(a, a.width - 2, k)
        if op.floor == 0:
            return f"({repeated(k, f'(|{upper})')} | {low}) & {repeated(k, f'~{sign}')}"
        value = f"({repeated(k, f'(~{sign} & (|{upper}))')} | {low})"
        if a.lo < op.floor:
            value = f"({value} & ~{repeated(k, f'({sign} & ~(&{upper}))')})"
        return f"{{{sign}, {value}}}"

    # ---- whole circuits ----

    def body(self, circuit: Circuit) -> list[str]:
        """Signals in order of definition, each after the table that it is read from."""
        lines: list[str] = []
        for op in circuit.ops:
            held = isinstance(op, Register)
            lines += [f"{self.declare(op.word, 'reg')};"] if held else self.lines(op)
        return lines

    def updates(self, circuit: Circuit) -> list[str]:
        """Register updates at the rising clock edge."""
        registers = (op for op in circuit.ops if isinstance(op, Register))
        return [f"{r.word.name} <= {self.bits(r.a, r.word.width)};" for r in registers]

    def assigns(self, circuit: Circuit) -> list[str]:
        """Assignments to the output ports, element by element."""
        lines = []
        for port in circuit.outputs:
            width = port.fmt.width
            for i, word in enumerate(port.words):
                place = f"[{i * width + width - 1}:{i * width}]" if width > 1 else f"[{i}]"
                lines.append(f"assign {port.name}{place} = {self.bits(word, width)};")
        return lines
