"""Bounds and formats of constant matrices and normalisations."""

from dataclasses import replace

import numpy as np

from fwgen.ir.cast import round_only
from fwgen.ir.nodes import BatchNorm, Dense
from fwgen.ir.ranges import Range, const
from fwgen.quantise.accumulator import ACCUMULATOR, wraps
from fwgen.quantise.bounds import Rule, Rules, Walk, each_channel
from fwgen.quantise.formats import MAX_FRAC, on_grid, widest

WEIGHT_BITS = 8
SCALE_BITS = 16
SCALE_MAX_FRAC = 24


def _dense(node: Dense, walk: Walk) -> Range:
    """At every position, the sums of the weights' positive and negative parts with the ends."""
    source = walk.value(node)
    weight, bias = const(node.weight), const(node.bias)
    products = weight.fmt.frac + source.frac
    frac = max(products, bias.fmt.frac)
    w = weight.values << (frac - products)
    b = bias.values << (frac - bias.fmt.frac)
    low, high = (ends.reshape(-1, w.shape[1]).T for ends in (source.lo, source.hi))
    walk.note(int(np.abs(w).max(initial=0)))
    pos, neg, b = np.maximum(w, 0), np.minimum(w, 0), b[:, None]
    # any order of summation stays within the sum of magnitudes
    walk.note(int((np.abs(w) @ np.maximum(np.abs(low), np.abs(high)) + abs(b)).max()))
    lo, hi = (ends.T.ravel() for ends in (pos @ low + neg @ high + b, pos @ high + neg @ low + b))
    exact = Range(lo, hi, frac)
    fmt = node.accumulator
    if fmt is None or not wraps(fmt, exact):
        return exact
    needed = Range(round_only(lo, frac, fmt), round_only(hi, frac, fmt), fmt.frac)
    return walk.converted(node, needed, fmt, ACCUMULATOR)


def _fix_dense(node: Dense, walk: Walk) -> Dense:
    weight = widest(node, "weight", node.weight, WEIGHT_BITS, MAX_FRAC)
    bias = on_grid(node, "bias", node.bias, weight.fmt.frac + walk.value(node).frac)
    return replace(node, weight=weight, bias=bias)


def _batch_norm(node: BatchNorm, walk: Walk) -> Range:
    source, scale, offset = walk.value(node), const(node.scale), const(node.offset)
    frac = max(scale.fmt.frac + source.frac, offset.fmt.frac)
    factor = each_channel(scale.values << (frac - scale.fmt.frac - source.frac), len(source))
    moved = each_channel(offset.values << (frac - offset.fmt.frac), len(source))
    ends = factor * source.lo, factor * source.hi
    for values in (factor, moved, *ends):
        walk.note(int(np.abs(values).max()))
    return Range(np.minimum(*ends) + moved, np.maximum(*ends) + moved, frac)


def _fix_batch_norm(node: BatchNorm, walk: Walk) -> BatchNorm:
    scale = widest(node, "scale", node.scale, SCALE_BITS, SCALE_MAX_FRAC)
    offset = on_grid(node, "offset", node.offset, scale.fmt.frac + walk.value(node).frac)
    return replace(node, scale=scale, offset=offset)


RULES: Rules = {Dense: Rule(_dense, _fix_dense), BatchNorm: Rule(_batch_norm, _fix_batch_norm)}
