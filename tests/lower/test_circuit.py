"""Circuits: exact values, exact bounds, registers where they belong."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.lower import feed_forward, unary
from fwgen.lower.circuit import (
    Add,
    Circuit,
    Floor,
    Gate,
    Lookup,
    Pick,
    Register,
    Scaled,
    Select,
    Square,
    Word,
    Wrap,
    signed_digits,
)
from fwgen.lower.convert import convert
from fwgen.lower.delay import Timing
from fwgen.quantise.bounds import Range
from fwgen.quantise.ranges import analyse
from fwgen.verify.reference import Reference
from tests.ir.definition import Fraction, converted, grid
from tests.lower.evaluate import outputs
from tests.verify.operations import dense, graph_of, ints, some_events


def inputs(c: Circuit, *bounds: tuple[int, int], frac: int = 0) -> list[Word]:
    """Input words with the bounds given."""
    lo, hi = (ints(list(ends)) for ends in zip(*bounds, strict=True))
    return c.input("x_i", Range(lo, hi, frac))


def finish(c: Circuit, word: Word, *, registered: bool = True) -> None:
    """Make a word the only output."""
    c.output("y_o", [word], Range(ints([word.lo]), ints([word.hi]), 0), registered=registered)


@settings(deadline=None)
@given(st.integers(-(2**70), 2**70))
def test_signed_digits_add_up(value: int) -> None:
    """The digits stand for the value, and no two neighbours are set."""
    digits = signed_digits(value)
    assert sum((-1 if minus else 1) << power for power, minus in digits) == value
    powers = [power for power, _ in digits]
    assert all(b - a >= 2 for a, b in pairwise(powers))


@pytest.mark.parametrize(
    ("value", "count"), [(0, 0), (1, 1), (7, 2), (-1, 1), (0b1010101, 4), (255, 2)]
)
def test_signed_digits_are_few(value: int, count: int) -> None:
    """A run of ones costs two digits."""
    assert len(signed_digits(value)) == count


@pytest.mark.parametrize("factor", [0, 1, -1, 2, 7, -7, 100, -128, 255])
def test_product(factor: int) -> None:
    """A product with a constant is exact, its bounds too."""
    c = Circuit(levels=2)
    (x,) = inputs(c, (-5, 6))
    y = c.whole("y", c.product("p", x, factor), bias=3)
    finish(c, y)
    values = [outputs(c, {"x_i": [n]})[0][0] for n in range(-5, 7)]
    assert values == [n * factor + 3 for n in range(-5, 7)]
    assert y.lo <= min(values)
    assert max(values) <= y.hi


@settings(deadline=None)
@given(
    terms=st.lists(
        st.tuples(st.integers(-20, 20), st.integers(0, 20), st.integers(0, 4), st.booleans()),
        max_size=9,
    ),
    levels=st.integers(1, 4),
    data=st.data(),
)
def test_sum(terms: list[tuple[int, int, int, bool]], levels: int, data: st.DataObject) -> None:
    """Trees of shifted and negated terms are exact, constants among them included."""
    c = Circuit(levels)
    bounds = [(lo, lo + span) for lo, span, _, _ in terms] or [(0, 1)]
    words = inputs(c, *bounds)
    scaled = [Scaled(w, exp, minus) for w, (_, _, exp, minus) in zip(words, terms, strict=False)]
    finish(c, c.whole("y", c.sum("s", scaled)))
    x = [data.draw(st.integers(*ends)) for ends in bounds]
    total = sum(
        (-v if minus else v) << exp for v, (_, _, exp, minus) in zip(x, terms, strict=False)
    )
    assert outputs(c, {"x_i": x}) == [[total]]


MODES = list(product(Rounding, Overflow))


@pytest.mark.parametrize(("rounding", "overflow"), MODES)
def test_convert(rounding: Rounding, overflow: Overflow) -> None:
    """A conversion as a circuit is the definition, for words of any bounds, constants included."""
    for (lo, hi), frac, sizes in product(
        [(-37, 41), (0, 29), (-40, -3), (13, 40), (11, 11), (-11, -11), (-2, 0)],
        (0, 3, 7),
        [(True, 4, 3), (False, 4, 2), (True, 9, 2), (True, 3, -2)],
    ):
        fmt = Fixed(*sizes, rounding, overflow)
        c = Circuit(levels=None)
        (x,) = inputs(c, (lo, hi))
        finish(c, convert(c, "y", x, frac, fmt), registered=False)
        for n in range(lo, hi + 1):
            exact = converted(Fraction(n, 2**frac), fmt) / grid(fmt)
            assert outputs(c, {"x_i": [n]}) == [[exact]]


@pytest.mark.parametrize(
    "bounds", [(-3, 5), (0, 7), (2, 5), (-6, -2), (-1, 1), (0, 1), (-1, 0), (4, 4)]
)
def test_square(bounds: tuple[int, int]) -> None:
    """Squares are exact, and never thought to be negative."""
    c = Circuit(levels=4)
    (x,) = inputs(c, bounds)
    y = c.square("y", x)
    finish(c, y)
    assert y.lo >= 0
    for n in range(bounds[0], bounds[1] + 1):
        assert outputs(c, {"x_i": [n]}) == [[n * n]]


SIGNED = [(-128, 127), (-128, 3), (-5, 100), (-256, 255), (-512, 511), (-300, 7)]


@pytest.mark.parametrize("levels", [1, 4, None])
@pytest.mark.parametrize(
    "bounds",
    [*SIGNED, (0, 255), (0, 600), (-1, 0), (3, 9), (5, 5), (-9, -2), (-2000, 2000)],
)
def test_square_by_the_cheapest_means(bounds: tuple[int, int], levels: int | None) -> None:
    """Tables, adders and multipliers give the same squares, with the same bounds."""
    c = Circuit(levels)
    (x,) = inputs(c, bounds)
    y = unary.square(c, "y", x)
    finish(c, y)
    values = [outputs(c, {"x_i": [n]})[0][0] for n in range(bounds[0], bounds[1] + 1)]
    assert values == [n * n for n in range(bounds[0], bounds[1] + 1)]
    assert y.lo >= 0
    assert y.hi == max(values)


@pytest.mark.parametrize(
    ("bounds", "kinds"),
    [
        ((-128, 127), {Lookup}),
        ((0, 255), {Lookup}),
        ((-256, 255), {Add, Select, Gate}),
        ((-512, 511), {Add, Select, Gate}),
        ((-513, 511), {Square}),
        ((0, 1024), {Square}),
        ((0, 1), set()),
    ],
)
def test_narrow_squares_need_no_multiplier(bounds: tuple[int, int], kinds: set[type]) -> None:
    """Up to 8 bits a table is cheaper, then adders, and beyond 10 bits a multiplier is taken."""
    c = Circuit(levels=4)
    (x,) = inputs(c, bounds)
    finish(c, unary.square(c, "y", x))
    wiring = (Pick, Wrap, Floor, Register)
    assert {type(op) for op in c.ops if not isinstance(op, wiring)} == kinds


@pytest.mark.parametrize("bits", [4, 6, 7, 8, 9, 10])
def test_luts_of_tables(bits: int) -> None:
    """A LUT for every different block of 64 entries of each bit, none for a constant."""
    word = Word("x", -(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    assert unary.table_luts(word, [5] * (1 << bits)) == 0
    own = unary.table_luts(word, list(range(word.lo, word.hi + 1)))
    assert own == (min(bits, 6))  # the upper bits are constant in every block
    noise = np.random.default_rng(1).integers(0, 2, 1 << bits).tolist()
    assert unary.table_luts(word, noise) == max(1, 2 ** (bits - 6))


@pytest.mark.parametrize("bounds", [(-8, 7), (-8, 3), (0, 7), (-8, -1), (-3, 0), (2, 7), (4, 4)])
def test_relu(bounds: tuple[int, int]) -> None:
    """Negative numbers become 0; what cannot be negative costs nothing."""
    c = Circuit(levels=2)
    (x,) = inputs(c, bounds)
    y = c.relu("y", x)
    finish(c, y)
    values = [outputs(c, {"x_i": [n]})[0][0] for n in range(bounds[0], bounds[1] + 1)]
    assert values == [max(n, 0) for n in range(bounds[0], bounds[1] + 1)]
    assert (y.lo, y.hi) == (min(values), max(values))
    assert (bounds[0] >= 0) == (y == x)


@pytest.mark.parametrize("a", [(-8, 7), (0, 5), (-3, -1), (2, 2), (0, 0)])
@pytest.mark.parametrize("b", [(-8, 7), (0, 1), (-3, -1), (-2, -2)])
def test_multiply(a: tuple[int, int], b: tuple[int, int]) -> None:
    """Products of two signals are exact, their bounds too."""
    c = Circuit(levels=2)
    x, y = inputs(c, a, b)
    product = c.multiply("p", x, y)
    finish(c, product)
    pairs = [(m, n) for m in range(a[0], a[1] + 1) for n in range(b[0], b[1] + 1)]
    values = [outputs(c, {"x_i": pair})[0][0] for pair in pairs]
    assert values == [m * n for m, n in pairs]
    assert (product.lo, product.hi) == (min(values), max(values))


def test_lookup() -> None:
    """A table covers all that a word can be, and its bounds are those of its values."""
    c = Circuit(levels=2)
    (x,) = inputs(c, (-3, 4))
    y = c.lookup("y", x, [7, -9, 7, 0, 1, 2, 3, 5])
    finish(c, y)
    assert [outputs(c, {"x_i": [n]})[0][0] for n in range(-3, 5)] == [7, -9, 7, 0, 1, 2, 3, 5]
    assert (y.lo, y.hi) == (-9, 7)
    assert c.lookup("z", x, [4] * 8).constant


@pytest.mark.parametrize(("bits", "level"), [(3, 1), (8, 1), (9, 2), (10, 2), (12, 3), (14, 4)])
def test_long_tables_are_deep(bits: int, level: int) -> None:
    """Eight bits are one level, as a LUT and its multiplexers; every two more are another."""
    c = Circuit(levels=None)
    (x,) = inputs(c, (0, (1 << bits) - 1))
    assert c.lookup("y", x, range(1 << bits)).level == level


def test_a_constant_in_empty_bits_is_no_addition() -> None:
    """Where a shift has made room for it, a constant costs no level."""
    c = Circuit(levels=1)
    (x,) = inputs(c, (-3, 4))
    one = c.add("one", x, c.constant(3), a_shift=2)
    assert one.level == 0
    finish(c, one)
    assert outputs(c, {"x_i": [-3]}) == [[-9]]
    assert c.add("more", x, c.constant(4), a_shift=2).level == 1
    assert c.add("less", x, c.constant(3), a_shift=2, minus=True).level == 1


def test_levels_before_an_input_count() -> None:
    """An operation on a late input waits for the next register, one on an early one does not."""
    c = Circuit(levels=3)
    values = Range(ints([0, 0]), ints([3, 3]), 0)
    early, late = c.input("x_i", values, (1, 3))
    assert (early.level, late.level) == (1, 3)
    assert (c.relu("r", early).stage, c.add("a", early, early).level) == (0, 2)
    last = c.add("s", early, late)
    assert (last.stage, last.level) == (1, 1)


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 7])
def test_no_stage_holds_more_than_its_levels(levels: int) -> None:
    """However deep a sum, the chain of additions between two registers is short enough."""
    rng = np.random.default_rng(1)
    layer = dense("d", "x", rng.integers(-99, 99, (3, 12)), [1, 2, 3])
    graph = graph_of(12, "fixed<7,7>", [layer])
    values = analyse(graph).values
    c = feed_forward.circuit(layer, values, levels)
    assert longest_chain(c) <= levels
    assert (c.latency > 0) == (levels < 7)
    x = some_events(graph, 20, 1)
    expected = Reference.of(graph).run(x).values["d"].tolist()
    assert [outputs(c, {"x_i": event})[0] for event in x.tolist()] == expected


def longest_chain(c: Circuit) -> int:
    """Levels of logic between registers, counted anew from the operations."""
    depth: dict[str, int] = {}
    for op in c.ops:
        before = max((depth.get(w.name, 0) for w in op.operands), default=0)
        cost = 3 if isinstance(op, Square) else int(isinstance(op, Add))
        depth[op.word.name] = 0 if isinstance(op, Register) else before + cost
    return max(depth.values())


def test_operands_meet_in_one_stage() -> None:
    """An operation reads words of its own stage only: registers stand for what is older."""
    rng = np.random.default_rng(2)
    layer = dense("d", "x", rng.integers(-99, 99, (4, 9)))
    values = analyse(graph_of(9, "fixed<5,5>", [layer])).values
    c = feed_forward.circuit(layer, values, 1)
    for op in c.ops:
        step = int(isinstance(op, Register))
        assert {w.stage for w in op.operands if not w.constant} <= {op.word.stage - step}
    assert len({w.stage for w in c.outputs[0].words}) == 1


def test_a_word_is_delayed_once() -> None:
    """Two readers of an older word share its register."""
    c = Circuit(levels=1)
    (x,) = inputs(c, (0, 3))
    assert c.delay(x, 2) is c.delay(x, 2)
    assert sum(isinstance(op, Register) for op in c.ops) == 2
    assert c.delay(c.constant(5), 9).lo == 5


def test_names_are_unique() -> None:
    """Different operations of one name are numbered."""
    c = Circuit(levels=None)
    x, y = inputs(c, (0, 3), (0, 3))
    assert [c.add("s", x, y, a_shift=k).name for k in range(3)] == ["s", "s_1", "s_2"]


def test_equal_sums_are_shared() -> None:
    """A sum that exists already is not built again."""
    c = Circuit(levels=None)
    x, y = inputs(c, (0, 3), (0, 3))
    assert c.add("s", x, y, b_shift=1) is c.add("t", x, y, b_shift=1)
    assert c.add("u", x, y, b_shift=1, minus=True) is not c.add("s", x, y, b_shift=1)
    assert c.add("v", y, x, b_shift=1).name == "v"


def test_sweep_keeps_inputs() -> None:
    """What no output needs goes; elements of ports stay."""
    c = Circuit(levels=None)
    x, y = inputs(c, (0, 3), (0, 3))
    c.add("unused", x, y)
    finish(c, c.add("used", x, x), registered=False)
    assert [op.word.name for op in c.ops] == ["x_0", "x_1", "used"]


def test_too_wide() -> None:
    """A signal beyond the widest format is refused by name."""
    c = Circuit(levels=None)
    (x,) = inputs(c, (-(2**200), 2**200))
    with pytest.raises(LoweringError) as caught:
        c.square("d0_squared", x)
    assert str(caught.value) == (
        "signal 'd0_squared': needed at most 256 bits; found 402. Choose narrower formats."
    )


@pytest.mark.parametrize(
    ("clock_mhz", "levels"), [(25, 35), (40, 22), (160, 5), (240, 3), (320, 2), (480, 1), (900, 1)]
)
def test_timing(clock_mhz: float, levels: int) -> None:
    """Levels of 1.1 ns beside 0.5 ns for the register; at least one, whatever the clock."""
    assert Timing(clock_mhz).levels == levels
