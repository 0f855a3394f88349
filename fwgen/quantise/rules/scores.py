"""Bounds and formats of scores and decisions."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fwgen.ir.fixed import Rounding
from fwgen.ir.nodes import ArgMax, KlDivergence, SquaredError, SumSquares, Threshold
from fwgen.ir.ranges import Range, const, filled, floor_to, ints
from fwgen.quantise.bounds import Rule, Rules, Walk, aligned, each_channel, squares, total
from fwgen.quantise.formats import on_grid


def _squared_error(node: SquaredError, walk: Walk) -> Range:
    a, b = walk.terms(node)
    return total(squares(Range(a.lo - b.hi, a.hi - b.lo, a.frac)))


def _sum_squares(node: SumSquares, walk: Walk) -> Range:
    return total(squares(walk.value(node)))


def _kl_divergence(node: KlDivergence, walk: Walk) -> Range:
    """Twice the divergence, term by term; the half is one more fraction bit."""
    mean, log_variance, variance = sources = walk.values(node)
    one = Range(filled(1, len(mean)), filled(1, len(mean)), 0)
    square, log, var, one = aligned([squares(mean), log_variance, variance, one])
    twice = total(
        Range(
            square.lo + var.lo - one.lo - log.hi,
            square.hi + var.hi - one.hi - log.lo,
            square.frac,
        )
    )
    walk.note(_kl_peak(sources, twice.frac))
    return Range(twice.lo, twice.hi, twice.frac + 1)


def _kl_peak(sources: Sequence[Range], frac: int) -> int:
    """No partial sum of the divergence is larger, in any order."""
    mean, log_variance, variance = sources
    terms = [
        mean.peak**2 << (frac - 2 * mean.frac),
        log_variance.peak << (frac - log_variance.frac),
        variance.peak << (frac - variance.frac),
        1 << frac,
    ]
    return len(mean) * sum(terms)


def _argmax(node: ArgMax, walk: Walk) -> Range:
    """An element can be the one that is chosen if it can reach what another surely has."""
    source = walk.value(node)
    # the circuit compares by differences
    walk.note(2 * source.peak)
    lo, hi = (ends.reshape(-1, node.count) for ends in (source.lo, source.hi))
    found = [np.flatnonzero(row_hi >= row_lo.max()) for row_lo, row_hi in zip(lo, hi, strict=True)]
    return Range(ints([int(k[0]) for k in found]), ints([int(k[-1]) for k in found]), 0)


def _threshold(node: Threshold, walk: Walk) -> Range:
    source = walk.value(node)
    limit = each_channel(floor_to(const(node.value), source.frac), len(source))
    walk.note(*(abs(int(n)) for n in limit))
    always, possible = source.lo > limit, source.hi > limit
    return Range(always.astype(int).astype(object), possible.astype(int).astype(object), 0)


def _fix_threshold(node: Threshold, walk: Walk) -> Threshold:
    """On the source's grid, above the number is above its floor: the decision is exact."""
    value = on_grid(node, "value", node.value, walk.value(node).frac, Rounding.TRN)
    return replace(node, value=value)


RULES: Rules = {
    SquaredError: Rule(_squared_error),
    SumSquares: Rule(_sum_squares),
    KlDivergence: Rule(_kl_divergence),
    ArgMax: Rule(_argmax),
    Threshold: Rule(_threshold, _fix_threshold),
}
