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
    Dense,
    Input,
    LastMembrane,
    Lif,
    Node,
    Quantise,
    Real,
    Reset,
    ShiftLeak,
    SpikeCount,
    SquaredError,
    Threshold,
)

FMT = Fixed.parse("fixed<8,4>")
DO = " Correct this layer in model.yaml, or its arrays in weights.npz."


def dense(name: str, source: str, shape: tuple[int, ...], bias: tuple[int, ...]) -> Dense:
    """A dense layer of zeros."""
    return Dense(name, source, Real(np.zeros(shape)), Real(np.zeros(bias)))


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
    assert shapes["d"] == Shape(3, temporal=False)
    assert shapes["l"] == Shape(3, temporal=True)
    assert shapes["u"] == shapes["n"] == shapes["q"] == Shape(3, temporal=False)
    assert shapes["e"] == shapes["t"] == Shape(1, temporal=False)


def test_what_reads_spikes_is_temporal() -> None:
    """A dense layer on spikes has one value per time step; a lif layer may read either kind."""
    layers = (*LAYERS[:3], dense("d2", "l", (2, 3), (2,)), replace(LAYERS[2], name="l2"))
    more = replace(layers[4], source="d2", beta=ShiftLeak(1))
    graph = Graph("net", 4, (*layers[:4], more, LastMembrane("u", "l2")), ("u",))
    assert graph.shapes()["d2"] == Shape(2, temporal=True)
    assert graph.shapes()["l2"] == Shape(2, temporal=True)


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
            "one value per time step. Put a read-out (last_membrane or spike_count) behind it."
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
        "layer 't' (threshold): needed one value, or one for each of the 1 element; "
        "found shape (2,)." + DO,
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
