"""Layers of ``model.yaml`` with neurons in them -> nodes of a graph of real numbers."""

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.bundle import schema
from fwgen.ingest.bundle.weights import Weights, format_of, number, parameter
from fwgen.ingest.names import CURRENT, SYNAPSE
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import CubaLif, LatencyEncoder, Lif, Membrane, Node, Real, Reset, ShiftLeak
from fwgen.ir.shapes import Shape, shape_of

NeuronLayer = (
    schema.LifLayer
    | schema.IfLayer
    | schema.LiLayer
    | schema.CubaLifLayer
    | schema.RateEncoderLayer
    | schema.LatencyEncoderLayer
)


def neuron_nodes(
    where: str, layer: NeuronLayer, source: str, nodes: list[Node], arrays: Weights
) -> list[Node]:
    """The nodes of one layer, the last under its name.

    Raises
    ------
    BundleError, FormatError
        If an array is missing, or a key contradicts another or the source.
    """
    match layer:
        case schema.CubaLifLayer():
            return _cuba_lif(where, layer, source, arrays)
        case schema.RateEncoderLayer():
            return [_rate_encoder(where, layer, source, nodes)]
        case schema.LatencyEncoderLayer():
            return [LatencyEncoder(layer.name, source, silent_zero=layer.silent_zero)]
        case _:
            return [_lif(where, layer, source, arrays)]


def _lif(
    where: str,
    layer: schema.LifLayer | schema.IfLayer | schema.LiLayer | schema.CubaLifLayer,
    source: str,
    arrays: Weights,
) -> Lif:
    beta = _NO_LEAK if isinstance(layer, schema.IfLayer) else _leak(where, layer, arrays)
    membrane = format_of(where, "membrane_format", layer.membrane_format)
    if isinstance(layer, schema.LiLayer):
        return Lif(layer.name, source, beta, None, membrane, Reset.NONE, reset_delay=True)
    threshold = parameter(
        where, "threshold", layer.threshold, layer, arrays, layer.threshold_format
    )
    neurons = Lif(
        layer.name, source, beta, threshold, membrane, Reset(layer.reset), layer.reset_delay
    )
    return replace(neurons, recurrent=_recurrent(where, layer, arrays))


def _recurrent(
    where: str,
    layer: schema.LifLayer | schema.IfLayer | schema.CubaLifLayer,
    arrays: Weights,
) -> Real | None:
    fmt = format_of(where, "recurrent_format", layer.recurrent_format)
    if layer.recurrent is not None:
        return Real(arrays.take(layer.recurrent, layer.name), fmt)
    if fmt is not None:
        raise BundleError(
            f"{where}: recurrent_format",
            needed="no recurrent_format where there are no recurrent weights",
            found=repr(str(layer.recurrent_format)[:80]),
            do="Remove it, or name the array under recurrent.",
        )
    return None


def _cuba_lif(where: str, layer: schema.CubaLifLayer, source: str, arrays: Weights) -> list[Node]:
    """Integrators of the current, their membranes step by step, and lif neurons that read them.

    With recurrent weights the neurons' spikes go into the integrators: then all is one node.
    """
    alpha = _unit(where, "alpha", layer.alpha, layer.name, arrays)
    leak = Real(alpha, format_of(where, "alpha_format", layer.alpha_format))
    fmt = format_of(where, "syn_format", layer.syn_format)
    if layer.recurrent is not None:
        n = _lif(where, layer, source, arrays)
        keys = {field.name: getattr(n, field.name) for field in fields(n)}
        return [CubaLif(**keys, alpha=leak, syn=fmt, previous=layer.previous_current)]
    integrators = Lif(layer.name + SYNAPSE, source, leak, None, fmt, Reset.NONE, reset_delay=True)
    current = Membrane(layer.name + CURRENT, integrators.name, layer.previous_current)
    return [integrators, current, _lif(where, layer, current.name, arrays)]


_NO_LEAK = Real(np.array(1.0), Fixed.parse("ufixed<1,1>"))


def _rate_encoder(
    where: str, layer: schema.RateEncoderLayer, source: str, nodes: list[Node]
) -> Lif:
    """Integrate-and-fire neurons of threshold 1 with an exact membrane."""
    if _shapes(nodes)[source].temporal:
        raise BundleError(
            f"{where}: from",
            needed="a value that exists once per event",
            found=f"{source!r}, which has one value per time step",
            do="It is spikes already, or made of them; read it without an encoder.",
        )
    return Lif(layer.name, source, _NO_LEAK, _NO_LEAK, None, Reset.SUBTRACT, reset_delay=True)


def _shapes(nodes: list[Node]) -> dict[str, Shape]:
    """Shapes of the values so far."""
    named, known = {node.name: node for node in nodes}, dict[str, Shape]()
    for node in nodes:
        known[node.name] = shape_of(node, named, known)
    return known


def _leak(
    where: str,
    layer: schema.LifLayer | schema.LiLayer | schema.CubaLifLayer,
    arrays: Weights,
) -> Real | ShiftLeak:
    if (layer.beta is None) == (layer.leak_shift is None):
        raise BundleError(
            f"{where}: beta",
            needed="either beta (a constant) or leak_shift (u - (u >> shift))",
            found="neither" if layer.beta is None else "both",
            do="Keep one of the two.",
        )
    if layer.leak_shift is not None:
        if layer.beta_format is not None:
            raise BundleError(
                f"{where}: beta_format",
                needed="no beta_format beside leak_shift, which has no constant",
                found=repr(layer.beta_format[:80]),
                do="Remove it.",
            )
        return ShiftLeak(layer.leak_shift)
    beta = _unit(where, "beta", layer.beta, layer.name, arrays)
    return Real(beta, format_of(where, "beta_format", layer.beta_format))


def _unit(
    where: str, key: str, value: float | str | None, layer: str, arrays: Weights
) -> NDArray[np.float64]:
    """Numbers from 0 to 1."""
    given = number(value, layer, arrays)
    outside = (given < 0) | (given > 1)
    if outside.any():
        raise BundleError(
            f"{where}: {key}",
            needed="values from 0 to 1",
            found=f"{float(given[outside].flat[0]):g}",
            do=f"snnTorch clamps {key} to [0, 1] while it runs; store the clamped value.",
        )
    return given
