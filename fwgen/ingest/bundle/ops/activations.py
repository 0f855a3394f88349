"""Functions of each element in ``model.yaml``."""

from typing import Literal

from fwgen.ingest.bundle.base import HOW, Layer, Name, Scalar
from fwgen.ingest.bundle.site import Makers, Site, plain
from fwgen.ir.nodes import CUSTOM, LeakyRelu, Node, Real, Relu, Table


class ReluLayer(Layer):
    """Zero where the source is negative."""

    op: Literal["relu"]


class LeakyReluLayer(Layer):
    """Zero or more as it is, times ``alpha`` below; text for alpha names an array."""

    op: Literal["leaky_relu"]
    alpha: Scalar | Name
    alpha_format: str | None = None


class TableLayer(Layer):
    """A function by its name, or the array ``NAME.table`` from the input ``first`` on."""

    op: Literal["table"]
    function: Literal[
        "sigmoid",
        "tanh",
        "exp",
        "log",
        "sqrt",
        "rsqrt",
        "square",
        "reciprocal",
        "softplus",
        "custom",
    ]
    format: str
    first: Scalar | None = None


def _leaky_relu(site: Site, layer: LeakyReluLayer) -> list[Node]:
    alpha = site.parameter("alpha", layer.alpha, layer, layer.alpha_format)
    return [LeakyRelu(layer.name, site.source, alpha=alpha)]


def _table(site: Site, layer: TableLayer) -> list[Node]:
    fmt = site.required_format(layer.format)
    if layer.function != CUSTOM:
        if layer.first is not None:
            raise site.refuse(
                "first",
                needed="no first beside a function known by name",
                found=f"{layer.first:g}",
                do="Remove it.",
            )
        return [Table(layer.name, source=site.source, function=layer.function, fmt=fmt)]
    if layer.first is None:
        raise site.refuse(
            "first",
            needed="the input that the first entry of the table stands for",
            found="nothing",
            do=f"Add it. {HOW}",
        )
    values = Real(site.arrays.take(f"{layer.name}.table", layer.name))
    return [Table(layer.name, site.source, layer.function, fmt, first=layer.first, values=values)]


Layers = ReluLayer | LeakyReluLayer | TableLayer
MAKERS: Makers = {ReluLayer: plain(Relu), LeakyReluLayer: _leaky_relu, TableLayer: _table}
