"""What is lowered so far as a wavefront: the signals of every layer, copy by copy."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fwgen.ir.schedule import Schedule
from fwgen.lower.design import Lanes, Signal
from fwgen.lower.plan import Plan
from fwgen.lower.spiking.neurons import Steps


@dataclass(slots=True)
class WavefrontState:
    """A plan, and the signals of layers by their name and the number of the copy.

    ``lanes`` are values of each step; ``last_membranes`` show that of the last, ``membranes`` those
    of all, where they are read. ``static_membranes`` are last membranes that a table gives.
    """

    plan: Plan
    schedule: Schedule
    lanes: dict[tuple[str, int], Lanes] = field(default_factory=dict)
    last_membranes: dict[tuple[str, int], Signal] = field(default_factory=dict)
    membranes: dict[tuple[str, int], Lanes] = field(default_factory=dict)
    static_membranes: dict[str, Signal] = field(default_factory=dict)

    @property
    def steps(self) -> Steps:
        """How the steps of an event pass: lanes, cycles, and the lane of the last."""
        return Steps(self.plan.graph.steps, self.schedule.lanes)

    def copies(self) -> Iterator[tuple[int, str]]:
        """The copies, and what the names of their signals end in."""
        for copy in range(self.schedule.copies):
            yield copy, f"__c{copy}" if copy else ""

    def suffixes(self) -> list[str]:
        """What the names of the lanes' signals end in."""
        return [f"__l{lane}" if lane else "" for lane in range(self.schedule.lanes)]


def slowest(lanes: Lanes) -> tuple[int, ...]:
    """Logic before each element, in the slowest lane; empty where there is none."""
    if not any(s.arrivals for s in lanes):
        return ()
    rows = [s.arrivals or (0,) * s.count for s in lanes]
    return tuple(max(column) for column in zip(*rows, strict=True))
