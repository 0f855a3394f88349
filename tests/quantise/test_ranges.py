"""Bounds: no event leaves them, and where they can be exact they are."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.errors import FormatError
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Add,
    BatchNorm,
    Concat,
    KlDivergence,
    LeakyRelu,
    Multiply,
    Node,
    Quantise,
    Relu,
    Reset,
    Slice,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.quantise.analysis import analyse, bounds_by_name
from fwgen.quantise.tables import fix_table
from fwgen.verify.reference import Reference
from tests.ops.operation import (
    assert_bounded,
    const,
    dense,
    graph_of,
    lif,
    random_graph,
    read_out,
    some_events,
)
from tests.ops.random_dense import random_dense_graph


def all_events(graph: Graph) -> np.ndarray:
    """Every event that the input's format allows."""
    fmt = graph.input.fmt
    return np.array(list(product(range(fmt.lo, fmt.hi + 1), repeat=graph.input.size)))


def assert_tight(graph: Graph, *names: str) -> None:
    """Over all events, each element reaches both of its bounds."""
    reference = Reference.of(graph)
    values = reference.run(all_events(graph)).values
    ranges = dict(reference.analysis.values)
    ranges |= {f"{n}.membrane": r.membrane for n, r in reference.analysis.lifs.items()}
    for name in names:
        flat = values[name].reshape(-1, values[name].shape[-1])
        assert flat.min(axis=0).tolist() == ranges[name].lo.tolist(), name
        assert flat.max(axis=0).tolist() == ranges[name].hi.tolist(), name


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_bounds_are_sound(seed: int) -> None:
    """No value of any event leaves its bounds, whatever the graph."""
    graph = random_graph(seed)
    assert_bounded(graph, some_events(graph, 300, seed))


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_bounds_of_dense_networks_are_sound(seed: int) -> None:
    """Nor does any value of a network of dense operations."""
    graph = random_dense_graph(seed, 3)
    assert_bounded(graph, some_events(graph, 300, seed))


SPLIT = (Slice("a", "x", 0, 2), Slice("b", "x", 2, 4))
INDEPENDENT: dict[str, tuple[Node, ...]] = {
    "relu": (Relu("y", "x"),),
    "slope": (LeakyRelu("y", "x", const([1, -3, 5, 0], "fixed<4,2>")),),
    "coarse slope": (LeakyRelu("y", "x", const(-3, "fixed<4,6>")),),
    "norm": (BatchNorm("y", "x", const([3, -2, 0, 1], "fixed<3,2>"),
                       const([1] * 4, "fixed<5,1>")),),
    "table": (fix_table(Table("y", "x", "square", Fixed.parse("fixed<4,3,RND,SAT>")),
                        analyse(graph_of(4, "fixed<3,2>", [Relu("r", "x")])).values["x"]),),
    "slice": (Slice("y", "x", 1, 3),),
    "joined": (Relu("r", "x"), dense("d", "x", [[1, 2, 0, 0]], frac=3),
               Concat("y", ("r", "d", "x"))),
    "sum": (*SPLIT, Add("y", "a", "b")),
    "difference": (*SPLIT, Subtract("y", "a", "b")),
    "product": (*SPLIT, Multiply("y", "a", "b")),
    "own product": (Multiply("y", "x", "x"),),
    "squares": (SumSquares("y", "x"),),
    "thresholds": (Threshold("y", "x", const([-9, -4, 2, 3], "fixed<5,4>")),),
}  # fmt: skip


@pytest.mark.parametrize("what", INDEPENDENT)
def test_bounds_of_independent_values_are_reached(what: str) -> None:
    """Operations on values that have nothing to do with one another have exact bounds."""
    graph = graph_of(4, "fixed<3,2>", INDEPENDENT[what])
    assert_tight(graph, "y")


def test_divergence_bounds_are_reached() -> None:
    """Mean, log variance and variance that are independent reach both ends."""
    parts = [Slice(n, "x", i, i + 1) for i, n in enumerate(("mean", "log", "var"))]
    graph = graph_of(3, "fixed<3,2>", [*parts, KlDivergence("y", "mean", "log", "var")])
    assert_tight(graph, "y")


@pytest.mark.parametrize("what", ["bits", "fraction bits"])
def test_numbers_without_end_are_refused(what: str) -> None:
    """Squares of squares grow beyond every format: the layer is named before memory runs out."""
    fmt, frac = ("fixed<1,1>", 9) if what == "fraction bits" else ("fixed<20,20>", 0)
    first = dense("m0", "x", [[1]], frac=frac)
    nodes = [first, *(Multiply(f"m{k}", f"m{k - 1}", f"m{k - 1}") for k in range(1, 200))]
    with pytest.raises(FormatError) as caught:
        analyse(graph_of(1, fmt, nodes))
    layer, bits = ("m7", 1152) if what == "fraction bits" else ("m6", 1217)
    assert str(caught.value) == (
        f"layer '{layer}' (multiply): needed values of at most 1024 bits, and as many fraction "
        f"bits; found {bits}. Put a quantise layer in front of it."
    )


MODES = list(product(Reset, (True, False), (1, 2), Overflow))


@pytest.mark.parametrize(("reset", "delay", "shift", "overflow"), MODES)
def test_lif_bounds_are_sound(reset: Reset, delay: bool, shift: int, overflow: Overflow) -> None:
    """Every kind of lif layer stays within its bounds on every event of a small input."""
    for index, rounding in enumerate(Rounding):
        layers = [
            lif(
                f"l{k}",
                "d",
                beta=shift if k else const([5, 8, 0], "ufixed<4,1>"),
                threshold=const([6 + index, -9, 0], "fixed<8,4>"),
                membrane=f"fixed<6,3,{rounding},{overflow}>",
                reset=reset,
                delay=delay,
            )
            for k in range(2)
        ]
        sums = dense("d", "x", [[5, -3], [2, 9], [-4, -4]], [1, 0, 3], frac=2, bias_frac=5)
        outs = [node for layer in layers for node in read_out(layer.name)]
        graph = graph_of(2, "fixed<3,2>", [sums, *layers, *outs], steps=7)
        assert_bounded(graph, all_events(graph))


def test_dense_bounds_are_reached() -> None:
    """Elements of an input are independent, so the bounds of a dense layer on it are exact."""
    rng = np.random.default_rng(3)
    for fmt in ("fixed<3,1>", "ufixed<3,3>", "fixed<1,1>"):
        weight, bias = rng.integers(-9, 10, (4, 3)), rng.integers(-9, 10, 4)
        weight[3] = 0
        graph = graph_of(3, fmt, [dense("d", "x", weight, bias, frac=1, bias_frac=4)])
        assert_tight(graph, "x", "d")


@pytest.mark.parametrize(("rounding", "overflow"), list(product(Rounding, Overflow)))
@pytest.mark.parametrize("fmt", ["fixed<4,3", "ufixed<4,2", "fixed<9,4"])
def test_quantise_bounds_are_reached(rounding: Rounding, overflow: Overflow, fmt: str) -> None:
    """A conversion's bounds are exact; a wrap or a zero leaves the format's whole range."""
    node = Quantise("q", "x", Fixed.parse(f"{fmt},{rounding},{overflow}>"))
    graph = graph_of(1, "fixed<8,4>", [node])
    (conversion,) = analyse(graph).conversions
    if conversion.overflows and overflow is Overflow.SAT_ZERO:
        assert_bounded(graph, all_events(graph))
    else:
        assert_tight(graph, "q")


def test_score_bounds_are_reached() -> None:
    """A squared error of independent values reaches both ends, near and far from zero."""
    shifted = dense("d", "x", [[0], [0]], [9, -3])
    pair = dense("p", "x", [[1], [1]], [0, 0])
    graph = graph_of(1, "fixed<3,3>", [shifted, pair, SquaredError("e", "d", "p")])
    assert analyse(graph).values["e"].lo.tolist() == [6**2]
    assert analyse(graph).values["e"].hi.tolist() == [13**2 + 6**2]
    assert_bounded(graph, all_events(graph))
    assert_tight(
        graph_of(1, "fixed<3,3>", [dense("d", "x", [[0]], [9]), SquaredError("e", "d", "x")]), "e"
    )


def test_threshold_bounds() -> None:
    """A threshold that is always or never passed is known to be constant."""
    nodes = [Threshold(f"t{k}", "x", const(v, "fixed<6,5>")) for k, v in enumerate((-9, -8, 5, 6))]
    values = analyse(graph_of(1, "fixed<3,3>", nodes)).values
    ends = [(values[f"t{k}"].lo[0], values[f"t{k}"].hi[0]) for k in range(4)]
    assert ends == [(1, 1), (0, 1), (0, 1), (0, 0)]


def test_lif_bounds_are_reached_without_a_leak() -> None:
    """Where the extreme currents never fire, the membrane's bounds are exact."""
    layer = lif("l", "x", beta=const(1, "ufixed<1,1>"), threshold=const(99, "fixed<8,8>"),
                membrane="fixed<9,9>")  # fmt: skip
    graph = graph_of(1, "fixed<3,3>", [layer, *read_out("l")], steps=4)
    assert_tight(graph, "l.membrane", "l_u", "l", "l_n")
    assert analyse(graph).lifs["l"].can_fire == (False,)


def test_can_fire() -> None:
    """The analysis knows which neurons are silent: bounds of their spikes are zero."""
    layer = lif("l", "x", beta=1, threshold=const([3, 6, 7], "fixed<8,8>"),
                membrane="fixed<9,9>")  # fmt: skip
    graph = graph_of(3, "fixed<3,3>", [layer, *read_out("l")], steps=4)
    analysis = analyse(graph)
    assert analysis.lifs["l"].can_fire == (True, False, False)
    assert analysis.values["l"].hi.tolist() == [1, 0, 0]
    assert analysis.values["l_n"].hi.tolist() == [4, 0, 0]


def test_peak_covers_parameters() -> None:
    """Parameters larger than every value still make the reference use Python integers."""
    far = Threshold("t", "x", const(2**90, "fixed<99,99>"))
    heavy = dense("d", "l", [[2**80]])
    silent = lif("l", "x", beta=1, threshold=const(99, "fixed<8,8>"), membrane="fixed<9,9>")
    for nodes in ([far], [silent, *read_out("l"), heavy, lif("m", "d", beta=1,
                  threshold=const(2**70, "fixed<99,99>"), membrane="fixed<9,9>"),
                  *read_out("m")]):  # fmt: skip
        reference = Reference.of(graph_of(1, "fixed<3,3>", nodes, steps=2))
        assert reference.dtype == np.dtype(object)
        reference.run(all_events(reference.graph))


def test_bounds_by_name_are_real_numbers() -> None:
    """Reports get bounds as the numbers that the integers stand for."""
    graph = graph_of(2, "fixed<4,2>", [dense("d", "x", [[1, 2]], frac=1)])
    assert bounds_by_name(analyse(graph).values) == {"x": (-2.0, 1.75), "d": (-3.0, 2.625)}


def test_a_reset_taken_back_doubles_the_membrane() -> None:
    """Reset to zero in the same step: ``v - d*v`` is ``2*v`` where a neuron falls silent."""
    layer = lif("l", "x", beta=const(1, "ufixed<1,1>"), threshold=const(-1, "fixed<4,4>"),
                membrane="fixed<9,9>", reset="zero", delay=False)  # fmt: skip
    graph = graph_of(1, "fixed<3,3>", [layer, *read_out("l")], steps=1)
    assert analyse(graph).lifs["l"].membrane.lo.tolist() == [-8]
    assert_tight(graph, "l_u")
