"""Functions known by name, rounded exactly: the same integers on every machine.

No floating-point function decides a bit. Algebraic functions are computed on integers. The others
are enclosed in ever narrower intervals (Ziv, "Fast evaluation of elementary mathematical functions
with correctly rounded last bit", ACM TOMS 17, 1991) made from the correctly rounded ``exp`` and
``ln`` of the `decimal` module, until both ends fall between the same two numbers of a grid. That
ends, since at rational arguments they are rational nowhere but at the ones listed in `_RATIONAL`
(Lindemann and Weierstrass).
"""

from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from math import floor, isqrt

from fwgen.ir.cast import round_integer
from fwgen.ir.fixed import Rounding

# rounding looks at the last bit kept, at the half below it, and at whether anything lies below that
_HALF_BITS = 2
_FIRST_DIGITS = 40
_GUARD_DIGITS = 5
LARGEST_ARGUMENT = 1024  # of exp: beyond it, the result lies beyond or below every format

Interval = tuple[Fraction, Fraction]


class UndefinedError(ValueError):
    """The function has no finite value there, or one beyond every format."""


def rounded(function: str, x: Fraction, frac: int, mode: Rounding) -> int:
    """``function(x)`` as an integer with ``frac`` fraction bits, rounded by ``mode``, exact.

    Raises
    ------
    UndefinedError
        Where there is no such value.
    """
    below, exact = _floor(function, x, frac + _HALF_BITS)
    return round_integer(2 * below + (not exact), _HALF_BITS + 1, mode)


def _floor(function: str, x: Fraction, bits: int) -> tuple[int, bool]:
    """``floor(function(x) * 2**bits)``, and whether nothing was cut off."""
    if function in _ALGEBRAIC:
        return _ALGEBRAIC[function](x, bits)
    if function == "log" and x <= 0:
        raise UndefinedError
    if function == "exp" and x > LARGEST_ARGUMENT:
        raise UndefinedError
    if (function, x) in _RATIONAL:
        return _exact(_RATIONAL[function, x], bits)
    digits = _FIRST_DIGITS
    while True:
        lo, hi = (_scaled(end, bits) for end in _ENCLOSURES[function](x, digits))
        below = floor(lo)
        if hi <= below + 1:
            return below, False
        digits *= 2


def _scaled(x: Fraction, bits: int) -> Fraction:
    return x * (1 << bits) if bits >= 0 else x / (1 << -bits)


def _exact(value: Fraction, bits: int) -> tuple[int, bool]:
    scaled = _scaled(value, bits)
    return floor(scaled), scaled.denominator == 1


# ---- algebraic functions ----


def _square(x: Fraction, bits: int) -> tuple[int, bool]:
    return _exact(x * x, bits)


def _reciprocal(x: Fraction, bits: int) -> tuple[int, bool]:
    if x == 0:
        raise UndefinedError
    return _exact(1 / x, bits)


def _root(x: Fraction, bits: int) -> tuple[int, bool]:
    """``floor(sqrt(x * 4**bits))``: the floor of a root is the root of the floor."""
    if x < 0:
        raise UndefinedError
    scaled = _scaled(x, 2 * bits)
    whole = isqrt(floor(scaled))
    return whole, whole * whole == scaled


def _inverse_root(x: Fraction, bits: int) -> tuple[int, bool]:
    if x <= 0:
        raise UndefinedError
    return _root(1 / x, bits)


_ALGEBRAIC: dict[str, Callable[[Fraction, int], tuple[int, bool]]] = {
    "square": _square,
    "reciprocal": _reciprocal,
    "sqrt": _root,
    "rsqrt": _inverse_root,
}

# ---- transcendental functions: open intervals that hold the value ----

_RATIONAL = {
    ("exp", Fraction(0)): Fraction(1),
    ("log", Fraction(1)): Fraction(0),
    ("tanh", Fraction(0)): Fraction(0),
    ("sigmoid", Fraction(0)): Fraction(1, 2),
}


def _exp(x: Fraction, digits: int) -> Interval:
    """Above 0; far below every grid it is not computed."""
    value = Fraction(_context(digits).exp(_decimal(max(x, Fraction(-LARGEST_ARGUMENT)))))
    error = value * _unit(digits)
    return Fraction(0) if x < -LARGEST_ARGUMENT else value - error, value + error


def _log(x: Fraction, digits: int) -> Interval:
    """``ln`` of a quotient of whole numbers, both of them exact decimals."""
    context = _context(digits)
    top, bottom = (Fraction(context.ln(Decimal(n))) for n in (x.numerator, x.denominator))
    error = (top + bottom) * _unit(digits)
    return top - bottom - error, top - bottom + error


def _sigmoid(x: Fraction, digits: int) -> Interval:
    """``1 / (1 + exp(-x))``, and ``1 - sigmoid(-x)``."""
    lo, hi = _exp(-abs(x), digits)
    lo, hi = 1 / (1 + hi), 1 / (1 + lo)
    return (lo, hi) if x > 0 else (1 - hi, 1 - lo)


def _tanh(x: Fraction, digits: int) -> Interval:
    """``(1 - e) / (1 + e)`` with ``e = exp(-2 |x|)``, and odd."""
    lo, hi = _exp(-2 * abs(x), digits)
    smallest, largest = max((1 - hi) / (1 + hi), Fraction(0)), (1 - lo) / (1 + lo)
    return (smallest, largest) if x > 0 else (-largest, -smallest)


def _softplus(x: Fraction, digits: int) -> Interval:
    """``max(x, 0) + ln(1 + e)`` with ``e = exp(-|x|)``, and above ``max(x, 0)``."""
    context, base = _context(digits), max(x, Fraction(0))
    ends = (1 + end for end in _exp(-abs(x), digits))
    low, high = (
        Fraction(context.ln(context.divide(Decimal(end.numerator), Decimal(end.denominator))))
        for end in ends
    )
    # the quotient is rounded too, which moves its logarithm by no more than its last digit
    return base + max(low - _unit(digits), Fraction(0)), base + high + _unit(digits)


_ENCLOSURES: dict[str, Callable[[Fraction, int], Interval]] = {
    "exp": _exp,
    "log": _log,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
}


def _context(digits: int) -> Context:
    return Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX)


def _decimal(x: Fraction) -> Decimal:
    """A number of a binary grid, exactly."""
    power = x.denominator.bit_length() - 1
    return Decimal(f"{x.numerator * 5**power}E-{power}")


def _unit(digits: int) -> Fraction:
    """More than the relative error of a few correctly rounded operations."""
    return Fraction(1, 10 ** (digits - _GUARD_DIGITS))
