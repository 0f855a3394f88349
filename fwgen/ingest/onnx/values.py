"""What a tensor of an ONNX graph is while it is imported: a constant, or a signal.

A signal is ``scale * layer + offset`` of a layer that exists already, with exact rational numbers:
normalisations, scales and biases gather there, so that one multiplication is left of a chain, or
none where a quantiser or a comparison takes it in.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.fixed import Fixed

Numbers = NDArray[Any]
"""Object array of fractions, of shape (1,) or (size,)."""

Reals = NDArray[np.float64]

# making a fraction of a fraction takes as long as multiplying two
_fractions = np.frompyfunc(lambda v: v if isinstance(v, Fraction) else Fraction(v), 1, 1)
MAX_FRAC = 200
SIGNIFICANT = 24  # bits of a float32
DOUBLE = 53


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A tensor that does not depend on the event.

    Where a quantiser with a scale that is no power of two made it, ``values`` is
    ``whole * step``; ``step`` has shape () or as many dimensions as ``values``.
    """

    values: NDArray[Any]
    whole: Reals | None = None
    step: Reals | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor."""
        return self.values.shape


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """What is known of a layer: its grid ``2**-frac``, bounds of its elements, shape (size,)."""

    frac: int
    lo: Reals
    hi: Reals

    @classmethod
    def of(cls, fmt: Fixed, size: int) -> Self:
        """The span of all that a format can hold."""
        lo, hi = (np.ldexp(float(n), -fmt.frac) for n in (fmt.lo, fmt.hi))
        return cls(fmt.frac, np.full(size, lo), np.full(size, hi))

    @property
    def largest(self) -> float:
        """The largest magnitude, in steps of the grid."""
        return float(np.ldexp(np.maximum(np.abs(self.lo), np.abs(self.hi)).max(), self.frac))

    @property
    def sound(self) -> Self | None:
        """The span itself, or None if double precision cannot be trusted with its bounds."""
        return self if self.largest < 1 << (DOUBLE - 4) else None


@dataclass(slots=True, eq=False)
class OnnxSignal:
    """``scale * layer + offset``, and 0 where that is below, if ``clipped``.

    Parameters
    ----------
    layer
        Name of a layer, or of the input.
    shape
        Shape of the tensor, batch of one included; elements are in row-major order.
    label
        Name of the layer that would hold this tensor.
    span
        Of the layer; None where formats are still to be chosen.
    made
        The format of the layer's values if a quantiser that the file names has made them already.
    divided
        Whether a framework makes it of the layer's numbers with one division and one addition, each
        rounded to float32.
    open_dense
        Whether the layer is a dense one without bias that nothing else reads.
    settled, unclipped
        The same tensor as a separate layer, and as one that is not ``clipped``, once there are.
    """

    layer: str
    shape: tuple[int, ...]
    label: str
    span: Span | None
    scale: Numbers = field(default_factory=lambda: numbers(1))
    offset: Numbers = field(default_factory=lambda: numbers(0))
    clipped: bool = False
    made: Fixed | None = None
    divided: bool = False
    open_dense: bool = False
    settled: "OnnxSignal | None" = None
    unclipped: "OnnxSignal | None" = None

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def plain(self) -> bool:
        """Whether the signal is the layer itself, neither shifted nor clipped."""
        return self.shift == 0 and not self.clipped

    @property
    def shift(self) -> int | None:
        """K if the signal is ``2**k`` times the layer; None if it is not."""
        if len(self.scale) > 1 or any(self.offset):
            return None
        return power_of_two(self.scale[0])

    @property
    def uniform(self) -> bool:
        """Whether it is the layer times one positive number."""
        return len(self.scale) == 1 and self.scale[0] > 0 and not any(self.offset)

    def reshaped(self, shape: tuple[int, ...]) -> "OnnxSignal":
        """The signal in another shape, its elements in the same order."""
        return self.but(shape=shape)

    def but(self, **changes: Any) -> "OnnxSignal":
        """Another signal, with these fields changed."""
        return replace(self, **({"settled": None, "unclipped": None} | changes))


def numbers(values: Any) -> Numbers:
    """Exact fractions of numbers; one if they are all the same.

    Raises
    ------
    ValueError, OverflowError
        If one is not finite.
    """
    flat = np.atleast_1d(np.asarray(_fractions(np.asarray(values).ravel()), dtype=object))
    return uniform(flat)


def uniform(values: Numbers) -> Numbers:
    """Numbers as one number where all are the same."""
    return values[:1] if all(v == values[0] for v in values[1:]) else values


def power_of_two(value: Fraction) -> int | None:
    """K if the value is ``2**k``, else None."""
    high, low = value.numerator, value.denominator
    if high <= 0 or high & (high - 1) or low & (low - 1):
        return None
    return high.bit_length() - low.bit_length()


def is_short(value: Fraction, bits: int = DOUBLE) -> bool:
    """Whether a number is a binary fraction of at most so many significant bits."""
    low = value.denominator
    high = abs(value.numerator)
    odd = high >> ((high & -high).bit_length() - 1) if high else 0
    return not low & (low - 1) and odd.bit_length() <= bits and low.bit_length() <= MAX_FRAC


def shortened(value: Fraction, bits: int = SIGNIFICANT) -> Fraction:
    """The number itself if it is short, else rounded to so many significant bits."""
    if is_short(value):
        return value
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    unit = Fraction(2) ** (exponent - bits)
    return round(value / unit) * unit


def exact_format(values: Reals) -> Fixed | None:
    """The narrowest format that holds each of the finite values exactly; None if there is none."""
    mantissa, exponent = np.frexp(values[values != 0])
    if not mantissa.size:
        return Fixed.holding(0, 0, 0)
    digits = np.ldexp(np.abs(mantissa), DOUBLE).astype(np.int64)
    zeros = np.frexp((digits & -digits).astype(np.float64))[1] - 1  # exact: powers of two
    frac = max(0, int((DOUBLE - exponent - zeros).max()))
    if int(exponent.max()) + frac >= MAX_FRAC:
        return None
    grid = np.ldexp(values, frac)
    return Fixed.holding(int(grid.min()), int(grid.max()), frac)
