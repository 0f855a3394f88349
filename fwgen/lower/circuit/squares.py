"""Squares and other unary functions as tables or adders, whichever is cheaper.

The rule counts LUTs of six inputs. A table costs, for each bit of its result, one LUT for every
block of 64 entries that differs from the others and is not constant. A square from adders costs one
LUT for every pair of its input's bits: partial products are ANDs in front of the carry chains.
Yosys 0.70 needs 37, 74 and 150 LUTs for tables of squares of 8, 9 and 10 signed bits (the rule says
30, 58 and 115), and 37, 48 and 61 from adders (36, 45 and 55).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from fwgen.ir.fixed import BIT, Fixed
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Scaled, Word

LUT_INPUTS = 6
# squares of wider words are left to a multiplier, which synthesis puts into a DSP block
WIDEST_WITHOUT_DSP = 10


def square(c: Circuit, name: str, a: Word) -> Word:
    """``a * a`` by the cheapest means."""
    if a.constant or max(-a.lo, a.hi) == 1 or a.width > WIDEST_WITHOUT_DSP:
        return c.square(name, a)
    values = [n * n for n in range(a.lo, a.hi + 1)]
    if table_luts(a, values) <= square_luts(a.width):
        return c.lookup(name, a, values)
    return _from_adders(c, name, a)


def square_luts(width: int) -> int:
    """LUTs of a square from adders: one for every pair of bits, a bit with itself included."""
    return width * (width + 1) // 2


def table_luts(a: Word, values: Sequence[int]) -> int:
    """LUTs of a table over all that ``a`` can be."""
    bits = a.address_bits
    return _table_luts(bits, a.lo % (1 << bits), tuple(values))


@lru_cache
def _table_luts(bits: int, first: int, values: tuple[int, ...]) -> int:
    width = Fixed.holding(min(values), max(values), 0).width
    block = 1 << min(LUT_INPUTS, bits)
    return sum(_column_luts(column, block) for column in columns(bits, first, values, width))


def columns(bits: int, first: int, values: tuple[int, ...], width: int) -> list[int]:
    """Each bit of a table's results as an integer: bit i belongs to the pattern i of the operand.

    Patterns that never show give 0.
    """
    place = [n & ((1 << bits) - 1) for n in range(first, first + len(values))]
    out = []
    for bit in range(width):
        column = np.zeros(1 << bits, dtype=np.uint8)
        column[place] = [value >> bit & 1 for value in values]
        out.append(int.from_bytes(np.packbits(column, bitorder="little").tobytes(), "little"))
    return out


def _column_luts(column: int, block: int) -> int:
    full, blocks = (1 << block) - 1, set()
    while column:
        blocks.add(column & full)
        column >>= block
    return len(blocks - {0, full})


def _from_adders(c: Circuit, name: str, a: Word) -> Word:
    """Rows of partial products: bit i times everything above it, twice, and itself.

    With ``low`` the bits below the sign bit s of weight ``2**k``, ``a**2 = low**2 + s * 4**k -
    s * low * 2**(k + 1)``.
    """
    signed = a.signed
    k = a.width - signed
    low = c.wrap(f"{name}_low", a, Fixed(False, k, k)) if signed else a
    rows = []
    for i in range(k):
        bit = _bit(c, f"{name}_b{i}", low, i)
        above = c.floor(f"{name}_a{i}", low, i + 1) if i + 1 < k else c.constant(0)
        row = c.add(f"{name}_m{i}", above, c.constant(1), a_shift=2)
        rows.append(Scaled(c.select(f"{name}_r{i}", bit, row, c.constant(0)), 2 * i))
    if signed:
        sign = _bit(c, f"{name}_b{k}", a, k)
        rows.append(Scaled(c.gate(f"{name}_top", sign, 1), 2 * k))
        crossed = c.select(f"{name}_cross", sign, low, c.constant(0))
        rows.append(Scaled(crossed, k + 1, minus=True))
    total = c.whole(name, c.sum(name, rows))
    return c.narrow(f"{name}_exact", total, 0, max(a.lo * a.lo, a.hi * a.hi))


def _bit(c: Circuit, name: str, a: Word, index: int) -> Word:
    """Bit ``index`` as a signal of its own; costs no logic."""
    return c.wrap(name, c.floor(f"{name}_up", a, index), BIT)
