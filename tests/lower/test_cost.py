"""The quick estimate: single operations, and what passes from block to block."""

import numpy as np
import pytest

from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Quantise, Relu, Slice
from fwgen.ir.ranges import Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.squares import square
from fwgen.lower.circuit.words import Word
from fwgen.lower.estimate.design import Cost, circuit_cost, estimate
from fwgen.lower.lowering import lower
from tests.ops.operation import const, dense, graph_of, ints, lif, read_out

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
    """Its membrane, and what shows it behind an event, are there only if somebody reads it."""
    high = lif("l", "d", beta=1, threshold=const(100, "ufixed<7,7>"), membrane="fixed<6,6>")
    layer = dense("d", "x", [[1]])
    membrane, count = read_out("l")
    shown = cost_of(graph_of(1, "fixed<4,4>", [layer, high, membrane], steps=3))["l"]
    counted = cost_of(graph_of(1, "fixed<4,4>", [layer, high, count], steps=3))["l"]
    assert 8 <= shown.ff <= 12
    assert counted == Cost()


# ---- single operations ----


def cost(lo: int, hi: int, operation: str, *arguments: object) -> Cost:
    """Cost of one operation on one word, without registers."""
    c = Circuit(Pace(240.0), pipelined=False)
    (x,) = c.input("x_i", Range(ints([lo]), ints([hi]), 0))
    word: Word = getattr(c, operation)("y", x, *arguments)
    c.output("y_o", [word], Range(ints([word.lo]), ints([word.hi]), 0))
    return circuit_cost(c)


def test_a_table_is_blocks_of_64_entries_and_choices_among_them() -> None:
    """Yosys 0.70 needs 30 LUTs for squares of 8 signed bits. Bit 1 of a square is 0."""
    assert cost(-128, 127, "lookup", [n * n for n in range(-128, 128)]) == Cost(lut=30)
    assert cost(0, 63, "lookup", [n * n for n in range(64)]) == Cost(lut=11)


@pytest.mark.parametrize(("bits", "luts"), [(5, 1), (6, 1), (7, 2), (8, 4), (9, 9), (10, 17)])
def test_luts_of_a_table_of_noise(bits: int, luts: int) -> None:
    """What Yosys 0.70 needs for one random bit: a slice chooses among four LUTs for nothing."""
    noise = np.random.default_rng(1).integers(0, 2, 1 << bits).tolist()
    assert cost(-(1 << bits - 1), (1 << bits - 1) - 1, "lookup", noise) == Cost(lut=luts)


def test_equal_blocks_of_a_table_are_one() -> None:
    """What the upper bits of the address do not change costs what the lower ones need."""
    noise = np.random.default_rng(1).integers(0, 2, 64).tolist()
    assert cost(0, 1023, "lookup", noise * 16) == Cost(lut=1)
    assert cost(0, 1023, "lookup", [5] * 1024) == Cost()


def test_clamps_to_whole_bits_share_what_lies_beyond() -> None:
    """12 bits to 8: whether the upper bits show an overflow, either way, then a LUT a bit."""
    assert cost(-2048, 2047, "clamp", -128, 127, False) == Cost(lut=9)
    assert cost(-2048, 2047, "clamp", 0, 255, False) == Cost(lut=9)
    assert cost(0, 4095, "clamp", 0, 255, False) == Cost(lut=9)


def test_a_relu_costs_a_lut_a_bit() -> None:
    """An AND with the inverted sign; nothing where the sign is known."""
    assert cost(-128, 127, "relu") == Cost(lut=7)
    assert cost(0, 127, "relu") == Cost()


def test_masks_in_front_of_an_addition_cost_nothing() -> None:
    """The AND of a partial product lies in the LUT of the adder; a square costs as Yosys counts."""
    c = Circuit(Pace(240.0), pipelined=False)
    (x,) = c.input("x_i", Range(ints([-256]), ints([255]), 0))
    word = square(c, "y", x)
    c.output("y_o", [word], Range(ints([word.lo]), ints([word.hi]), 0))
    assert abs(circuit_cost(c).lut / 48 - 1) < 0.15


@pytest.mark.parametrize(("bits", "dsp"), [(8, 1), (18, 1), (27, 4), (40, 6)])
def test_products_take_dsp_blocks(bits: int, dsp: int) -> None:
    """A product of two signals needs as many multipliers of 27 x 18 bits as it is wide."""
    c = Circuit(Pace(240.0), pipelined=False)
    ends = ints([-(1 << (bits - 1))] * 2), ints([(1 << (bits - 1)) - 1] * 2)
    word = c.multiply("y", *c.input("x_i", Range(*ends, 0)))
    c.output("y_o", [word], Range(ints([word.lo]), ints([word.hi]), 0))
    assert circuit_cost(c) == Cost(dsp=dsp)


@pytest.mark.parametrize(
    ("limit", "luts"), [(100, 3), (127, 1), (31, 2), (-1, 0), (0, 3), (-129, 1), (-33, 2)]
)
def test_the_last_ones_of_a_limit_say_nothing(limit: int, luts: int) -> None:
    """Whether 12 bits are above 127 is seen from the upper five, above -1 from the sign."""
    assert cost(-2048, 2047, "above", limit) == Cost(lut=luts)


def test_a_table_far_from_zero_costs_its_entries() -> None:
    """Of a number of 50 bits that has 400 values, nine bits are an address."""
    c = Circuit(Pace(240.0))
    lo = (1 << 49) - 200
    (x,) = c.input("x_i", Range(ints([lo]), ints([lo + 399]), 0))
    y = c.lookup("y", x, [n % 7 for n in range(400)])
    c.output("y_o", [y], Range(ints([0]), ints([6]), 0))
    assert 0 < circuit_cost(c).lut <= 60
