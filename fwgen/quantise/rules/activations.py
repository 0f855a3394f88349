"""Bounds and formats of functions of each element."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.nodes import LeakyRelu, Relu, Table
from fwgen.ir.ranges import Range, const, ints
from fwgen.quantise.bounds import Rule, Rules, Walk, each_channel
from fwgen.quantise.formats import near
from fwgen.quantise.tables import fix_table


def _relu(node: Relu, walk: Walk) -> Range:
    source = walk.value(node)
    return Range(np.maximum(source.lo, 0), np.maximum(source.hi, 0), source.frac)


def leaky_factors(node: LeakyRelu, source: Range) -> tuple[int, int, Ints]:
    """Fraction bits of the result, how far x is shifted left, and alpha as a factor of x."""
    alpha = const(node.alpha)
    frac = max(source.frac, source.frac + alpha.fmt.frac)
    factors = np.asarray(alpha.values << (frac - source.frac - alpha.fmt.frac), dtype=object)
    return frac, frac - source.frac, each_channel(factors, len(source))


def _leaky_relu(node: LeakyRelu, walk: Walk) -> Range:
    """``x`` from 0 on, ``alpha * x`` below: the hull of both branches."""
    source = walk.value(node)
    frac, lift, alpha = leaky_factors(node, source)
    # both branches are computed for all values
    walk.note(int(max(np.abs(alpha).max(), 1 << lift)) * source.peak)
    lo, hi = [], []
    for a, low, high in zip(alpha, source.lo, source.hi, strict=True):
        ends = [max(low, 0) << lift, high << lift] if high >= 0 else []
        ends += [a * low, a * min(high, -1)] if low < 0 else []
        lo.append(min(ends))
        hi.append(max(ends))
    return Range(ints(lo), ints(hi), frac)


def _fix_leaky_relu(node: LeakyRelu, _walk: Walk) -> LeakyRelu:
    return replace(node, alpha=near(node, "alpha", node.alpha, _room, False))


def _room(alpha: Fraction) -> Fraction:
    return abs(alpha) / 128


def _table(node: Table, walk: Walk) -> Range:
    """What each element's part of the table holds, and the overflow mode of its format then."""
    source = walk.value(node)
    values, first = const(node.values).values, int(node.first)
    parts = [
        values[low - first : high - first + 1]
        for low, high in zip(source.lo, source.hi, strict=True)
    ]
    needed = Range(ints([p.min() for p in parts]), ints([p.max() for p in parts]), node.fmt.frac)
    return walk.converted(node, needed, node.fmt)


def _fix_table(node: Table, walk: Walk) -> Table:
    return fix_table(node, walk.value(node))


RULES: Rules = {
    Relu: Rule(_relu),
    LeakyRelu: Rule(_leaky_relu, _fix_leaky_relu),
    Table: Rule(_table, _fix_table),
}
