"""The quick estimate of whole designs: what passes from block to block."""

from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Quantise, Relu, Slice
from fwgen.lower.cost import Cost, estimate
from fwgen.lower.lowering import lower
from fwgen.lower.pace import Pace
from tests.verify.operations import const, dense, graph_of, lif, read_out

SLOW = Pace(1.0)  # no registers inside a block


def cost_of(graph: Graph) -> dict[str, Cost]:
    """Cost by layer."""
    return estimate(lower(graph, SLOW))


def test_rows_are_the_layers_in_their_order() -> None:
    """Every layer that became a block has a row; the event control stands last."""
    nodes = (dense("d", "x", [[1, 3]]), Quantise("q", "d", Fixed.parse("fixed<4,4,TRN,SAT>")))
    assert list(cost_of(graph_of(2, "fixed<4,4>", nodes))) == ["x", "d", "q", ""]


def test_what_no_later_block_reads_is_not_built() -> None:
    """Of a dense layer whose first element alone is read, the second costs nothing."""
    both = dense("d", "x", [[1, 1, 0], [0, 3, 5]])
    whole = cost_of(graph_of(3, "ufixed<8,8>", [both]))
    one = cost_of(graph_of(3, "ufixed<8,8>", [both, Slice("first", "d", 0, 1)]))
    alone = cost_of(graph_of(3, "ufixed<8,8>", [dense("d", "x", [[1, 1, 0]])]))
    assert one["d"].lut == alone["d"].lut == 8
    assert one["x"] == alone["x"] == Cost(ff=16)
    assert whole["d"].lut > 16
    assert whole["x"] == Cost(ff=24)


def test_constants_pass_from_block_to_block() -> None:
    """Bits of a sum that are always 0 need no LUTs in the block that adds to them."""
    even = [dense("d", "x", [[4, 0], [0, 1]]), dense("e", "d", [[1, 1]])]
    odd = [dense("d", "x", [[1, 0], [0, 1]]), dense("e", "d", [[1, 1]])]
    a, b = (cost_of(graph_of(2, "ufixed<8,8>", nodes))["e"].lut for nodes in (even, odd))
    assert (a, b) == (6, 8)


def test_an_element_that_is_never_positive_costs_nothing_behind_a_relu() -> None:
    """Its sum is not built either, and no register at the output keeps its zero."""
    nodes = (dense("d", "x", [[-1, -3], [1, 1]]), Relu("r", "d"))
    rows = cost_of(graph_of(2, "ufixed<8,8>", nodes))
    assert rows["d"] == Cost(lut=8)
    assert sum(row.ff for name, row in rows.items() if name == "r") == 9


def test_a_neuron_that_cannot_fire_keeps_no_spike() -> None:
    """Its membrane is there only if somebody reads it."""
    high = lif("l", "d", beta=1, threshold=const(100, "ufixed<7,7>"), membrane="fixed<6,6>")
    layer = dense("d", "x", [[1]])
    membrane, count = read_out("l")
    shown = cost_of(graph_of(1, "fixed<4,4>", [layer, high, membrane], steps=3))["l"]
    counted = cost_of(graph_of(1, "fixed<4,4>", [layer, high, count], steps=3))["l"]
    assert 4 <= shown.ff <= 6
    assert counted == Cost()
