"""Encoders of spikes in ``model.yaml``."""

from typing import Literal

from fwgen.ingest.bundle.base import Layer
from fwgen.ingest.bundle.ops.neurons import NO_LEAK
from fwgen.ingest.bundle.site import Makers, Site
from fwgen.ir.nodes import LatencyEncoder, Lif, Node, Reset


class RateEncoderLayer(Layer):
    """Numbers as spikes that are the more frequent the larger they are."""

    op: Literal["rate_encoder"]


class LatencyEncoderLayer(Layer):
    """One spike for each number, the earlier the larger it is."""

    op: Literal["latency_encoder"]
    silent_zero: bool


def _rate_encoder(site: Site, layer: RateEncoderLayer) -> list[Node]:
    """Integrate-and-fire neurons of threshold 1 with an exact membrane."""
    if site.shapes[site.source].temporal:
        raise site.refuse(
            "from",
            needed="a value that exists once per event",
            found=f"{site.source!r}, which has one value per time step",
            do="It is spikes already, or made of them; read it without an encoder.",
        )
    return [Lif(layer.name, site.source, NO_LEAK, NO_LEAK, None, Reset.SUBTRACT, reset_delay=True)]


def _latency_encoder(site: Site, layer: LatencyEncoderLayer) -> list[Node]:
    return [LatencyEncoder(layer.name, site.source, silent_zero=layer.silent_zero)]


Layers = RateEncoderLayer | LatencyEncoderLayer
MAKERS: Makers = {RateEncoderLayer: _rate_encoder, LatencyEncoderLayer: _latency_encoder}
