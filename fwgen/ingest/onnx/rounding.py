"""Rounding on signals: number formats where a quantiser is one, exact constructions elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import lcm

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.onnx.build import Builder
from fwgen.ingest.onnx.values import Numbers, OnnxSignal, Span, numbers
from fwgen.ir.fixed import Fixed, Overflow, Rounding

MODES = {
    "ROUND": Rounding.RND_CONV,
    "HALF_EVEN": Rounding.RND_CONV,
    "HALF_UP": Rounding.RND_INF,
    "HALF_DOWN": Rounding.RND_ZERO,
    "FLOOR": Rounding.TRN,
    "DOWN": Rounding.TRN_ZERO,
    "ROUND_TO_ZERO": Rounding.TRN_ZERO,
}
"""Modes of qonnx that a number format has. ``HALF_UP`` is away from zero, ``DOWN`` towards it."""

BUILT = ("CEIL", "UP")
"""Modes that are built from these: towards plus infinity, and away from zero."""

MAX_CHECKS = 1 << 18
_MORE_BITS = (24, 32, 40, 48)
_NUDGE = 12  # by so many bits more than the scale is rounded by


def native(lo: int, hi: int, frac: int, mode: str) -> Fixed | None:
    """The format that rounds and saturates just so, or None.

    ``lo`` and ``hi`` are the lowest and highest result, on the grid ``2**-frac``.
    """
    rounding = MODES.get(mode)
    if rounding is None or hi & (hi + 1) or lo not in {0, -hi, -hi - 1} or lo == hi:
        return None
    signed = lo < 0
    width = hi.bit_length() + signed
    overflow = Overflow.SAT_SYM if signed and lo == -hi else Overflow.SAT
    return Fixed(signed, width, width - frac, rounding, overflow)


def whole(
    b: Builder, x: OnnxSignal, lo: int, hi: int, mode: str, name: str, unit: int = 0
) -> OnnxSignal:
    """``x`` rounded to whole numbers and brought into lo..hi.

    Its layer holds multiples of ``2**unit`` where there is a choice.

    Raises
    ------
    BundleError
        If a scale in front is no binary fraction, and none that could stand for it decides alike.
    """
    if x.clipped:  # rounding keeps 0 where it is
        x, lo, hi = x.but(clipped=False), max(lo, 0), max(hi, 0)
    if mode == "UP" and lo < 0:
        return _away_from_zero(b, x, lo, hi, name)
    if mode in BUILT:
        turned = b.affine(x, -1, 0).but(divided=x.divided)
        down = whole(b, turned, -hi, -lo, "FLOOR", b.helper(name, "floor"), unit)
        return b.affine(down, -1, 0, name)
    fmt = native(lo, hi, 0, mode)
    if fmt is not None:
        return _quantise(b, x, fmt, b.helper(name, "grid"), unit)
    fmt = _holding(lo, hi, mode)
    wide = _quantise(b, x, fmt, b.helper(name, "wide"), unit)
    return clip(b, wide, None if fmt.lo == lo else lo, None if fmt.hi == hi else hi, name)


def clip(
    b: Builder, x: OnnxSignal, lo: Fraction | int | None, hi: Fraction | int | None, name: str
) -> OnnxSignal:
    """The larger of x and lo, the smaller of that and hi; None where there is no bound."""
    if lo is not None:
        x = b.relu(b.affine(x, 1, -lo), b.helper(name, "above"))
        x = b.affine(x, 1, lo, name)
    if hi is not None:
        x = b.relu(b.affine(x, -1, hi), b.helper(name, "below"))
        x = b.affine(x, -1, hi, name)
    return x


def _holding(lo: int, hi: int, mode: str) -> Fixed:
    """The narrowest saturating format that holds lo..hi."""
    fmt = Fixed.holding(lo, hi, 0)
    return Fixed(fmt.signed, fmt.width, fmt.width, MODES[mode], Overflow.SAT)


def _away_from_zero(b: Builder, x: OnnxSignal, lo: int, hi: int, name: str) -> OnnxSignal:
    """The part above 0 and the part below, each rounded up in magnitude."""
    above = b.relu(x, b.helper(name, "positive"))
    below = b.relu(b.affine(x, -1, 0), b.helper(name, "negative"))
    parts = [
        b.settle(whole(b, part.but(divided=x.divided), 0, most, "CEIL", b.helper(name, what)))
        for part, most, what in ((above, hi, "up"), (below, -lo, "down"))
    ]
    span = Span(0, np.full(x.size, float(lo)), np.full(x.size, float(hi)))
    both = b.helper(name, "both")
    b.draft.parts.add(both)
    return b.layer("subtract", both, [part.layer for part in parts], x.shape, span)


def _quantise(b: Builder, x: OnnxSignal, fmt: Fixed, name: str, unit: int) -> OnnxSignal:
    """A `quantise` layer; ``fmt`` has no fraction bits."""
    if x.shift is None:
        x = _scaled(b, x, fmt, name, unit)
    shift = x.shift or 0
    held = Fixed(fmt.signed, fmt.width, fmt.width - shift, fmt.rounding, fmt.overflow)
    found = b.layer("quantise", name, x.layer, x.shape, Span.of(held, x.size), format=str(held))
    return found.but(scale=x.scale, made=held)


def _scaled(b: Builder, x: OnnxSignal, fmt: Fixed, name: str, unit: int) -> OnnxSignal:
    """A power of two times a layer; where a scale had to be rounded, proven to be rounded alike."""
    up = Fraction(2) ** unit
    scale, offset = x.scale, x.offset
    if x.span is not None and not b.is_exact(x):
        scale, offset = _alike(b, x, fmt, name)
    made = b.affine_layer(x, b.helper(name, "scaled"), scale * up, offset * up)
    return made.but(scale=numbers(1 / up))


def _alike(b: Builder, x: OnnxSignal, fmt: Fixed, name: str) -> tuple[Numbers, Numbers]:
    """Scale and offset of few bits that decide as those of the signal do."""
    for bits in _MORE_BITS:
        scale, offset = b.shortened(x, bits)
        little = Fraction(2) ** (_NUDGE - bits)
        for nudge in (0, 1, -1):  # a value that lies on an edge must not fall off
            moved, turned = offset + nudge * little, scale * (1 + nudge * little)
            if decides_alike(x, scale, moved, fmt):
                return scale, numbers(moved)
            if decides_alike(x, turned, offset, fmt):
                return numbers(turned), offset
    raise BundleError(
        f"{b.where}: {name}",
        needed="a scale that is a power of two, or for which some multiplication by at most "
        f"{_MORE_BITS[-1]} bits gives the same result for every value that can occur",
        found=f"the scale {float(1 / x.scale[0]):g} over all in front of it"
        if all(x.scale)
        else "a 0",
        do="Train with scales that are powers of two.",
    )


def decides_alike(x: OnnxSignal, scale: Numbers, offset: Numbers, fmt: Fixed) -> bool:
    """Whether another scale and offset lead to the same integers for all that the layer can be.

    Both are staircases that rise, or fall, everywhere. If they agree on both sides of each step of
    the one, and at the ends, they are the same.
    """
    cases = set(_cases(x, scale, offset))
    if len(cases) * (fmt.hi - fmt.lo + 1) > MAX_CHECKS:
        return False
    return all(_same_staircase(*case, fmt, divided=x.divided) for case in cases)


@dataclass(frozen=True, slots=True)
class _Line:
    """``(up * n + base) / below``, rounded by a format to its integers; ``below`` is above 0."""

    up: int
    base: int
    below: int

    @classmethod
    def of(cls, scale: Fraction, offset: Fraction) -> "_Line":
        below = lcm(scale.denominator, offset.denominator)
        return cls(int(scale * below), int(offset * below), below)

    def crossing(self, twice: int) -> int:
        """The last n before, or at, half of ``twice``."""
        return (twice * self.below - 2 * self.base) // (2 * self.up)

    def level(self, n: int, fmt: Fixed) -> int:
        """The integer of a saturating format without fraction bits."""
        value = self.up * n + self.base
        low, rest = divmod(value, self.below)
        more, tie = 2 * rest > self.below, 2 * rest == self.below
        match fmt.rounding:
            case Rounding.TRN_ZERO:
                low += value < 0 < rest
            case Rounding.RND_ZERO:
                low += more or (tie and value < 0)
            case Rounding.RND_INF:
                low += more or (tie and value >= 0)
            case Rounding.RND_CONV:
                low += more or (tie and low % 2 == 1)
            case _:
                pass
        lowest = -fmt.hi if fmt.overflow is Overflow.SAT_SYM and fmt.signed else fmt.lo
        return min(max(low, lowest), fmt.hi)


Case = tuple[Fraction, Fraction, Fraction, Fraction, int, int]


def _cases(x: OnnxSignal, scale: Numbers, offset: Numbers) -> Iterator[Case]:
    """For each element: both scales and offsets, for its layer's integers from one to another."""
    if x.span is None:
        return
    unit = Fraction(2) ** -x.span.frac
    ends = (np.ldexp(end, x.span.frac).astype(object) for end in (x.span.lo, x.span.hi))
    rows = np.broadcast_arrays(x.scale * unit, x.offset, scale * unit, offset, *ends)
    for a, b, c, d, lo, hi in zip(*rows, strict=True):
        yield a, b, c, d, int(lo), int(hi)


def _same_staircase(
    a: Fraction,
    b: Fraction,
    c: Fraction,
    d: Fraction,
    lo: int,
    hi: int,
    fmt: Fixed,
    *,
    divided: bool,
) -> bool:
    if (a > 0) != (c > 0) or not a or not c:
        return False
    true, other = _Line.of(a, b), _Line.of(c, d)
    level = partial(_in_float32, a, b) if divided else true.level
    points = {lo, hi}
    for edge in range(fmt.lo, fmt.hi):
        step = true.crossing(_edge(edge, fmt.rounding))
        # float32 may reach an edge one number early, or late
        points |= {n for n in range(step - divided, step + 2 + divided) if lo < n < hi}
    return all(level(n, fmt) == other.level(n, fmt) for n in points)


def _in_float32(a: Fraction, b: Fraction, n: int, fmt: Fixed) -> int:
    """The integer of ``a n + b`` if product and sum are rounded to float32.

    A quotient of two float32 numbers may be rounded to double in between: Figueroa, "When is double
    rounding innocuous?", SIGNUM Newsletter 30 (1995).
    """
    value = Fraction(float(np.float32(float(a * n)) + np.float32(float(b))))
    return _Line.of(Fraction(0), value).level(0, fmt)


def _edge(level: int, rounding: Rounding) -> int:
    """Twice the number at which results go from one level to the next."""
    if rounding is Rounding.TRN:
        return 2 * level + 2
    if rounding is Rounding.TRN_ZERO:
        return 2 * (level + (level >= 0))
    return 2 * level + 1


def sign(b: Builder, x: OnnxSignal, name: str) -> OnnxSignal:
    """-1, 0 or 1, as the sign of x."""
    above = b.settle(b.bit(x, b.helper(name, "above"), at_zero=False), b.helper(name, "positive"))
    least = b.settle(b.bit(x, b.helper(name, "least"), at_zero=True), b.helper(name, "natural"))
    span = Span(0, np.zeros(x.size), np.full(x.size, 2.0))
    both = b.helper(name, "sum")
    b.draft.parts.add(both)
    total = b.layer("add", both, [above.layer, least.layer], x.shape, span)
    return b.affine(total, 1, -1, name)


def bipolar(b: Builder, x: OnnxSignal, name: str) -> OnnxSignal:
    """1 where x is 0 or more, else -1."""
    return b.affine(b.bit(x, b.helper(name, "bit"), at_zero=True), 2, -1, name)
