"""Operations on vectors as a whole in ``model.yaml``."""

from typing import Annotated, Literal

from pydantic import Field

from fwgen.ingest.bundle.base import MAX_LAYERS, Layer, Name, PairLayer, Section
from fwgen.ingest.bundle.site import Makers, Site, plain
from fwgen.ir.nodes import (
    Add,
    Concat,
    Multiply,
    Node,
    ReduceMax,
    ReduceMin,
    Reshape,
    Slice,
    Subtract,
    Transpose,
)
from fwgen.ir.shape import MAX_ELEMENTS

MAX_AXES = 8
Axis = Annotated[int, Field(ge=0, lt=MAX_AXES)]
AnyAxis = Annotated[int, Field(ge=-MAX_AXES, lt=MAX_AXES)]
Extent = Annotated[int, Field(ge=1, le=MAX_ELEMENTS)]


class ConcatLayer(Section):
    """The elements of several vectors, one after the other."""

    op: Literal["concat"]
    name: Name
    from_: Annotated[list[Name], Field(alias="from", min_length=1, max_length=MAX_LAYERS)]


class SliceLayer(Layer):
    """Elements ``start`` to ``stop - 1``."""

    op: Literal["slice"]
    start: Annotated[int, Field(ge=0, le=MAX_ELEMENTS)] = 0
    stop: Annotated[int, Field(ge=1, le=MAX_ELEMENTS)]


class AddLayer(PairLayer):
    """Sum of two vectors."""

    op: Literal["add"]


class SubtractLayer(PairLayer):
    """The first vector minus the second."""

    op: Literal["subtract"]


class MultiplyLayer(PairLayer):
    """Product, element by element."""

    op: Literal["multiply"]


class TransposeLayer(Layer):
    """Another order of the axes."""

    op: Literal["transpose"]
    axes: Annotated[list[Axis], Field(min_length=1, max_length=MAX_AXES)]


class ReshapeLayer(Layer):
    """Other axes for the same elements."""

    op: Literal["reshape"]
    dims: Annotated[list[Extent], Field(min_length=1, max_length=MAX_AXES)]


class ReduceMaxLayer(Layer):
    """The largest element along an axis."""

    op: Literal["reduce_max"]
    axis: AnyAxis


class ReduceMinLayer(Layer):
    """The smallest element along an axis."""

    op: Literal["reduce_min"]
    axis: AnyAxis


def _concat(site: Site, layer: ConcatLayer) -> list[Node]:
    return [Concat(layer.name, parts=site.sources)]


def _slice(site: Site, layer: SliceLayer) -> list[Node]:
    return [Slice(layer.name, site.source, start=layer.start, stop=layer.stop)]


def _transpose(site: Site, layer: TransposeLayer) -> list[Node]:
    return [Transpose(layer.name, site.source, axes=tuple(layer.axes))]


def _reshape(site: Site, layer: ReshapeLayer) -> list[Node]:
    return [Reshape(layer.name, site.source, dims=tuple(layer.dims))]


def _reduce_max(site: Site, layer: ReduceMaxLayer) -> list[Node]:
    return [ReduceMax(layer.name, site.source, axis=layer.axis)]


def _reduce_min(site: Site, layer: ReduceMinLayer) -> list[Node]:
    return [ReduceMin(layer.name, site.source, axis=layer.axis)]


Layers = (
    ConcatLayer
    | SliceLayer
    | AddLayer
    | SubtractLayer
    | MultiplyLayer
    | TransposeLayer
    | ReshapeLayer
    | ReduceMaxLayer
    | ReduceMinLayer
)
MAKERS: Makers = {
    ConcatLayer: _concat,
    SliceLayer: _slice,
    AddLayer: plain(Add),
    SubtractLayer: plain(Subtract),
    MultiplyLayer: plain(Multiply),
    TransposeLayer: _transpose,
    ReshapeLayer: _reshape,
    ReduceMaxLayer: _reduce_max,
    ReduceMinLayer: _reduce_min,
}
