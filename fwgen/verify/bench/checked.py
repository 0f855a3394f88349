"""What a simulation did, compared with what was due: values, latency, order, spacing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fwgen.ir.ports import Interface, Port
from fwgen.verify.bench.interface_json import Integers

Edges = npt.NDArray[np.int64]
_Note = tuple[int, str]  # event, what is wrong with it


@dataclass(frozen=True, slots=True)
class Result:
    """What a simulation did; all edges are counted from power-up.

    ``taken`` (n,) are the edges that took the events; shorter than the events offered if
    ``ready_o`` stayed low for good. ``shown`` (m,) are the edges that saw ``valid_o`` high, and
    ``outputs`` the integers then on each output port, (m, count).
    """

    taken: Edges
    shown: Edges
    outputs: tuple[Integers, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """How a simulation compares with what was due; every count but the first three should be 0.

    ``wrong_values`` counts elements, one number an output port. ``first`` describes the mismatch
    of the earliest event, ``first_event`` is its number; None when there is none.
    """

    events: int
    delivered: int
    smallest_interval: int | None
    wrong_values: tuple[int, ...]
    not_taken: int
    missing: int
    extra: int
    wrong_latency: int
    too_close: int
    first: str | None
    first_event: int | None

    @property
    def ok(self) -> bool:
        """Whether nothing differs from what was due."""
        return self.first is None


def check(
    interface: Interface,
    result: Result,
    expected: Sequence[Integers],
    reset_after: npt.NDArray[Any],
) -> Checked:
    """Compare a simulation with the integers ``expected`` of every event on each output port.

    An event is lost, and nothing may come of it, if a reset lies after the edge that took it and
    before the edge that would have shown it.

    Parameters
    ----------
    expected
        One array a port of ``interface.outputs``, (n, count).
    reset_after
        (n,), as given to ``run``.
    """
    match = _match(interface, result, np.asarray(reset_after))
    wrong = [
        _differing(port, got[match.at_shown], np.asarray(want)[match.pairs], match.pairs)
        for port, got, want in zip(interface.outputs, result.outputs, expected, strict=True)
    ]
    notes = _timing_notes(interface, result, match) + [note for _, some in wrong for note in some]
    first = min(notes, default=None, key=lambda note: note[0])
    spacing = np.diff(result.taken)
    return Checked(
        events=len(reset_after),
        delivered=len(match.pairs),
        smallest_interval=int(spacing.min()) if spacing.size else None,
        wrong_values=tuple(count for count, _ in wrong),
        not_taken=len(match.not_taken),
        missing=len(match.missing),
        extra=len(match.extra),
        wrong_latency=len(match.late),
        too_close=len(match.close),
        first=f"event {first[0]} {first[1]}" if first else None,
        first_event=int(first[0]) if first else None,
    )


class _Match(NamedTuple):
    """Events that were shown and where, and the numbers of those that broke a rule."""

    pairs: Edges
    at_shown: Edges
    missing: Edges
    extra: Edges  # positions in shown
    late: Edges  # positions in pairs
    close: Edges
    not_taken: Edges


def _match(interface: Interface, result: Result, reset_after: npt.NDArray[Any]) -> _Match:
    taken, shown = result.taken, result.shown
    reset = _next_reset(taken, reset_after[: len(taken)])
    due = np.flatnonzero(reset >= taken + interface.latency)
    at_due, at_shown = _paired(taken[due] + interface.latency, shown)
    pairs = due[at_due]
    close = (np.diff(taken) < interface.interval) & (reset[:-1] > taken[1:])
    return _Match(
        pairs=pairs,
        at_shown=at_shown,
        missing=np.setdiff1d(due, pairs),
        extra=np.setdiff1d(np.arange(len(shown)), at_shown),
        late=np.flatnonzero(shown[at_shown] - taken[pairs] != interface.latency),
        close=np.flatnonzero(close) + 1,
        not_taken=np.arange(len(taken), len(reset_after)),
    )


def _next_reset(taken: Edges, reset_after: npt.NDArray[Any]) -> Edges:
    """For every event the first edge after it that saw ``rst_i`` high, or one that never comes."""
    never = np.iinfo(np.int64).max
    resets = np.sort((taken + reset_after)[reset_after > 0])
    return np.append(resets, never)[np.searchsorted(resets, taken, side="right")]


def _paired(due: Edges, shown: Edges) -> tuple[Edges, Edges]:
    """Positions in ``due`` and ``shown`` that belong together.

    In order when there are as many of both, so that a wrong latency is called one; else by edge.
    """
    if len(due) == len(shown):
        return np.arange(len(due)), np.arange(len(due))
    _, at_due, at_shown = np.intersect1d(due, shown, return_indices=True)
    return at_due, at_shown


def _first(events: Edges, describe: Callable[[], str]) -> list[_Note]:
    return [(int(events[0]), describe())] if len(events) else []


def _differing(port: Port, got: Integers, want: Integers, events: Edges) -> tuple[int, list[_Note]]:
    """Number of elements that differ, and the first of them in words."""
    rows, k = np.nonzero(got != want)
    return len(rows), _first(
        events[rows],
        lambda: f"{port.name}[{k[0]}]: expected {want[rows[0], k[0]]}, got {got[rows[0], k[0]]}",
    )


def _timing_notes(interface: Interface, result: Result, match: _Match) -> list[_Note]:
    taken, shown = result.taken, result.shown
    extra = shown[match.extra]
    before = np.maximum(np.searchsorted(taken, extra) - 1, 0)
    delay = (shown[match.at_shown] - taken[match.pairs])[match.late]
    spacing = np.diff(taken)[match.close - 1]
    due = f"valid_o: expected latency {interface.latency}, got"
    return [
        *_first(match.missing, lambda: f"{due} no output"),
        *_first(before, lambda: f"and before: nothing due at edge {extra[0]}, but valid_o is 1"),
        *_first(match.pairs[match.late], lambda: f"{due} {delay[0]}"),
        *_first(match.close, lambda: f"taken {spacing[0]} edges after the one before"),
        *_first(match.not_taken, lambda: "offered, but ready_o stays low"),
    ]
