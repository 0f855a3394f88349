"""Graphs: shapes, and a message for every way in which nodes do not fit together."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from fwgen.errors import GraphError
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph, Shape
from fwgen.ir.nodes import (
    CUSTOM,
    Add,
    BatchNorm,
    Concat,
    Dense,
    Input,
    KlDivergence,
    LastMembrane,
    LeakyRelu,
    Lif,
    Multiply,
    Node,
    Quantise,
    Real,
    Relu,
    Reset,
    ShiftLeak,
    Slice,
    SpikeCount,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)

FMT = Fixed.parse("fixed<8,4>")
DO = " Correct this layer in model.yaml, or its arrays in weights.npz."


def dense(name: str, source: str, shape: tuple[int, ...], bias: tuple[int, ...]) -> Dense:
    """A dense layer of zeros."""
    return Dense(name, source, Real(np.zeros(shape)), Real(np.zeros(bias)))


DENSE: tuple[Node, ...] = (
    Input("x", 4, FMT),
    BatchNorm("n", "x", Real(np.ones(4)), Real(np.ones(4))),
    LeakyRelu("r", "n", Real(np.array(0.5))),
    Relu("p", "r"),
    Slice("a", "p", 0, 2),
    Slice("b", "p", 2, 4),
    Add("sum", "a", "b"),
    Subtract("less", "sum", "b"),
    Multiply("times", "less", "a"),
    Quantise("q", "times", FMT),
    Table("f", "q", "exp", FMT),
    Table("g", "q", CUSTOM, FMT, -8.0, Real(np.zeros(256))),
    Concat("all", ("f", "g", "x")),
    KlDivergence("kl", "a", "q", "f"),
    SumSquares("s", "all"),
    Threshold("t", "all", Real(np.zeros(8))),
)
VECTORS = Graph("net", 1, DENSE, ("kl", "s", "t"))


class Convolution(Node):
    """An operation that the graph does not know."""

    op: ClassVar[str] = "convolution"


LAYERS: tuple[Node, ...] = (
    Input("x", 2, FMT),
    dense("d", "x", (3, 2), (3,)),
    Lif("l", "d", Real(np.full(3, 0.5)), Real(np.array(1.0)), None, Reset.SUBTRACT, True),
    LastMembrane("u", "l"),
    SpikeCount("n", "l"),
    Quantise("q", "u", FMT),
    SquaredError("e", "q", "n"),
    Threshold("t", "e", Real(np.array(1.0))),
)
GOOD = Graph("net", 4, LAYERS, ("e", "t"))


def change(name: str, **fields: object) -> Graph:
    """The good graph with some fields of one node changed."""
    return GOOD.with_nodes({name: replace(GOOD[name], **fields)})


def test_shapes() -> None:
    """Every value has a size and is either static or temporal."""
    shapes = GOOD.shapes()
    assert shapes["d"] == Shape((3,), temporal=False)
    assert shapes["l"] == Shape((3,), temporal=True)
    assert shapes["u"] == shapes["n"] == shapes["q"] == Shape((3,), temporal=False)
    assert shapes["e"] == shapes["t"] == Shape((1,), temporal=False)


def change_vectors(name: str, **fields: object) -> Graph:
    """The graph of vectors with some fields of one node changed."""
    return VECTORS.with_nodes({name: replace(VECTORS[name], **fields)})


def on_spikes(node: Node) -> Graph:
    """The good graph with one more node that reads its spikes ``l`` or its membrane ``u``."""
    return replace(GOOD, nodes=(*LAYERS[:4], node), outputs=(node.name,))


def test_shapes_of_vectors() -> None:
    """Parts, joints and scores have the sizes that they should."""
    sizes = {name: shape.size for name, shape in VECTORS.shapes().items()}
    assert sizes == {
        **dict.fromkeys(("x", "n", "r", "p"), 4),
        **dict.fromkeys(("a", "b", "sum", "less", "times", "q", "f", "g"), 2),
        "all": 8,
        "kl": 1,
        "s": 1,
        "t": 8,
    }
    assert not any(shape.temporal for shape in VECTORS.shapes().values())


def test_what_is_made_of_spikes_is_temporal() -> None:
    """Element-wise operations keep the time steps of what they read."""
    more = (
        Relu("p", "l"),
        LeakyRelu("r", "p", Real(np.zeros(3))),
        BatchNorm("n", "r", Real(np.ones(3)), Real(np.ones(3))),
        Add("sum", "n", "l"),
        Subtract("less", "sum", "l"),
        Concat("all", ("less", "l")),
        Slice("part", "all", 1, 4),
        replace(LAYERS[2], name="m", source="part"),
        LastMembrane("v", "m"),
    )
    shapes = Graph("net", 4, (*LAYERS[:3], *more), ("v",)).shapes()
    names = ("p", "r", "n", "sum", "less", "all", "part", "m")
    assert all(shapes[name].temporal for name in names)


def test_what_reads_spikes_is_temporal() -> None:
    """A dense layer on spikes has one value per time step; a lif layer may read either kind."""
    layers = (*LAYERS[:3], dense("d2", "l", (2, 3), (2,)), replace(LAYERS[2], name="l2"))
    more = replace(layers[4], source="d2", beta=ShiftLeak(1))
    graph = Graph("net", 4, (*layers[:4], more, LastMembrane("u", "l2")), ("u",))
    assert graph.shapes()["d2"] == Shape((2,), temporal=True)
    assert graph.shapes()["l2"] == Shape((2,), temporal=True)


def test_access() -> None:
    """A graph is read by name and in order; changing a node leaves the first graph alone."""
    assert [node.name for node in GOOD] == ["x", "d", "l", "u", "n", "q", "e", "t"]
    assert GOOD["q"].sources == ("u",)
    assert GOOD["e"].sources == ("q", "n")
    assert GOOD.input is LAYERS[0]
    other = change("q", fmt=Fixed.parse("fixed<3,3>"))
    assert other["q"] is not GOOD["q"]
    assert GOOD["q"] is LAYERS[5]


MESSAGES: dict[str, tuple[Callable[[], Graph], str]] = {
    "steps": (
        lambda: replace(GOOD, steps=0),
        (
            "graph 'net': steps: needed at least 1 time step; found 0. "
            "Give the number of time steps that the network was trained with."
        ),
    ),
    "two of a name": (
        lambda: replace(GOOD, nodes=(*LAYERS, LAYERS[5])),
        "layer 'q' (quantise): needed a name of its own; found a second node of that name." + DO,
    ),
    "reads nothing": (
        lambda: change("q", source="y"),
        "layer 'q' (quantise): needed to read earlier nodes; found 'y', which is none." + DO,
    ),
    "reads later": (
        lambda: replace(GOOD, nodes=(LAYERS[0], LAYERS[2], LAYERS[1], *LAYERS[3:])),
        "layer 'l' (lif): needed to read earlier nodes; found 'd', which is none." + DO,
    ),
    "no input": (
        lambda: Graph("net", 1, (), ()),
        "graph 'net': needed exactly one input; found 0. Give the model one input.",
    ),
    "two inputs": (
        lambda: replace(GOOD, nodes=(Input("y", 2, FMT), *LAYERS)),
        "graph 'net': needed exactly one input; found 2. Give the model one input.",
    ),
    "nobody reads it": (
        lambda: replace(GOOD, outputs=("e",)),
        "layer 't' (threshold): needed a layer that reads it, or a place among the outputs; "
        "found neither." + DO,
    ),
    "no such output": (
        lambda: replace(GOOD, outputs=("e", "t", "score")),
        (
            "graph 'net': outputs: needed names of layers; found 'score'. "
            "Choose from: d, l, u, n, q, e, t."
        ),
    ),
    "temporal output": (
        lambda: replace(GOOD, outputs=("e", "t", "l")),
        (
            "graph 'net': outputs: needed values that exist once per event; found 'l', which has "
            "one value per time step. Put a read-out (last_membrane, maximum, spike_count or "
            "first_spike) behind it."
        ),
    ),
    "weight": (
        lambda: change("d", weight=Real(np.zeros((3, 4)))),
        "layer 'd' (dense): needed a weight of shape (outputs, 2), since 'x' has 2 elements; "
        "found shape (3, 4)." + DO,
    ),
    "weight of one element": (
        lambda: replace(
            GOOD,
            nodes=(Input("x", 1, FMT), *LAYERS[1:]),
        ),
        "layer 'd' (dense): needed a weight of shape (outputs, 1), since 'x' has 1 element; "
        "found shape (3, 2)." + DO,
    ),
    "weight is no matrix": (
        lambda: change("d", weight=Real(np.zeros(2))),
        "layer 'd' (dense): needed a weight of shape (outputs, 2), since 'x' has 2 elements; "
        "found shape (2,)." + DO,
    ),
    "bias": (
        lambda: change("d", bias=Real(np.zeros(2))),
        "layer 'd' (dense): needed a bias of shape (3,); found shape (2,)." + DO,
    ),
    "thresholds": (
        lambda: change("l", threshold=Real(np.ones(2))),
        "layer 'l' (lif): needed one threshold, or one for each of the 3 neurons; "
        "found shape (2,)." + DO,
    ),
    "betas": (
        lambda: change("l", beta=Real(np.ones((3, 1)))),
        "layer 'l' (lif): needed one beta, or one for each of the 3 neurons; "
        "found shape (3, 1)." + DO,
    ),
    "beta above one": (
        lambda: change("l", beta=Real(np.array([0.0, 1.0, 1.001]))),
        "layer 'l' (lif): needed every beta from 0 to 1; found one outside." + DO,
    ),
    "beta below zero": (
        lambda: change("l", beta=Real(np.array(-0.5))),
        "layer 'l' (lif): needed every beta from 0 to 1; found one outside." + DO,
    ),
    "leak shift": (
        lambda: change("l", beta=ShiftLeak(-1)),
        "layer 'l' (lif): needed a leak shift of at least 0; found -1." + DO,
    ),
    "membrane of no lif": (
        lambda: change("u", source="d"),
        "layer 'u' (last_membrane): needed to read a lif layer; found 'd', which is none." + DO,
    ),
    "count of no lif": (
        lambda: change("n", source="d"),
        "layer 'n' (spike_count): needed to read a lif layer; found 'd', which is none." + DO,
    ),
    "sizes differ": (
        lambda: change("e", right="x"),
        "layer 'e' (squared_error): needed two vectors of the same length; "
        "found 'q' with 3 and 'x' with 2 elements." + DO,
    ),
    "error of spikes": (
        lambda: change("e", right="l"),
        "layer 'e' (squared_error): needed values that exist once per event; "
        "found one with a value per time step." + DO,
    ),
    "threshold": (
        lambda: change("t", value=Real(np.ones(2))),
        "layer 't' (threshold): needed one value; found shape (2,)." + DO,
    ),
    "thresholds of another length": (
        lambda: change_vectors("t", value=Real(np.zeros(3))),
        "layer 't' (threshold): needed one value, or one for each of the 8 elements; "
        "found shape (3,)." + DO,
    ),
    "scales": (
        lambda: change_vectors("n", scale=Real(np.array(1.0))),
        "layer 'n' (batch_norm): needed scale of shape (4,); found shape ()." + DO,
    ),
    "offsets": (
        lambda: change_vectors("n", offset=Real(np.ones(3))),
        "layer 'n' (batch_norm): needed offset of shape (4,); found shape (3,)." + DO,
    ),
    "slopes": (
        lambda: change_vectors("r", alpha=Real(np.ones(3))),
        "layer 'r' (leaky_relu): needed one alpha, or one for each of the 4 elements; "
        "found shape (3,)." + DO,
    ),
    "slice beyond the end": (
        lambda: change_vectors("b", stop=5),
        "layer 'b' (slice): needed 0 <= start < stop <= 4, the elements of 'p'; "
        "found start 2 and stop 5." + DO,
    ),
    "empty slice": (
        lambda: change_vectors("b", start=4),
        "layer 'b' (slice): needed 0 <= start < stop <= 4, the elements of 'p'; "
        "found start 4 and stop 4." + DO,
    ),
    "slice before the start": (
        lambda: change_vectors("b", start=-1),
        "layer 'b' (slice): needed 0 <= start < stop <= 4, the elements of 'p'; "
        "found start -1 and stop 4." + DO,
    ),
    "sum of two lengths": (
        lambda: change_vectors("sum", right="p"),
        "layer 'sum' (add): needed two vectors of the same length; "
        "found 'a' with 2 and 'p' with 4 elements." + DO,
    ),
    "divergence of two lengths": (
        lambda: change_vectors("kl", variance="p"),
        "layer 'kl' (kl_divergence): needed 3 vectors of the same length; "
        "found 'a' with 2, 'q' with 2 and 'p' with 4 elements." + DO,
    ),
    "nothing to join": (
        lambda: change_vectors("all", parts=()),
        "layer 'all' (concat): needed 1 to 16,384 elements together; found 0." + DO,
    ),
    "too much to join": (
        lambda: change_vectors("all", parts=("x",) * 5000),
        "layer 'all' (concat): needed 1 to 16,384 elements together; found 20,000." + DO,
    ),
    "unknown function": (
        lambda: change_vectors("f", function="gelu"),
        "layer 'f' (table): needed one of the functions sigmoid, tanh, exp, log, sqrt, rsqrt, "
        "square, reciprocal, softplus, custom; found 'gelu'." + DO,
    ),
    "custom table without values": (
        lambda: change_vectors("g", values=None),
        "layer 'g' (table): needed values of shape (entries,); found none." + DO,
    ),
    "custom table that is a matrix": (
        lambda: change_vectors("g", values=Real(np.zeros((2, 3)))),
        "layer 'g' (table): needed values of shape (entries,); found shape (2, 3)." + DO,
    ),
    "custom table on a grid that fwgen chooses": (
        lambda: change_vectors("g", source="times"),
        "layer 'g' (table): needed a source whose format the model gives (input, quantise or "
        "table), since a custom table has one entry for each of its numbers; found 'times' "
        "(multiply)." + DO,
    ),
    "table of spikes": (
        lambda: on_spikes(Table("f", "l", "exp", FMT)),
        "layer 'f' (table): needed a value that exists once per event; "
        "found one with a value per time step." + DO,
    ),
    "product of spikes": (
        lambda: on_spikes(Multiply("m", "l", "l")),
        "layer 'm' (multiply): needed values that exist once per event; "
        "found one with a value per time step." + DO,
    ),
    "squares of spikes": (
        lambda: on_spikes(SumSquares("s", "l")),
        "layer 's' (sum_squares): needed values that exist once per event; "
        "found one with a value per time step." + DO,
    ),
    "sum of spikes and membranes": (
        lambda: on_spikes(Add("sum", "u", "l")),
        "layer 'sum' (add): needed sources that all exist once per event, or all once per time "
        "step; found 'u' once per event and 'l' once per time step." + DO,
    ),
    "spikes joined to the input": (
        lambda: on_spikes(Concat("all", ("l", "x"))),
        "layer 'all' (concat): needed sources that all exist once per event, or all once per time "
        "step; found 'x' once per event and 'l' once per time step." + DO,
    ),
    "unknown operation": (
        lambda: replace(GOOD, nodes=(*LAYERS, Convolution("c")), outputs=("e", "t", "c")),
        "layer 'c' (convolution): needed a known operation; found 'convolution'." + DO,
    ),
}


@pytest.mark.parametrize("what", MESSAGES)
def test_messages(what: str) -> None:
    """A graph that does not fit together is refused, naming the layer and what it needed."""
    make, message = MESSAGES[what]
    with pytest.raises(GraphError) as caught:
        make().shapes()
    assert str(caught.value) == message
