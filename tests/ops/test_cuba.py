"""Current-based neurons: membranes of each step as currents of others, in all implementations."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Const, LastMembrane, Lif, Maximum, Membrane, Node, Reset, ShiftLeak
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.quantise.analysis import analyse
from fwgen.verify.reference import Reference
from tests.ops.operation import Operation, const, dense, graph_of, lif, read_out, some_events

WEIGHTS = [[3, -2], [1, 5], [-4, 1], [2, 2], [7, -1]]
THRESHOLDS = const([37, 3, 0, -21, 4000], "fixed<14,8>")  # the last is out of reach
ALPHAS = const([29, 31, 16, 0, 32], "ufixed<6,1>")


def cuba(
    name: str,
    source: str,
    *,
    alpha: Const | ShiftLeak,
    syn: str,
    previous: bool,
    reset: Reset = Reset.SUBTRACT,
    delay: bool = True,
) -> Iterator[Node]:
    """The nodes of one cuba_lif layer."""
    fmt = Fixed.parse(syn)
    yield Lif(f"{name}_syn", source, alpha, None, fmt, Reset.NONE, reset_delay=True)
    yield Membrane(f"{name}_current", f"{name}_syn", previous)
    yield lif(
        name,
        f"{name}_current",
        beta=const([7, 3, 8, 0, 5], "ufixed<4,1>"),
        threshold=THRESHOLDS,
        membrane="fixed<9,5,RND_CONV,SAT>",
        reset=reset,
        delay=delay,
    )
    yield from read_out(name)


def network() -> Iterator[Node]:
    """Every reset and delay with both currents; on numbers, on spikes, behind one another."""
    yield dense("sums", "x", WEIGHTS, [1, 0, 3, -5, 2], frac=2, bias_frac=6)
    for k, (previous, delay, reset) in enumerate(product((False, True), (False, True), Reset)):
        syn = ("fixed<9,5,RND,SAT>", "fixed<8,3,TRN>")[k % 2]
        yield from cuba(
            f"n{k}", "sums", alpha=ALPHAS, syn=syn, previous=previous, reset=reset, delay=delay
        )
    yield dense("back", "n0", [[1, -3, 2, 4, 1]] * 5, [1, 2, 3, 4, 5])
    yield from cuba("m", "back", alpha=ShiftLeak(2), syn="fixed<7,6,RND,SAT>", previous=True)
    yield LastMembrane("syn_u", "m_syn")
    yield Maximum("syn_most", "m_syn")
    yield Membrane("u", "m", previous=False)
    yield Membrane("earlier", "m", previous=True)
    for name, source in (("p", "u"), ("q", "earlier")):
        threshold = const(9, "fixed<9,9>")
        yield lif(name, source, beta=1, threshold=threshold, membrane="fixed<9,7,TRN,SAT>")
        yield from read_out(name)


WRAPS = [f"n{k}_syn" for k in range(1, 12, 2)]


class TestCurrents(Operation):
    """Both currents, each reset; currents that saturate and that wrap."""

    @staticmethod
    def make() -> Graph:
        """Thirteen layers of five neurons."""
        return graph_of(2, "fixed<6,2>", network(), steps=5, wraps=WRAPS)

    def test_the_two_currents_differ(self) -> None:
        """Which current the membrane takes is no matter of a name."""
        graph = self.make()
        values = Reference.of(graph).run(some_events(graph, 500, 1)).values
        for k in range(6):
            assert (values[f"n{k}.membrane"] != values[f"n{k + 6}.membrane"]).any()
        assert (values["n6_current"][0] == 0).all()
        assert np.array_equal(values["n6_current"][1:], values["n6_syn.membrane"][:-1])
        assert np.array_equal(values["n0_current"], values["n0_syn.membrane"])


def small_network() -> Iterator[Node]:
    """Both currents, on numbers and on spikes; read-outs of the currents too."""
    yield dense("sums", "x", WEIGHTS, [1, 0, 3, -5, 2], frac=2, bias_frac=6)
    for name, previous in (("n", False), ("m", True)):
        yield from cuba(name, "sums", alpha=ALPHAS, syn="fixed<9,5,RND,SAT>", previous=previous)
        yield Maximum(f"{name}_syn_most", f"{name}_syn")
    yield dense("back", "m", [[1, -3, 2, 4, 1]] * 5, [1, 2, 3, 4, 5])
    yield from cuba("k", "back", alpha=ShiftLeak(2), syn="fixed<7,6,RND,SAT>", previous=True)


class TestUnrolled(Operation):
    """Every step with hardware of its own; the first has no step before."""

    schedule = Schedule(unrolled=True)

    @staticmethod
    def make() -> Graph:
        """Five steps."""
        return graph_of(2, "fixed<6,2>", small_network(), steps=5)


class TestLanes(Operation):
    """Two steps a clock: the step before is a lane, or a clock, before."""

    schedule = Schedule(lanes=2)

    @staticmethod
    def make() -> Graph:
        """Five steps: the last clock has one."""
        return graph_of(2, "fixed<6,2>", small_network(), steps=5)


class TestAllLanes(Operation):
    """All steps in one clock: the step before the first one is no other event's."""

    schedule = Schedule(lanes=3)

    @staticmethod
    def make() -> Graph:
        """Three steps."""
        return graph_of(2, "fixed<6,2>", small_network(), steps=3)


class TestCopies(Operation):
    """Three copies, which take events in turn."""

    schedule = Schedule(copies=3)

    @staticmethod
    def make() -> Graph:
        """Five steps."""
        return graph_of(2, "fixed<6,2>", small_network(), steps=5)


class TestOneStep(Operation):
    """With one step the current of the step before is 0."""

    @staticmethod
    def make() -> Graph:
        """The same layers."""
        return graph_of(2, "fixed<6,2>", network(), steps=1, wraps=WRAPS)


def test_both_currents_have_the_bounds_of_the_membrane() -> None:
    """The 0 before the first step is among them."""
    positive = dense("sums", "x", [[1]], [5])
    fmt = Fixed.parse("fixed<9,9>")
    currents = Lif("l", "sums", const(1, "ufixed<1,1>"), None, fmt, Reset.NONE, reset_delay=True)
    sink = [Maximum(f"{name}_u", name) for name in "ab"]
    nodes: list[Node] = [positive, currents]
    for name, previous in (("a", False), ("b", True)):
        nodes.append(Membrane(f"{name}_x", "l", previous))
        reads = Lif(
            name, f"{name}_x", const(1, "ufixed<1,1>"), None, fmt, Reset.NONE, reset_delay=True
        )
        nodes.append(reads)
    values = analyse(graph_of(1, "ufixed<2,2>", [*nodes, *sink], steps=3)).values
    for name in ("a_x", "b_x"):
        assert (values[name].lo.tolist(), values[name].hi.tolist()) == ([0], [24])


def test_a_dense_layer_on_membranes_is_refused() -> None:
    """Its sums would need products in every step; the message names it."""
    neuron = lif("l", "x", beta=1, threshold=const(3, "fixed<6,6>"), membrane="fixed<7,7,TRN,SAT>")
    nodes = [neuron, Membrane("u", "l", previous=False), dense("d", "u", [[1, 2]])]
    last = lif("m", "d", beta=1, threshold=const(3, "fixed<6,6>"), membrane="fixed<7,7,TRN,SAT>")
    graph = graph_of(2, "fixed<4,4>", [*nodes, last, *read_out("m")], steps=3)
    with pytest.raises(LoweringError, match=r"layer 'd' \(dense\)"):
        lower(graph, Pace(240.0))
