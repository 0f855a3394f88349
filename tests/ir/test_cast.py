"""Rounding and overflow: every mode, against the written-out definition."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.ir.cast import cast, from_real, overflow, round_only, round_shift, to_real
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from tests.ir.definition import grid, in_range, rounded

MODES = list(product(Rounding, Overflow))
SOURCE = np.arange(-160, 160)
# (width, integer): narrower, wider, a grid above and below the source's, a binary point outside
SIZES = [(2, 2), (3, 1), (4, 6), (5, -2), (8, 3), (12, 9)]


def objects(values: np.ndarray) -> np.ndarray:
    """The same integers as Python's own."""
    return values.astype(object)


@pytest.mark.parametrize(("rounding", "overflow_mode"), MODES)
@pytest.mark.parametrize("signed", [True, False])
def test_cast_is_the_definition(rounding: Rounding, overflow_mode: Overflow, signed: bool) -> None:
    """Every integer on every grid becomes what the definition says, on both integer types."""
    for (width, integer), frac in product(SIZES, range(-2, 7)):
        fmt = Fixed(signed, width, integer, rounding, overflow_mode)
        values = [Fraction(int(n)) / Fraction(2) ** frac / grid(fmt) for n in SOURCE]
        expected = [in_range(rounded(v, rounding), fmt) for v in values]
        assert cast(SOURCE, frac, fmt).tolist() == expected
        assert cast(objects(SOURCE), frac, fmt).tolist() == expected


@pytest.mark.parametrize("mode", Rounding)
def test_shift_rounds_as_defined(mode: Rounding) -> None:
    """A shift to the right divides and rounds; one to the left multiplies."""
    for shift in range(-3, 9):
        expected = [rounded(Fraction(int(n)) / Fraction(2) ** shift, mode) for n in SOURCE]
        assert round_shift(SOURCE, shift, mode).tolist() == expected
        assert round_shift(objects(SOURCE), shift, mode).tolist() == expected


@pytest.mark.parametrize("mode", Rounding)
@pytest.mark.parametrize("shift", [61, 62, 63, 64, 100])
def test_shift_beyond_the_word(mode: Rounding, shift: int) -> None:
    """Shifts of a whole machine word and more still round as defined."""
    edge = [-(2**62) + 1, -(2**61), -1, 0, 1, 2**60, 2**61, 2**61 + 1, 2**62 - 1]
    expected = [rounded(Fraction(n, 2**shift), mode) for n in edge]
    assert round_shift(np.array(edge), shift, mode).tolist() == expected


@settings(deadline=None)
@given(
    n=st.integers(-(2**150), 2**150),
    frac=st.integers(-40, 140),
    width=st.integers(2, 200),
    integer=st.integers(-60, 120),
    signed=st.booleans(),
    modes=st.sampled_from(MODES),
)
def test_wide_values(
    n: int, frac: int, width: int, integer: int, signed: bool, modes: tuple[Rounding, Overflow]
) -> None:
    """Integers and formats far beyond 64 bits follow the same definition."""
    fmt = Fixed(signed, width, integer, *modes)
    value = Fraction(n) / Fraction(2) ** frac / grid(fmt)
    expected = in_range(rounded(value, fmt.rounding), fmt)
    assert int(cast(np.array([n], dtype=object), frac, fmt)[0]) == expected


@settings(deadline=None)
@given(
    values=st.lists(st.integers(-(2**61), 2**61), min_size=1, max_size=8),
    frac=st.integers(0, 60),
    width=st.integers(2, 80),
    signed=st.booleans(),
    modes=st.sampled_from(MODES),
)
def test_both_integer_types_agree(
    values: list[int], frac: int, width: int, signed: bool, modes: tuple[Rounding, Overflow]
) -> None:
    """Int64 arrays of up to 62 bits and Python integers give the same, whatever the format."""
    fmt = Fixed(signed, width, width, *modes)
    fast, slow = np.array(values, dtype=np.int64), np.array(values, dtype=object)
    assert cast(fast, frac, fmt).tolist() == cast(slow, frac, fmt).tolist()


@pytest.mark.parametrize("mode", Overflow)
def test_a_format_wider_than_int64_holds_int64(mode: Overflow) -> None:
    """Small integers stay what they are in a format wider than the machine word."""
    values = np.array([-5, 0, 7])
    assert overflow(values, Fixed(True, 90, 90, Rounding.TRN, mode)).tolist() == [-5, 0, 7]


def test_round_only_leaves_the_range_alone() -> None:
    """What a format must hold is known before its overflow mode acts."""
    fmt = Fixed.parse("fixed<4,4,RND,SAT>")
    assert round_only(np.array([-101, 99]), 1, fmt).tolist() == [-50, 50]


@settings(deadline=None)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    integer=st.integers(-200, 200),
    mode=st.sampled_from(Rounding),
)
def test_from_real_is_exact(value: float, integer: int, mode: Rounding) -> None:
    """Every finite double is rounded as the fraction that it is, subnormal ones included."""
    fmt = Fixed(True, 16, integer, mode)
    expected = rounded(Fraction(value) / grid(fmt), mode)
    assert from_real(np.array([[value]]), fmt).tolist() == [[expected]]


def test_from_real_keeps_the_shape() -> None:
    """Scalars stay scalars, matrices stay matrices, and nothing is brought into range."""
    fmt = Fixed.parse("fixed<4,3,RND>")
    assert from_real(np.array(100.25), fmt).shape == ()
    assert from_real(np.array([[100.25], [-0.75]]), fmt).tolist() == [[201], [-1]]


@settings(deadline=None)
@given(n=st.integers(-(2**52), 2**52), frac=st.integers(-60, 60))
def test_to_real_and_back(n: int, frac: int) -> None:
    """Integers within a double's precision survive the way to real numbers and back."""
    real = to_real(np.array([n], dtype=object), frac)
    assert from_real(real, Fixed(True, 64, 64 - frac)).tolist() == [n]
