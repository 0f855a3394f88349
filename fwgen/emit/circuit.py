"""Operations of a circuit as Verilog text, one line each, with every width explicit.

All arithmetic is modulo 2**width of the result, on operands brought to exactly that width, so
that the text means the same under every tool's width rules.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from fwgen.emit.literals import literal, range_text, unread_bits
from fwgen.emit.memories import block_bits, blocks, key, memory
from fwgen.ir.fixed import Rounding
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import (
    Above,
    Add,
    Clamp,
    Even,
    Floor,
    Gate,
    Joined,
    Lookup,
    Multiply,
    Op,
    Pick,
    Register,
    RoundUp,
    Select,
    Square,
    Truth,
    Word,
    Wrap,
)


@dataclass(slots=True)
class Writer:
    """Turns operations into lines and remembers which bits of each signal were read."""

    _read: dict[str, int] = field(default_factory=dict)
    _width: dict[str, int] = field(default_factory=dict)
    _tables: dict[tuple[object, ...], str] = field(default_factory=dict)

    # ---- operands ----

    def bits(self, word: Word, width: int) -> str:
        """``word`` as exactly ``width`` bits: extended, cut, or a literal."""
        if word.constant:
            return literal(word.lo, width)
        if width <= word.width:
            return self._slice(word, width - 1, 0)
        self._mark(word, word.width - 1, 0)
        more = width - word.width
        if not word.signed:
            return f"{{{more}'d0, {word.name}}}"
        top = word.name if word.width == 1 else f"{word.name}[{word.width - 1}]"
        return f"{{{{{more}{{{top}}}}}, {word.name}}}"

    def shifted(self, word: Word, shift: int, width: int) -> str:
        """``word << shift`` as exactly ``width`` bits."""
        if word.constant:
            return literal(word.lo << shift, width)
        if shift == 0:
            return self.bits(word, width)
        if shift >= width:
            return literal(0, width)
        return f"{{{self.bits(word, width - shift)}, {shift}'d0}}"

    def signed_bits(self, word: Word, width: int) -> str:
        """``word`` as a signed operand of ``width`` bits."""
        return f"$signed({self.bits(word, width)})"

    def _slice(self, word: Word, msb: int, lsb: int) -> str:
        self._mark(word, msb, lsb)
        if lsb == 0 and msb == word.width - 1:
            return word.name
        return f"{word.name}[{msb}]" if msb == lsb else f"{word.name}[{msb}:{lsb}]"

    def _mark(self, word: Word, msb: int, lsb: int) -> None:
        mask = ((1 << (msb + 1)) - 1) ^ ((1 << lsb) - 1)
        self._read[word.name] = self._read.get(word.name, 0) | mask

    # ---- lines ----

    def declare(self, word: Word, kind: str = "wire") -> str:
        """Declaration without a value."""
        self._width[word.name] = word.width
        size = f"[{word.width - 1}:0] " if word.width > 1 else ""
        sign = "signed " if word.signed and word.width > 1 else ""
        return f"{kind} {sign}{size}{word.name}"

    def line(self, op: Op) -> str:
        """Declaration of one combinational operation."""
        if isinstance(op, Add) and op.carry:
            return f"{self.declare(op.word)}; {self._with_carry(op, op.carry)}"
        return f"{self.declare(op.word)} = {self._value(op)};"

    def _value(self, op: Op) -> str:
        width = op.word.width
        match op:
            case Pick():
                top = op.lsb + width - 1
                if op.port_width == 1 and op.lsb == 0 and width == 1:
                    return f"{op.port}[0]"
                return f"{op.port}[{top}:{op.lsb}]" if width > 1 else f"{op.port}[{top}]"
            case Add():
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
                return self._floor(op) if isinstance(op, Floor) else self._joined(op.bits)
            case RoundUp():
                return self._round_up(op)
            case Clamp():
                return self._clamp(op) if op.aligned is None else self._aligned(op, op.aligned)
            case Even():
                kept = f"{{{width - 1}{{1'b1}}}}, " if width > 1 else ""
                return f"{self.bits(op.a, width)} & {{{kept}{self.bits(op.keep, 1)}}}"
            case Wrap():
                return self.bits(op.a, width)
            case _:
                return self._product(op)

    def _joined(self, bits: Sequence[Word]) -> str:
        """Bits side by side, the lowest first."""
        return f"{{{', '.join(self.bits(word, 1) for word in reversed(bits))}}}"

    def _truth(self, op: Truth) -> str:
        """A table of its own, addressed by the bits."""
        return f"{op.word.name}__table[{self._joined(op.bits)}]"

    def _contents(self, op: Truth) -> list[str]:
        """The table: tools map each bit of it to one LUT."""
        name, width, last = f"{op.word.name}__table", op.word.width, len(op.values) - 1
        entries = (f"{name}[{i}] = {literal(value, width)};" for i, value in enumerate(op.values))
        attribute = '(* ram_style = "registers", rom_style = "distributed" *)'
        return [
            f"{attribute} reg [{width - 1}:0] {name} [0:{last}];",
            f"initial begin {' '.join(entries)} end",
        ]

    def _product(self, op: Op) -> str:
        """What is no single line of LUTs: multipliers and tables."""
        match op:
            case Truth():
                return self._truth(op)
            case Square():
                self._mark(op.a, op.a.width - 1, 0)
                factor = f"$signed({op.a.name})" if op.a.signed else op.a.name
                return f"{factor} * {factor}"
            case Multiply():
                return f"{self._factor(op.a, op)} * {self._factor(op.b, op)}"
            case Lookup():
                return self._lookup(op)
            case _:
                raise TypeError(f"no Verilog form for {type(op).__name__}")

    def _factor(self, word: Word, op: Multiply) -> str:
        """An operand as wide as the product, so that no tool extends it its own way."""
        text = self.bits(word, op.word.width)
        return f"$signed({text})" if op.word.signed else text

    def _lookup(self, op: Lookup) -> str:
        """The low bits of the operand, which tell its values apart, are the address."""
        low = block_bits(op)
        index = self._slice(op.a, low - 1, 0)
        if op.a.signed and low == op.a.width:
            index = f"$unsigned({index})"
        names = blocks(self._tables[key(op)], op)
        row = [f"{name}[{index}]" if name else "" for name in names]
        for bit in range(low, op.bits):
            upper = self._slice(op.a, bit, bit)
            pairs = zip(row[::2], row[1::2], strict=True)
            row = [f"({upper} ? {b} : {a})" if a and b else a or b for a, b in pairs]
        return row[0]

    def tables(self, circuit: Circuit) -> list[str]:
        """Look-up tables as memories that are never written; equal ones are one.

        The attributes keep them in LUTs: a block RAM would be slower. Yosys obeys the first that it
        knows, Vivado the second.
        """
        lines = []
        for op in circuit.ops:
            if not isinstance(op, Lookup) or key(op) in self._tables:
                continue
            self._tables[key(op)] = f"TABLE_{len(self._tables)}"
            for k, name in enumerate(blocks(self._tables[key(op)], op)):
                lines += memory(name, op, k) if name else []
        return lines

    def _sum(self, op: Add) -> str:
        width = op.word.width
        a, b = self.shifted(op.a, op.a_shift, width), self.shifted(op.b, op.b_shift, width)
        if op.b.constant and op.b.lo == 0:
            return a
        if op.a.constant and op.a.lo == 0:
            return f"-{b}" if op.minus else b
        return f"{a} {'-' if op.minus else '+'} {b}"

    def _with_carry(self, op: Add, carry: Word) -> str:
        """A cell for the bits from where the carry enters; those below are handed on."""
        name, low, width = op.word.name, op.b_shift, op.word.width - op.b_shift
        ports = {
            "a_i": self._from(op.a, low, width),
            "b_i": self.bits(op.b, width),
            "carry_i": self.bits(carry, 1),
            "sum_o": f"{name}[{op.word.width - 1}:{low}]" if op.word.width > 1 else name,
        }
        wired = ", ".join(f".{port}({text})" for port, text in ports.items())
        cell = f"fwgen_sum #(.WIDTH({width})) {name}__sum ({wired});"
        return f"{cell} assign {name}[{low - 1}:0] = {self.bits(op.a, low)};" if low else cell

    def _from(self, word: Word, low: int, width: int) -> str:
        """``word >> low`` as exactly ``width`` bits."""
        if word.constant:
            return literal(word.lo >> low, width)
        if low == 0:
            return self.bits(word, width)
        if low >= word.width:
            sign = self._bit(word, word.width)
            return f"{{{width}{{{sign}}}}}"
        top = min(word.width, low + width)
        upper, more = self._slice(word, top - 1, low), width - (top - low)
        return f"{{{{{more}{{{self._bit(word, word.width)}}}}}, {upper}}}" if more else upper

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
            equal = f"{self._slice(op.a, high, low)} == {literal(value, high - low + 1)}"
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
            bit = f"{'~' if sign else ''}{self._slice(op.a, i, i)}"
            if (op.limit >> i & 1) ^ sign:
                text = f"({bit} & {text})" if text else ""
            else:
                text = f"({bit} | {text})" if text else bit
        return text

    def _floor(self, op: Floor) -> str:
        top = op.a.width - 1
        if op.shift > top:
            self._mark(op.a, top, top)
            return self._slice(op.a, top, top) if op.a.signed else literal(0, 1)
        kept = Word(op.a.name, op.a.lo >> op.shift, op.a.hi >> op.shift)
        return self._slice(op.a, min(op.shift + kept.width - 1, top), op.shift)

    def _round_up(self, op: RoundUp) -> str:
        """The bit added to the floor; formulas in docs/ir.md."""
        a, shift = op.a, op.shift
        half = partial(self._bit, a, shift - 1)
        below = partial(self._any, a, shift - 2)
        negative = partial(self._bit, a, a.width) if a.signed else partial(str, "1'b0")
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
                return f"{half()} & ({below()} | {self._bit(a, shift)})"
            case Rounding.TRN_ZERO:
                return f"{negative()} & ({half()} | {below()})"
            case Rounding.TRN:
                return "1'b0"

    def _bit(self, word: Word, index: int) -> str:
        """Bit ``index`` of the value, sign-extended without end."""
        if index >= word.width:
            if not word.signed:
                return "1'b0"
            index = word.width - 1
        return self._slice(word, index, index)

    def _any(self, word: Word, top: int) -> str:
        """Whether any bit from ``top`` down is set."""
        if top < 0:
            return "1'b0"
        if top >= word.width - 1:
            self._mark(word, word.width - 1, 0)
            return f"(|{word.name})"
        return f"(|{self._slice(word, top, 0)})"

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
        a, low = op.a, self._slice(op.a, k - 1, 0)
        if not a.signed:
            return f"{{{k}{{|{self._slice(a, a.width - 1, k)}}}}} | {low}"
        sign = self._bit(a, a.width - 1)
        upper = self._slice(a, a.width - 2, k)
        if op.floor == 0:
            return f"({{{k}{{|{upper}}}}} | {low}) & {{{k}{{~{sign}}}}}"
        value = f"({{{k}{{~{sign} & (|{upper})}}}} | {low})"
        if a.lo < op.floor:
            value = f"({value} & ~{{{k}{{{sign} & ~(&{upper})}}}})"
        return f"{{{sign}, {value}}}"

    # ---- whole circuits ----

    def body(self, circuit: Circuit) -> list[str]:
        """Tables, then wires and register declarations in order of definition."""
        tables = self.tables(circuit)
        for op in circuit.ops:
            tables += self._contents(op) if isinstance(op, Truth) else []
        return tables + [
            f"{self.declare(op.word, 'reg')};" if isinstance(op, Register) else self.line(op)
            for op in circuit.ops
        ]

    def updates(self, circuit: Circuit) -> list[str]:
        """Register updates at the rising clock edge."""
        registers = (op for op in circuit.ops if isinstance(op, Register))
        return [f"{r.word.name} <= {self.bits(r.a, r.word.width)};" for r in registers]

    def assigns(self, circuit: Circuit) -> list[str]:
        """Output ports, element by element."""
        lines = []
        for port in circuit.outputs:
            width = port.fmt.width
            for i, word in enumerate(port.words):
                place = f"[{i * width + width - 1}:{i * width}]" if width > 1 else f"[{i}]"
                lines.append(f"assign {port.name}{place} = {self.bits(word, width)};")
        return lines

    def unread_ports(self, circuit: Circuit) -> Iterable[str]:
        """Parts of input ports that no operation reads, for the lint."""
        for port in circuit.inputs:
            width = port.fmt.width
            for i, word in enumerate(port.words):
                used = 0 if word.constant else word.width
                if used < width:
                    yield range_text(port.name, i * width + width - 1, i * width + used)

    def unread(self) -> list[str]:
        """Bits of declared signals that nothing reads, for the lint."""
        out = []
        for name, width in self._width.items():
            out += unread_bits(name, width, self._read.get(name, 0))
        return out
