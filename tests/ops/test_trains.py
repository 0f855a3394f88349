"""Events that are spike trains, in all implementations."""

from collections.abc import Iterator

import numpy as np
import pytest

from fwgen.errors import GraphError
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    BIT,
    FirstSpike,
    Input,
    LastMembrane,
    Lif,
    Maximum,
    Node,
    Real,
    Reset,
    ShiftLeak,
)
from fwgen.ir.schedule import Schedule
from fwgen.ir.text import node_text
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.estimate.design import estimate
from fwgen.lower.lowering import lower
from fwgen.quantise.passes import quantise
from fwgen.verify.bench.events import corners
from fwgen.verify.float_model import evaluate
from fwgen.verify.reference import Reference
from tests.ops.operation import Implemented, Operation, const, dense, lif, read_out

SIZE = 5


def network() -> Iterator[Node]:
    """Neurons on the spikes themselves, and behind dense layers on them."""
    yield lif("a", "x", beta=1, threshold=const(1, "fixed<4,3>"), membrane="fixed<6,3,RND,SAT>")
    yield from read_out("a")
    yield FirstSpike("a_first", "a")
    yield dense("d", "x", [[3, -2, 1, 0, 5], [-4, 1, 2, -1, 0], [1, 1, 1, 1, 0]], [1, 0, -1])
    yield lif(
        "b",
        "d",
        beta=const([7, 5, 8], "ufixed<4,1>"),
        threshold=const(4, "fixed<6,6>"),
        membrane="fixed<9,6,RND,SAT>",
        reset="zero",
        delay=False,
    )
    yield from read_out("b")
    yield dense("e", "b", [[2, -3, 1], [1, 1, -2]], [0, 1])
    yield lif("c", "e", beta=2, threshold=const(2, "fixed<6,6>"), membrane="fixed<8,6,TRN,SAT>")
    yield from read_out("c")
    yield Maximum("c_most", "c")


def graph_on_spikes(nodes: Iterator[Node], steps: int, size: int = SIZE) -> Graph:
    """A graph whose input ``x`` is spikes; what nobody reads is an output."""
    every = (Input("x", size, BIT, spikes=True), *nodes)
    read = {source for node in every for source in node.sources}
    outputs = tuple(n.name for n in every if n.name not in read)
    return Graph("dut", steps, every, outputs)


class TestTrains(Operation):
    """One step a clock: the first is out in the cycle behind the edge that takes the event."""

    @staticmethod
    def make() -> Graph:
        """Seven steps."""
        return graph_on_spikes(network(), 7)

    def test_the_port_holds_all_steps(self, made: Implemented) -> None:
        """One bit for each step and element."""
        (port,) = made.interface.inputs
        assert (port.count, port.width) == (7 * SIZE, 7 * SIZE)


class TestLanes(TestTrains):
    """Three steps a clock: two of the last cycle's lanes have no step."""

    schedule = Schedule(lanes=3)


class TestCopies(TestTrains):
    """Copies with a shift register each."""

    schedule = Schedule(lanes=2, copies=2)


class TestUnrolled(TestTrains):
    """Registers for each step."""

    schedule = Schedule(unrolled=True)


class TestOneStep(Operation):
    """With one step there is nothing to shift."""

    @staticmethod
    def make() -> Graph:
        """One step."""
        return graph_on_spikes(network(), 1)


class TestMoreLanesThanSteps(TestOneStep):
    """Two lanes and one step."""

    schedule = Schedule(lanes=2)


class TestOneElement(Operation):
    """A single line of spikes, whose port is as wide as there are steps."""

    @staticmethod
    def make() -> Graph:
        """Four steps."""
        one = lif("a", "x", beta=1, threshold=const(1, "fixed<4,3>"), membrane="fixed<6,3>")
        return graph_on_spikes(iter([one, *read_out("a")]), 4, 1)


def test_spikes_arrive_step_after_step() -> None:
    """A row of an event is its first step's spikes, then the second's, in both models."""
    event, high = np.array([[1, 0, 1, 0, 1, 1]]), Real(np.array(9.0))
    neuron = Lif("l", "x", ShiftLeak(1), high, None, Reset.NONE, reset_delay=True)
    real = graph_on_spikes(iter([neuron, LastMembrane("u", "l")]), 2, 3)
    steps = [[1, 0, 1], [0, 1, 1]]
    values = evaluate(real, event.astype(float))
    assert values["x"][:, 0].tolist() == steps
    assert values["u"].tolist() == [[0.5, 1.0, 1.5]]
    exact = Reference.of(quantise(real)).run(event).values
    assert exact["x"][:, 0].tolist() == steps


def test_corners_hold_silence_and_every_neuron() -> None:
    """All zero, all one, and for a dense layer the spikes that drive its sums, at all steps."""
    graph = TestTrains.make()
    found = {tuple(event) for event in corners(graph)}
    assert tuple([0] * 35) in found
    assert tuple([1] * 35) in found
    assert tuple([1, 0, 1, 0, 1] * 7) in found
    assert all(len(event) == 35 for event in found)


def test_a_column_that_nobody_reads_costs_nothing() -> None:
    """Elements whose weights are all 0 have no registers."""
    costs = []
    for weights in ([[3, -2, 1, 1, 5]], [[3, -2, 0, 0, 5]]):
        layer = dense("d", "x", weights)
        neuron = lif("l", "d", beta=0, threshold=const(9, "fixed<5,5>"), membrane="fixed<9,9>")
        graph = graph_on_spikes(iter([layer, neuron, *read_out("l")]), 4)
        costs.append(estimate(lower(graph, Pace(240.0)))["x"])
    assert (costs[0].ff, costs[0].lut) == (20, 15)
    assert (costs[1].ff, costs[1].lut) == (12, 9)


def test_the_text_says_that_the_input_is_spikes() -> None:
    """Beside its size and format."""
    assert node_text(TestTrains.make()["x"]) == "x = input() size=5 fmt=ufixed<1,1> spikes=yes"


@pytest.mark.parametrize(
    ("node", "steps", "message"),
    [
        (Input("x", 2, Fixed.parse("fixed<4,4>"), spikes=True), 2, "the format ufixed<1,1>"),
        (Input("x", 4096, BIT, spikes=True), 5, "at most 16,384 spikes an event; found 5 time"),
    ],
)
def test_bad_spikes_are_refused(node: Input, steps: int, message: str) -> None:
    """By the name of the input."""
    neuron = lif("l", "x", beta=0, threshold=const(9, "fixed<5,5>"), membrane="fixed<9,9>")
    graph = Graph("dut", steps, (node, neuron, LastMembrane("u", "l")), ("u",))
    with pytest.raises(GraphError, match=rf"layer 'x' \(input\).*{message}"):
        graph.shapes()
