"""Counting what differs from the reference: where first, how often, and by how much."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.cast import SAFE_BITS, Ints, to_real

Floats = NDArray[np.float64]
_LIMIT = 2.0**SAFE_BITS


class First(NamedTuple):
    """The first element that differs: where it is and both numbers; ``step`` is None without."""

    event: int
    step: int | None
    element: int
    found: float
    reference: float


class Gaps(NamedTuple):
    """By element: whether it differs, whether it is no number of the grid, and the distance."""

    differs: NDArray[np.bool_]
    off_grid: NDArray[np.bool_]
    distance: Floats


@dataclass(slots=True)
class Tally:
    """Differences of one layer, added up over groups of events.

    Values have shape (events, size) or (events, steps, size); the reference's are integers with
    ``frac`` fraction bits. ``largest`` and ``total`` are in real units. ``seen`` counts the events
    so far, ``events`` those of them that were compared.
    """

    frac: int
    seen: int = 0
    events: int = 0
    elements: int = 0
    differing: int = 0
    differing_events: int = 0
    off_grid: int = 0
    largest: float = 0.0
    total: float = 0.0
    first: First | None = None

    def add_reals(self, found: Floats, exact: Ints) -> None:
        """Count real numbers that are not exactly the reference's."""
        self._add(found, exact, gaps(found, exact, self.frac))

    def add_integers(self, found: Ints, exact: Ints) -> None:
        """Count integers with the reference's fraction bits that are not the reference's."""
        differs = np.asarray(found != exact, dtype=np.bool_)
        distance = to_real(np.asarray(found - exact), self.frac)
        real = to_real(found, self.frac)
        self._add(real, exact, Gaps(differs, np.zeros_like(differs), distance))

    def skip(self, events: int) -> None:
        """Leave out events of which nothing can be said."""
        self.seen += events

    def _add(self, found: Floats, exact: Ints, gap: Gaps) -> None:
        with np.errstate(over="ignore"):
            size = np.nan_to_num(np.abs(gap.distance), nan=np.inf, posinf=np.inf)
            self.total += float(size.sum())
        self.largest = max(self.largest, float(size.max(initial=0.0)))
        self.elements += gap.differs.size
        self.differing += int(np.count_nonzero(gap.differs))
        self.off_grid += int(np.count_nonzero(gap.off_grid))
        per_event = gap.differs.reshape(len(gap.differs), -1).any(axis=1)
        self.differing_events += int(np.count_nonzero(per_event))
        if self.first is None and per_event.any():
            self.first = self._where(found, exact, gap.differs, int(np.argmax(per_event)))
        self.events += len(gap.differs)
        self.seen += len(gap.differs)

    def _where(self, found: Floats, exact: Ints, differs: NDArray[np.bool_], event: int) -> First:
        *step, element = (int(i) for i in np.argwhere(differs[event])[0])
        place = (event, *step, element)
        want = to_real(np.asarray(exact[place]), self.frac)
        when = step[0] if step else None
        return First(self.seen + event, when, element, float(found[place]), float(want))

    def as_json(self) -> dict[str, Any]:
        """The figures; what is not finite is None."""
        unit = 2.0**-self.frac
        return {
            "events": self.events,
            "elements": self.elements,
            "differing": self.differing,
            "events_differing": self.differing_events,
            "off_grid": self.off_grid,
            "largest": _finite(self.largest),
            "largest_lsb": _finite(self.largest / unit),
            "mean": _finite(self.total / self.elements) if self.elements else None,
            "first": self._first_json(),
        }

    def _first_json(self) -> dict[str, Any] | None:
        if self.first is None:
            return None
        return self.first._asdict() | {"found": _finite(self.first.found)}


@dataclass(slots=True)
class Apart:
    """How far two float computations of one layer lie apart; ``largest`` is in real units."""

    elements: int = 0
    differing: int = 0
    largest: float = 0.0

    def add(self, one: Floats, other: Floats) -> None:
        """Count a group of events; both have the same shape."""
        with np.errstate(all="ignore"):  # infinite numbers are apart, unless they are equal
            size = np.where(one == other, 0.0, np.nan_to_num(np.abs(one - other), nan=np.inf))
        self.elements += size.size
        self.differing += int(np.count_nonzero(size))
        self.largest = max(self.largest, float(size.max(initial=0.0)))

    def as_json(self) -> dict[str, Any]:
        """The figures; what is not finite is None."""
        figures = {"elements": self.elements, "differing": self.differing}
        return figures | {"largest": _finite(self.largest)}


def gaps(found: Floats, exact: Ints, frac: int) -> Gaps:
    """Compare real numbers with integers that have ``frac`` fraction bits, exactly.

    A number is equal only if it lies on the grid and is the same integer there; no rounding
    stands between.
    """
    with np.errstate(all="ignore"):  # numbers beyond every format stay infinite, and differ
        scaled = np.ldexp(found, frac)
        off_grid = (np.floor(scaled) != scaled) | ((scaled == 0) & (found != 0))
        known = ~off_grid & np.isfinite(scaled)
        if exact.dtype != object:
            known &= np.abs(scaled) < _LIMIT  # where every integer of the reference lies
            whole = np.where(known, scaled, 0.0).astype(np.int64)
        else:
            whole = _python_ints(np.where(known, scaled, 0.0))
        differs = ~known | np.asarray(whole != exact, dtype=np.bool_)
        near = to_real(np.asarray(whole - exact), frac)
        return Gaps(differs, off_grid, np.where(known, near, found - to_real(exact, frac)))


def _python_ints(values: Floats) -> Ints:
    out = np.empty(values.size, dtype=object)
    out[:] = [int(v) for v in values.ravel().tolist()]
    return out.reshape(values.shape)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
