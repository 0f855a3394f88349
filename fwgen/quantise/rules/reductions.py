"""Bounds of operations that make one element of many."""

from fwgen.ir.nodes import Reduce, Reduction
from fwgen.ir.ranges import Range
from fwgen.quantise.bounds import Expansions, Rule, Rules, Walk


def _reduce(node: Reduce, walk: Walk) -> Range:
    """Both functions are monotone: the ends of the result are those of the sources' ends."""
    source = walk.value(node)
    lo, hi = (ends.reshape(-1, node.count) for ends in (source.lo, source.hi))
    # the circuit compares by differences
    walk.note(2 * source.peak)
    if node.function is Reduction.MAX:
        return Range(lo.max(axis=1), hi.max(axis=1), source.frac)
    return Range(lo.min(axis=1), hi.min(axis=1), source.frac)


RULES: Rules = {Reduce: Rule(_reduce)}
EXPANSIONS: Expansions = {}
