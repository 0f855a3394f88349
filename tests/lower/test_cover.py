"""What LUTs of six inputs make of networks of bits."""

import pytest

from fwgen.lower.estimate.luts import Bit, Cost, Network


def row(name: str, width: int) -> list[Bit]:
    """Bits from outside."""
    return [(name, i) for i in range(width)]


def test_what_nobody_needs_costs_nothing() -> None:
    """A register and a function behind it are free until somebody asks for them."""
    net = Network()
    both = net.function("&", *row("a", 2))
    stored = net.register("q", 0, both)
    assert net.build([]) == Cost()
    assert net.build([stored]) == Cost(lut=1, ff=1)
    assert net.build([stored, both]) == Cost()
    assert net.read == set(row("a", 2))


@pytest.mark.parametrize(("width", "luts"), [(2, 1), (6, 1), (7, 2), (36, 7), (37, 8)])
def test_a_wide_and_is_a_tree(width: int, luts: int) -> None:
    """Six inputs a LUT, and LUTs read LUTs."""
    net = Network()
    assert net.build([net.tree("&", row("a", width))]) == Cost(lut=luts)


def test_functions_in_a_row_share_a_lut() -> None:
    """Functions with one reader each are one LUT while six inputs suffice."""
    net, bits = Network(), row("a", 7)
    done = bits[0]
    for bit in bits[1:6]:
        done = net.function("&", done, bit)
    assert net.build([net.function("&", done, bits[6])]) == Cost(lut=2)


def test_equal_functions_are_one() -> None:
    """The same function of the same bits is built once."""
    net, bits = Network(), row("a", 2)
    assert net.function("&", *bits) == net.function("&", *bits)
    assert net.function("&", *bits) != net.function("|", *bits)


def test_an_addition_is_a_lut_a_bit() -> None:
    """As many LUTs as there are bits of both operands; constants and handed-on bits need none."""
    net = Network()
    assert net.build(net.add("s", row("a", 8), row("b", 8), minus=False)) == Cost(lut=8)
    shifted: list[Bit] = [0, 0, 0, *row("c", 5)]
    total = net.add("t", row("a", 8), shifted, minus=False)
    assert net.build(total) == Cost(lut=5)
    assert total[:3] == row("a", 3)
    ones: list[Bit] = [1] * 8
    assert net.build(net.add("u", row("a", 8), ones, minus=True)) == Cost()


def test_only_what_stands_before_the_second_operand_shares_its_lut() -> None:
    """A carry chain reads the first operand beside the LUT."""
    for first, luts in ((True, 16), (False, 8)):
        net = Network()
        gated = [net.function("&", ("on", 0), bit) for bit in row("a", 8)]
        pair = (gated, row("b", 8)) if first else (row("b", 8), gated)
        assert net.build(net.add("s", *pair, minus=False)) == Cost(lut=luts)


def test_a_bit_that_meets_a_constant_goes_into_the_chain_as_it_is() -> None:
    """Adding one bit to a gated number costs its gates, and one LUT where the two meet."""
    net = Network()
    gated = [net.function("&", ("on", 0), bit) for bit in row("a", 8)]
    one: list[Bit] = [("b", 0), *[0] * 7]
    assert net.build(net.add("s", gated, one, minus=False)) == Cost(lut=9)


def test_only_the_needed_end_of_a_chain_is_built() -> None:
    """A bit of a sum needs the bits below it, not those above."""
    net = Network()
    total = net.add("s", row("a", 8), row("b", 8), minus=False)
    assert net.build([total[3]]) == Cost(lut=4)


@pytest.mark.parametrize(
    ("width", "limit", "luts"),
    [
        (6, 5, 1),
        (8, 127, 0),  # the top bit itself
        (10, 63, 1),  # any of four bits
        (8, 5, 2),  # the lowest bit decides nothing
        (12, 2, 3),
        (18, 0b010101_010101_010101, 6),  # greater and equal for each six bits
        (18, 0b010101_010101_111111, 4),  # six ones are never exceeded
        (19, 0b0_010101_010101_010101, 6),  # a carry chain; its first group is a bit
    ],
)
def test_comparisons(width: int, limit: int, luts: int) -> None:
    """Low ones of the limit cost nothing; wide comparisons are trees, wider ones chains."""
    net = Network()
    assert net.build([net.above("c", row("a", width), limit)]) == Cost(lut=luts)


def test_a_choice_of_a_constant_before_a_register_is_its_reset() -> None:
    """No LUT stands between, but whoever else reads the choice needs one."""
    net = Network()
    chosen = [net.choose(("on", 0), 0, bit) for bit in row("a", 4)]
    stored = [net.register("q", i, bit) for i, bit in enumerate(chosen)]
    assert net.build(stored) == Cost(ff=4)
    assert net.build(chosen) == Cost(lut=4)


def test_choices_of_equals_and_constants() -> None:
    """``c ? 1 : 0`` is c, ``c ? x : x`` is x, and a known condition decides."""
    net, c, x = Network(), ("c", 0), ("x", 0)
    assert net.choose(c, 1, 0) == c
    assert net.choose(c, x, x) == x
    assert net.choose(1, x, 0) == x
    assert net.choose(0, x, 0) == 0


def test_a_shared_function_stays_one_where_copies_would_weigh_more() -> None:
    """Five readers of a function of three bits read its LUT instead of taking it in."""
    net = Network()
    shared = net.function("|", *row("c", 3))
    readers = [net.function("&", shared, bit) for bit in row("a", 5)]
    assert net.build(readers) == Cost(lut=6)


@pytest.mark.parametrize(("inner", "luts"), [(0, 1), (1, 4)])
def test_choices_of_the_same_constant_are_one_reset(inner: int, luts: int) -> None:
    """Two conditions, as a neuron's clear and its spike, are one LUT; a set within is no reset."""
    net = Network()
    kept = [net.choose(("spike", 0), inner, bit) for bit in row("a", 4)]
    stored = [net.register("q", i, net.choose(("clear", 0), 0, bit)) for i, bit in enumerate(kept)]
    assert net.build(stored) == Cost(lut=luts, ff=4)
