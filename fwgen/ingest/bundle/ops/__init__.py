"""The layers of ``model.yaml`` by families: their keys, and the nodes they make."""

from typing import get_args

from fwgen.ingest.bundle.ops import (
    activations,
    basic,
    dense,
    encoders,
    neurons,
    readouts,
    scores,
    vectors,
)
from fwgen.ingest.bundle.site import Makers

__all__ = ["FORMATTED", "MAKERS", "SPIKING"]

MAKERS: Makers = {
    **basic.MAKERS,
    **dense.MAKERS,
    **activations.MAKERS,
    **vectors.MAKERS,
    **scores.MAKERS,
    **neurons.MAKERS,
    **encoders.MAKERS,
    **readouts.MAKERS,
}
SPIKING = frozenset({*neurons.MAKERS, *encoders.MAKERS})
"""Layers whose values have time steps whatever they read."""
_SUFFIX = "_format"
FORMATTED = {
    get_args(layer.model_fields["op"].annotation)[0]: tuple(
        key.removesuffix(_SUFFIX) for key in layer.model_fields if key.endswith(_SUFFIX)
    )
    for layer in MAKERS
}
"""What may be given a format of its own in each layer, by the layer's operation."""
