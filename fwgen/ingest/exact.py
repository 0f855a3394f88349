"""Number formats in which a source's own numbers are held without any rounding.

Every float is an integer times a power of two, so every array has a number of fraction bits that
holds it exactly. Values are counted on from there: what a layer adds and multiplies has a grid too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
_MANTISSA = 53  # bits of a float64's significand


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Bounds of each element, and the fraction bits on which all of them lie."""

    lo: Reals
    hi: Reals
    frac: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return len(self.lo)


def frac_bits(values: Reals) -> int:
    """The fewest fraction bits, at least 0, that hold all values exactly."""
    mantissa, exponent = np.frexp(values[values != 0])
    if not mantissa.size:
        return 0
    whole = np.ldexp(mantissa, _MANTISSA).astype(np.int64)
    _, zeros = np.frexp((whole & -whole).astype(np.float64))
    return max(0, int((_MANTISSA - exponent - (zeros - 1)).max()))


def integer_bits(magnitude: float) -> int:
    """Integer bits, sign included, of a signed format that holds -magnitude..magnitude."""
    return max(1, int(np.frexp(magnitude)[1]) + 1) if magnitude else 1


def exact_format(values: Reals) -> str:
    """A signed format, as ``model.yaml`` spells it, that holds all values exactly."""
    frac = frac_bits(values)
    integer = integer_bits(float(np.abs(values).max(initial=0)))
    return f"fixed<{integer + frac},{integer}>"


def linear(source: Grid, weight: Reals, bias: Reals) -> Grid:
    """Bounds and grid of ``weight @ x + bias``; a weight of one dimension is a diagonal."""
    up, down = np.maximum(weight, 0), np.minimum(weight, 0)
    if weight.ndim == 1:
        lo, hi = up * source.lo + down * source.hi, up * source.hi + down * source.lo
    else:
        lo, hi = up @ source.lo + down @ source.hi, up @ source.hi + down @ source.lo
    frac = max(frac_bits(weight) + source.frac, frac_bits(bias))
    return Grid(lo + bias, hi + bias, frac)
