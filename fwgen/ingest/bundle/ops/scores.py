"""Scores and decisions in ``model.yaml``."""

from typing import Annotated, Literal

from pydantic import Field

from fwgen.ingest.bundle.base import Layer, Name, PairLayer, Scalar, Section
from fwgen.ingest.bundle.site import Makers, Site, plain
from fwgen.ir.nodes import ArgMax, KlDivergence, Node, SquaredError, SumSquares, Threshold


class SquaredErrorLayer(PairLayer):
    """Score: sum of squared differences of two vectors."""

    op: Literal["squared_error"]


class SumSquaresLayer(Layer):
    """Score: sum of squares."""

    op: Literal["sum_squares"]


class KlDivergenceLayer(Section):
    """Score: mean, log variance and variance against the standard normal distribution."""

    op: Literal["kl_divergence"]
    name: Name
    from_: Annotated[list[Name], Field(alias="from", min_length=3, max_length=3)]


class ArgMaxLayer(Layer):
    """Index of the largest element along the last axis."""

    op: Literal["argmax"]


class ThresholdLayer(Layer):
    """Trigger bit: strictly greater than ``value``; text names an array."""

    op: Literal["threshold"]
    value: Scalar | Name
    value_format: str | None = None


def _argmax(site: Site, layer: ArgMaxLayer) -> list[Node]:
    return [ArgMax(layer.name, site.source, count=site.shapes[site.source].channels)]


def _threshold(site: Site, layer: ThresholdLayer) -> list[Node]:
    value = site.parameter("value", layer.value, layer, layer.value_format)
    return [Threshold(layer.name, site.source, value=value)]


Layers = SquaredErrorLayer | SumSquaresLayer | KlDivergenceLayer | ArgMaxLayer | ThresholdLayer
MAKERS: Makers = {
    SquaredErrorLayer: plain(SquaredError),
    SumSquaresLayer: plain(SumSquares),
    KlDivergenceLayer: plain(KlDivergence),
    ArgMaxLayer: _argmax,
    ThresholdLayer: _threshold,
}
