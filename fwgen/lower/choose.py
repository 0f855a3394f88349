"""The choice of a schedule: the cheapest that meets the budgets at the wanted clock.

Every candidate is lowered, so that its latency and interval are exact; LUTs are estimated. A
candidate *closes* where the loop of every layer fits into the cycle by the delay model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fwgen.errors import LoweringError
from fwgen.ir.nodes import Dense, Neurons
from fwgen.ir.ranges import const
from fwgen.ir.schedule import MAX_COPIES, Schedule
from fwgen.lower.design import Design, LifBlock
from fwgen.lower.estimate.design import Cost, estimate
from fwgen.lower.lowering import Lowerings
from fwgen.tools.plain import Json

MOST_UNROLLED = 60_000  # synapses times time steps, beyond which unrolling is not tried unasked
_NS_PER_US = 1000.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of latency and interval in ns; None where there is none."""

    latency_ns: float | None = None
    interval_ns: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A schedule and what it comes to; times in cycles, ``loop_ps`` with its register."""

    schedule: Schedule
    latency: int
    interval: int
    cost: Cost
    loop_ps: int
    clock_mhz: float

    @classmethod
    def of(cls, design: Design) -> "Candidate":
        """The figures of a lowered design."""
        pace, face = design.pace, design.interface
        loops = [b.loop_ps for b in design.blocks if isinstance(b, LifBlock)]
        loop = max(loops) + pace.delays.register if loops else 0
        cost = sum(estimate(design).values(), Cost())
        return cls(design.schedule, face.latency, face.interval, cost, loop, pace.clock_mhz)

    @property
    def closes(self) -> bool:
        """Whether the longest loop fits into the cycle."""
        return self.loop_ps <= 1e6 / self.clock_mhz

    def ns(self, cycles: int) -> float:
        """Clock cycles in ns."""
        return cycles * _NS_PER_US / self.clock_mhz

    def misses(self, limits: Limits) -> list[str]:
        """Which budgets it misses, and whether its loop is too long for the clock."""
        found = [] if self.closes else ["clock"]
        pairs = (
            ("latency", self.latency, limits.latency_ns),
            ("interval", self.interval, limits.interval_ns),
        )
        return found + [name for name, n, most in pairs if most is not None and self.ns(n) > most]

    def as_json(self, limits: Limits) -> Json:
        """Plain data for the report."""
        return {
            "schedule": str(self.schedule),
            "latency_cycles": self.latency,
            "latency_ns": round(self.ns(self.latency), 3),
            "interval_cycles": self.interval,
            "interval_ns": round(self.ns(self.interval), 3),
            "lut": self.cost.lut,
            "ff": self.cost.ff,
            "dsp": self.cost.dsp,
            "loop_ns": round(self.loop_ps / 1000, 3),
            "misses": self.misses(limits),
        }


@dataclass(frozen=True, slots=True)
class Chosen:
    """A schedule, why it was chosen, and what else there was; the cheapest first."""

    schedule: Schedule
    why: str
    candidates: tuple[Candidate, ...]
    limits: Limits

    def built(self, design: Design) -> "Chosen":
        """The choice with the built design as a candidate: its adder graphs are smaller."""
        if not self.candidates:
            return self
        others = [c for c in self.candidates if c.schedule != self.schedule]
        rows = sorted([*others, Candidate.of(design)], key=_cheapest)
        return replace(self, candidates=tuple(rows))

    def as_json(self) -> Json:
        """Plain data for the report."""
        rows = [c.as_json(self.limits) for c in self.candidates]
        return {
            "chosen": str(self.schedule),
            "why": self.why,
            "kind": "estimated",
            "candidates": rows,
        }


def choose(
    lowerings: Lowerings, asked: Schedule | None, limits: Limits, *, every: bool = False
) -> Chosen:
    """The schedule that was asked for, or the best one.

    Parameters
    ----------
    asked
        None lets fwgen choose.
    every
        Whether to work out all candidates even where nothing is to be chosen.
    """
    graph = lowerings.graph
    if not any(isinstance(node, Neurons) for node in graph):
        return Chosen(asked or Schedule(), "the model has no time steps", (), limits)
    if asked and not every:
        return Chosen(asked, "asked for", (), limits)
    tried = sorted(_candidates(lowerings, limits), key=_cheapest)
    if asked:
        return Chosen(asked, "asked for", tuple(tried), limits)
    best = min(tried, key=lambda c: (len(c.misses(limits)), *_cheapest(c)))
    return Chosen(best.schedule, _why(best, limits), tuple(tried), limits)


def _cheapest(candidate: Candidate) -> tuple[int, int]:
    return candidate.cost.lut, candidate.latency


def _why(best: Candidate, limits: Limits) -> str:
    missed = best.misses(limits)
    if missed:
        return f"no candidate meets everything; this one misses {' and '.join(missed)} only"
    wanted = [
        f"{name} of {most:g} ns"
        for name, most in (("latency", limits.latency_ns), ("interval", limits.interval_ns))
        if most is not None
    ]
    budgets = f" and the {' and '.join(wanted)}" if wanted else ""
    return f"the fewest LUTs of those whose loops fit the clock{budgets}"


def _candidates(lowerings: Lowerings, limits: Limits) -> Iterator[Candidate]:
    """Wavefronts of more and more steps a clock until a loop is too long, and unrolled."""
    graph = lowerings.graph
    steps = graph.steps
    # spikes that come back are there a clock later
    back = any(isinstance(node, Neurons) and node.recurrent is not None for node in graph)
    for lanes in _lanes(1 if back else steps):
        found = _pair(lowerings, Schedule(lanes, _copies(lowerings, lanes, limits)))
        yield from found
        if not any(c.closes for c in found):
            break
    if steps > 1 and _synapses(lowerings) * steps <= MOST_UNROLLED:
        yield from _pair(lowerings, Schedule(unrolled=True))


def _pair(lowerings: Lowerings, schedule: Schedule) -> list[Candidate]:
    """A schedule with fast accumulators, and with small ones where that makes a difference."""
    fast, small = (Candidate.of(lowerings.quick(s)) for s in (schedule, _small(schedule)))
    alike = (fast.cost, fast.latency) == (small.cost, small.latency)
    return [fast] if alike else [fast, small]


def _small(schedule: Schedule) -> Schedule:
    return Schedule(schedule.lanes, schedule.copies, schedule.unrolled, small=True)


def _lanes(steps: int) -> Sequence[int]:
    """Steps a clock worth trying: those that need fewer cycles than any smaller number."""
    found: list[int] = []
    for lanes in range(1, steps + 1):
        if not found or -(-steps // lanes) < -(-steps // found[-1]):
            found.append(lanes)
    return found


def _copies(lowerings: Lowerings, lanes: int, limits: Limits) -> int:
    """Copies that the interval needs."""
    cycles = Schedule(lanes).cycles(lowerings.graph.steps)
    if limits.interval_ns is None:
        return 1
    most = max(1, int(limits.interval_ns * lowerings.pace.clock_mhz / _NS_PER_US + 1e-9))
    return min(-(-cycles // most), MAX_COPIES, cycles)


def _synapses(lowerings: Lowerings) -> int:
    graph = lowerings.graph
    shapes = graph.shapes()
    dense = (n for n in graph if isinstance(n, Dense) and shapes[n.source].temporal)
    back = (n.recurrent for n in graph if isinstance(n, Neurons) and n.recurrent is not None)
    matrices = [*(node.weight for node in dense), *back]
    return sum(const(matrix).values.size for matrix in matrices)


def check_possible(chosen: Schedule, steps: int) -> None:
    """Refuse more copies or steps a clock than an event has.

    Raises
    ------
    LoweringError
        With what is possible.
    """
    if chosen.lanes > steps or chosen.copies > Schedule(chosen.lanes).cycles(steps):
        raise LoweringError(
            "schedule",
            needed=f"at most {steps} steps a clock and no more copies than an event has cycles",
            found=str(chosen),
            do="Choose fewer.",
        )
