"""The law of a declared accumulator: it never changes the exact sum, or the model is refused.

C++ written for high-level synthesis (hls4ml's ``accum_t``) converts each product and each partial
sum to the accumulator's type. Where it has every fraction bit of the products and the bias, nothing
is rounded; where it wraps around, only the final sum matters, since arithmetic is modulo a power of
two; where it saturates, no partial sum may leave it, in any order of summation.
"""

from dataclasses import replace

import numpy as np

from fwgen.errors import FormatError
from fwgen.ir.fixed import MAX_WIDTH, Fixed, Overflow
from fwgen.ir.nodes import Dense
from fwgen.ir.ranges import BEYOND, Range, const, widened_text

ACCUMULATOR = "accumulator"  # what a wrap-around of the final sum is called among conversions


def sum_frac(node: Dense, source_frac: int) -> int:
    """Fraction bits of the exact sum."""
    return max(const(node.weight).fmt.frac + source_frac, const(node.bias).fmt.frac)


def wraps(fmt: Fixed, exact: Range) -> bool:
    """Whether a final sum within ``exact`` can leave an accumulator that wraps around."""
    lift = fmt.frac - exact.frac
    lo, hi = int(min(exact.lo)), int(max(exact.hi))
    return fmt.overflow is Overflow.WRAP and not fmt.holds(_lifted(lo, lift), _lifted(hi, lift))


def check_accumulator(node: Dense, source: Range) -> None:
    """Refuse an accumulator that could change the sum.

    A final sum that wraps around is not judged here: it is a conversion like others.

    Raises
    ------
    FormatError
        If it drops fraction bits, or saturates and a partial sum can leave it; the message names
        the layer and a type that would do.
    """
    fmt = node.accumulator
    if fmt is None:
        return
    exact = sum_frac(node, source.frac)
    if fmt.frac < exact:
        width = fmt.integer + exact
        enough = str(replace(fmt, width=width)) if width <= MAX_WIDTH else BEYOND
        raise FormatError(
            _place(node),
            needed=f"at least {exact} fraction bits, those of the products and the bias",
            found=f"{fmt} with {fmt.frac}, which would round every product",
            do=f"Use {enough}, or leave accumulator_format out: sums are then as wide as needed.",
        )
    lo, hi = _partial_sums(node, source, fmt.frac)
    if fmt.overflow is not Overflow.WRAP and not fmt.holds(lo, hi):
        raise FormatError(
            _place(node),
            needed=f"a saturating accumulator that holds {lo * 2.0**-fmt.frac:g} to "
            f"{hi * 2.0**-fmt.frac:g}, which partial sums can reach in some order",
            found=f"{fmt}",
            do=f"Use {widened_text(fmt, lo, hi)}, or leave accumulator_format out.",
        )


def _place(node: Dense) -> str:
    return f"layer '{node.name}' (dense): accumulator"


def _partial_sums(node: Dense, source: Range, frac: int) -> tuple[int, int]:
    """Bounds of the sum of any of the products and the bias, none and all included."""
    weight, bias = const(node.weight), const(node.bias)
    w = weight.values << (frac - weight.fmt.frac - source.frac)
    b = bias.values << (frac - bias.fmt.frac)
    low, high = (ends.reshape(-1, 1, w.shape[1]) for ends in (source.lo, source.hi))
    ends = w * low, w * high  # at each position
    highest = np.maximum(np.maximum(*ends), 0).sum(axis=2) + np.maximum(b, 0)
    lowest = np.minimum(np.minimum(*ends), 0).sum(axis=2) + np.minimum(b, 0)
    return int(lowest.min()), int(highest.max())


def _lifted(value: int, shift: int) -> int:
    """``value << shift``; a negative shift rounds away from zero, so that nothing looks safe."""
    return value << shift if shift >= 0 else -(-value >> -shift) if value > 0 else value >> -shift
