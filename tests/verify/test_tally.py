"""Counting differences: exact equality, and figures that add up over groups of events."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwgen.verify.layers.tally import Tally, gaps

reals = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(2**61), 2**61) | st.integers(-9, 9)
small = st.integers(-16, 16).map(lambda n: n / 8)


@given(
    found=reals | small, exact=st.integers(-(2**61), 2**61) | st.integers(-9, 9), wide=st.booleans()
)
def test_equal_means_the_same_number(found: float, exact: int, wide: bool) -> None:
    """Whatever the grid and the type of the reference, no rounding makes two numbers equal."""
    for frac in (-250, -3, 0, 2, 60, 250):
        integers = np.array([[exact]], dtype=object if wide else np.int64)
        gap = gaps(np.array([[found]]), integers, frac)
        assert gap.differs[0, 0] == (Fraction(found) != Fraction(exact) * Fraction(2) ** -frac)
        on_grid = (Fraction(found) * Fraction(2) ** frac).denominator == 1
        assert gap.off_grid[0, 0] != on_grid


@pytest.mark.parametrize("n", [2**53 + 1, 2**61 + 1, -(2**61) - 1])
def test_integers_that_float64_cannot_tell_apart_differ(n: int) -> None:
    """float64 has 53 digits; a reference of more differs from its nearest double, by one."""
    gap = gaps(np.array([[float(n)]]), np.array([[n]]), 0)
    assert gap.differs.tolist() == [[True]]
    assert gap.distance.tolist() == [[float(int(float(n)) - n)]]


def test_numbers_beyond_64_bits_keep_their_distance() -> None:
    """What no int64 holds differs by what it is, not by what a conversion would make of it."""
    gap = gaps(np.array([[2.0**64, -(2.0**62)]]), np.array([[0, 1]]), 0)
    assert gap.differs.all()
    assert gap.distance.tolist() == [[2.0**64, -(2.0**62)]]


def test_a_number_too_small_for_the_grid_is_not_zero() -> None:
    """The smallest double, on a grid so coarse that scaling it underflows."""
    gap = gaps(np.array([[5e-324, 0.0]]), np.array([[0, 0]]), -4)
    assert gap.differs.tolist() == gap.off_grid.tolist() == [[True, False]]


def test_figures_of_values_with_time_steps() -> None:
    """(events, steps, size): counts, the largest and mean distance, and the first place."""
    exact = np.arange(24).reshape(3, 2, 4)
    found = exact / 4.0
    found[1, 1, 2] += 0.5
    found[2, 0, 0] -= 0.125  # half a unit: on no grid
    tally = Tally(frac=2)
    tally.add_reals(found, exact)
    assert tally.as_json() == {
        "events": 3,
        "elements": 24,
        "differing": 2,
        "events_differing": 2,
        "off_grid": 1,
        "largest": 0.5,
        "largest_lsb": 2.0,
        "mean": 0.625 / 24,
        "first": {"event": 1, "step": 1, "element": 2, "found": 4.0, "reference": 3.5},
    }


def test_groups_of_events_add_up() -> None:
    """One event at a time gives the figures of all at once, with the same first event."""
    rng = np.random.default_rng(0)
    exact = rng.integers(-9, 9, (20, 3))
    found = (exact + (rng.random((20, 3)) < 0.1)) / 8.0
    whole, parts = Tally(frac=3), Tally(frac=3)
    whole.add_reals(found, exact)
    for i in range(20):
        parts.add_reals(found[i : i + 1], exact[i : i + 1])
    assert whole.differing > 0
    assert parts.as_json() == whole.as_json()


def test_integers_are_compared_as_integers() -> None:
    """Two integers one apart differ by one unit, also where no double lies between them."""
    tally = Tally(frac=4)
    tally.add_integers(np.array([[2**60, 5]]), np.array([[2**60 + 1, 5]]))
    figures = tally.as_json()
    assert (figures["differing"], figures["largest_lsb"]) == (1, 1.0)


def test_events_left_out_keep_their_numbers() -> None:
    """What comes after them is numbered as if they had been compared."""
    tally = Tally(frac=0)
    tally.skip(7)
    tally.add_integers(np.array([[1], [2]]), np.array([[1], [3]]))
    assert tally.first is not None
    assert (tally.first.event, tally.events) == (8, 2)


@pytest.mark.parametrize("value", [1e308, math.inf, -math.inf, math.nan])
def test_absurd_numbers_differ_and_leave_figures_that_are_json(value: float) -> None:
    """Beyond every format, or not finite at all: counted, and None where no number would do."""
    tally = Tally(frac=200)
    tally.add_reals(np.array([[value, 0.0]]), np.array([[0, 0]]))
    figures = tally.as_json()
    assert figures["differing"] == 1
    assert figures["largest_lsb"] is None
    assert json.dumps(figures, allow_nan=False)
