"""Scores and decisions in hls4ml."""

from collections.abc import Sequence

import numpy as np

from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.hls.rules.common import HlsRules, chain, integers, sums
from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.nodes import Const, KlDivergence, SquaredError, SumSquares, Threshold
from fwgen.ir.ranges import Range, const, floor_to
from fwgen.quantise.bounds import aligned, each_channel


def _squared_error(node: SquaredError, reads: Sequence[Operand], _: Range) -> list[HlsLayer]:
    left, right = reads
    a, b = aligned([left.values, right.values])
    values = Range(a.lo - b.hi, a.hi - b.lo, a.frac)
    apart = Operand.of(f"{node.name}__difference", values)
    first = hls.merge(apart.layer, "subtract", left.layer, right.layer, len(values), apart.fmt)
    return [first, hls.square_sum(node.name, apart)[0]]


def _sum_squares(node: SumSquares, reads: Sequence[Operand], _: Range) -> list[HlsLayer]:
    return [hls.square_sum(node.name, reads[0])[0]]


def _kl_divergence(node: KlDivergence, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    """``1/2 * (sum mean**2 + sum variance - sum log_variance - size)``: a dense layer sums up."""
    mean, log_variance, variance = reads
    first, squares = hls.square_sum(f"{node.name}__squares", mean)
    steps, terms = chain(f"{node.name}__terms", [squares, variance, log_variance])
    size = len(mean.values)
    halves = integers([[1] * (1 + size) + [-1] * size], 1)
    return [first, *steps, sums(node.name, terms, halves, integers([-size], 1), values)]


def _threshold(node: Threshold, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    """``x > value`` is, in integers, ``x - floor(value)`` clipped to 0..1: SAT does it."""
    read = reads[0].values
    limit = each_channel(floor_to(const(node.value), read.frac), len(values))
    limit = np.clip(limit, read.lo - 1, read.hi)  # beyond these nothing changes
    ones = Const(np.full(len(values), 1, dtype=object), Fixed(False, 1, 1 + read.frac))
    clipped = Fixed(False, 1, 1, overflow=Overflow.SAT)
    return [hls.normalise(node.name, reads[0].layer, ones, integers(-limit, 0), clipped)]


RULES: HlsRules = {
    SquaredError: _squared_error,
    SumSquares: _sum_squares,
    KlDivergence: _kl_divergence,
    Threshold: _threshold,
}
