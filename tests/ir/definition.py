"""The conversion of AMD's ``ap_fixed`` in fractions, written out from its documentation.

AMD UG1399, "Arbitrary Precision Fixed-Point Data Types", quantisation and overflow modes. Slow and
plain on purpose: what fwgen computes with shifts and masks is compared with this.
"""

from fractions import Fraction
from math import ceil, floor

from fwgen.ir.fixed import Fixed, Overflow, Rounding

HALF = Fraction(1, 2)


def rounded(value: Fraction, mode: Rounding) -> int:
    """The integer that a mode rounds a value to."""
    toward_zero = floor(value) if value >= 0 else ceil(value)
    nearest_up, nearest_down = floor(value + HALF), ceil(value - HALF)
    match mode:
        case Rounding.TRN:
            return floor(value)
        case Rounding.TRN_ZERO:
            return toward_zero
        case Rounding.RND:
            return nearest_up
        case Rounding.RND_MIN_INF:
            return nearest_down
        case Rounding.RND_ZERO:
            return nearest_down if value >= 0 else nearest_up
        case Rounding.RND_INF:
            return nearest_up if value >= 0 else nearest_down
        case Rounding.RND_CONV:
            return round(value)  # Python rounds a Fraction half to even


def in_range(n: int, fmt: Fixed) -> int:
    """An integer brought into a format's range by its overflow mode."""
    half = 2 ** (fmt.width - 1)
    lowest, highest = (-half, half - 1) if fmt.signed else (0, 2 * half - 1)
    if lowest <= n <= highest and not (n == lowest < 0 and fmt.overflow is Overflow.SAT_SYM):
        return n
    match fmt.overflow:
        case Overflow.SAT:
            return highest if n > highest else lowest
        case Overflow.SAT_ZERO:
            return 0
        case Overflow.SAT_SYM:
            return highest if n > highest else -highest if fmt.signed else 0
        case Overflow.WRAP:
            kept = n % 2**fmt.width  # the low bits
            return kept - 2**fmt.width if fmt.signed and kept >= half else kept


def grid(fmt: Fixed) -> Fraction:
    """What the last bit of a format is worth."""
    return Fraction(2) ** (fmt.integer - fmt.width)


def converted(value: Fraction, fmt: Fixed) -> Fraction:
    """A value after conversion to a format."""
    return in_range(rounded(value / grid(fmt), fmt.rounding), fmt) * grid(fmt)
