"""The one place where integers are rounded and overflow is resolved.

Formulas: AMD UG1399, "Arbitrary Precision Fixed-Point Data Types"; ``docs/ir.md`` repeats them.
Every function takes integer arrays: int64 where the caller knows that nothing exceeds 62 bits,
object arrays of Python integers otherwise.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.fixed import Fixed, Overflow, Rounding

Ints = NDArray[Any]  # int64, or object holding Python ints
SAFE_BITS = 62
_DIGITS = 53  # of a double's mantissa

_Rule = Callable[[Any, Any, Any, int], Any]

# (value, floor, remainder, half) -> whether to add one to the floor
_ROUND_UP: dict[Rounding, _Rule] = {
    Rounding.TRN: lambda n, _q, _rem, _half: n != n,  # noqa: PLR0124 - False of n's shape
    Rounding.TRN_ZERO: lambda n, _q, rem, _half: (n < 0) & (rem != 0),
    Rounding.RND: lambda _n, _q, rem, half: rem >= half,
    Rounding.RND_ZERO: lambda n, _q, rem, half: (rem > half) | ((rem == half) & (n < 0)),
    Rounding.RND_INF: lambda n, _q, rem, half: (rem > half) | ((rem == half) & (n >= 0)),
    Rounding.RND_MIN_INF: lambda _n, _q, rem, half: rem > half,
    Rounding.RND_CONV: lambda _n, q, rem, half: (rem > half) | ((rem == half) & (q % 2 == 1)),
}


def round_shift(n: Ints, shift: int, mode: Rounding) -> Ints:
    """``n / 2**shift`` rounded to an integer; a negative shift is an exact multiplication."""
    if shift <= 0:
        return np.asarray(n << -shift, dtype=n.dtype) if shift else n
    if n.dtype != object and shift > SAFE_BITS:
        n = n.astype(object)
    floor = n >> shift
    up = _ROUND_UP[mode](n, floor, n & ((1 << shift) - 1), 1 << (shift - 1))
    return np.asarray(floor + np.asarray(up).astype(n.dtype), dtype=n.dtype)


def round_integer(n: int, shift: int, mode: Rounding) -> int:
    """`round_shift` of one Python integer."""
    if shift <= 0:
        return n << -shift
    floor = n >> shift
    up = _ROUND_UP[mode](n, floor, n & ((1 << shift) - 1), 1 << (shift - 1))
    return floor + int(up)


def overflow(n: Ints, fmt: Fixed) -> Ints:
    """Bring integers on the format's grid into its range as its overflow mode says."""
    if n.dtype != object and fmt.width >= SAFE_BITS:
        n = n.astype(object)
    match fmt.overflow:
        case Overflow.WRAP:
            return np.asarray((n - fmt.lo) % (1 << fmt.width) + fmt.lo, dtype=n.dtype)
        case Overflow.SAT:
            return np.asarray(np.clip(n, fmt.lo, fmt.hi), dtype=n.dtype)
        case Overflow.SAT_SYM:
            floor = -fmt.hi if fmt.signed else 0
            return np.asarray(np.clip(n, floor, fmt.hi), dtype=n.dtype)
        case Overflow.SAT_ZERO:
            return np.where((n < fmt.lo) | (n > fmt.hi), np.zeros_like(n), n)


def cast(n: Ints, frac: int, fmt: Fixed) -> Ints:
    """Integers with ``frac`` fraction bits, converted to ``fmt``; same shape."""
    return overflow(round_only(n, frac, fmt), fmt)


def round_only(n: Ints, frac: int, fmt: Fixed) -> Ints:
    """Integers on the grid of ``fmt`` before its overflow mode acts: what it must hold."""
    if n.dtype != object and abs(frac - fmt.frac) >= SAFE_BITS:
        n = n.astype(object)
    return round_shift(n, frac - fmt.frac, fmt.rounding)


def from_real(values: NDArray[np.float64], fmt: Fixed) -> Ints:
    """Real numbers on the grid of ``fmt``, rounded by its mode, not yet brought into its range."""
    return to_grid(values, fmt.frac, fmt.rounding)


def to_grid(values: NDArray[np.float64], frac: int, mode: Rounding) -> Ints:
    """Real numbers as integers with ``frac`` fraction bits; an object array of the same shape.

    Every finite double is an integer times a power of two, so the rounding is exact.
    """
    values = np.asarray(values, dtype=np.float64)
    mantissa, exponent = np.frexp(values)
    lowest = int(exponent.min(initial=0))
    digits = (mantissa * 2.0**_DIGITS).astype(np.int64).astype(object)
    exact = digits << (exponent.astype(object) - lowest)
    return round_shift(np.asarray(exact, dtype=object), _DIGITS - lowest - frac, mode)


def to_real(n: Ints, frac: int) -> NDArray[np.float64]:
    """The real numbers that integers with ``frac`` fraction bits stand for."""
    return np.asarray(n, dtype=np.float64) * 2.0**-frac
