"""Neurons without a leak, and neurons without a threshold, in all implementations."""

from collections.abc import Iterator

import numpy as np
import pytest

from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Const,
    LastMembrane,
    Lif,
    Maximum,
    Node,
    Real,
    Reset,
    ShiftLeak,
    SpikeCount,
)
from fwgen.ir.schedule import Schedule
from fwgen.ir.text import node_text
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.estimate.design import estimate
from fwgen.lower.lowering import lower
from fwgen.quantise.analysis import analyse
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference
from tests.ops.operation import Operation, const, dense, graph_of, lif, read_out, some_events

ONE = const(1, "ufixed<1,1>")
WEIGHTS = [[3, -2], [1, 5], [-4, 1]]


def li(name: str, source: str, beta: Const | int, membrane: str) -> Lif:
    """Leaky integrators; an integer ``beta`` is the shift of a shift leak."""
    leak = ShiftLeak(beta) if isinstance(beta, int) else beta
    return Lif(name, source, leak, None, Fixed.parse(membrane), Reset.NONE, reset_delay=True)


def membranes(name: str) -> Iterator[Node]:
    """What can be read of neurons that never fire."""
    yield LastMembrane(f"{name}_u", name)
    yield Maximum(f"{name}_most", name)


def network() -> Iterator[Node]:
    """Neurons without a leak of each reset, and integrators on numbers and on their spikes."""
    yield dense("sums", "x", WEIGHTS, [1, 0, 3], frac=2, bias_frac=6)
    for reset in Reset:
        for delay in (True, False):
            yield lif(
                f"if_{reset}_{delay}".lower(),
                "sums",
                beta=ONE,
                threshold=const([37, 3, -21], "fixed<14,8>"),
                membrane="fixed<10,5,RND,SAT>",
                reset=reset,
                delay=delay,
            )
            yield from read_out(f"if_{reset}_{delay}".lower())
    yield dense("back", "if_subtract_true", [[3, -4, 2], [-1, 2, -3]], [-1, 1])
    for source in ("sums", "back"):
        kinds: tuple[tuple[Const | int, str], ...] = (
            (3, "fixed<8,4,RND_CONV,SAT>"),
            (const(29, "ufixed<6,1>"), "fixed<7,5,TRN,SAT_ZERO>"),
            (0, "fixed<9,6>"),
            (ONE, "ufixed<6,4,RND,SAT>"),
        )
        for index, (beta, membrane) in enumerate(kinds):
            yield li(f"{source}_{index}", source, beta, membrane)
            yield from membranes(f"{source}_{index}")


class TestIntegrators(Operation):
    """Integrate-and-fire neurons and leaky integrators, on numbers and on spikes."""

    @staticmethod
    def make() -> Graph:
        """Six steps."""
        return graph_of(2, "fixed<6,2>", network(), steps=6)


class TestUnrolled(TestIntegrators):
    """A circuit for each step, without spikes where there are none."""

    schedule = Schedule(unrolled=True)


class TestLanes(TestIntegrators):
    """Four steps a clock, two in the last cycle."""

    schedule = Schedule(lanes=4)


def encoders(steps: int) -> Graph:
    """A rate encoder on eight-bit numbers, as model.yaml makes it, with its formats chosen."""
    one = Real(np.array(1.0), Fixed.parse("ufixed<1,1>"))
    node = Lif("l", "x", one, one, None, Reset.SUBTRACT, reset_delay=True)
    return quantise(graph_of(2, "fixed<10,2>", [node, SpikeCount("n", "l")], steps=steps))


class TestRateEncoder(Operation):
    """Numbers below 0, from 0 to 1, and above 1."""

    @staticmethod
    def make() -> Graph:
        """Nine steps."""
        return encoders(9)


def test_a_rate_encoder_fires_as_often_as_its_number_says() -> None:
    """In T steps the number x fires ceil(T x) - 1 times: as often as T x has passed an integer."""
    numbers = np.arange(1, 257)
    counts = Reference.of(encoders(9)).run(np.stack([numbers, -numbers], axis=1)).values["n"]
    assert counts[:, 0].tolist() == [-(-9 * n // 256) - 1 for n in numbers.tolist()]
    assert not counts[:, 1].any()


def test_an_integrator_adds_up_what_its_leak_leaves() -> None:
    """``u' = u - (u >> 1) + x``; nothing is taken off, however high it gets."""
    graph = graph_of(1, "fixed<5,5>", [li("l", "x", 1, "fixed<9,9>"), *membranes("l")], steps=3)
    values = Reference.of(graph).run(np.array([[8], [-8], [3]])).values
    assert values["l.membrane"][:, :, 0].T.tolist() == [[8, 12, 14], [-8, -12, -14], [3, 5, 6]]
    assert values["l_most"].tolist() == [[14], [-8], [6]]


def test_an_integrator_has_no_comparator_and_no_spike() -> None:
    """It costs what its sum costs; the text of the graph has no threshold."""
    never = const(99, "ufixed<8,8>")
    bare = li("l", "x", 0, "fixed<7,7,TRN,SAT>")
    high = lif("l", "x", beta=0, threshold=never, membrane="fixed<7,7,TRN,SAT>", reset="none")
    graphs = [graph_of(2, "fixed<4,4>", [n, LastMembrane("u", "l")], steps=3) for n in (bare, high)]
    costs = [estimate(lower(graph, Pace(240.0))) for graph in graphs]
    assert costs[0] == costs[1]
    assert node_text(bare) == (
        "l = lif(x) beta=1-2^-0 membrane=fixed<7,7,TRN,SAT> reset=none reset_delay=yes"
    )


def test_an_integrator_is_known_not_to_fire() -> None:
    """Its bounds say so, whatever its membrane reaches."""
    graph = TestIntegrators.make()
    known = analyse(graph)
    assert not any(known.lifs["sums_0"].can_fire)
    values = Reference.of(graph).run(some_events(graph, 500, 1)).values
    assert not values["sums_0"].any()
    assert (values["sums_0.membrane"] == known.lifs["sums_0"].membrane.hi).any()


@pytest.mark.parametrize("reader", [SpikeCount("r", "l"), dense("r", "l", [[1]])])
def test_spikes_of_an_integrator_are_refused(reader: Node) -> None:
    """There are none: reading them is a mistake."""
    graph = graph_of(1, "fixed<4,4>", [li("l", "x", 0, "fixed<7,7>"), reader], steps=2)
    with pytest.raises(Exception, match=r"layer 'r' .*membrane; found 'l', which never fires"):
        graph.shapes()


def test_an_integrator_with_a_reset_is_refused() -> None:
    """A reset follows a spike."""
    node = Lif("l", "x", ONE, None, Fixed.parse("fixed<7,7>"), Reset.ZERO, reset_delay=True)
    graph = graph_of(1, "fixed<4,4>", [node, LastMembrane("u", "l")], steps=2)
    with pytest.raises(Exception, match="no reset where there is no threshold; found reset zero"):
        graph.shapes()
