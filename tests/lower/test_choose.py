"""The choice of a schedule: what is tried, what is taken, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from fwgen.errors import BundleError, LoweringError
from fwgen.ir.graph import Graph
from fwgen.ir.schedule import Schedule
from fwgen.lower.choose import Candidate, Chosen, Limits, check_possible, choose
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import Lowerings, lower
from fwgen.quantise.analysis import analyse
from tests.ops.operation import const, dense, graph_of, lif, read_out


def spiking(steps: int) -> Graph:
    """Two spiking layers."""
    nodes = [
        dense("d0", "x", [[7, -2], [3, 5], [-1, 4]], frac=2),
        lif("a", "d0", beta=3, threshold=const(9, "fixed<7,5>"), membrane="fixed<10,7,RND,SAT>"),
        dense("d1", "a", [[7, -2, 3], [3, 5, -6]], frac=2),
        lif("b", "d1", beta=3, threshold=const(9, "fixed<7,5>"), membrane="fixed<10,7,RND,SAT>"),
        *read_out("b"),
    ]
    return graph_of(2, "fixed<6,4>", nodes, steps=steps)


def chosen(steps: int, clock_mhz: float, limits: Limits) -> Chosen:
    """What fwgen chooses."""
    graph = spiking(steps)
    return choose(Lowerings(graph, Pace(clock_mhz), analyse(graph)), None, limits)


def taken(found: Chosen) -> Candidate:
    """The candidate that was chosen."""
    (one,) = [c for c in found.candidates if c.schedule == found.schedule]
    return one


def test_the_cheapest_that_meets_the_budgets() -> None:
    """Without budgets one step a clock is cheapest; each budget asks for more hardware."""
    free = chosen(5, 240.0, Limits())
    assert (free.schedule.lanes, free.schedule.copies, free.schedule.unrolled) == (1, 1, False)
    assert "fewest LUTs" in free.why
    busy = chosen(10, 240.0, Limits(interval_ns=25.0))
    assert busy.schedule != free.schedule
    assert not taken(busy).misses(busy.limits)
    assert taken(busy).ns(taken(busy).interval) <= 25.0
    fast = chosen(10, 240.0, Limits(interval_ns=4.2))
    assert fast.schedule.interval(10) == 1
    for found in (free, busy, fast):
        sound = [c for c in found.candidates if not c.misses(found.limits)]
        assert taken(found).cost.lut == min(c.cost.lut for c in sound)


def test_a_design_brings_its_own_figures() -> None:
    """The chosen row is the design that is built; the others stay."""
    graph = spiking(5)
    lowerings = Lowerings(graph, Pace(240.0), analyse(graph))
    found = choose(lowerings, None, Limits())
    design = lowerings.best(found.schedule)
    built = found.built(design)
    assert taken(built) == Candidate.of(design)
    others = [c for c in found.candidates if c.schedule != found.schedule]
    assert [c for c in built.candidates if c.schedule != found.schedule] == others


def test_recurrent_weights_count_among_those_that_unrolling_repeats() -> None:
    """Many steps of a large loop are not unrolled unasked."""
    neurons = replace(
        lif("a", "x", beta=3, threshold=const(9, "fixed<7,5>"), membrane="fixed<14,11,RND,SAT>"),
        recurrent=const(np.ones((20, 20), int), "fixed<4,4>"),
    )
    for steps, tried in ((2, True), (200, False)):
        graph = graph_of(20, "fixed<6,4>", [neurons, *read_out("a")], steps=steps)
        lowerings = Lowerings(graph, Pace(240.0), analyse(graph))
        found = choose(lowerings, None, Limits())
        assert any(c.schedule.unrolled for c in found.candidates) == tried


def test_a_slow_clock_takes_several_steps_a_cycle() -> None:
    """Where a cycle has room for all steps, no copies are needed to keep every crossing."""
    found = chosen(5, 40.0, Limits(interval_ns=25.0))
    assert found.schedule.interval(5) == 1
    assert taken(found).closes
    assert any(c.schedule.lanes == 5 and c.schedule.copies == 1 for c in found.candidates)


def test_figures_are_those_of_the_design() -> None:
    """Latency and interval of a candidate are the lowered design's own."""
    found = chosen(5, 240.0, Limits(interval_ns=25.0))
    for candidate in found.candidates:
        face = lower(spiking(5), Pace(240.0), schedule=candidate.schedule).interface
        assert (candidate.latency, candidate.interval) == (face.latency, face.interval)


def test_what_nothing_meets_is_said() -> None:
    """The one that misses least is taken, and what it misses stands in the reason."""
    found = chosen(5, 240.0, Limits(latency_ns=1.0))
    assert found.why == "no candidate meets everything; this one misses latency only"


def test_a_clock_too_fast_for_a_loop_leaves_unrolling() -> None:
    """No wavefront closes at 700 MHz; without the loop it does."""
    found = chosen(3, 700.0, Limits())
    assert found.schedule.unrolled
    assert all("clock" in c.misses(found.limits) for c in found.candidates if c.loop_ps)


def test_a_model_without_steps_has_no_choice() -> None:
    """Nothing is tried."""
    graph = graph_of(2, "fixed<6,4>", [dense("d", "x", [[1, 2]])])
    found = choose(Lowerings(graph, Pace(240.0), analyse(graph)), None, Limits(interval_ns=25.0))
    assert found.candidates == ()
    assert found.why == "the model has no time steps"


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("wavefront", Schedule()),
        ("wavefront, small", Schedule(small=True)),
        ("wavefront,steps=3", Schedule(lanes=3)),
        ("wavefront,steps=3,copies=2,small", Schedule(3, 2, small=True)),
        ("unrolled", Schedule(unrolled=True)),
        ("unrolled,small", Schedule(unrolled=True, small=True)),
        ("auto", None),
    ],
)
def test_text(text: str, schedule: Schedule | None) -> None:
    """A schedule is what its text says, and says so itself."""
    assert Schedule.parse(text, "schedule") == schedule
    if schedule:
        assert Schedule.parse(str(schedule), "schedule") == schedule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wave",
        "unrolled,steps=2",
        "unrolled,copies=2",
        "wavefront,steps=0",
        "wavefront,copies=0",
        "wavefront,steps=257",
        "wavefront,copies=65",
        "wavefront,steps=-1",
        "auto,small",
        "wavefront;rm -rf",
        "wavefront,steps=2,steps=2",
    ],
)
def test_bad_text(text: str) -> None:
    """Refused in one sentence that says what there is."""
    with pytest.raises(BundleError) as caught:
        Schedule.parse(text, "--schedule")
    assert str(caught.value) == (
        "--schedule: needed auto, wavefront or unrolled, then as you like ,steps=N ,copies=N "
        f"(wavefront) and ,small; at most 256 steps a clock and 64 copies; found '{text}'. Write "
        "auto, and fwgen check --explain shows what there is to choose from."
    )


@pytest.mark.parametrize("schedule", [Schedule(lanes=6), Schedule(copies=6), Schedule(3, 3)])
def test_more_than_an_event_has(schedule: Schedule) -> None:
    """More steps a clock than steps, or more copies than cycles, are refused."""
    with pytest.raises(LoweringError) as caught:
        check_possible(schedule, 5)
    assert "at most 5 steps a clock and no more copies than an event has cycles" in str(
        caught.value
    )
    check_possible(Schedule(lanes=5), 5)
    check_possible(Schedule(copies=5), 5)
    check_possible(Schedule(3, 2), 5)
