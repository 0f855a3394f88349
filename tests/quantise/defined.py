"""Functions of tables, written from their series: what fwgen computes is compared with this.

Numbers are integers with `BITS` fraction bits; the last `SLACK` of them are not trusted.
"""

import math
from fractions import Fraction

from fwgen.ir.fixed import Fixed
from tests.ir.definition import rounded

BITS = 1000  # tanh(256) is 1 but for 2**-738
SLACK = 100
ONE = 1 << BITS

RATIONAL = {
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
}


def _exp(x: Fraction) -> Fraction:
    """Taylor's series of a small part of the argument, squared again and again."""
    halvings = max(0, math.ceil(abs(x)).bit_length()) + 10
    part = int(x / 2**halvings * ONE)
    total, term, k = ONE, ONE, 0
    while term:
        k += 1
        term = term * part // ONE // k
        total += term
    value = Fraction(total, ONE)
    for _ in range(halvings):
        value = Fraction(int(value * value * ONE * ONE), ONE * ONE)
    return value


def _log(x: Fraction) -> Fraction:
    """Halley's iteration on the exponential."""
    y = Fraction(math.log(x))
    for _ in range(4):
        e = _exp(y)
        y += Fraction(int(2 * (x - e) / (x + e) * ONE), ONE)
    return y


SERIES = {
    "exp": _exp,
    "log": _log,
    "sigmoid": lambda x: 1 / (1 + _exp(-x)),
    "tanh": lambda x: 1 - 2 / (_exp(2 * x) + 1),
    "softplus": lambda x: _log(1 + _exp(x)),
    "sqrt": lambda x: Fraction(math.isqrt(int(x * ONE * ONE)), ONE),
    "rsqrt": lambda x: Fraction(math.isqrt(int(ONE * ONE / x)), ONE),
}


def on_grid(function: str, x: Fraction, fmt: Fixed) -> int:
    """The function's value as an integer on a format's grid, rounded by its mode."""
    scale = Fraction(2) ** (fmt.width - fmt.integer)
    if function in RATIONAL:
        return rounded(RATIONAL[function](x) * scale, fmt.rounding)
    value = SERIES[function](x)
    error = (abs(value) + 1) / 2 ** (BITS - SLACK)
    ends = {rounded((value + e) * scale, fmt.rounding) for e in (-error, error)}
    if len(ends) > 1:  # the value lies where rounding changes: it is rational
        return rounded(value.limit_denominator(2**64) * scale, fmt.rounding)
    return ends.pop()
