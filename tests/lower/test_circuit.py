"""Circuits: exact values, exact bounds, registers where they belong."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.devices.delays import MODELS
from fwgen.emit.circuit import Writer
from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.ranges import Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.convert import convert
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.squares import square
from fwgen.lower.circuit.words import (
    Addition,
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
from fwgen.lower.estimate.design import circuit_cost
from fwgen.lower.static import feed_forward
from fwgen.quantise.analysis import analyse
from fwgen.verify.reference import Reference
from tests.ir.definition import Fraction, converted, grid
from tests.lower.evaluate import outputs
from tests.ops.operation import dense, graph_of, ints, some_events

PACE = Pace(240.0)


def inputs(c: Circuit, *bounds: tuple[int, int], frac: int = 0) -> list[Word]:
    """Input words with the bounds given."""
    lo, hi = (ints(list(ends)) for ends in zip(*bounds, strict=True))
    return c.input("x_i", Range(lo, hi, frac))


def finish(c: Circuit, word: Word) -> None:
    """Make a word the only output."""
    c.output("y_o", [word], Range(ints([word.lo]), ints([word.hi]), 0))


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
    c = Circuit(PACE)
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
    clock=st.sampled_from([40.0, 240.0, 480.0, 900.0]),
    data=st.data(),
)
def test_sum(terms: list[tuple[int, int, int, bool]], clock: float, data: st.DataObject) -> None:
    """Trees of shifted and negated terms are exact, constants among them included."""
    c = Circuit(Pace(clock))
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
        c = Circuit(PACE, pipelined=False)
        (x,) = inputs(c, (lo, hi))
        finish(c, convert(c, "y", x, frac, fmt))
        for n in range(lo, hi + 1):
            exact = converted(Fraction(n, 2**frac), fmt) / grid(fmt)
            assert outputs(c, {"x_i": [n]}) == [[exact]]


@pytest.mark.parametrize(
    "bounds", [(-3, 5), (0, 7), (2, 5), (-6, -2), (-1, 1), (0, 1), (-1, 0), (4, 4)]
)
def test_square(bounds: tuple[int, int]) -> None:
    """Squares are exact, and never thought to be negative."""
    c = Circuit(PACE)
    (x,) = inputs(c, bounds)
    y = c.square("y", x)
    finish(c, y)
    assert y.lo >= 0
    for n in range(bounds[0], bounds[1] + 1):
        assert outputs(c, {"x_i": [n]}) == [[n * n]]


SIGNED = [(-128, 127), (-128, 3), (-5, 100), (-256, 255), (-512, 511), (-300, 7)]


@pytest.mark.parametrize("clock", [900.0, 240.0, 1.0])
@pytest.mark.parametrize(
    "bounds",
    [*SIGNED, (0, 255), (0, 600), (-1, 0), (3, 9), (5, 5), (-9, -2), (-2000, 2000)],
)
def test_square_by_the_cheapest_means(bounds: tuple[int, int], clock: float) -> None:
    """Tables, adders and multipliers give the same squares, with the same bounds."""
    c = Circuit(Pace(clock))
    (x,) = inputs(c, bounds)
    y = square(c, "y", x)
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
        ((-256, 255), {Addition, Select, Gate}),
        ((-512, 511), {Addition, Select, Gate}),
        ((-513, 511), {Square}),
        ((0, 1024), {Square}),
        ((0, 1), set()),
    ],
)
def test_narrow_squares_need_no_multiplier(bounds: tuple[int, int], kinds: set[type]) -> None:
    """Up to 8 bits a table is cheaper, then adders, and beyond 10 bits a multiplier is taken."""
    c = Circuit(PACE)
    (x,) = inputs(c, bounds)
    finish(c, square(c, "y", x))
    wiring = (Pick, Wrap, Floor, Register)
    assert {type(op) for op in c.ops if not isinstance(op, wiring)} == kinds


@pytest.mark.parametrize("bounds", [(-8, 7), (-8, 3), (0, 7), (-8, -1), (-3, 0), (2, 7), (4, 4)])
def test_relu(bounds: tuple[int, int]) -> None:
    """Negative numbers become 0; what cannot be negative costs nothing."""
    c = Circuit(PACE)
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
    c = Circuit(PACE)
    x, y = inputs(c, a, b)
    product = c.multiply("p", x, y)
    finish(c, product)
    pairs = [(m, n) for m in range(a[0], a[1] + 1) for n in range(b[0], b[1] + 1)]
    values = [outputs(c, {"x_i": pair})[0][0] for pair in pairs]
    assert values == [m * n for m, n in pairs]
    assert (product.lo, product.hi) == (min(values), max(values))


@pytest.mark.parametrize("first", [-(1 << 50), -3, 0, 1 << 50, (1 << 50) + 5])
def test_a_table_costs_what_its_source_spans(first: int) -> None:
    """Eight values need three bits of address, wherever they lie."""
    c = Circuit(PACE)
    (x,) = inputs(c, (first, first + 7))
    finish(c, c.lookup("y", x, [7, -9, 7, 0, 1, 2, 3, 5]))
    (table,) = [op for op in c.ops if isinstance(op, Lookup)]
    assert (table.bits, table.first) == (3, first % 8)
    assert 0 < circuit_cost(c).lut <= 5  # one LUT a bit at most
    assert any(line.endswith(" TABLE_0 [0:7];") for line in Writer().body(c))


def test_lookup() -> None:
    """A table covers all that a word can be, and its bounds are those of its values."""
    c = Circuit(PACE)
    (x,) = inputs(c, (-3, 4))
    y = c.lookup("y", x, [7, -9, 7, 0, 1, 2, 3, 5])
    finish(c, y)
    assert [outputs(c, {"x_i": [n]})[0][0] for n in range(-3, 5)] == [7, -9, 7, 0, 1, 2, 3, 5]
    assert (y.lo, y.hi) == (-9, 7)
    assert c.lookup("z", x, [4] * 8).constant


def test_a_constant_in_empty_bits_is_no_addition() -> None:
    """Where a shift has made room for it, a constant costs no time."""
    c = Circuit(PACE)
    (x,) = inputs(c, (-3, 4))
    one = c.add("one", x, c.constant(3), a_shift=2)
    assert one.arrival == 0
    finish(c, one)
    assert outputs(c, {"x_i": [-3]}) == [[-9]]
    assert c.add("more", x, c.constant(4), a_shift=2).arrival > 0
    assert c.add("less", x, c.constant(3), a_shift=2, minus=True).arrival > 0


def test_logic_before_an_input_counts() -> None:
    """An operation on a late input waits for the next register, one on an early one does not."""
    c = Circuit(PACE)
    values = Range(ints([0, 0]), ints([3, 3]), 0)
    early, late = c.input("x_i", values, (500, PACE.room))
    assert (early.arrival, late.arrival) == (500, PACE.room)
    assert c.relu("r", early).stage == 0
    assert c.add("a", early, early).arrival == 500 + PACE.add(3)
    last = c.add("s", early, late)
    assert (last.stage, last.arrival) == (1, PACE.add(3))


@pytest.mark.parametrize("bias", [[0, 0, 0], [0, 7, 0], [5, 0, -3], [1, 2, 3]])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_biases_stand_in_the_adder_graph(bias: list[int], size: int) -> None:
    """However many outputs have a bias, and wherever, the sums are those of the definition."""
    weight = np.random.default_rng(3).integers(-9, 10, (3, size))
    layer = dense("d", "x", weight, bias)
    graph = graph_of(size, "fixed<5,5>", [layer])
    c = feed_forward.circuit(layer, analyse(graph).values, PACE)
    for event in some_events(graph, 20, 1).tolist():
        assert outputs(c, {"x_i": event})[0] == (weight @ event + bias).tolist()


def test_no_stage_holds_more_than_a_cycle() -> None:
    """However deep a sum, the additions between two registers fit; a faster clock takes longer."""
    rng = np.random.default_rng(1)
    layer = dense("d", "x", rng.integers(-99, 99, (3, 12)), [1, 2, 3])
    graph = graph_of(12, "fixed<7,7>", [layer])
    values, x = analyse(graph).values, some_events(graph, 20, 1)
    expected = Reference.of(graph).run(x).values["d"].tolist()
    latencies = []
    for clock in (100.0, 200.0, 320.0, 480.0, 700.0):
        pace = Pace(clock)
        c = feed_forward.circuit(layer, values, pace)
        assert 0 < longest_chain(c, pace) <= pace.room
        assert [outputs(c, {"x_i": event})[0] for event in x.tolist()] == expected
        latencies.append(c.latency)
    assert latencies == sorted(latencies)
    assert latencies[0] < latencies[1] < latencies[-1]


def longest_chain(c: Circuit, pace: Pace) -> int:
    """Picoseconds of additions between registers, counted anew: bit by bit along the carries."""
    arrival: dict[str, list[int]] = {}
    for op in c.ops:
        if not isinstance(op, Addition):
            source = arrival.get(op.operands[0].name, [0]) if op.operands else [0]
            arrival[op.word.name] = [0] if isinstance(op, Register) else source
            continue
        lift = op.b.constant and op.b.lo << op.b_shift < 1 << op.a_shift  # no logic
        carry, bits = 0, []
        for i in range(op.word.width):
            ready = 0
            for w, shift in ((op.a, op.a_shift), (op.b, op.b_shift)):
                known = arrival.get(w.name, [0])
                if i >= shift:
                    ready = max(ready, known[min(i - shift, len(known) - 1)])
            entered = ready if lift else ready + pace.add(1)
            carry = max(carry + (0 if i % 4 else pace.ripple(5)), entered)
            bits.append(entered if lift else carry)
        arrival[op.word.name] = bits
    return max(max(bits) for bits in arrival.values())


def test_an_operation_longer_than_a_cycle_stands_alone() -> None:
    """No register can help what does not fit; it gets a cycle of its own, and no endless ones."""
    c = Circuit(Pace(1000.0))
    words = inputs(c, *[(0, 2**40)] * 4)
    assert c.pace.add(41) > c.pace.room
    finish(c, c.whole("y", c.sum("s", [Scaled(w) for w in words])))
    assert c.latency == 1


def test_operands_meet_in_one_stage() -> None:
    """An operation reads words of its own stage only: registers stand for what is older."""
    rng = np.random.default_rng(2)
    layer = dense("d", "x", rng.integers(-99, 99, (4, 9)))
    values = analyse(graph_of(9, "fixed<5,5>", [layer])).values
    c = feed_forward.circuit(layer, values, Pace(700.0))
    for op in c.ops:
        step = int(isinstance(op, Register))
        assert {w.stage for w in op.operands if not w.constant} <= {op.word.stage - step}
    assert len({w.stage for w in c.outputs[0].words}) == 1


def test_a_word_is_delayed_once() -> None:
    """Two readers of an older word share its register."""
    c = Circuit(PACE)
    (x,) = inputs(c, (0, 3))
    assert c.delay(x, 2) is c.delay(x, 2)
    assert sum(isinstance(op, Register) for op in c.ops) == 2
    assert c.delay(c.constant(5), 9).lo == 5


def test_names_are_unique() -> None:
    """Different operations of one name are numbered."""
    c = Circuit(PACE, pipelined=False)
    x, y = inputs(c, (0, 3), (0, 3))
    assert [c.add("s", x, y, a_shift=k).name for k in range(3)] == ["s", "s_1", "s_2"]


def test_equal_sums_are_shared() -> None:
    """A sum that exists already is not built again."""
    c = Circuit(PACE, pipelined=False)
    x, y = inputs(c, (0, 3), (0, 3))
    assert c.add("s", x, y, b_shift=1) is c.add("t", x, y, b_shift=1)
    assert c.add("u", x, y, b_shift=1, minus=True) is not c.add("s", x, y, b_shift=1)
    assert c.add("v", y, x, b_shift=1).name == "v"


def test_sweep_keeps_inputs() -> None:
    """What no output needs goes; elements of ports stay."""
    c = Circuit(PACE, pipelined=False)
    x, y = inputs(c, (0, 3), (0, 3))
    c.add("unused", x, y)
    finish(c, c.add("used", x, x))
    assert [op.word.name for op in c.ops] == ["x_0", "x_1", "used"]


def test_too_wide() -> None:
    """A signal beyond the widest format is refused by name."""
    c = Circuit(PACE, pipelined=False)
    (x,) = inputs(c, (-(2**200), 2**200))
    with pytest.raises(LoweringError) as caught:
        c.square("d0_squared", x)
    assert str(caught.value) == (
        "signal 'd0_squared': needed at most 256 bits; found 402. Choose narrower formats."
    )


@pytest.mark.parametrize(("clock_mhz", "room"), [(40, 24750), (200, 4750), (480, 1833), (9999, 0)])
def test_room(clock_mhz: float, room: int) -> None:
    """The cycle less clock to output, set-up and slack; never below 0."""
    assert Pace(clock_mhz).room == room


def test_what_operations_take() -> None:
    """The delays of `fwgen.devices.delays`, added up by hand: net, LUT, carry chain."""
    net, lut, entry = 350 + 35, 100, 200
    assert PACE.add(4) == net + lut + entry
    assert PACE.add(5) == net + lut + entry + 25
    assert PACE.add(13) == net + lut + entry + 75
    assert PACE.ripple(4) == 0
    assert PACE.ripple(13) == 75
    assert PACE.compare(6) == PACE.lut() == net + lut
    assert PACE.compare(7) == PACE.compare(18) == 2 * PACE.lut()
    assert PACE.compare(19) == net + lut + PACE.add(9)
    assert PACE.compare(20) == net + lut + PACE.add(10)
    assert PACE.select(1) == net + lut
    assert PACE.select(16) == 350 + 4 * 35 + lut
    assert PACE.reduce(6) == net + lut
    assert PACE.reduce(36) == 2 * (net + lut)
    assert PACE.reduce(37) == 3 * (net + lut)
    assert PACE.clamp(8, None) == PACE.compare(8) + 350 + 3 * 35 + lut
    assert PACE.clamp(12, 8) == net + lut + 350 + 3 * 35 + lut
    assert PACE.square(6) == net + lut
    assert PACE.square(7) == 350 + 3 * 35 + 1838
    assert PACE.multiply(3, 3) == net + lut
    assert PACE.multiply(4, 5) == 350 + 3 * 35 + 1838
    assert PACE.lookup(6) == 350 + 2 * 35 + lut
    assert PACE.lookup(8) == 350 + 3 * 35 + lut + 2 * (net + lut)
    assert PACE.load(2) == 0
    assert PACE.load(64) == 5 * 35
    assert PACE.loop(1000) == 1000 + 250


def test_a_slower_device_gets_more_registers() -> None:
    """The same circuit at the same clock: speed grade and family decide where registers go."""
    grades = (("UltraScale+", 3), ("UltraScale+", 1), ("7 series", 1))
    rooms = [Pace(320.0, MODELS[key]) for key in grades]
    chains = [int(pace.room / pace.add(12)) for pace in rooms]
    assert chains[0] > chains[1] > chains[2]
