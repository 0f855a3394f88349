"""Schedules, and graphs that have no Verilog yet."""

import pytest

from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Node, Quantise, SquaredError, Threshold
from fwgen.lower.design import CircuitBlock, DelayBlock, HoldBlock, LifBlock
from fwgen.lower.lowering import lower
from fwgen.lower.pace import Pace
from tests.verify.operations import const, dense, graph_of, lif, read_out


def spiking(*more: Node, steps: int = 5) -> Graph:
    """A dense layer, a lif layer and its read-outs."""
    layer = lif("l", "d", beta=1, threshold=const(3, "fixed<5,5>"), membrane="fixed<9,9>")
    nodes = [dense("d", "x", [[1, 2], [3, -1]]), layer, *read_out("l"), *more]
    return graph_of(2, "fixed<4,4>", nodes, steps=steps)


def test_interface() -> None:
    """Ports carry the names and formats of the input and the outputs; membranes as declared."""
    face = lower(spiking(), Pace(240.0)).interface
    assert face.top == "dut"
    assert [(p.name, str(p.fmt), p.count) for p in face.inputs] == [("x_i", "fixed<4,4>", 2)]
    assert [(p.name, str(p.fmt), p.count) for p in face.outputs] == [
        ("l_u_o", "fixed<9,9>", 2),
        ("l_n_o", "ufixed<3,3>", 2),
    ]
    assert face.interval == 5


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_latency(steps: int) -> None:
    """One cycle a time step, and a constant for the rest."""
    # input, dense (with one step) or held currents (with more), lif; the count adds the steps
    assert lower(spiking(steps=steps), Pace(20.0)).interface.latency == steps + 3


def test_feed_forward_has_interval_one() -> None:
    """Without a lif layer a new event may come every cycle, whatever the steps say."""
    graph = graph_of(2, "fixed<4,4>", [dense("d", "x", [[1, 2]])], steps=9)
    assert lower(graph, Pace(240.0)).interface.interval == 1


def test_each_block_meets_its_inputs() -> None:
    """Static inputs of a block show in the same cycle, and outputs come when they are due."""
    design = lower(spiking(SquaredError("e", "l_n", "x")), Pace(240.0))
    for block in design.blocks:
        match block:
            case CircuitBlock():
                times = {signal.time for _, signal in block.inputs}
                assert times == {block.output.time - block.latency}
            case DelayBlock():
                assert block.output.time - block.input.time == block.cycles > 0
            case HoldBlock():
                assert block.output.time == block.input.time + 1 == block.load + 1
            case LifBlock():
                assert block.current.time == block.first
    assert {out.signal.time for out in design.outputs} == {design.last}


def test_equal_neurons_share_a_circuit() -> None:
    """A layer has as many kinds of neuron as it has different constants."""
    layer = lif(
        "l",
        "x",
        beta=const([1, 1, 0, 1], "ufixed<2,1>"),
        threshold=const([3, 4, 3, 3], "fixed<5,5>"),
        membrane="fixed<9,9>",
    )
    (block,) = (
        b
        for b in lower(graph_of(4, "fixed<4,4>", [layer, *read_out("l")]), Pace(240.0)).blocks
        if isinstance(b, LifBlock)
    )
    assert block.core.of == (0, 1, 2, 0)
    assert len(block.core.kinds) == 3


Q = Quantise("q", "l", Fixed.parse("fixed<3,3,TRN,SAT>"))
DO = " Read the spikes or a read-out of a lif layer instead."


def behind(first: Node) -> tuple[Node, ...]:
    """A node, and a second lif layer that reads it."""
    layer = lif("m", first.name, beta=1, threshold=const(3, "fixed<5,5>"), membrane="fixed<9,9>")
    return (first, layer, *read_out("m"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            behind(Q),
            (
                "layer 'q' (quantise): needed a value that exists once per event as source; "
                "found source 'l'." + DO
            ),
        ),
        (
            behind(Threshold("t", "l", const(0, "fixed<2,2>"))),
            (
                "layer 't' (threshold): needed a value that exists once per event as source; "
                "found source 'l'." + DO
            ),
        ),
        (
            (dense("a", "l", [[1, 2]]), *behind(dense("b", "a", [[1]]))),
            (
                "layer 'b' (dense): needed spikes or a value that exists once per event as "
                "source; found source 'a'." + DO
            ),
        ),
    ],
)
def test_not_yet(more: tuple[Node, ...], message: str) -> None:
    """A valid graph without a Verilog form is refused, naming the layer and what to do."""
    graph = spiking(*more)
    graph.shapes()
    with pytest.raises(LoweringError) as caught:
        lower(graph, Pace(240.0))
    assert str(caught.value) == message


def test_weights_beyond_the_solver() -> None:
    """The solver takes weights of 24 bits exactly: wider ones are refused by name."""
    graph = graph_of(1, "fixed<4,4>", [dense("d", "x", [[2**24]])])
    with pytest.raises(LoweringError) as caught:
        lower(graph, Pace(240.0))
    assert str(caught.value) == (
        "layer 'd' (dense): weight: needed weights of at most 24 bits; found 25 bits. "
        "Choose a narrower weight_format."
    )
