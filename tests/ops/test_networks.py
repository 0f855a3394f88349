"""Everything but LIF layers, in all implementations; names are layers of each test's graph."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Node, Quantise, SquaredError, Threshold
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.verify.reference import Reference
from tests.ops.operation import (
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

MODES = list(product(Rounding, Overflow))


def conversions(source: str, *formats: str) -> Iterator[Node]:
    """``source`` converted to each format with each of the 28 pairs of modes."""
    for text in formats:
        kind, _, sizes = text.partition("<")
        for rounding, overflow in MODES:
            name = f"{kind}_{sizes.replace(',', '_').replace('-', 'm')}_{rounding}_{overflow}"
            fmt = Fixed.parse(f"{kind}<{sizes},{rounding},{overflow}>")
            yield Quantise(f"{source}_{name.lower()}", source, fmt)


class TestQuantise(Operation):
    """All 28 pairs of modes, signed and unsigned, narrower, coarser and finer."""

    @staticmethod
    def make() -> Graph:
        """A signed input, and an unsigned sum of it, converted to seven formats."""
        nodes = [
            *conversions("x", "fixed<4,2", "ufixed<4,2", "fixed<6,-1", "fixed<11,8", "ufixed<12,3"),
            Quantise("up", "x", Fixed.parse("ufixed<7,3,TRN,SAT>")),
            *conversions("up", "fixed<3,3", "ufixed<3,2"),
        ]
        wraps = [n.name for n in nodes if n.fmt.overflow is Overflow.WRAP]
        return graph_of(1, "fixed<8,4>", nodes, wraps=wraps)


def test_quantise_sees_every_input() -> None:
    """The 256 values of the input all occur, so that the comparison above is exhaustive."""
    graph = TestQuantise.make()
    assert len(np.unique(some_events(graph, TestQuantise.events, 3))) == 256


class TestQuantiseFarShifts(Operation):
    """Formats whose grid lies far from the source's: everything or nothing is dropped."""

    events = 500

    @staticmethod
    def make() -> Graph:
        """Grids beyond the source's last and first bit, and a format wider than 64 bits."""
        nodes = list(conversions("x", "fixed<4,12", "ufixed<3,9", "fixed<5,9", "ufixed<70,60"))
        wraps = [n.name for n in nodes if n.fmt.overflow is Overflow.WRAP]
        return graph_of(2, "fixed<6,6>", nodes, wraps=[w for w in wraps if "ufixed_70" in w])


def flat() -> Iterator[Node]:
    """Values that are the same for every event, and two that are not."""
    yield dense("y", "x", [[0, 0], [0, 0], [1, 0]], [3, -3, 5], bias_frac=2)
    for rounding in Rounding:
        yield Quantise(f"q_{rounding.lower()}", "y", Fixed.parse(f"fixed<6,5,{rounding},SAT>"))
    yield dense("z", "y", [[1, 1, 0]], [0])
    yield SquaredError("e", "y", "y")
    yield Threshold("t", "y", const(100, "fixed<9,9>"))


class TestConstantElements(Operation):
    """Elements that the weights make constant are rounded like all others."""

    events = 200

    @staticmethod
    def make() -> Graph:
        """Zero rows with biases on every side of a half."""
        return graph_of(2, "fixed<4,4>", flat())


class TestNothingMoves(Operation):
    """A graph whose only output is constant still answers every event."""

    acts = False
    events = 100

    @staticmethod
    def make() -> Graph:
        """A threshold out of reach."""
        return graph_of(1, "fixed<4,4>", [Threshold("t", "x", const(100, "fixed<9,9>"))])


def matrices() -> Iterator[Node]:
    """Dense layers on numbers: shapes and weights that adder graphs might treat specially."""
    rng = np.random.default_rng(7)
    full = rng.integers(-128, 128, (6, 5))
    full[2], full[:, 3] = 0, 0  # a zero row, a zero column
    full[4] = -full[0]
    full[5] = 2 * full[1]
    yield dense("full", "x", full, rng.integers(-900, 900, 6), frac=5, bias_frac=9)
    yield dense("finer_bias", "x", full[:2], [1, -3], frac=5, bias_frac=12)
    yield dense("coarse_bias", "x", full[:2], [1, -3], frac=5, bias_frac=-2)
    yield dense("picks", "x", np.eye(5, dtype=int)[[3, 1]], frac=2)
    yield dense("negates", "x", -np.eye(5, dtype=int), frac=0)
    yield dense("all_zero", "x", np.zeros((2, 5), dtype=int), [5, -5], bias_frac=1)
    yield dense("sum", "x", np.ones((1, 5), dtype=int))
    yield dense("single", "sum", [[7], [-1], [0], [-128]], [0, 1, 2, 3])
    yield dense("wide", "x", rng.integers(-(2**17), 2**17, (3, 5)), frac=20)
    yield dense("second", "full", rng.integers(-8, 8, (2, 6)), [5, -5], frac=1, bias_frac=20)


class TestDenseOnNumbers(Operation):
    """Constant matrices on numbers, as adder graphs."""

    @staticmethod
    def make() -> Graph:
        """Ten layers on one signed input."""
        return graph_of(5, "fixed<7,3>", matrices())


class TestDenseOnWideUnsigned(Operation):
    """Sums beyond 64 bits: Python integers in the reference, wide words in the Verilog."""

    @staticmethod
    def make() -> Graph:
        """Three layers behind each other on 20-bit inputs."""
        rng = np.random.default_rng(8)
        layers = [
            dense(b, a, rng.integers(-(2**19), 2**19, (3, 3)), [1, -1, 0])
            for a, b in ("xa", "ab", "bc")
        ]
        return graph_of(3, "ufixed<20,4>", layers)

    def test_needs_python_integers(self) -> None:
        """The range analysis says that int64 is too narrow here."""
        assert Reference.of(self.make()).dtype == np.dtype(object)


def spiking() -> Iterator[Node]:
    """Dense layers on spikes, a spike count, and what may stand behind one."""
    thresholds = const([1, 3, 5, 99], "fixed<8,8>")
    yield dense("c", "x", [[1, 2], [-1, 1], [3, -2], [1, 1]])
    yield lif("s", "c", beta=1, threshold=thresholds, membrane="fixed<8,8,TRN,SAT>")
    rows = [[5, -3, 0, 7], [0, 0, 0, 0], [-1, -1, -1, -1], [0, 4, 0, 0], [-128, 127, 1, 3]]
    yield dense("d", "s", rows, [0, 3, -1, 2, 9], frac=2, bias_frac=5)
    yield dense("nowhere", "s", [[0, 0, 0, 3]], [4])
    for name, source in (("o", "d"), ("p", "nowhere")):
        membrane = "fixed<12,10,RND,SAT>"
        yield lif(name, source, beta=2, threshold=const(3, "fixed<6,4>"), membrane=membrane)
        yield from read_out(name)


def counts() -> Iterator[Node]:
    """Spike counts and layers that read them."""
    yield from spiking()
    yield from read_out("s")
    yield dense("after", "s_n", [[1, -2, 3, 1], [0, 0, 0, 1]], [1, 2], bias_frac=1)
    yield Quantise("rounded", "after", Fixed.parse("fixed<4,4,RND_CONV,SAT>"))
    yield SquaredError("spread", "rounded", "after")
    yield lif("again", "s_n", beta=1, threshold=const(3, "fixed<4,4>"), membrane="fixed<8,7>")
    yield from read_out("again")


class TestSpikes(Operation):
    """Spike-gated sums, spike counts, and layers behind a spike count."""

    @staticmethod
    def make() -> Graph:
        """Four time steps, twice: a lif layer may read another one's count."""
        return graph_of(2, "fixed<4,4>", counts(), steps=4)


def scores() -> Iterator[Node]:
    """Squared errors of values on different grids, and thresholds on every side of them."""
    yield dense("y", "x", [[1, -1, 0], [2, 1, 1], [0, 0, 1]], [1, 0, -7], frac=1, bias_frac=6)
    yield Quantise("q", "y", Fixed.parse("ufixed<5,3,RND,SAT>"))
    yield Quantise("one_bit", "y", Fixed.parse("fixed<1,1,TRN,SAT>"))
    yield SquaredError("error", "y", "x")
    yield SquaredError("other", "q", "y")
    yield SquaredError("tiny", "one_bit", "one_bit")
    yield SquaredError("ones", "one_bit", "x")
    for index, (value, fmt) in enumerate(
        ((0, "fixed<4,4>"), (99, "fixed<12,9>"), (-1, "fixed<3,3>"), (1601, "fixed<16,6>"))
    ):
        yield Threshold(f"t{index}", "error", const(value, fmt))
        yield Threshold(f"v{index}", "y", const(value, fmt))
    yield Threshold("far", "x", const(10**30, "fixed<110,110>"))


class TestScores(Operation):
    """Squared errors and thresholds."""

    @staticmethod
    def make() -> Graph:
        """Elements of three formats, thresholds finer and coarser than the scores."""
        return graph_of(3, "fixed<6,3>", scores())


class TestSlowClock(Operation):
    """At 20 MHz nearly everything fits between two registers."""

    clock_mhz = 20.0

    @staticmethod
    def make() -> Graph:
        """The graph of the spike tests."""
        return TestSpikes.make()


class TestFastClock(TestSlowClock):
    """At 800 MHz every addition has its own register; the integers stay the same."""

    clock_mhz = 800.0

    def test_more_registers_than_at_a_slow_clock(self, made: Implemented) -> None:
        """A faster clock costs cycles; each class above proves its own latency in simulation."""
        slow = lower(self.make(), Pace(TestSlowClock.clock_mhz)).interface.latency
        assert made.interface.latency >= slow + 2

    def test_stays_fixed(self, made: Implemented) -> None:
        """The interval is the number of time steps at any clock."""
        assert made.interface.interval == 4


def test_a_wrong_weight_is_seen(tmp_path: Path) -> None:
    """The comparison fails for a reference that differs from the Verilog in one weight by one."""
    graph, other = (graph_of(2, "fixed<4,4>", [dense("y", "x", [[3, w]])]) for w in (5, 6))
    made = implement(graph, 240.0, tmp_path)
    checked = simulate(replace(made, graph=other), some_events(graph, 50, 1), "gaps", 1)
    assert checked.first is not None
    assert checked.wrong_values[0] > 0


def limits(rng: np.random.Generator) -> np.ndarray:
    """Numbers beside, at and between the values that ``TestWideComparisons`` compares."""
    whole, part = rng.integers(-2, 2, 48) * 8192, rng.integers(-2, 2, 48) * 64
    return whole + part + rng.integers(-3, 3, 48)


class TestWideComparisons(Operation):
    """Comparisons of 16 bits, which are trees of groups of bits, right at their limits."""

    events = 200

    @staticmethod
    def make() -> Graph:
        """Sums around multiples of 64 and 8192, with a sign and without, and limits there."""
        rng, rows = np.random.default_rng(3), np.tile([8192, 64, 1], (48, 1))
        near = limits(rng)
        nodes: list[Node] = [
            dense("low", "x", rows),
            Threshold("t", "low", const(near, "fixed<17,17>")),
            dense("high", "x", rows, np.full(48, 32768)),
            Threshold("u", "high", const(near + 32768, "fixed<18,18>")),
        ]
        return graph_of(3, "fixed<2,2>", nodes)
