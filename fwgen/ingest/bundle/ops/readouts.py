"""Read-outs of neurons in ``model.yaml``."""

from typing import Literal

from fwgen.ingest.bundle.base import Layer
from fwgen.ingest.bundle.site import Makers, Site, plain
from fwgen.ir.nodes import FirstSpike, LastMembrane, Maximum, Membrane, Node, SpikeCount


class MembraneLayer(Layer):
    """Membranes of all time steps, or of the steps before."""

    op: Literal["membrane"]
    previous: bool = False


class LastMembraneLayer(Layer):
    """Membrane after the last time step."""

    op: Literal["last_membrane"]


class MaximumLayer(Layer):
    """Largest membrane over all time steps."""

    op: Literal["maximum"]


class SpikeCountLayer(Layer):
    """Number of spikes."""

    op: Literal["spike_count"]


class FirstSpikeLayer(Layer):
    """First time step with a spike."""

    op: Literal["first_spike"]


def _membrane(site: Site, layer: MembraneLayer) -> list[Node]:
    return [Membrane(layer.name, site.source, previous=layer.previous)]


Layers = MembraneLayer | LastMembraneLayer | MaximumLayer | SpikeCountLayer | FirstSpikeLayer
MAKERS: Makers = {
    MembraneLayer: _membrane,
    LastMembraneLayer: plain(LastMembrane),
    MaximumLayer: plain(Maximum),
    SpikeCountLayer: plain(SpikeCount),
    FirstSpikeLayer: plain(FirstSpike),
}
