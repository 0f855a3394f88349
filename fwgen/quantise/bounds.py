"""Bounds and what follows from them: the vocabulary of the range analysis."""

from dataclasses import dataclass

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Const


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
    """What one conversion to a format must hold, and whether it can leave the format."""

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
        exact = self.needed.fmt
        signed = self.fmt.signed or exact.signed
        width = exact.width + (signed and not exact.signed)
        return Fixed(signed, width, width - exact.frac, self.fmt.rounding, self.fmt.overflow)


@dataclass(frozen=True, slots=True, eq=False)
class LifRange:
    """Bounds inside a LIF layer, over all time steps."""

    v: Range
    membrane: Range
    can_fire: tuple[bool, ...]
    peak: int


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


def filled(value: int, size: int) -> Ints:
    """An object array of one integer."""
    out = np.empty(size, dtype=object)
    out[:] = value
    return out
