"""Schedules, and graphs that have no Verilog yet."""

from dataclasses import replace

import pytest

from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Concat, Node, Quantise, Relu, SquaredError, Table, Threshold
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.words import Lookup
from fwgen.lower.design import CircuitBlock, DelayBlock, HoldBlock, LifBlock
from fwgen.lower.lowering import lower
from tests.ops.operation import const, dense, graph_of, lif, read_out


def spiking(*more: Node, steps: int = 5, weight: int = 3) -> Graph:
    """A dense layer, a lif layer and its read-outs."""
    layer = lif("l", "d", beta=1, threshold=const(3, "fixed<5,5>"), membrane="fixed<9,9>")
    nodes = [dense("d", "x", [[1, 2], [weight, -1]]), layer, *read_out("l"), *more]
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


def tables(biases: list[int]) -> Graph:
    """Tables on elements that span 8,192 integers, each from its bias on."""
    layer = dense("d", "x", [[1]] * len(biases), biases)
    values = const([n * 37 % 101 for n in range(8192 + max(biases))], "ufixed<7,7>")
    return graph_of(1, "ufixed<13,13>", [layer, Table("t", "d", "custom", values.fmt, 0, values)])


def test_equal_bounds_share_a_table() -> None:
    """However many elements there are: their entries are stored once."""
    design = lower(tables([0, 5] * 100), Pace(20.0))
    blocks = [b for b in design.blocks if isinstance(b, CircuitBlock)]
    found = [op.values for b in blocks for op in b.circuit.ops if isinstance(op, Lookup)]
    assert len(found) == 200
    assert len({id(values) for values in found}) == 2


def test_too_many_entries_of_tables_are_refused() -> None:
    """The message names the layer and what to do."""
    lower(tables(list(range(128))), Pace(20.0))
    with pytest.raises(LoweringError) as caught:
        lower(tables(list(range(129))), Pace(20.0))
    assert str(caught.value) == (
        "layer 't' (table): needed at most 1,048,576 entries in all tables of a layer, one table "
        "for all elements of the same bounds; found 1,056,768 entries in 129 tables. Put a "
        "quantise layer in front, so that all elements have the same bounds."
    )


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_latency(steps: int) -> None:
    """One cycle a time step, and a constant for the rest."""
    # input, held currents where there are several steps, lif; the count adds the steps
    expected = steps + 2 + (steps > 1)
    graph = spiking(steps=steps, weight=99)  # too wide for a table
    assert lower(graph, Pace(20.0)).interface.latency == expected


def test_a_table_of_neurons_needs_no_held_current() -> None:
    """Where currents have few bits, and few steps make a table smaller than neurons."""
    design = lower(spiking(steps=2), Pace(20.0))
    assert design.interface.latency == 4
    assert not any(isinstance(block, HoldBlock | LifBlock) for block in design.blocks)


def test_feed_forward_has_interval_one() -> None:
    """Without a lif layer a new event may come every cycle, whatever the steps say."""
    graph = graph_of(2, "fixed<4,4>", [dense("d", "x", [[1, 2]])], steps=9)
    assert lower(graph, Pace(240.0)).interface.interval == 1


@pytest.mark.parametrize("steps", [1, 5])
def test_each_block_meets_its_inputs(steps: int) -> None:
    """Static inputs of a block show in the same cycle, and outputs come when they are due."""
    design = lower(spiking(SquaredError("e", "l_n", "x"), steps=steps), Pace(240.0))
    for block in design.blocks:
        match block:
            case CircuitBlock():
                times = {signal.time for _, signal in block.inputs}
                assert times == {max(s.time for _, s in block.outputs) - block.latency}
            case DelayBlock():
                assert block.output.time - block.input.time == block.cycles > 0
            case HoldBlock():
                assert block.output.time == block.input.time + 1 == block.load + 1
            case LifBlock():
                assert {s.time for s in block.currents} == {block.first}
                # the logic before the current and the loop fit into a cycle together
                assert block.core.loop_ps <= design.pace.room
    assert {out.signal.time for out in design.outputs} == {design.last}


def chain(*, outputs: tuple[str, ...] = ("t",), clips: str = "ufixed<5,4,RND,SAT>") -> Graph:
    """Dense, relu, quantise, threshold."""
    nodes = [
        dense("d", "x", [[3, -2], [1, 5]]),
        Relu("r", "d"),
        Quantise("q", "r", Fixed.parse(clips)),
        Threshold("t", "q", const(3, "fixed<4,4>")),
    ]
    return replace(graph_of(2, "fixed<4,4>", nodes), outputs=outputs)


def blocks(graph: Graph, clock_mhz: float = 20.0) -> list[str]:
    """Names of a design's blocks."""
    return [block.name for block in lower(graph, Pace(clock_mhz)).blocks]


def test_registers_stand_where_the_clock_wants_them() -> None:
    """At a slow clock a chain has the input's registers and the outputs', none between."""
    design = lower(chain(outputs=("q", "t")), Pace(5.0))
    assert design.interface.latency == 2
    assert all(b.latency == 0 for b in design.blocks if isinstance(b, CircuitBlock))
    assert sum(isinstance(b, DelayBlock) for b in design.blocks) == 3
    assert lower(chain(), Pace(480.0)).interface.latency > 2


def test_logic_before_a_block_is_handed_on() -> None:
    """No picosecond is forgotten at a border between two blocks."""
    pace = Pace(160.0)
    late = 0
    for block in lower(chain(), pace).blocks:
        if isinstance(block, CircuitBlock):
            for (_, signal), port in zip(block.inputs, block.circuit.inputs, strict=True):
                before = tuple(w.arrival for w in port.words)
                assert before == (signal.arrivals or (0,) * signal.count)
                late += any(before)
            assert all(w.arrival <= pace.room for w in block.circuit.outputs[0].words)
    assert late > 0


def test_outputs_come_from_registers() -> None:
    """Behind the last logic there is a register for every output."""
    for clock in (5.0, 160.0, 480.0):
        design = lower(chain(outputs=("q", "t")), Pace(clock))
        assert all(out.signal.arrivals == () for out in design.outputs)


@pytest.mark.parametrize(
    ("graph", "built"),
    [
        (chain(), False),
        (chain(clips="ufixed<5,4,TRN_ZERO,SAT_ZERO>"), False),
        (chain(clips="ufixed<5,4,RND,SAT_SYM>"), False),
        (chain(outputs=("r", "t")), True),
        (chain(clips="ufixed<7,7>"), True),
        (chain(clips="fixed<5,5,RND,SAT>"), True),
    ],
    ids=["SAT", "SAT_ZERO", "SAT_SYM", "an output", "WRAP", "signed"],
)
def test_a_relu_that_a_format_makes_needless(graph: Graph, built: bool) -> None:
    """Before an unsigned format that saturates a relu changes nothing, and is not built."""
    assert ("r" in blocks(graph)) == built
    q = next(b for b in lower(graph, Pace(20.0)).blocks if b.name == "q")
    assert ("makes it 'r' too" in q.about) != built


def test_a_relu_with_another_reader_is_built() -> None:
    """Whoever else reads it needs it."""
    nodes = (*chain().nodes, Threshold("u", "r", const(3, "fixed<4,4>")))
    assert "r" in blocks(replace(chain(), nodes=nodes, outputs=("t", "u")))


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
            behind(Relu("r", "l")),
            (
                "layer 'r' (relu): needed a value that exists once per event as source; "
                "found source 'l'." + DO
            ),
        ),
        (
            behind(Concat("c", ("l", "l"))),
            (
                "layer 'c' (concat): needed a value that exists once per event as source; "
                "found source 'l, l'." + DO
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
