"""Read-outs of lif layers, in all implementations."""

from collections.abc import Iterator

import numpy as np
import pytest

from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import FirstSpike, Maximum, Node, Quantise
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.quantise.analysis import analyse
from fwgen.verify.reference import Reference
from tests.ops.operation import Operation, const, dense, graph_of, lif, read_out, some_events

WEIGHTS = [[3, -2], [1, 5], [-4, 1], [2, 2], [7, -1]]
THRESHOLDS = const([37, 3, 0, -21, 4000], "fixed<14,8>")  # the last is out of reach


def every(name: str) -> Iterator[Node]:
    """Each read-out there is of one layer."""
    yield from read_out(name)
    yield Maximum(f"{name}_most", name)
    yield FirstSpike(f"{name}_first", name)


def network(last: str) -> Iterator[Node]:
    """Signed membranes, unsigned ones, one read-out alone, and operations behind read-outs."""
    yield dense("sums", "x", WEIGHTS, [1, 0, 3, -5, 2], frac=2, bias_frac=6)
    yield lif("a", "sums", beta=4, threshold=THRESHOLDS, membrane="fixed<9,5,RND,SAT>")
    yield from every("a")
    yield dense("back", "a", [[1, 2, 3, 1, 1], [-4, 3, -1, -2, 1]], [1, -1])
    yield lif(
        "b",
        "back",
        beta=const([7, 3], "ufixed<3,0>"),
        threshold=const([5, 9], "fixed<6,6>"),
        membrane="ufixed<7,4,RND_CONV,SAT>",
        reset="zero",
        delay=False,
    )
    yield from every("b")
    yield lif("c", "back", beta=1, threshold=const(6, "fixed<6,6>"), membrane="fixed<6,6,TRN,SAT>")
    yield Maximum("c_most", "c") if last == "maximum" else FirstSpike("c_first", "c")
    yield dense("late", "b_first", [[2, -3], [-1, 1]], [-1, 0])
    yield Quantise("coarse", "a_most", Fixed.parse("fixed<5,5,RND,SAT>"))


class TestReadOuts(Operation):
    """The first spike and the largest membrane beside the other two, each at its own time."""

    @staticmethod
    def make() -> Graph:
        """Seven steps: an index of three bits ends at 7."""
        return graph_of(2, "fixed<6,2>", network("maximum"), steps=7)

    def test_all_that_can_be_read_out_is(self) -> None:
        """Some neuron fires at first, some late, some never; maxima are of any step."""
        graph = self.make()
        values = Reference.of(graph).run(some_events(graph, 3000, 1)).values
        assert {0, 1, 2, 3, 7} <= set(values["a_first"].ravel().tolist())
        where = values["a.membrane"].argmax(axis=0)
        assert len(set(where.ravel().tolist())) == 7
        assert (values["a_most"] < 0).any()


class TestManySteps(Operation):
    """An index that needs a bit more than the steps: 8 of 8."""

    events = 1000

    @staticmethod
    def make() -> Graph:
        """Eight steps."""
        return graph_of(2, "fixed<6,2>", network("first"), steps=8)


class TestOneStep(Operation):
    """With one step an index is 0 or 1, a maximum the membrane itself."""

    @staticmethod
    def make() -> Graph:
        """One step."""
        return graph_of(2, "fixed<6,2>", network("first"), steps=1)


class _Same(Operation):
    """The same read-outs of 7 steps in another schedule."""

    @staticmethod
    def make() -> Graph:
        """Seven steps."""
        return graph_of(2, "fixed<6,2>", network("maximum"), steps=7)


class TestLanes(_Same):
    """Three steps a clock: in the last cycle one of them counts."""

    schedule = Schedule(lanes=3)


class TestCopies(_Same):
    """Copies that take events in turn, two steps a clock: both signals of a copy are its own."""

    schedule = Schedule(lanes=2, copies=2)


class TestUnrolled(_Same):
    """All steps beside each other."""

    schedule = Schedule(unrolled=True)


class TestMoreLanesThanSteps(TestOneStep):
    """One step, two lanes."""

    schedule = Schedule(lanes=2)


def test_a_neuron_that_cannot_fire_has_no_first_spike() -> None:
    """Its bounds are the number of steps; the others' begin with 0."""
    bounds = analyse(TestReadOuts.make()).values["a_first"]
    assert bounds.lo.tolist() == [0, 0, 0, 0, 7]
    assert bounds.hi.tolist() == [7] * 5


@pytest.mark.parametrize("node", [Maximum("out", "l"), FirstSpike("out", "l")])
def test_a_layer_shows_only_what_is_read(node: Node) -> None:
    """A maximum alone leaves no spike port, a first spike alone no membrane port."""
    neuron = lif("l", "x", beta=1, threshold=const(3, "fixed<6,6>"), membrane="fixed<7,7,TRN,SAT>")
    blocks = lower(graph_of(2, "fixed<20,20>", [neuron, node], steps=3), Pace(240.0)).blocks
    (block,) = (b for b in blocks if b.name == "l")
    assert (not block.spikes) == isinstance(node, Maximum)
    assert (not block.membranes) == isinstance(node, FirstSpike)
    assert block.membrane is None


def test_maximum_leaves_out_the_zero_before_the_first_step() -> None:
    """A membrane that is always below 0 has a maximum below 0."""
    neuron = lif("l", "x", beta=1, threshold=const(3, "fixed<6,6>"), membrane="fixed<9,9>")
    graph = graph_of(1, "fixed<4,4>", [neuron, Maximum("out", "l")], steps=3)
    assert Reference.of(graph).run(np.array([[-2], [-8]])).values["out"].tolist() == [[-2], [-8]]
