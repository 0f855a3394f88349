"""Bounds and what follows from them: the vocabulary of the range analysis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fwgen.errors import FormatError
from fwgen.ir.cast import Ints
from fwgen.ir.fixed import MAX_WIDTH, Fixed, Overflow, Rounding
from fwgen.ir.nodes import Const

ROOMY_BITS = MAX_WIDTH // 2
BEYOND = f"a format of more than {MAX_WIDTH} bits"  # what a message says where no format would do


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """Inclusive bounds per element as integers with ``frac`` fraction bits (object arrays)."""

    lo: Ints
    hi: Ints
    frac: int

    @property
    def fmt(self) -> Fixed:
        """Narrowest format that holds every element."""
        return Fixed.holding(min(self.lo), max(self.hi), self.frac)

    @property
    def peak(self) -> int:
        """Largest magnitude of any element, as an integer."""
        return int(max(-min(self.lo), *self.hi, 1))

    def __len__(self) -> int:
        return len(self.lo)


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """What one conversion to a format must hold, and whether it can leave the format.

    ``needed`` are the bounds if no overflow mode acts in this node: a format that holds them is
    wide enough at every time step.
    """

    node: str
    what: str
    fmt: Fixed
    needed: Range

    @property
    def overflows(self) -> bool:
        """Whether the bounds leave the format: its overflow mode can act."""
        return not self.fmt.holds(min(self.needed.lo), max(self.needed.hi))

    @property
    def sufficient(self) -> Fixed:
        """The format on the same grid, with the same modes, that would hold every value."""
        return widened(self.fmt, int(min(self.needed.lo)), int(max(self.needed.hi)))

    @property
    def sufficient_text(self) -> str:
        """`sufficient` as text; some bounds are beyond every format."""
        return widened_text(self.fmt, int(min(self.needed.lo)), int(max(self.needed.hi)))


@dataclass(frozen=True, slots=True, eq=False)
class LifRange:
    """Bounds inside a LIF layer, over all time steps.

    ``before`` bounds what reaches the membrane's format after rounding, before its overflow mode;
    ``can_reset`` says whether the membrane can lie above the threshold when a step begins.
    """

    before: Range
    v: Range
    membrane: Range
    can_fire: tuple[bool, ...]
    can_reset: tuple[bool, ...]
    peak: int


def roomy(frac: int, rounding: Rounding = Rounding.TRN) -> Fixed:
    """A format with ``frac`` fraction bits and room for any value, on any grid that occurs."""
    return Fixed(True, ROOMY_BITS, ROOMY_BITS - frac, rounding)


def widened(fmt: Fixed, lo: int, hi: int) -> Fixed:
    """The narrowest format with the grid and modes of ``fmt`` that holds lo..hi.

    It stays signed where ``fmt`` is. A signed SAT_SYM format lacks its lowest integer.
    """
    signed = fmt.signed or lo < 0
    symmetric = signed and fmt.overflow is Overflow.SAT_SYM
    exact = Fixed.holding(min(lo, -hi, -1) if symmetric else lo, hi, fmt.frac)
    width = exact.width + (signed and not exact.signed)
    width += symmetric and -lo > (1 << (width - 1)) - 1
    return Fixed(signed, width, width - fmt.frac, fmt.rounding, fmt.overflow)


def widened_text(fmt: Fixed, lo: int, hi: int) -> str:
    """`widened` as text; some bounds are beyond every format."""
    try:
        return str(widened(fmt, lo, hi))
    except FormatError:
        return BEYOND


def address_bits(lo: int, hi: int) -> int:
    """Low bits that tell the integers lo..hi apart: a table of them has as many address bits."""
    return max(1, (hi - lo).bit_length())


def floor_to(value: Const, frac: int) -> Ints:
    """Largest integers with ``frac`` fraction bits not above a constant.

    ``n > value`` on the finer grid is ``n > floor_to(value)`` on the coarser one, exactly.
    """
    shift = value.fmt.frac - frac
    return np.asarray(value.values >> shift if shift >= 0 else value.values << -shift)


def const(param: object) -> Const:
    """The parameter of an integer graph.

    Raises
    ------
    TypeError
        If it is still real: a stage was left out.
    """
    if not isinstance(param, Const):
        raise TypeError("this stage works on integer graphs only")
    return param


def ints(values: Sequence[int]) -> Ints:
    """An object array of Python integers."""
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def filled(value: int, size: int) -> Ints:
    """An object array of one integer."""
    out = np.empty(size, dtype=object)
    out[:] = value
    return out
