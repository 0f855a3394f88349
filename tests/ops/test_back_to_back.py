"""Recurrent spikes into a synaptic current, in all implementations."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from fwgen.errors import FormatError, GraphError, LoweringError
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Const,
    CubaLif,
    LastMembrane,
    Lif,
    Maximum,
    Membrane,
    Node,
    Real,
    Reset,
    ShiftLeak,
)
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.estimate.design import estimate
from fwgen.lower.lowering import lower
from fwgen.quantise.analysis import analyse
from fwgen.quantise.passes import quantise
from fwgen.verify.float_model import evaluate
from fwgen.verify.reference import Reference
from tests.ops.operation import Operation, const, dense, graph_of, read_out, some_events
from tests.ops.test_cuba import ALPHAS, THRESHOLDS, WEIGHTS
from tests.ops.test_recurrent import COARSE, FINE


def cuba(
    name: str,
    source: str,
    back: Const,
    *,
    previous: bool,
    reset: Reset = Reset.SUBTRACT,
    delay: bool = True,
    syn: str = "fixed<9,5,RND,SAT>",
    alpha: Const | ShiftLeak = ALPHAS,
) -> CubaLif:
    """Five neurons with weights back into their currents."""
    return CubaLif(
        name,
        source,
        const([7, 3, 8, 0, 5], "ufixed<4,1>"),
        THRESHOLDS,
        Fixed.parse("fixed<9,5,RND_CONV,SAT>"),
        reset,
        delay,
        back,
        alpha=alpha,
        syn=Fixed.parse(syn),
        previous=previous,
    )


def network() -> Iterator[Node]:
    """Every reset and delay with both currents; on numbers, on spikes, and a layer nobody reads."""
    yield dense("sums", "x", WEIGHTS, [1, 0, 3, -5, 2], frac=2, bias_frac=4)
    for k, (previous, delay, reset) in enumerate(product((False, True), (False, True), Reset)):
        back, syn = ((FINE, "fixed<9,5,RND,SAT>"), (COARSE, "fixed<8,5,TRN>"))[k % 2]
        yield cuba(f"n{k}", "sums", back, previous=previous, reset=reset, delay=delay, syn=syn)
        yield from read_out(f"n{k}")
    yield dense("next", "n0", [[1, -3, 2, 4, 1]] * 5, [1, 2, 3, 4, 5])
    yield cuba("m", "next", FINE, previous=True, alpha=ShiftLeak(2))
    yield from read_out("m")
    yield Membrane("u", "m", previous=False)
    yield cuba("k", "u", COARSE, previous=False, alpha=ShiftLeak(1))
    yield from read_out("k")
    yield cuba("alone", "next", COARSE, previous=False, reset=Reset.ZERO, delay=False)
    yield LastMembrane("alone_u", "alone")


WRAPS = [f"n{k}" for k in range(1, 12, 2)]


class TestBack(Operation):
    """Loops of one clock around each kind of neuron; currents that saturate and that wrap."""

    @staticmethod
    def make() -> Graph:
        """Fifteen layers of five neurons, six steps."""
        return graph_of(2, "fixed<6,2>", network(), steps=6, wraps=WRAPS)

    def test_the_two_currents_differ(self) -> None:
        """Which current the membrane takes is no matter of a name."""
        graph = self.make()
        values = Reference.of(graph).run(some_events(graph, 500, 1)).values
        for k in range(6):
            assert (values[f"n{k}.membrane"] != values[f"n{k + 6}.membrane"]).any()
            assert not (values[f"n{k + 6}.membrane"][0] != 0).any() or k % 3 == 0


def small_network() -> Iterator[Node]:
    """Both currents, on numbers and on spikes."""
    yield dense("sums", "x", WEIGHTS, [1, 0, 3, -5, 2], frac=2, bias_frac=4)
    for name, previous in (("n", False), ("m", True)):
        yield cuba(name, "sums", FINE, previous=previous)
        yield from read_out(name)
    yield dense("next", "m", [[1, -3, 2, 4, 1]] * 5, [1, 2, 3, 4, 5])
    for name, previous in (("p", False), ("q", True)):
        yield cuba(name, "next", COARSE, previous=previous, delay=False, alpha=ShiftLeak(2))
        yield from read_out(name)


class TestOneStep(Operation):
    """With one step nothing comes back."""

    @staticmethod
    def make() -> Graph:
        """The same layers."""
        return graph_of(2, "fixed<6,2>", small_network(), steps=1)


class TestUnrolled(Operation):
    """Every step with hardware of its own."""

    schedule = Schedule(unrolled=True)

    @staticmethod
    def make() -> Graph:
        """Four steps."""
        return graph_of(2, "fixed<6,2>", small_network(), steps=4)


class TestCopies(Operation):
    """Five copies with a loop each, which take events in turn: more than a LUT chooses from."""

    schedule = Schedule(copies=5)

    @staticmethod
    def make() -> Graph:
        """Five steps."""
        return graph_of(2, "fixed<6,2>", small_network(), steps=5)


@pytest.mark.parametrize("previous", [False, True])
def test_the_loop_is_paid_for(previous: bool) -> None:
    """Currents, the registers of their state, and the layer in front are counted."""
    nodes = [dense("d", "x", WEIGHTS, [0] * 5), cuba("l", "d", FINE, previous=previous)]
    graph = graph_of(2, "fixed<6,2>", [*nodes, LastMembrane("u", "l")], steps=4)
    cost = estimate(lower(graph, Pace(240.0)))
    plain = graph.with_nodes({"l": replace(nodes[1], alpha=ShiftLeak(0))})
    assert cost["d"].lut > 0
    assert cost["l"].ff >= 5 * (9 + 9)
    assert cost["l"].lut > estimate(lower(plain, Pace(240.0)))["l"].lut


def test_without_weights_back_it_is_three_nodes() -> None:
    """All weights 0: the same spikes and membranes as integrators, their membranes and a lif."""
    zeros = const([[0] * 5] * 5, "fixed<2,2>")
    nodes: list[Node] = [dense("sums", "x", WEIGHTS, [1, 0, 3, -5, 2], frac=2, bias_frac=4)]
    for name, previous in (("a", False), ("b", True)):
        one = cuba(name, "sums", zeros, previous=previous)
        syn = replace(one.integrators, name=f"{name}3_syn", recurrent=None)
        current = Membrane(f"{name}3_current", syn.name, previous)
        keys = (one.beta, one.threshold, one.membrane, one.reset, one.reset_delay)
        nodes += [one, syn, current, Lif(f"{name}3", current.name, *keys)]
        nodes += [*read_out(name), *read_out(f"{name}3")]
    graph = graph_of(2, "fixed<6,2>", nodes, steps=5)
    values = Reference.of(graph).run(some_events(graph, 500, 1)).values
    for name in "ab":
        assert np.array_equal(values[name], values[f"{name}3"])
        assert np.array_equal(values[f"{name}.membrane"], values[f"{name}3.membrane"])
        assert values[name].any()


@pytest.mark.parametrize("previous", [False, True])
def test_the_equations(previous: bool) -> None:
    """Real numbers, step by step; formats that are chosen hold them where they are few bits."""
    back, x = (
        np.array([[0.5, -0.25], [1.0, 0.25]]),
        np.random.default_rng(2).integers(-8, 16, (300, 2)),
    )
    node = CubaLif(
        "l", "x", Real(np.array(0.5)), Real(np.array([1.0, 0.75])), None, Reset.SUBTRACT, True,
        Real(back), alpha=Real(np.array([0.5, 0.75])), syn=None, previous=previous,
    )  # fmt: skip
    node = replace(node, syn=Fixed.parse("fixed<30,10>"), membrane=Fixed.parse("fixed<40,12>"))
    graph = graph_of(2, "fixed<8,5>", [node, *read_out("l")], steps=5)
    syn, u, s = (np.zeros(x.shape) for _ in range(3))
    spikes, membranes = [], []
    for _ in range(5):
        before, syn = syn, np.array([0.5, 0.75]) * syn + x / 8 + s @ back.T
        u = 0.5 * u + (before if previous else syn) - (u > [1.0, 0.75]) * [1.0, 0.75]
        s = (u > [1.0, 0.75]).astype(float)
        spikes.append(s)
        membranes.append(u)
    ours = evaluate(graph, x / 8)
    assert np.array_equal(ours["l"], spikes)
    assert np.array_equal(ours["l.membrane"], membranes)
    whole = quantise(graph)
    values = Reference.of(whole).run(x.astype(object)).values
    assert np.array_equal(values["l"], spikes)
    assert np.array_equal(values["l.membrane"] / 2.0**28, membranes)
    assert 0 < np.mean(spikes) < 1


def test_currents_are_bounded_with_any_spikes() -> None:
    """A full leak: source and positive, or negative, weights; the 0 of the beginning too."""
    back = const([[3, -2], [5, 1]], "fixed<4,4>")
    node = CubaLif(
        "l", "x", const(0, "ufixed<1,1>"), const(0, "fixed<2,2>"), Fixed.parse("fixed<9,9>"),
        Reset.NONE, True, back, alpha=const(0, "ufixed<1,1>"), syn=Fixed.parse("fixed<9,9>"),
        previous=False,
    )  # fmt: skip
    found = analyse(graph_of(2, "ufixed<2,2>", [node, Maximum("u", "l")], steps=3))
    assert found.currents["l"].lo.tolist() == [-2, 0]
    assert found.currents["l"].hi.tolist() == [6, 9]
    assert found.lifs["l"].membrane.hi.tolist() == [6, 9]


def test_a_current_that_can_wrap_is_refused() -> None:
    """The message names the layer and the format."""
    graph = graph_of(
        2, "fixed<6,2>",
        [dense("d", "x", WEIGHTS, [0] * 5), cuba("l", "d", FINE, previous=False, syn="fixed<4,2>"),
         LastMembrane("u", "l")],
        steps=3,
    )  # fmt: skip
    with pytest.raises(FormatError, match=r"layer 'l': syn: needed a format that holds"):
        quantise(graph)


def test_several_steps_a_clock_are_refused() -> None:
    """A spike is there a clock later."""
    graph = graph_of(2, "fixed<6,2>", small_network(), steps=4)
    with pytest.raises(LoweringError, match=r"layer 'n' \(cuba_lif\): needed one time step a clo"):
        lower(graph, Pace(240.0), schedule=Schedule(lanes=2))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recurrent": None}, "recurrent weights: li, membrane and lif do without; found none"),
        ({"alpha": const([1, 1], "ufixed<1,1>")}, "one alpha, or one for each of the 5 neurons"),
        ({"alpha": const(3, "ufixed<2,2>")}, "every alpha from 0 to 1; found one outside"),
        ({"alpha": ShiftLeak(-1)}, "a leak shift of at least 0; found -1"),
        ({"recurrent": const([[1]], "fixed<2,2>")}, "recurrent weights of shape"),
    ],
)
def test_what_does_not_fit(change: dict[str, Any], said: str) -> None:
    """The message names the layer and its operation."""
    node = replace(cuba("l", "d", FINE, previous=False), **change)
    nodes = [dense("d", "x", WEIGHTS, [0] * 5), node, LastMembrane("u", "l")]
    with pytest.raises(GraphError, match=rf"layer 'l' \(cuba_lif\): needed {said}"):
        graph_of(2, "fixed<6,2>", nodes, steps=3).shapes()
