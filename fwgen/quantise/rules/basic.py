"""Bounds of the event and of conversions."""

from fwgen.ir.cast import round_only
from fwgen.ir.nodes import Input, Quantise
from fwgen.ir.ranges import Range
from fwgen.quantise.bounds import Rule, Rules, Walk, full


def _input(node: Input, _walk: Walk) -> Range:
    return full(node.fmt, node.size)


def _quantise(node: Quantise, walk: Walk) -> Range:
    source = walk.value(node)
    lo = round_only(source.lo, source.frac, node.fmt)
    hi = round_only(source.hi, source.frac, node.fmt)
    return walk.converted(node, Range(lo, hi, node.fmt.frac), node.fmt)


RULES: Rules = {Input: Rule(_input), Quantise: Rule(_quantise)}
