"""Tables bit by bit: each bit of the results as the contents of LUTs."""

import numpy as np

from fwgen.devices.delays import LUT_INPUTS


def columns(bits: int, first: int, values: tuple[int, ...], width: int) -> list[int]:
    """Each bit of a table's results as an integer: bit i belongs to the pattern i of the operand.

    ``values`` belong to the operands from ``first`` on. Patterns that never show give 0.
    """
    place = [n & ((1 << bits) - 1) for n in range(first, first + len(values))]
    out = []
    for bit in range(width):
        column = np.zeros(1 << bits, dtype=np.uint8)
        column[place] = [value >> bit & 1 for value in values]
        out.append(int.from_bytes(np.packbits(column, bitorder="little").tobytes(), "little"))
    return out


def parts(column: int, bits: int, low: int) -> set[int]:
    """The different pieces of a column that ``low`` of its ``bits`` address bits tell apart."""
    size = 1 << low
    return {column >> start & ((1 << size) - 1) for start in range(0, 1 << bits, size)}


def block_luts(column: int, bits: int) -> int:
    """One LUT for each block of 64 entries that differs from the others and is not constant."""
    low = min(bits, LUT_INPUTS)
    return len(parts(column, bits, low) - {0, (1 << (1 << low)) - 1})
