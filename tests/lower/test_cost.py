"""The quick estimate: what single operations cost."""

import pytest

from fwgen.lower import unary
from fwgen.lower.circuit import Circuit
from fwgen.lower.cost import Cost, circuit_cost
from fwgen.lower.ops import Word
from fwgen.quantise.bounds import Range
from tests.verify.operations import ints


def cost(lo: int, hi: int, operation: str, *arguments: object) -> Cost:
    """Cost of one operation on one word, without registers."""
    c = Circuit(levels=None)
    (x,) = c.input("x_i", Range(ints([lo]), ints([hi]), 0))
    word: Word = getattr(c, operation)("y", x, *arguments)
    c.output("y_o", [word], Range(ints([word.lo]), ints([word.hi]), 0), registered=False)
    return circuit_cost(c)


def test_a_table_costs_what_the_rule_says() -> None:
    """The choice between table and adders, and the estimate, rest on one count."""
    values = [n * n for n in range(-128, 128)]
    luts = unary.table_luts(Word("x", -128, 127), values)
    assert cost(-128, 127, "lookup", values) == Cost(lut=luts)
    assert luts == 30


def test_a_relu_costs_a_lut_a_bit() -> None:
    """An AND with the inverted sign; nothing where the sign is known."""
    assert cost(-128, 127, "relu") == Cost(lut=7)
    assert cost(0, 127, "relu") == Cost()


def test_masks_in_front_of_an_addition_cost_nothing() -> None:
    """The AND of a partial product lies in the LUT of the adder; a square costs as Yosys counts."""
    c = Circuit(levels=None)
    (x,) = c.input("x_i", Range(ints([-256]), ints([255]), 0))
    word = unary.square(c, "y", x)
    c.output("y_o", [word], Range(ints([word.lo]), ints([word.hi]), 0), registered=False)
    assert abs(circuit_cost(c).lut / 48 - 1) < 0.15


@pytest.mark.parametrize(("bits", "dsp"), [(8, 1), (18, 1), (27, 4), (40, 6)])
def test_products_take_dsp_blocks(bits: int, dsp: int) -> None:
    """A product of two signals needs as many multipliers of 27 x 18 bits as it is wide."""
    c = Circuit(levels=None)
    ends = ints([-(1 << (bits - 1))] * 2), ints([(1 << (bits - 1)) - 1] * 2)
    word = c.multiply("y", *c.input("x_i", Range(*ends, 0)))
    c.output("y_o", [word], Range(ints([word.lo]), ints([word.hi]), 0), registered=False)
    assert circuit_cost(c) == Cost(dsp=dsp)


@pytest.mark.parametrize(
    ("limit", "luts"), [(100, 6), (127, 1), (31, 4), (-1, 1), (0, 6), (-129, 1), (-33, 4)]
)
def test_the_last_ones_of_a_limit_say_nothing(limit: int, luts: int) -> None:
    """Whether 12 bits are above 127 is seen from the upper five, above -1 from the sign."""
    assert cost(-2048, 2047, "above", limit) == Cost(lut=luts)
