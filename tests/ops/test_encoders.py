"""Numbers as spikes, by their rate and by their latency, in all implementations."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

import numpy as np
import pytest

from fwgen.errors import FormatError
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import FirstSpike, LatencyEncoder, Lif, Node, Quantise, Real, Reset, SpikeCount
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import CircuitBlock
from fwgen.lower.lowering import Lowerings, lower
from fwgen.quantise.analysis import analyse
from fwgen.quantise.passes import quantise
from fwgen.verify.float_model import evaluate
from fwgen.verify.reference import Reference
from tests.ops.operation import Operation, const, dense, graph_of, ints, lif, read_out

WEIGHTS = [[3, -2, 1], [1, 5, -4]]
NUMBERS = "ufixed<6,0,RND_CONV,SAT>"


def rate(name: str, source: str) -> Lif:
    """What the layer of model.yaml stands for."""
    one = Real(np.array(1.0), Fixed.parse("ufixed<1,1>"))
    return Lif(name, source, one, one, None, Reset.SUBTRACT, reset_delay=True)


def latency(name: str, source: str, *, silent_zero: bool = False) -> LatencyEncoder:
    """A latency encoder."""
    return LatencyEncoder(name, source, silent_zero=silent_zero)


def neurons(name: str, source: str) -> Iterator[Node]:
    """Neurons that read spikes themselves."""
    kept = {"beta": const(3, "ufixed<2,0>"), "threshold": const(5, "ufixed<4,1>")}
    yield lif(name, source, **kept, membrane="fixed<9,4>", reset="zero")
    yield from read_out(name)
    yield FirstSpike(f"{name}_first", name)


def network(kind: str) -> Iterator[Node]:
    """An encoder behind a conversion and one on the input, read by neurons and dense layers."""
    yield Quantise("narrow", "x", Fixed.parse("ufixed<3,0,RND,SAT>"))
    for source in ("x", "narrow"):
        name = f"code_{source}"
        if kind == "rate":
            yield rate(name, source)
            yield SpikeCount(f"{name}_n", name)
        else:
            yield latency(name, source, silent_zero=source == "x")
        yield dense(f"sums_{source}", name, WEIGHTS, [-1, 1], frac=2, bias_frac=3)
        yield from neurons(f"behind_{source}", f"sums_{source}")
        yield from neurons(f"direct_{source}", name)


class TestRate(Operation):
    """Spikes in proportion to a number."""

    @staticmethod
    def make() -> Graph:
        """Seven steps."""
        return quantise(graph_of(3, NUMBERS, network("rate"), steps=7))


class TestLatency(Operation):
    """One spike a number."""

    @staticmethod
    def make() -> Graph:
        """Eight steps: with the one that is none, more than three bits hold."""
        return graph_of(3, NUMBERS, network("latency"), steps=8)


class TestSlowLatency(Operation):
    """At a clock at which the table of steps stands in one cycle with all behind it."""

    clock_mhz = 40.0

    @staticmethod
    def make() -> Graph:
        """Five steps."""
        return graph_of(3, NUMBERS, network("latency"), steps=5)


class _Same(Operation):
    """The encoders of 7 steps in another schedule."""

    @staticmethod
    def make() -> Graph:
        """Seven steps."""
        return graph_of(3, NUMBERS, network("latency"), steps=7)


class TestLanes(_Same):
    """Three steps a clock: in the last cycle one of them counts."""

    schedule = Schedule(lanes=3)


class TestCopies(_Same):
    """Copies that take events in turn, two steps a clock."""

    schedule = Schedule(lanes=2, copies=2)


class TestUnrolled(_Same):
    """All steps beside each other."""

    schedule = Schedule(unrolled=True)


class TestRateOfLanes(Operation):
    """Neurons with an exact membrane, several steps a clock."""

    schedule = Schedule(lanes=2)

    @staticmethod
    def make() -> Graph:
        """Seven steps."""
        return quantise(graph_of(3, NUMBERS, network("rate"), steps=7))


class TestMoreLanesThanIndices(Operation):
    """One step and four lanes, of which the index does not hold all."""

    schedule = Schedule(lanes=4)

    @staticmethod
    def make() -> Graph:
        """One step."""
        return graph_of(3, NUMBERS, network("latency"), steps=1)


class TestLatencyOfOneStep(Operation):
    """In a single step, silence is all that tells numbers apart."""

    @staticmethod
    def make() -> Graph:
        """One step."""
        return graph_of(3, NUMBERS, network("latency"), steps=1)


def test_spikes_of_a_rate_encoder_are_counted() -> None:
    """In the first t steps, ``max(ceil(t*x) - 1, 0)`` spikes."""
    steps = 12
    nodes = [Quantise("q", "x", Fixed.parse("ufixed<7,1>")), rate("r", "q"), SpikeCount("n", "r")]
    graph = quantise(graph_of(1, "ufixed<7,1>", nodes, steps=steps))
    spikes = Reference.of(graph).run(np.arange(65)[:, None]).values["r"][:, :, 0]
    for n in range(65):
        for t in range(1, steps + 1):
            wanted = max(ceil(t * Fraction(n, 64)) - 1, 0)
            assert spikes[:t, n].sum() == wanted


def test_numbers_outside_of_a_rate() -> None:
    """Nothing below 0, a spike in each step above 1."""
    graph = quantise(graph_of(1, "fixed<7,3>", [rate("r", "x"), SpikeCount("n", "r")], steps=9))
    counts = Reference.of(graph).run(np.arange(-64, 64)[:, None]).values["n"][:, 0]
    assert counts[:65].tolist() == [0] * 65
    assert counts[81:].tolist() == [9] * 47
    assert counts[80] == 8


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 20])
@pytest.mark.parametrize("silent_zero", [True, False])
def test_spikes_of_a_latency_encoder(steps: int, silent_zero: bool) -> None:
    """Each number from 0 to 1 has its one spike in the step that docs/ir.md says."""
    nodes = [latency("s", "t", silent_zero=silent_zero), *neurons("l", "s")]
    graph = graph_of(1, "ufixed<4,0>", [Quantise("t", "x", Fixed.parse("ufixed<4,0>")), *nodes])
    graph = Graph("dut", steps, graph.nodes, graph.outputs)
    spikes = Reference.of(graph).run(np.arange(16)[:, None]).values["s"][:, :, 0]
    for n in range(16):
        at = round((steps - 1) * (1 - Fraction(n, 16)))
        wanted = [int(t == at and (n > 0 or not silent_zero)) for t in range(steps)]
        assert spikes[:, n].tolist() == wanted


def test_latency_of_whole_numbers() -> None:
    """0 and 1 without a fraction: the last step and the first."""
    graph = graph_of(1, "ufixed<1,1>", [latency("s", "x"), *neurons("l", "s")], steps=4)
    spikes = Reference.of(graph).run(ints([[0], [1]])).values["s"][:, :, 0]
    assert spikes.T.tolist() == [[0, 0, 0, 1], [1, 0, 0, 0]]


def test_latencies_of_the_float_model() -> None:
    """It has the same spikes for numbers that the input holds."""
    graph = graph_of(1, "ufixed<8,0>", [latency("s", "x", silent_zero=True), *neurons("l", "s")])
    graph = Graph("dut", 10, graph.nodes[:2], ())
    x = np.arange(256)[:, None]
    spikes = Reference.of(graph).run(x).values["s"]
    assert np.array_equal(evaluate(graph, x / 256.0)["s"], spikes)
    beyond = evaluate(graph, np.array([[-0.5], [1.5]]))["s"][:, :, 0]
    assert beyond.T.nonzero()[1].tolist() == [0]


@pytest.mark.parametrize(
    ("fmt", "found"),
    [
        ("fixed<4,1>", "a source that reaches -1"),
        ("ufixed<4,1>", "a source that reaches 1.875"),
        ("ufixed<3,2>", "a source that reaches 3.5"),
    ],
)
def test_latencies_outside_of_0_to_1_are_refused(fmt: str, found: str) -> None:
    """They would have no step."""
    graph = graph_of(2, fmt, [latency("s", "x"), *neurons("l", "s")], steps=4)
    with pytest.raises(FormatError) as caught:
        analyse(graph)
    assert str(caught.value) == (
        f"layer 's' (latency_encoder): needed numbers from 0 to 1; found {found}. Put a quantise "
        "layer in front, for example to ufixed<8,0,RND,SAT>."
    )


def test_latencies_of_too_many_numbers_are_refused() -> None:
    """A table of steps has an end."""
    graph = graph_of(1, "ufixed<15,0>", [latency("s", "x"), *neurons("l", "s")], steps=4)
    with pytest.raises(FormatError, match=r"at most 16,384 different inputs.*; found 32,768"):
        analyse(graph)


def test_silent_numbers_are_known() -> None:
    """An element that is always 0 never has a spike, if 0 is silent."""
    zero = dense("z", "x", [[0], [1]], [0, 0])
    for silent in (True, False):
        nodes = [zero, latency("s", "z", silent_zero=silent), *neurons("l", "s")]
        known = analyse(graph_of(1, "ufixed<4,0>", nodes, steps=3)).values["s"]
        assert known.hi.tolist() == [int(not silent), 1]
        assert known.lo.tolist() == [0, 0]


def test_schedules_of_one_graph_share_no_circuit_of_an_encoder() -> None:
    """Lowered in turn, each schedule has its own ports."""
    graph = TestLatency.make()
    lowerings = Lowerings(graph, Pace(240.0), analyse(graph))
    ports = []
    for schedule in (Schedule(), Schedule(unrolled=True), Schedule(lanes=2)):
        blocks = lowerings.quick(schedule).blocks
        block = next(b for b in blocks if b.name.startswith("code_x") and b.name != "code_x_n")
        assert isinstance(block, CircuitBlock)
        ports.append([port for port, _ in block.outputs])
    assert ports == [["step_o"], [f"spike{t}_o" for t in range(8)], ["step_o"]]


def test_a_silent_element_costs_nothing() -> None:
    """The table of an element that is always 0 is a constant."""
    zero = dense("z", "x", [[0], [1]], [0, 0])
    nodes = [zero, latency("s", "z", silent_zero=True), *neurons("l", "s")]
    design = lower(graph_of(1, "ufixed<4,0>", nodes, steps=3), Pace(240.0))
    block = next(b for b in design.blocks if b.name == "s__step")
    assert isinstance(block, CircuitBlock)
    assert [w.constant for w in block.circuit.outputs[0].words] == [True, False]
