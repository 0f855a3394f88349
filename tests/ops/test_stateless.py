"""Operations of dense networks, in all implementations; names are layers of each test's graph."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    CUSTOM,
    FUNCTIONS,
    Add,
    BatchNorm,
    Concat,
    Dense,
    KlDivergence,
    LeakyRelu,
    Multiply,
    Node,
    Quantise,
    Real,
    Relu,
    Slice,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.quantise.analysis import analyse
from fwgen.quantise.fix import FixFormats
from tests.ops.operation import Implemented, Operation, const, dense, graph_of, lif, read_out

MODES = list(product(Rounding, Overflow))


def fmt(text: str) -> Fixed:
    """A format."""
    return Fixed.parse(text)


def activations() -> Iterator[Node]:
    """A relu, alone and with every conversion behind it."""
    yield Relu("r", "x")
    yield Relu("again", "r")  # never negative already
    yield dense("below", "x", [[0], [1]], [-1, -200])
    yield Relu("nothing", "below")
    for kind, sizes in (("fixed", "4,2"), ("ufixed", "4,2"), ("ufixed", "3,4"), ("ufixed", "9,3")):
        for rounding, overflow in MODES:
            name = f"{kind}_{sizes.replace(',', '_')}_{rounding}_{overflow}".lower()
            yield Relu(f"r_{name}", "x")  # one reader each, so that it may be left out
            yield Quantise(f"q_{name}", f"r_{name}", fmt(f"{kind}<{sizes},{rounding},{overflow}>"))


class TestRelu(Operation):
    """Activations with all 28 pairs of modes; the input's 256 values all occur."""

    @staticmethod
    def make() -> Graph:
        """A signed input of four integer bits."""
        return graph_of(1, "fixed<8,4>", activations())


def slopes() -> Iterator[Node]:
    """Leaky relus: slopes of every sign and size, on grids finer and coarser than the source's."""
    yield LeakyRelu("tenth", "x", const(26, "fixed<8,0>"))
    yield LeakyRelu("eighth", "x", const(1, "ufixed<3,0>"))
    yield LeakyRelu("each", "x", const([-3, 0, 5, 127], "fixed<8,3>"))
    yield LeakyRelu("coarse", "x", const([-3, 1, 0, 2], "fixed<4,6>"))
    yield Quantise("clipped", "each", fmt("fixed<5,4,RND_CONV,SAT>"))
    yield LeakyRelu("behind", "clipped", const(3, "fixed<4,1>"))
    yield Relu("positive", "x")
    yield LeakyRelu("never", "positive", const(3, "fixed<4,1>"))
    yield dense("below", "x", [[1, 0, 0, 0], [0, 0, 0, 0]], [-999, -3])
    yield LeakyRelu("leaks", "below", const([3, 1], "fixed<4,1>"))


def norms() -> Iterator[Node]:
    """Scales of every sign, zero among them; offsets finer and coarser than the products."""
    scale = const([-99, 0, 1, 32767], "fixed<16,4>")
    yield BatchNorm("exact", "x", scale, const([5, -7, 0, 1], "fixed<20,4>"))
    yield BatchNorm("finer_offset", "x", scale, const([5, -7, 3, 1], "fixed<25,4>"))
    yield BatchNorm("coarser_offset", "x", scale, const([5, -7, 0, -4], "fixed<5,5>"))
    yield BatchNorm(
        "coarse_scale", "x", const([1, 2, -3, 0], "fixed<3,9>"), const([1] * 4, "fixed<3,3>")
    )
    yield Quantise("q", "finer_offset", fmt("fixed<9,4,RND,SAT>"))
    yield BatchNorm("second", "q", const([3, 5, -7, 2], "fixed<6,1>"), scale)


def decisions() -> Iterator[Node]:
    """Thresholds with a number an element, on every side of the source."""
    yield Threshold("t_each", "x", const([-1, 0, 7, 99], "fixed<9,4>"))
    yield Threshold("t_finer", "x", const([-1, 3, 77, 900], "fixed<12,3>"))
    yield Threshold("t_coarser", "x", const([-1, 0, 1, 9], "fixed<6,7>"))
    yield Threshold("t_one", "x", const(3, "fixed<9,4>"))


class TestElementWise(Operation):
    """Leaky relus, batch normalisation, and thresholds with a value for each element."""

    @staticmethod
    def make() -> Graph:
        """Four signed inputs."""
        return graph_of(4, "fixed<7,3>", [*slopes(), *norms(), *decisions()])


def far(centre: int) -> tuple[float, Real]:
    """First entry and entries of a table in a source of 5 fraction bits, far from 0."""
    return centre - 12.5, Real(np.sin(np.arange(800.0)) * 3)


def tables() -> Iterator[Node]:
    """Every function by name on inputs where it is defined, and tables of their own."""
    yield Quantise("wide", "x", fmt("fixed<8,3>"))
    yield Slice("one", "wide", 0, 1)
    yield Slice("two", "wide", 1, 2)
    yield dense("positive", "two", [[1]], [4], bias_frac=0)
    yield dense("above", "positive", [[1]], [1], bias_frac=5)  # from its last bit on
    for function in FUNCTIONS:
        everywhere = function in {"sigmoid", "tanh", "exp", "square", "softplus"}
        source = "one" if everywhere else "above"
        for k, text in enumerate(
            ("ufixed<8,0,RND_CONV,SAT>", "fixed<6,2,TRN,SAT_SYM>", "fixed<7,1,RND,SAT_ZERO>")
        ):
            yield Table(f"{function}{k}", source, function, fmt(text))
    yield Table("wraps", "one", "exp", fmt("fixed<5,3,RND_INF,WRAP>"))
    yield dense("wider", "x", [[32, 1]])
    yield Table("long", "wider", "tanh", fmt("fixed<12,1,RND_CONV,SAT>"))
    yield Table("behind", "sigmoid0", "log", fmt("fixed<9,4,TRN_ZERO,SAT>"))
    yield dense("far", "one", [[1]], [(1 << 45) - 3])
    yield Table("far_up", "far", CUSTOM, fmt("fixed<7,3>"), *far(1 << 45))
    yield dense("low", "one", [[1]], [-(1 << 45) + 7])
    yield Table("far_down", "low", CUSTOM, fmt("fixed<7,3>"), *far(-(1 << 45)))
    entries = Real(np.sin(np.arange(300.0)) * 3)
    yield Table("custom", "wide", CUSTOM, fmt("fixed<6,2,RND_MIN_INF,SAT>"), -5.0, entries)
    flat = Real(np.full(256, 0.7))
    yield Table("flat", "wide", CUSTOM, fmt("fixed<6,2,RND,SAT>"), -4.0, flat)


class TestTables(Operation):
    """Look-up tables; the first element's 256 values all occur."""

    @staticmethod
    def make() -> Graph:
        """Two signed inputs, one made positive; the logarithm of a sigmoid that is never 0."""
        nodes = list(tables())
        graph = graph_of(2, "fixed<8,3>", nodes, wraps=["wraps"])
        return FixFormats().run(graph)


def vectors() -> Iterator[Node]:
    """Concatenations, slices, sums and products of early and late, fine and coarse values."""
    yield dense("late", "x", np.arange(30).reshape(5, 6) - 14, [1, -2, 3, 0, 5], frac=3)
    yield Quantise("q", "late", fmt("ufixed<4,3,RND_CONV,SAT>"))
    yield Slice("head", "x", 0, 5)
    yield Slice("last", "late", 4, 5)
    yield Slice("whole", "q", 0, 5)
    yield Concat("all", ("x", "late", "q"))
    yield Concat("twice", ("head", "head"))
    yield Concat("alone", ("whole",))
    yield Slice("across", "all", 5, 12)
    yield Add("sum", "head", "late")
    yield Add("double", "late", "late")
    yield Subtract("difference", "q", "head")
    yield Subtract("nothing", "late", "late")
    yield Multiply("product", "late", "head")
    yield Multiply("square", "q", "q")
    yield Threshold("bits", "late", const(2, "fixed<3,3>"))
    yield Multiply("gated", "bits", "late")
    yield dense("flat", "x", np.zeros((5, 6), dtype=int), [3, 0, -2, 1, 0])
    yield Multiply("scaled", "flat", "late")
    yield Add("moved", "flat", "q")
    yield Concat("late_and_flat", ("flat", "product", "last"))
    yield dense("last_of_all", "across", np.arange(14).reshape(2, 7) - 6)


class TestVectors(Operation):
    """Values meet that were made in different cycles."""

    @staticmethod
    def make() -> Graph:
        """Six signed inputs."""
        return graph_of(6, "fixed<5,2>", vectors())


class TestVectorsAtFullSpeed(TestVectors):
    """One level between registers: every value of a graph arrives in a cycle of its own."""

    clock_mhz = 480.0


def scores() -> Iterator[Node]:
    """Scores of words of all widths, and divergences on every order of grids."""
    for bits in range(1, 13):
        for kind in ("fixed", "ufixed"):
            name = f"{kind}{bits}"
            yield Quantise(name, "x", fmt(f"{kind}<{bits},{bits - 4},RND,SAT>"))
            yield SumSquares(f"of_{name}", name)
    yield Quantise("nine", "x", fmt("fixed<9,5,RND,SAT>"))
    yield SquaredError("ten", "nine", "fixed8")
    yield Quantise("log", "x", fmt("fixed<6,3,RND,SAT>"))
    yield Table("variance", "log", "exp", fmt("ufixed<9,4,RND_CONV,SAT>"))
    for k, mean in enumerate(("fixed4", "nine", "whole")):
        if mean == "whole":
            yield Quantise(mean, "x", fmt("fixed<4,6,RND,SAT>"))
        yield KlDivergence(f"kl{k}", mean, "log", "variance")
    yield KlDivergence("coarse", "whole", "whole", "whole")
    yield KlDivergence("same", "variance", "variance", "variance")


class TestScores(Operation):
    """Squares as tables, as adders and as multipliers; every square of three elements occurs."""

    @staticmethod
    def make() -> Graph:
        """Three inputs of 13 bits."""
        return FixFormats().run(graph_of(3, "fixed<13,8>", scores()))


def accumulated() -> Iterator[Node]:
    """Accumulators: roomy, saturating without effect, and with an accepted wrap-around."""
    layer = dense("d", "x", [[7, -8], [100, 127], [1, 0]], [1, -2, 3], frac=3, bias_frac=5)
    for name, text in (
        ("roomy", "fixed<30,12>"),
        ("exactly", "fixed<17,11,RND,SAT>"),
        ("narrow", "fixed<10,4>"),
        ("finer", "fixed<12,3>"),
        ("positive", "ufixed<9,3>"),
    ):
        yield replace(layer, name=name, accumulator=fmt(text))
    yield Quantise("q", "finer", fmt("fixed<5,3,RND_CONV,SAT>"))
    yield lif("l", "x", beta=1, threshold=const(1, "fixed<4,4>"), membrane="fixed<9,7>")
    yield replace(layer, name="gated", source="l", accumulator=fmt("fixed<9,4>"))
    yield lif(
        "m", "gated", beta=1, threshold=const(1, "fixed<4,4>"), membrane="fixed<14,8,TRN,SAT>"
    )
    yield from read_out("l")
    yield from read_out("m")


class TestAccumulators(Operation):
    """A wrap-around that is accepted acts on the final sum, static or spike-gated."""

    @staticmethod
    def make() -> Graph:
        """Two signed inputs, three time steps."""
        wraps = ["narrow", "finer", "positive", "gated"]
        return graph_of(2, "fixed<5,3>", accumulated(), steps=3, wraps=wraps)


def encoder(*more: Node) -> Iterator[Node]:
    """A smart pixel's: dense, relu, quantise, dense, quantise, sum of squares, threshold."""
    rng = np.random.default_rng(4)
    shapes = (12, 10), (5, 12)
    first, second = (rng.integers(-128, 128, s) * (rng.random(s) < 0.6) for s in shapes)
    yield dense("first", "x", first, rng.integers(-128, 128, 12), frac=7, bias_frac=7)
    yield Relu("r", "first")
    yield Quantise("q", "r", fmt("ufixed<8,1,RND_CONV,SAT>"))
    yield dense("second", "q", second, rng.integers(-128, 128, 5), frac=7, bias_frac=7)
    yield Quantise("z", "second", fmt("fixed<8,3,RND_CONV,SAT>"))
    yield SumSquares("score", "z")
    yield Threshold("flag", "score", const(700, "ufixed<14,6>"))
    yield from more


class TestEncoder(Operation):
    """A chain at 200 MHz: no operation has a clock cycle of its own."""

    clock_mhz = 200.0

    @staticmethod
    def make() -> Graph:
        """Ten inputs of ten bits; the latent values leave the firmware too."""
        graph = graph_of(10, "ufixed<10,1>", encoder())
        return replace(graph, outputs=("z", "score", "flag"))

    def test_registers_stand_only_where_logic_is_deep(self, made: Implemented) -> None:
        """At a clock that everything fits into, there are the input's and the outputs'."""
        assert lower(self.make(), Pace(5.0)).interface.latency == 2
        assert made.interface.latency < 2 + 7


def hybrid() -> Iterator[Node]:
    """A dense front with relu, a spiking layer, a dense read-out with relu and threshold."""
    yield dense(
        "front", "x", [[3, -2, 1], [-1, 4, 0], [2, 2, -5], [1, 1, 1]], [1, 0, -1, 2], frac=1
    )
    yield Relu("r", "front")
    yield Quantise("q", "r", fmt("ufixed<5,4,RND_CONV,SAT>"))
    yield dense("current", "q", [[1, -1, 1, 0], [0, 2, -1, 1]], frac=1)
    thresholds = const([9, 5], "fixed<8,5>")
    yield lif("l", "current", beta=2, threshold=thresholds, membrane="fixed<10,6,RND,SAT>")
    yield from read_out("l")
    yield lif(
        "direct", "q", beta=1, threshold=const(9, "fixed<8,5>"), membrane="fixed<10,6,RND,SAT>"
    )
    yield from read_out("direct")
    yield Concat("both", ("l_u", "direct_n", "r"))
    yield dense("after", "both", np.arange(30).reshape(3, 10) % 7 - 3, [1, 2, 3], frac=2)
    yield Relu("ra", "after")
    yield Slice("head", "ra", 0, 2)
    yield Add("skip", "head", "l_n")
    yield Threshold("flags", "ra", const([2, 10, 40], "fixed<8,5>"))


class TestHybrid(Operation):
    """Static values enter a spiking layer, and what it counted meets them again."""

    @staticmethod
    def make() -> Graph:
        """Three signed inputs, four time steps."""
        return graph_of(3, "fixed<5,3>", hybrid(), steps=4)


class TestHybridOfOneStep(Operation):
    """With one time step a spiking layer's current is registered once."""

    clock_mhz = 40.0

    @staticmethod
    def make() -> Graph:
        """The same network."""
        return graph_of(3, "fixed<5,3>", hybrid())


def test_dense_keeps_its_accumulator() -> None:
    """An accumulator that holds every sum changes neither the value's grid nor its bounds."""
    graph = TestAccumulators.make()
    plain = graph.with_nodes(
        {n.name: replace(n, accumulator=None) for n in graph if isinstance(n, Dense)}
    )
    with_it, without = analyse(graph).values, analyse(plain).values
    for name in ("roomy", "exactly"):
        assert with_it[name].frac == without[name].frac == 5
        assert with_it[name].hi.tolist() == without[name].hi.tolist()
    assert with_it["finer"].frac == 9


class TestEncoderAtAFasterClock(Operation):
    """The same chain at 480 MHz: another pipeline, the same integers."""

    clock_mhz = 480.0

    @staticmethod
    def make() -> Graph:
        """The encoder's graph."""
        return TestEncoder.make()

    def test_it_takes_more_cycles(self, made: Implemented) -> None:
        """Each of the two proves its own latency in simulation."""
        slow = lower(self.make(), Pace(TestEncoder.clock_mhz)).interface.latency
        assert made.interface.latency > slow + 2
