"""Pieces of Verilog text: literals, slices, concatenations."""

from collections.abc import Sequence


def literal(value: int, width: int, *, signed: bool = False) -> str:
    """A literal of exactly ``width`` bits, modulo 2**width; negative ones as minus a positive.

    An operand of a signed comparison must be signed itself, or Verilog compares without sign.
    """
    value = (value + (1 << (width - 1))) % (1 << width) - (1 << (width - 1)) if signed else value
    if value < 0:
        return f"-{width}'sd{-value % (1 << width)}"
    return f"{width}'{'s' if signed else ''}d{value % (1 << width)}"


def unread_bits(name: str, width: int, read: int) -> list[str]:
    """Slices of a signal that the mask ``read`` leaves out; its name where that is all of it."""
    missing = ~read & ((1 << width) - 1)
    if missing == (1 << width) - 1:
        return [name]
    ranges, lsb = [], None
    for i in range(width + 1):
        if i < width and missing >> i & 1:
            lsb = i if lsb is None else lsb
        elif lsb is not None:
            ranges.append(range_text(name, i - 1, lsb))
            lsb = None
    return ranges


def range_text(name: str, msb: int, lsb: int) -> str:
    """A bit, or a range of them."""
    return f"{name}[{msb}]" if msb == lsb else f"{name}[{msb}:{lsb}]"


def repeated(count: int, bit: str) -> str:
    """One bit several times; an expression must stand in parentheses."""
    return bit if count == 1 else f"{{{count}{{{bit}}}}}"


def joined(parts: Sequence[str]) -> str:
    """Vectors side by side, the first in the lowest bits."""
    return parts[0] if len(parts) == 1 else f"{{{', '.join(reversed(parts))}}}"
