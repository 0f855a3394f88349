"""Bounds of element-wise operations, vectors and scores, from those of their sources.

All on object arrays of Python integers, one interval per element.
"""

from collections.abc import Sequence

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.nodes import (
    Add,
    BatchNorm,
    Concat,
    KlDivergence,
    LeakyRelu,
    Multiply,
    SquaredError,
    Subtract,
    Table,
)
from fwgen.ir.ranges import Range, const, filled, ints


def aligned(ranges: Sequence[Range]) -> list[Range]:
    """The same bounds on the finest of their grids."""
    frac = max(r.frac for r in ranges)
    return [Range(r.lo << (frac - r.frac), r.hi << (frac - r.frac), frac) for r in ranges]


def batch_norm(node: BatchNorm, source: Range) -> Range:
    """``scale * x + offset``."""
    scale, offset = const(node.scale), const(node.offset)
    frac = max(scale.fmt.frac + source.frac, offset.fmt.frac)
    factor = scale.values << (frac - scale.fmt.frac - source.frac)
    moved = offset.values << (frac - offset.fmt.frac)
    ends = factor * source.lo, factor * source.hi
    return Range(np.minimum(*ends) + moved, np.maximum(*ends) + moved, frac)


def relu(source: Range) -> Range:
    """``max(x, 0)``."""
    return Range(np.maximum(source.lo, 0), np.maximum(source.hi, 0), source.frac)


def leaky_factors(node: LeakyRelu, source: Range) -> tuple[int, int, Ints]:
    """Fraction bits of the result, how far x is shifted left, and alpha as a factor of x."""
    alpha = const(node.alpha)
    frac = max(source.frac, source.frac + alpha.fmt.frac)
    factors = np.asarray(alpha.values << (frac - source.frac - alpha.fmt.frac), dtype=object)
    return frac, frac - source.frac, np.broadcast_to(factors, (len(source),))


def leaky_relu(node: LeakyRelu, source: Range) -> Range:
    """``x`` from 0 on, ``alpha * x`` below: the hull of both branches."""
    frac, lift, alpha = leaky_factors(node, source)
    lo, hi = [], []
    for a, low, high in zip(alpha, source.lo, source.hi, strict=True):
        ends = [max(low, 0) << lift, high << lift] if high >= 0 else []
        ends += [a * low, a * min(high, -1)] if low < 0 else []
        lo.append(min(ends))
        hi.append(max(ends))
    return Range(ints(lo), ints(hi), frac)


def table(node: Table, source: Range) -> Range:
    """What each element's part of the table holds, before the overflow mode of its format acts."""
    values, first = const(node.values).values, int(node.first)
    parts = [
        values[low - first : high - first + 1]
        for low, high in zip(source.lo, source.hi, strict=True)
    ]
    return Range(ints([p.min() for p in parts]), ints([p.max() for p in parts]), node.fmt.frac)


def concat(_node: Concat, sources: Sequence[Range]) -> Range:
    """All elements on the finest grid."""
    parts = aligned(sources)
    lo, hi = (np.concatenate([getattr(p, end) for p in parts]) for end in ("lo", "hi"))
    return Range(lo, hi, parts[0].frac)


def pair(node: Add | Subtract | Multiply, left: Range, right: Range) -> Range:
    """Sums, differences and products of two vectors."""
    match node:
        case Add():
            a, b = aligned([left, right])
            return Range(a.lo + b.lo, a.hi + b.hi, a.frac)
        case Subtract():
            a, b = aligned([left, right])
            return Range(a.lo - b.hi, a.hi - b.lo, a.frac)
        case Multiply() if node.left == node.right:
            return squares(left)
        case Multiply():
            ends = [x * y for x in (left.lo, left.hi) for y in (right.lo, right.hi)]
            lo, hi = (fold.reduce(ends) for fold in (np.minimum, np.maximum))
            return Range(lo, hi, left.frac + right.frac)


def squares(source: Range) -> Range:
    """``x**2``."""
    far = np.maximum(np.abs(source.lo), np.abs(source.hi))
    near = np.minimum(np.abs(source.lo), np.abs(source.hi))
    near = np.where((source.lo <= 0) & (source.hi >= 0), 0, near)
    return Range(near * near, far * far, 2 * source.frac)


def total(terms: Range) -> Range:
    """The sum of all elements, as one."""
    return Range(filled(sum(terms.lo), 1), filled(sum(terms.hi), 1), terms.frac)


def squared_error(_node: SquaredError, left: Range, right: Range) -> Range:
    """``sum (a - b)**2``."""
    a, b = aligned([left, right])
    return total(squares(Range(a.lo - b.hi, a.hi - b.lo, a.frac)))


def kl_divergence(_node: KlDivergence, sources: Sequence[Range]) -> Range:
    """``1/2 * sum (mean**2 + variance - 1 - log_variance)``."""
    mean, log_variance, variance = sources
    one = Range(filled(1, len(mean)), filled(1, len(mean)), 0)
    square, log, var, one = aligned([squares(mean), log_variance, variance, one])
    twice = total(
        Range(
            square.lo + var.lo - one.lo - log.hi,
            square.hi + var.hi - one.hi - log.lo,
            square.frac,
        )
    )
    return Range(twice.lo, twice.hi, twice.frac + 1)
