"""Functions by name are rounded as if they had been computed to infinitely many digits."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.ir.fixed import Fixed, Rounding
from fwgen.ir.nodes import FUNCTIONS
from fwgen.quantise.functions import UndefinedError, rounded
from tests.quantise.defined import on_grid

POSITIVE = {"log", "rsqrt", "reciprocal"}


def defined(function: str, x: Fraction) -> bool:
    """Whether the function has a value there."""
    return x > 0 if function in POSITIVE else x >= 0 or function != "sqrt"


@settings(max_examples=300, deadline=None)
@given(
    function=st.sampled_from(FUNCTIONS),
    n=st.integers(-(2**12), 2**12),
    finer=st.integers(4, 16),
    frac=st.integers(-4, 60),
    mode=st.sampled_from(Rounding),
)
def test_all_functions(function: str, n: int, finer: int, frac: int, mode: Rounding) -> None:
    """Every function, grid and rounding mode gives what the series gives."""
    x = Fraction(n, 2**finer)
    if defined(function, x):
        fmt = Fixed(True, 64, 64 - frac, mode)
        assert rounded(function, x, frac, mode) == on_grid(function, x, fmt)


@pytest.mark.parametrize("mode", Rounding)
@pytest.mark.parametrize(
    ("function", "x", "value"),
    [
        ("exp", 0, 1),
        ("log", 1, 0),
        ("tanh", 0, 0),
        ("sigmoid", 0, Fraction(1, 2)),
        ("sqrt", Fraction(9, 4), Fraction(3, 2)),
        ("rsqrt", 4, Fraction(1, 2)),
        ("square", Fraction(-3, 2), Fraction(9, 4)),
        ("reciprocal", -2, Fraction(-1, 2)),
        ("sqrt", 0, 0),
    ],
)
def test_values_on_a_tie_or_on_the_grid(
    function: str, x: int, value: Fraction, mode: Rounding
) -> None:
    """Where the value is a number of the grid, or halfway between two, the mode decides."""
    for frac in (-1, 0, 1, 3):
        fmt = Fixed(True, 64, 64 - frac, mode)
        assert rounded(function, Fraction(x), frac, mode) == on_grid(function, Fraction(x), fmt)
        if (value * Fraction(2) ** frac).denominator == 1:
            assert rounded(function, Fraction(x), frac, mode) == value * Fraction(2) ** frac


@pytest.mark.parametrize(
    ("function", "x", "below", "nearest"),
    [
        ("sigmoid", 2000, 255, 256),
        ("sigmoid", -2000, 0, 0),
        ("sigmoid", 2**200, 255, 256),
        ("tanh", 2000, 255, 256),
        ("tanh", -2000, -256, -256),
        ("tanh", -(2**200), -256, -256),
        ("exp", -2000, 0, 0),
        ("exp", -(2**200), 0, 0),
        ("softplus", -(2**200), 0, 0),
        ("softplus", 2000, 2000 * 256, 2000 * 256),
        ("softplus", 2**200, 2**208, 2**208),
    ],
)
def test_far_arguments(function: str, x: int, below: int, nearest: int) -> None:
    """What comes close to a limit but never reaches it is cut and rounded accordingly."""
    assert rounded(function, Fraction(x), 8, Rounding.TRN) == below
    assert rounded(function, Fraction(x), 8, Rounding.RND_CONV) == nearest


def test_close_to_a_tie() -> None:
    """More digits are computed until the side is known: sigmoid leaves 1/2 by less than 2**-200."""
    x = Fraction(1, 2**200)
    assert rounded("sigmoid", x, 0, Rounding.RND_ZERO) == 1
    assert rounded("sigmoid", -x, 0, Rounding.RND_INF) == 0
    assert rounded("exp", -x, 0, Rounding.TRN) == 0


@pytest.mark.parametrize(
    ("function", "x"),
    [
        ("log", 0),
        ("log", -1),
        ("sqrt", -1),
        ("rsqrt", 0),
        ("rsqrt", -1),
        ("reciprocal", 0),
        ("exp", 1025),
    ],
)
def test_where_there_is_no_value(function: str, x: int) -> None:
    """A pole, a number outside the domain, and a value beyond every format are no numbers."""
    with pytest.raises(UndefinedError):
        rounded(function, Fraction(x), 8, Rounding.TRN)
