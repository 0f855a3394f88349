"""Operations that put vectors together, take them apart, and join them element by element."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.node import SOURCE, Composite, Derived, Node, Pair, Unary
from fwgen.ir.shape import (
    MAX_ELEMENTS,
    Earlier,
    Shape,
    ShapeRules,
    alike,
    misfit,
    one_axis,
    same_dims,
    static,
    vector,
)


@dataclass(frozen=True, slots=True, eq=False)
class Concat(Node):
    """The elements of several vectors, one after the other."""

    op: ClassVar[str] = "concat"
    parts: tuple[str, ...] = field(metadata=SOURCE)


@dataclass(frozen=True, slots=True, eq=False)
class Slice(Unary):
    """The elements ``start`` to ``stop - 1``."""

    op: ClassVar[str] = "slice"
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Add(Pair):
    """``left + right``, element by element, exact."""

    op: ClassVar[str] = "add"


@dataclass(frozen=True, slots=True, eq=False)
class Subtract(Pair):
    """``left - right``, element by element, exact."""

    op: ClassVar[str] = "subtract"


@dataclass(frozen=True, slots=True, eq=False)
class Multiply(Pair):
    """``left * right``, element by element, exact."""

    op: ClassVar[str] = "multiply"


@dataclass(frozen=True, slots=True, eq=False)
class Gather(Unary, Derived):
    """``y_i = x[indices_i]``, elements counted row by row; the result has the axes ``dims``.

    Every operation that only moves elements is one: transposition, reshaping, padding by copies,
    the windows of a convolution.
    """

    op: ClassVar[str] = "gather"
    indices: NDArray[np.intp]
    dims: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Transpose(Unary, Composite):
    """The same elements with the axes in another order: ``axes`` of the source, as in NumPy."""

    op: ClassVar[str] = "transpose"
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reshape(Unary, Composite):
    """The same elements, row by row, with the axes ``dims``."""

    op: ClassVar[str] = "reshape"
    dims: tuple[int, ...]


class Reduction(StrEnum):
    """What is left of the elements along an axis."""

    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True, eq=False)
class Reduce(Unary, Derived):
    """The largest or the smallest of each ``count`` elements that follow one another, exact.

    These are the elements along the last axis, which the result does not have; of a vector it has
    one element.
    """

    op: ClassVar[str] = "reduce"
    function: Reduction
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class ReduceMax(Unary, Composite):
    """The largest element along ``axis``, which the result does not have; of a vector one."""

    op: ClassVar[str] = "reduce_max"
    axis: int


@dataclass(frozen=True, slots=True, eq=False)
class ReduceMin(Unary, Composite):
    """The smallest element along ``axis``, which the result does not have; of a vector one."""

    op: ClassVar[str] = "reduce_min"
    axis: int


def _concat(node: Concat, known: Earlier) -> Shape:
    size = sum(known.shapes[name].size for name in node.parts)
    if not node.parts or size > MAX_ELEMENTS:
        raise misfit(node, f"1 to {MAX_ELEMENTS:,} elements together", f"{size:,}")
    for name in node.parts:
        if len(known.shapes[name].dims) > 1:
            found = f"'{name}' of shape {known.shapes[name].text} (a reshape layer makes it one)"
            raise misfit(node, "vectors", found)
    return vector(size, temporal=alike(node, known))


def _slice(node: Slice, known: Earlier) -> Shape:
    size = one_axis(node, known)
    if not 0 <= node.start < node.stop <= size:
        raise misfit(
            node,
            f"0 <= start < stop <= {size}, the elements of '{node.source}'",
            f"start {node.start} and stop {node.stop}",
        )
    return vector(node.stop - node.start, temporal=known.source(node).temporal)


def _sum(node: Add | Subtract, known: Earlier) -> Shape:
    return Shape(same_dims(node, known), alike(node, known))


def _product(node: Multiply, known: Earlier) -> Shape:
    return static(node, Shape(same_dims(node, known), temporal=False), known)


def _gather(node: Gather, known: Earlier) -> Shape:
    size = known.source(node).size
    if prod(node.dims) != len(node.indices) or not 0 < len(node.indices) <= MAX_ELEMENTS:
        raise misfit(
            node,
            f"1 to {MAX_ELEMENTS:,} indices, as many as elements",
            f"{len(node.indices):,} for a value of {prod(node.dims):,}",
        )
    if not ((node.indices >= 0) & (node.indices < size)).all():
        raise misfit(node, f"indices from 0 to {size - 1}", "one outside")
    return static(node, Shape(node.dims, temporal=False), known)


def _transpose(node: Transpose, known: Earlier) -> Shape:
    dims = known.source(node).dims
    if sorted(node.axes) != list(range(len(dims))):
        shown = ", ".join(map(str, range(len(dims))))
        raise misfit(node, f"each of the axes {shown} once", str(list(node.axes)))
    return static(node, Shape(tuple(dims[a] for a in node.axes), temporal=False), known)


def _reshape(node: Reshape, known: Earlier) -> Shape:
    source = known.source(node)
    if prod(node.dims) != source.size or min(node.dims, default=0) < 1:
        raise misfit(
            node,
            f"axes of {source.size} elements together, those of '{node.source}' ({source.text})",
            str(list(node.dims)),
        )
    return static(node, Shape(node.dims, temporal=False), known)


def _reduce(node: Reduce, known: Earlier) -> Shape:
    """The rule of operations that take the last axis away."""
    source = known.source(node)
    if node.count != source.channels:
        raise misfit(node, f"a count of {source.channels}, the last axis", f"{node.count}")
    return static(node, Shape(source.dims[:-1] or (1,), temporal=False), known)


def _reduce_along(node: ReduceMax | ReduceMin, known: Earlier) -> Shape:
    dims = known.source(node).dims
    if not -len(dims) <= node.axis < len(dims):
        raise misfit(node, f"an axis from {-len(dims)} to {len(dims) - 1}", f"{node.axis}")
    left = [n for axis, n in enumerate(dims) if axis != node.axis % len(dims)]
    return static(node, Shape(tuple(left) or (1,), temporal=False), known)


SHAPES: ShapeRules = {
    Concat: _concat,
    Slice: _slice,
    Add: _sum,
    Subtract: _sum,
    Multiply: _product,
    Gather: _gather,
    Transpose: _transpose,
    Reshape: _reshape,
    Reduce: _reduce,
    ReduceMax: _reduce_along,
    ReduceMin: _reduce_along,
}
NODES: tuple[type[Node], ...] = tuple(SHAPES)
