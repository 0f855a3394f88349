"""An accumulator never changes the exact sum: what could is refused."""
# ruff: noqa: E501 - messages stand as the user sees them

import re
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.errors import FormatError
from fwgen.ir.cast import cast
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense
from fwgen.quantise.check import CheckRanges
from fwgen.verify.reference import Reference
from tests.ops.operation import const, dense, graph_of, ints, lif, read_out

LAYER = dense("d", "x", [[3, -5], [0, 7]], [9, -2], frac=2, bias_frac=5)
PLACE = "layer 'd' (dense): accumulator: needed "
LOSSY = ", or leave accumulator_format out: sums are then as wide as needed."


def graph(fmt: str, wraps: tuple[str, ...] = ()) -> Graph:
    """The layer on an input of -4 to 3.5."""
    layer = replace(LAYER, accumulator=Fixed.parse(fmt))
    return graph_of(2, "fixed<4,3>", [layer], wraps=wraps)


REFUSED = {
    "fixed<12,8>": PLACE + "at least 5 fraction bits, those of the products and the bias; found "
    "fixed<12,8> with 4, which would round every product. Use fixed<13,8>" + LOSSY,
    "ufixed<12,9,RND,SAT>": PLACE
    + "at least 5 fraction bits, those of the products and the bias; found ufixed<12,9,RND,SAT> "
    "with 3, which would round every product. Use ufixed<14,9,RND,SAT>" + LOSSY,
    # 3/4 * -4 - 5/4 * 3.5 without the bias of 9/32; 3/4 * 3.5 + 5/4 * 4 + 9/32
    "fixed<8,3,TRN,SAT>": PLACE + "a saturating accumulator that holds -7.375 to 7.90625, which "
    "partial sums can reach in some order; found fixed<8,3,TRN,SAT>. Use fixed<9,4,TRN,SAT>, or "
    "leave accumulator_format out.",
    "fixed<9,3,RND,SAT_SYM>": PLACE
    + "a saturating accumulator that holds -7.375 to 7.90625, which "
    "partial sums can reach in some order; found fixed<9,3,RND,SAT_SYM>. Use "
    "fixed<10,4,RND,SAT_SYM>, or leave accumulator_format out.",
    "fixed<8,3>": "layer 'd': accumulator: needed a format that holds -7.09375 to 7.90625, which "
    "inputs and weights can reach; found fixed<8,3>, which would wrap around. Use fixed<9,4>, or leave "
    "accumulator_format out, or name the layer under accept_wrap.",
}


@pytest.mark.parametrize("fmt", REFUSED)
def test_refused(fmt: str) -> None:
    """The message names the layer, the bound and a type that would do."""
    with pytest.raises(FormatError) as caught:
        CheckRanges().run(graph(fmt))
    assert str(caught.value) == REFUSED[fmt]


def test_a_type_beyond_every_format_is_not_suggested() -> None:
    """Where no type would do, the message says so and leaves the other way out."""
    end = ". Use a format of more than 256 bits, or leave accumulator_format out"
    with pytest.raises(FormatError) as caught:
        CheckRanges().run(graph("fixed<256,254,TRN,SAT>"))
    assert end in str(caught.value)
    wide = replace(dense("d", "x", [[1 << 254]]), accumulator=Fixed.parse("fixed<8,6,TRN,SAT>"))
    with pytest.raises(FormatError) as caught:
        CheckRanges().run(graph_of(1, "fixed<8,6>", [wide]))
    assert str(caught.value).startswith(PLACE)
    assert end in str(caught.value)


@pytest.mark.parametrize("fmt", REFUSED)
def test_what_the_message_suggests_is_accepted(fmt: str) -> None:
    """The suggested type lets the layer pass, or leads to the next reason."""
    found = fmt
    for _ in range(2):
        try:
            CheckRanges().run(graph(found))
        except FormatError as error:
            found = re.search(r"u?fixed<[^>]*>", error.do)[0]
    if not found.startswith("u"):
        CheckRanges().run(graph(found))


@pytest.mark.parametrize("fmt", ["fixed<9,4>", "fixed<9,4,RND,SAT>", "fixed<20,8,TRN,SAT_ZERO>"])
def test_without_effect(fmt: str) -> None:
    """One that holds everything changes neither integers nor grid."""
    x = np.array([[a, b] for a in range(-8, 8) for b in range(-8, 8)])
    kept = Reference.of(CheckRanges().run(graph(fmt)))
    plain = Reference.of(graph_of(2, "fixed<4,3>", [LAYER]))
    assert np.array_equal(kept.run(x).values["d"], plain.run(x).values["d"])
    assert kept.analysis.values["d"].frac == plain.analysis.values["d"].frac == 5


def test_partial_sums_may_stand_far_from_the_whole() -> None:
    """The difference of two numbers from 4 to 7 is small, but begins with one of them."""
    moved = dense("m", "x", [[1, 0], [0, 1]], [6, 6])

    def with_accumulator(fmt: str) -> Graph:
        layer = replace(dense("d", "m", [[1, -1]]), accumulator=Fixed.parse(fmt))
        return graph_of(2, "fixed<2,2>", [moved, layer])

    CheckRanges().run(with_accumulator("fixed<4,4,TRN,SAT>"))
    CheckRanges().run(with_accumulator("fixed<3,3>"))  # modulo 8, the way does not matter
    with pytest.raises(FormatError, match="holds -7 to 7, which partial sums can reach"):
        CheckRanges().run(with_accumulator("fixed<3,3,TRN,SAT>"))


def sums(layer: Dense, x: np.ndarray, order: tuple[int, ...]) -> list[int]:
    """Every partial sum converted to the accumulator, the bias first, as C++ would."""
    fmt = layer.accumulator
    out = []
    for weights, bias in zip(layer.weight.values, layer.bias.values, strict=True):
        total = cast(ints([bias]), layer.bias.fmt.frac, fmt)
        for i in order:
            product = cast(ints([weights[i] * int(x[i])]), layer.weight.fmt.frac + 1, fmt)
            total = cast(total + product, fmt.frac, fmt)
        out.append(int(total[0]))
    return out


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.integers(-20, 20), min_size=3, max_size=3),
    bias=st.integers(-40, 40),
    width=st.integers(6, 14),
    integer=st.integers(2, 8),
    signed=st.booleans(),
    rounding=st.sampled_from(Rounding),
    overflow=st.sampled_from(Overflow),
)
def test_what_passes_is_exact_in_any_order(
    weights: list[int],
    bias: int,
    width: int,
    integer: int,
    signed: bool,
    rounding: Rounding,
    overflow: Overflow,
) -> None:
    """Product by product, in every order, an accepted accumulator gives the reference's sums."""
    layer = dense("d", "x", [weights], [bias], frac=2, bias_frac=4)
    fmt = Fixed(signed, width, integer, rounding, overflow)
    made = graph_of(3, "fixed<3,2>", [replace(layer, accumulator=fmt)])
    try:
        CheckRanges().run(made)
    except FormatError as error:
        if "wrap around" not in error.found:
            return
        made = replace(made, accepted_wraps=("d",))
        CheckRanges().run(made)
    reference = Reference.of(made)
    x = np.random.default_rng(1).integers(-4, 4, (12, 3))
    got = reference.run(x).values["d"]
    lift = fmt.frac - reference.analysis.values["d"].frac
    for event, row in zip(x, got, strict=True):
        for order in permutations(range(3)):
            assert sums(made["d"], event, order) == [int(row[0]) << lift]


def test_spike_gated_sums_may_wrap_too() -> None:
    """An accepted wrap acts at each time step, and is counted."""
    layers = [
        lif("l", "x", beta=1, threshold=const(-9, "fixed<6,6>"), membrane="fixed<9,9>"),
        replace(dense("d", "l", [[3, 3]]), accumulator=Fixed.parse("ufixed<2,2>")),
        lif("m", "d", beta=0, threshold=const(99, "fixed<9,9>"), membrane="fixed<9,9>"),
        *read_out("m"),
        *read_out("l"),
    ]
    made = graph_of(2, "fixed<3,3>", layers, steps=2, wraps=["d"])
    trace = Reference.of(CheckRanges().run(made)).run(np.zeros((4, 2), dtype=int))
    assert trace.values["d"].tolist() == [[[2]] * 4] * 2
    assert trace.overflows["d"] == 8
