"""Schedules: how the time steps of events share the hardware of the spiking layers."""

from dataclasses import dataclass
from typing import Any

from fwgen.errors import LoweringError


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule, as written in a model or on the command line.

    A *wavefront* runs ``lanes`` time steps in each clock cycle, layer behind layer; ``copies`` of
    the spiking layers take events in turn. *Unrolled*, every time step has hardware of its own and
    an event may enter in every cycle. Each layer's accumulators have the form with the fewest LUTs
    among those of the fewest cycles; with ``small``, the fewest LUTs at any number of cycles.
    """

    lanes: int = 1
    copies: int = 1
    unrolled: bool = False
    small: bool = False

    def __str__(self) -> str:
        parts = ["unrolled" if self.unrolled else "wavefront"]
        parts += [f"{self.lanes} steps a clock"] * (self.lanes > 1)
        parts += [f"{self.copies} copies"] * (self.copies > 1)
        return ", ".join([*parts, *["small accumulators"] * self.small])

    def interval(self, steps: int) -> int:
        """Clock cycles between events of so many time steps."""
        if self.unrolled:
            return 1
        return -(-self.cycles(steps) // self.copies)

    def cycles(self, steps: int) -> int:
        """Clock cycles that an event occupies a layer."""
        return 1 if self.unrolled else -(-steps // self.lanes)

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {"name": str(self), "steps_per_clock": self.lanes, "copies": self.copies}
