"""Every schedule and every form of accumulators: the same networks, the same integers.

``FWGEN_TEST_EVENTS=100000 pytest tests/ops/test_schedules.py`` is the long run.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Lif, Node
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.lower.spiking.forms import Accumulators
from fwgen.lower.spiking.synapses import SpikedLayer, accumulators
from fwgen.lower.spiking.table_groups import GATED, Form
from fwgen.lower.spiking.wavefront import dense as wavefront_dense
from fwgen.verify.bench import native
from tests.ops.operation import (
    FEW_EVENTS,
    Implemented,
    Operation,
    const,
    dense,
    graph_of,
    implement,
    lif,
    read_out,
    simulate,
    some_events,
)

EVENTS = int(os.environ.get("FWGEN_TEST_EVENTS", "3000"))
STEPS = 7  # no multiple of 2 or 3: the last cycle of several steps a clock is not full


def weights(rng: np.random.Generator, units: int, inputs: int) -> np.ndarray:
    """Integers of eight bits and less, zeros and powers of two among them."""
    full = rng.integers(-128, 128, (units, inputs))
    kinds = rng.integers(0, 4, (units, inputs))
    return np.select([kinds == 0, kinds == 1], [0 * full, np.sign(full) * 16], full)


def network() -> Iterator[Node]:
    """Four spiking layers of unlike size; every reset, delays of both kinds, all read-outs."""
    rng = np.random.default_rng(6)
    yield dense("d0", "x", rng.integers(-20, 21, (19, 3)), rng.integers(-9, 10, 19), frac=2)
    yield lif(
        "a",
        "d0",
        beta=const(29, "ufixed<5,0>"),
        threshold=const(20, "fixed<8,6>"),
        membrane="fixed<14,10,RND,SAT>",
    )
    yield dense("d1", "a", weights(rng, 13, 19), rng.integers(-9, 10, 13), frac=4)
    yield lif(
        "b",
        "d1",
        beta=2,
        threshold=const(80, "fixed<10,6>"),
        membrane="fixed<13,9,RND_CONV,SAT>",
        reset="zero",
    )
    yield dense("d2", "b", weights(rng, 5, 13), frac=4)
    yield lif(
        "c",
        "d2",
        beta=const([15, 14, 9, 16, 0], "ufixed<5,1>"),
        threshold=const([30, 10, 100, -3, 60], "fixed<10,6>"),
        membrane="fixed<14,10,RND,SAT>",
        delay=False,
    )
    yield dense("d3", "c", weights(rng, 4, 5), frac=4)
    yield lif(
        "d",
        "d3",
        beta=const(7, "ufixed<3,0>"),
        threshold=const(40, "fixed<10,6>"),
        membrane="fixed<14,9,TRN,SAT>",
        reset="none",
    )
    for name in "abcd":
        yield from read_out(name)


class Scheduled(Operation):
    """Inherited by the test of each schedule."""

    interval: ClassVar[int] = STEPS
    events = EVENTS

    @staticmethod
    def make() -> Graph:
        """The same network for all."""
        return graph_of(3, "fixed<6,4>", network(), steps=STEPS)

    def test_interval(self, made: Implemented) -> None:
        """Events may follow as closely as the schedule says."""
        assert made.interface.interval == self.interval


class TestWavefront(Scheduled):
    """One step a clock."""


class TestSmallAccumulators(Scheduled):
    """The smallest accumulators, at any latency."""

    schedule = Schedule(small=True)


class TestTwoStepsAClock(Scheduled):
    """Two steps a clock, the last cycle half full."""

    schedule, interval = Schedule(lanes=2), 4


class TestThreeStepsAClock(Scheduled):
    """Three steps a clock, one in the last cycle."""

    schedule, interval = Schedule(lanes=3), 3


class TestAllStepsInAClock(Scheduled):
    """All steps in one cycle: nothing is kept."""

    schedule, interval = Schedule(lanes=STEPS), 1


class TestTwoCopies(Scheduled):
    """Two copies that take events in turn."""

    schedule, interval = Schedule(copies=2), 4

    def test_a_copy_that_is_never_relieved_is_noticed(
        self, made: Implemented, tmp_path: Path
    ) -> None:
        """Without the token going round, events meet in one copy, and the bench says so."""
        files = [tmp_path / path.name for path in made.files]
        for old, new in zip(made.files, files, strict=True):
            text = old.read_text(encoding="utf-8")
            if new.name == "fwgen_events.v":
                moves = "else if (taken) turn_q"
                assert moves in text
                text = text.replace(moves, "else if (1'b0) turn_q")
            new.write_text(text, encoding="utf-8")
        program = native.build(made.interface, files, tmp_path / "work", FEW_EVENTS)
        broken = replace(made, files=tuple(files), program=program)
        assert simulate(broken, some_events(made.graph, 200, 3), "back-to-back", 4).first


class TestThreeCopiesOfTwoSteps(Scheduled):
    """Copies and several steps a clock together."""

    schedule, interval = Schedule(lanes=2, copies=3), 2


class TestUnrolled(Scheduled):
    """Hardware for each step."""

    schedule, interval = Schedule(unrolled=True), 1


class TestUnrolledAtAFastClock(Scheduled):
    """Registers inside the steps."""

    schedule, interval, clock_mhz = Schedule(unrolled=True, small=True), 1, 480.0


class Formed(Scheduled):
    """Inherited by the test of each form: the layers have this form and no other."""

    form: ClassVar[Form]

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Implemented]:
        """The network with accumulators of one form."""

        def only(layer: SpikedLayer, _rank: object) -> Accumulators:
            made = {one.form: one for one in accumulators(layer)}
            if cls.form in made:
                return made[cls.form]
            return made[max(form for form in made if form.alone)]  # too few synapses

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wavefront_dense, "best_form", only)
            folder = tmp_path_factory.mktemp("rtl")
            yield implement(cls.make(), cls.clock_mhz, folder, cls.schedule)


class TestGatedTrees(Formed):
    """Trees of gated weights."""

    form = GATED


class TestOneChain(Formed):
    """Tables of spikes in one chain of additions."""

    form = Form(1)


class TestOneChainBehindATable(Formed):
    """In one chain, which begins with six spikes in a table of their own."""

    form = Form(1, alone=True)


class TestTwoChains(Formed):
    """In two chains, whose ends are added."""

    form = Form(2)


class TestTreesOfTables(Formed):
    """As many chains as tables."""

    form = Form(9, alone=True)


def test_one_lane_is_slower_than_the_clock_wants() -> None:
    """The loop of more steps a clock is longer; more than one copy changes nothing in it."""
    graph = Scheduled.make()

    def loop(schedule: Schedule) -> int:
        design = lower(graph, Pace(240.0), schedule=schedule)
        return max(b.core.loop_ps for b in design.blocks if hasattr(b, "core"))

    assert loop(Schedule()) == loop(Schedule(copies=3))
    assert loop(Schedule()) < loop(Schedule(lanes=2)) < loop(Schedule(lanes=3))
    assert len([n for n in graph if isinstance(n, Lif)]) == 4
