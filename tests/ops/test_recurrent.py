"""Recurrent weights: the spikes of a step in the currents of the next, in all implementations."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from fwgen.errors import GraphError, LoweringError
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Const, LastMembrane, Neurons, Node, Reset
from fwgen.ir.schedule import Schedule
from fwgen.lower.choose import Limits, choose
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import Lowerings, lower
from fwgen.quantise.analysis import analyse
from fwgen.verify.reference import Reference
from tests.ops.operation import Operation, const, dense, graph_of, lif, read_out, some_events

WEIGHTS = [[3, -2], [1, 5], [-4, 1], [2, 2], [7, -1]]
THRESHOLDS = const([37, 3, 0, -21, 4000], "fixed<14,8>")  # always, at once, at 0, below, never
BACK = [
    [0, 9, -3, 2, 5],
    [-7, 1, 4, 0, -2],
    [3, 3, -8, 6, 1],
    [0, -1, 2, -4, 90],
    [5, 0, 0, 7, 33],
]
FINE = const(BACK, "fixed<9,3>")  # finer than the sources
COARSE = const(BACK, "fixed<8,9>")  # coarser than they


def looped(name: str, source: str, back: Const, reset: Reset, *, delay: bool) -> Neurons:
    """Five neurons with weights back into themselves."""
    neurons = lif(
        name,
        source,
        beta=const([29, 31, 16, 0, 32], "ufixed<6,1>"),
        threshold=THRESHOLDS,
        membrane="fixed<10,6,RND_CONV,SAT>",
        reset=reset,
        delay=delay,
    )
    return replace(neurons, recurrent=back)


def network() -> Iterator[Node]:
    """Every reset and delay; on numbers, on spikes, with and without a reader of the spikes."""
    yield dense("sums", "x", WEIGHTS, [1, 0, 3, -5, 2], frac=2, bias_frac=4)
    for k, (delay, reset) in enumerate(product((False, True), Reset)):
        yield looped(f"n{k}", "sums", FINE if k % 2 else COARSE, reset, delay=delay)
        yield from read_out(f"n{k}")
    yield dense("next", "n0", [[1, -3, 2, 4, 1]] * 5, [1, 2, 3, 4, 5])
    yield looped("m", "next", FINE, Reset.SUBTRACT, delay=True)
    yield from read_out("m")
    yield looped("alone", "next", COARSE, Reset.ZERO, delay=False)
    yield LastMembrane("alone_u", "alone")


def two_layers() -> Iterator[Node]:
    """One layer on numbers and one behind it."""
    yield dense("sums", "x", WEIGHTS, [1, 0, 3, -5, 2], frac=2, bias_frac=4)
    yield looped("n", "sums", FINE, Reset.SUBTRACT, delay=True)
    yield from read_out("n")
    yield dense("next", "n", [[1, -3, 2, 4, 1]] * 5, [1, 2, 3, 4, 5])
    yield looped("m", "next", COARSE, Reset.ZERO, delay=False)
    yield from read_out("m")


class TestRecurrent(Operation):
    """Loops of one clock around each kind of neuron."""

    @staticmethod
    def make() -> Graph:
        """Eight layers of five neurons, six steps."""
        return graph_of(2, "fixed<6,2>", network(), steps=6)

    def test_the_first_step_has_no_spikes_before_it(self) -> None:
        """It is that of the layer without recurrent weights; all others differ somewhere."""
        graph = self.make()
        plain = {n.name: replace(n, recurrent=None) for n in graph if isinstance(n, Neurons)}
        x = some_events(graph, 500, 1)
        ours, without = (Reference.of(g).run(x).values for g in (graph, graph.with_nodes(plain)))
        for k in range(6):
            a, b = (values[f"n{k}.membrane"] for values in (ours, without))
            assert np.array_equal(a[0], b[0])
            assert all((a[t] != b[t]).any() for t in range(1, 6))


class TestOneStep(Operation):
    """With one step nothing comes back."""

    @staticmethod
    def make() -> Graph:
        """The same layers."""
        return graph_of(2, "fixed<6,2>", two_layers(), steps=1)


class TestUnrolled(Operation):
    """Every step with hardware of its own."""

    schedule = Schedule(unrolled=True)

    @staticmethod
    def make() -> Graph:
        """Four steps."""
        return graph_of(2, "fixed<6,2>", two_layers(), steps=4)


class TestCopies(Operation):
    """Three copies with a loop each, which take events in turn."""

    schedule = Schedule(copies=3)

    @staticmethod
    def make() -> Graph:
        """Five steps."""
        return graph_of(2, "fixed<6,2>", two_layers(), steps=5)


def test_several_steps_a_clock_are_refused() -> None:
    """A spike is there a clock later; the message names the layer."""
    graph = graph_of(2, "fixed<6,2>", two_layers(), steps=4)
    with pytest.raises(LoweringError, match=r"layer 'n' \(lif\): needed one time step a clock"):
        lower(graph, Pace(240.0), schedule=Schedule(lanes=2))


def test_the_choice_leaves_them_out() -> None:
    """What is impossible is no candidate."""
    graph = graph_of(2, "fixed<6,2>", two_layers(), steps=4)
    chosen = choose(Lowerings(graph, Pace(240.0), analyse(graph)), None, Limits())
    assert {c.schedule.lanes for c in chosen.candidates} == {1}


def test_currents_are_bounded_with_any_spikes() -> None:
    """The membrane of one step of a full leak: source and positive, or negative, weights."""
    neuron = lif(
        "l",
        "x",
        beta=const(0, "ufixed<1,1>"),
        threshold=const([0, 0], "fixed<2,2>"),
        membrane="fixed<9,9>",
        reset="none",
    )
    back = const([[3, -2], [5, 1]], "fixed<4,4>")
    graph = graph_of(
        2, "ufixed<2,2>", [replace(neuron, recurrent=back), LastMembrane("u", "l")], steps=3
    )
    membrane = analyse(graph).lifs["l"].membrane
    assert (membrane.lo.tolist(), membrane.hi.tolist()) == ([-2, 0], [6, 9])


@pytest.mark.parametrize("shape", [(5,), (5, 2), (2, 5)])
def test_the_matrix_is_square(shape: tuple[int, ...]) -> None:
    """One row and one column a neuron; the message names the layer."""
    neuron = looped("l", "x", const(np.zeros(shape, int), "fixed<4,4>"), Reset.NONE, delay=True)
    neuron = replace(neuron, threshold=const(1, "fixed<4,4>"), beta=const(1, "ufixed<1,1>"))
    graph = graph_of(2, "fixed<6,2>", [neuron, *read_out("l")], steps=2)
    with pytest.raises(GraphError, match=r"layer 'l' \(lif\): needed recurrent weights of shape"):
        graph.shapes()


def test_neurons_that_never_fire_have_none() -> None:
    """There is no spike to come back."""
    neuron = looped("l", "x", FINE, Reset.NONE, delay=True)
    graph = graph_of(
        5, "fixed<6,2>", [replace(neuron, threshold=None), LastMembrane("u", "l")], steps=2
    )
    with pytest.raises(GraphError, match=r"layer 'l' \(lif\): needed no recurrent weights"):
        graph.shapes()
