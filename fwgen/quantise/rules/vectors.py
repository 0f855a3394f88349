"""Bounds of operations on vectors as a whole."""

from functools import partial

import numpy as np

from fwgen.ir.nodes import (
    Add,
    Concat,
    Gather,
    Multiply,
    Node,
    Reduce,
    ReduceMax,
    ReduceMin,
    Reduction,
    Reshape,
    Slice,
    Subtract,
    Transpose,
)
from fwgen.ir.ranges import Range
from fwgen.ir.shapes import Shape
from fwgen.quantise.bounds import Expansions, Rule, Rules, Walk, squares


def _concat(node: Concat, walk: Walk) -> Range:
    """All elements on the finest grid."""
    parts = walk.terms(node)
    lo, hi = (np.concatenate([getattr(p, end) for p in parts]) for end in ("lo", "hi"))
    return Range(lo, hi, parts[0].frac)


def _slice(node: Slice, walk: Walk) -> Range:
    source = walk.value(node)
    lo, hi = (ends[node.start : node.stop] for ends in (source.lo, source.hi))
    return Range(lo, hi, source.frac)


def _add(node: Add, walk: Walk) -> Range:
    a, b = walk.terms(node)
    return Range(a.lo + b.lo, a.hi + b.hi, a.frac)


def _subtract(node: Subtract, walk: Walk) -> Range:
    a, b = walk.terms(node)
    return Range(a.lo - b.hi, a.hi - b.lo, a.frac)


def _multiply(node: Multiply, walk: Walk) -> Range:
    left, right = walk.values(node)
    if node.left == node.right:
        return squares(left)
    ends = [x * y for x in (left.lo, left.hi) for y in (right.lo, right.hi)]
    lo, hi = (fold.reduce(ends) for fold in (np.minimum, np.maximum))
    return Range(lo, hi, left.frac + right.frac)


def _gather(node: Gather, walk: Walk) -> Range:
    source = walk.value(node)
    return Range(source.lo[node.indices], source.hi[node.indices], source.frac)


def _reduce(node: Reduce, walk: Walk) -> Range:
    """Maximum and minimum are monotone: the result's ends are those of the sources' ends."""
    source = walk.value(node)
    lo, hi = (ends.reshape(-1, node.count) for ends in (source.lo, source.hi))
    # the circuit compares by differences
    walk.note(2 * source.peak)
    if node.function is Reduction.MAX:
        return Range(lo.max(axis=1), hi.max(axis=1), source.frac)
    return Range(lo.min(axis=1), hi.min(axis=1), source.frac)


RULES: Rules = {
    Concat: Rule(_concat),
    Slice: Rule(_slice),
    Add: Rule(_add),
    Subtract: Rule(_subtract),
    Multiply: Rule(_multiply),
    Gather: Rule(_gather),
    Reduce: Rule(_reduce),
}


def _transpose(node: Transpose, source: Shape) -> list[Node]:
    places = np.arange(source.size).reshape(source.dims).transpose(node.axes)
    return [Gather(node.name, node.source, places.ravel(), places.shape)]


def _reshape(node: Reshape, source: Shape) -> list[Node]:
    return [Gather(node.name, node.source, np.arange(source.size), node.dims)]


def _along(node: ReduceMax | ReduceMin, source: Shape, function: Reduction) -> list[Node]:
    """The axis becomes the last one, where it is not already, and is reduced."""
    places = np.moveaxis(np.arange(source.size).reshape(source.dims), node.axis, -1)
    count, read, steps = places.shape[-1], node.source, list[Node]()
    if node.axis % len(source.dims) != len(source.dims) - 1:
        steps = [Gather(f"{node.name}__rows", read, places.ravel(), places.shape)]
        read = steps[0].name
    return [*steps, Reduce(node.name, read, function, count)]


EXPANSIONS: Expansions = {
    Transpose: _transpose,
    Reshape: _reshape,
    ReduceMax: partial(_along, function=Reduction.MAX),
    ReduceMin: partial(_along, function=Reduction.MIN),
}
