"""Whether another scale decides alike, against trying every integer."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from fwgen.ingest.onnx.rounding import decides_alike
from fwgen.ingest.onnx.values import OnnxSignal, Span, numbers
from fwgen.ir.fixed import Fixed

HALF = Fraction(1, 2)
MODES = ["TRN", "TRN_ZERO", "RND_CONV", "RND_INF", "RND_ZERO"]
FORMATS = ["fixed<3,3,{},SAT>", "fixed<3,3,{},SAT_SYM>", "ufixed<2,2,{},SAT>"]


def rounded(value: Fraction, fmt: Fixed) -> int:
    """The definition, in fractions."""
    size = abs(value)
    sign = -1 if value < 0 else 1
    whole = {
        "TRN": lambda: floor(value),
        "TRN_ZERO": lambda: sign * floor(size),
        "RND_CONV": lambda: round(value),
        "RND_INF": lambda: sign * floor(size + HALF),
        "RND_ZERO": lambda: -sign * floor(HALF - size),
    }[fmt.rounding.value]()
    lowest = -fmt.hi if fmt.overflow == "SAT_SYM" else fmt.lo
    return min(max(whole, lowest), fmt.hi)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fmt", FORMATS)
def test_it_says_what_trying_all_says(mode: str, fmt: str) -> None:
    """For scales a little off, of both signs, with and without values on edges."""
    rng = np.random.default_rng(1)
    said, target = [], Fixed.parse(fmt.format(mode))
    for _ in range(300):
        a = Fraction(int(rng.integers(1, 9)), int(rng.integers(2, 9))) * int(rng.choice([-1, 1]))
        b = Fraction(int(rng.integers(-8, 9)), int(rng.integers(1, 5)))
        c = a + Fraction(int(rng.integers(-1, 2)), int(rng.integers(10, 2000)))
        d = b + Fraction(int(rng.integers(-1, 2)), int(rng.integers(10, 2000)))
        lo, hi = sorted(int(v) for v in rng.integers(-12, 13, 2))
        span = Span(1, np.array([lo / 2]), np.array([hi / 2]))
        x = OnnxSignal("x", (1, 1), "x", span, numbers(a), numbers(b))
        alike = all(
            rounded(a * n / 2 + b, target) == rounded(c * n / 2 + d, target)
            for n in range(lo, hi + 1)
        )
        said.append(decides_alike(x, numbers(c), numbers(d), target))
        assert said[-1] == (alike and (a > 0) == (c > 0))
    assert 20 < sum(said) < 280


def test_each_element_counts() -> None:
    """One element that would be decided otherwise is enough."""
    span = Span(0, np.array([-4.0, -4.0]), np.array([4.0, 4.0]))
    third = Fraction(1, 3)
    x = OnnxSignal("x", (1, 2), "x", span, numbers([third, third]), numbers(0))
    fmt = Fixed.parse("fixed<4,4,TRN,SAT>")
    below, above = third - Fraction(1, 1000), third + Fraction(1, 1000)
    scales = np.array([above, below], dtype=object)
    nudge = numbers(Fraction(1, 100))
    assert decides_alike(x, scales, nudge, fmt)
    assert not decides_alike(x, scales, numbers(0), fmt)
    assert not decides_alike(x, scales, numbers([Fraction(1, 100), Fraction(0)]), fmt)
