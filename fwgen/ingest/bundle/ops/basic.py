"""Conversions in ``model.yaml``."""

from typing import Literal

from fwgen.ingest.bundle.base import Layer
from fwgen.ingest.bundle.site import Makers, Site
from fwgen.ir.nodes import Node, Quantise


class QuantiseLayer(Layer):
    """Conversion to a number format."""

    op: Literal["quantise"]
    format: str


def _quantise(site: Site, layer: QuantiseLayer) -> list[Node]:
    return [Quantise(layer.name, site.source, fmt=site.required_format(layer.format))]


Layers = QuantiseLayer
MAKERS: Makers = {QuantiseLayer: _quantise}
