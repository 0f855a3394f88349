"""Squares as tables, adders or multipliers, whichever is cheapest.

The rule counts LUTs of six inputs. A table costs what `fwgen.lower.circuit.tables` counts: the
choice among its blocks is left out, of which Yosys 0.70 makes little where a table has a pattern.
Adders cost one LUT for every pair of the input's bits: partial products are ANDs before the
carry chains. Yosys needs 30, 62 and 114 LUTs for tables of squares of 8, 9 and 10 signed bits (the
rule says 30, 58 and 115), and 40 and 53 from adders of 8 and 9 (36 and 45).
"""

from functools import lru_cache

from fwgen.ir.fixed import BIT, Fixed
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.tables import block_luts, columns
from fwgen.lower.circuit.words import Scaled, Word

# squares of wider words are left to a multiplier, which synthesis puts into a DSP block
WIDEST_WITHOUT_DSP = 10


def square(c: Circuit, name: str, a: Word) -> Word:
    """``a * a`` by the cheapest means."""
    if a.constant or max(-a.lo, a.hi) == 1 or a.width > WIDEST_WITHOUT_DSP:
        return c.square(name, a)
    values = [n * n for n in range(a.lo, a.hi + 1)]
    if _table_luts(a.address_bits, a.lo, tuple(values)) <= _adder_luts(a.width):
        return c.lookup(name, a, values)
    return _from_adders(c, name, a)


@lru_cache
def _table_luts(bits: int, first: int, values: tuple[int, ...]) -> int:
    width = max(values).bit_length()
    return sum(block_luts(column, bits) for column in columns(bits, first, values, width))


def _adder_luts(width: int) -> int:
    """LUTs of a square from adders: one for every pair of bits, a bit with itself included."""
    return width * (width + 1) // 2


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
    """Bit ``index`` as a separate signal; costs no logic."""
    return c.wrap(name, c.floor(f"{name}_up", a, index), BIT)
