"""Operands of Verilog text: signals cut or extended to a width, and which bits of them are read."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fwgen.emit.literals import literal, range_text, repeated, unread_bits
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.names import Names
from fwgen.lower.circuit.words import Word


@dataclass(slots=True)
class Operands:
    """Writes signals of one module, and remembers which bits of each were read.

    ``names`` are those of the module; what stands in a circuit already is taken.
    """

    names: Names = field(default_factory=Names.of_module)
    _read: dict[str, int] = field(default_factory=dict)
    _width: dict[str, int] = field(default_factory=dict)

    def bits(self, word: Word, width: int) -> str:
        """``word`` as exactly ``width`` bits: extended, cut, or a literal."""
        if word.constant:
            return literal(word.lo, width)
        if width <= word.width:
            return self.cut(word, width - 1, 0)
        self.mark(word, word.width - 1, 0)
        more = width - word.width
        if not word.signed:
            return f"{{{more}'d0, {word.name}}}"
        top = word.name if word.width == 1 else f"{word.name}[{word.width - 1}]"
        return f"{{{repeated(more, top)}, {word.name}}}"

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

    def cut(self, word: Word, msb: int, lsb: int) -> str:
        """Bits ``msb`` to ``lsb`` of a signal."""
        self.mark(word, msb, lsb)
        if lsb == 0 and msb == word.width - 1:
            return word.name
        return f"{word.name}[{msb}]" if msb == lsb else f"{word.name}[{msb}:{lsb}]"

    def mark(self, word: Word, msb: int, lsb: int) -> None:
        """Note that the bits ``msb`` to ``lsb`` of a signal are read."""
        mask = ((1 << (msb + 1)) - 1) ^ ((1 << lsb) - 1)
        self._read[word.name] = self._read.get(word.name, 0) | mask

    def declare(self, word: Word, kind: str = "wire") -> str:
        """Declaration without a value."""
        self._width[word.name] = word.width
        size = f"[{word.width - 1}:0] " if word.width > 1 else ""
        sign = "signed " if word.signed and word.width > 1 else ""
        return f"{kind} {sign}{size}{word.name}"

    def above(self, word: Word, low: int, width: int) -> str:
        """``word >> low`` as exactly ``width`` bits."""
        if word.constant:
            return literal(word.lo >> low, width)
        if low == 0:
            return self.bits(word, width)
        if low >= word.width:
            return repeated(width, self.bit(word, word.width))
        top = min(word.width, low + width)
        upper, more = self.cut(word, top - 1, low), width - (top - low)
        sign = repeated(more, self.bit(word, word.width)) if more else ""
        return f"{{{sign}, {upper}}}" if more else upper

    def bit(self, word: Word, index: int) -> str:
        """Bit ``index`` of the value, sign-extended without end."""
        if index >= word.width:
            if not word.signed:
                return "1'b0"
            index = word.width - 1
        return self.cut(word, index, index)

    def any_of(self, word: Word, top: int) -> str:
        """Whether any bit from ``top`` down is set."""
        if top < 0:
            return "1'b0"
        if top >= word.width - 1:
            self.mark(word, word.width - 1, 0)
            return f"(|{word.name})"
        return f"(|{self.cut(word, top, 0)})"

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
