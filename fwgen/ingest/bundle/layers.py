"""One layer of ``model.yaml`` and its arrays -> one node of a graph of real numbers."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.bundle import schema
from fwgen.ingest.bundle.complaints import HOW
from fwgen.ingest.bundle.neuron_layers import NeuronLayer, neuron_nodes
from fwgen.ingest.bundle.weights import Weights, format_of, parameter, read_format
from fwgen.ingest.norm import norm_factors
from fwgen.ir.nodes import (
    CUSTOM,
    Add,
    BatchNorm,
    Concat,
    Dense,
    FirstSpike,
    KlDivergence,
    LastMembrane,
    LeakyRelu,
    Maximum,
    Membrane,
    Multiply,
    Node,
    Quantise,
    Real,
    Relu,
    Slice,
    SpikeCount,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)


def make_nodes(
    where: str, layer: schema.AnyLayer, nodes: list[Node], arrays: Weights
) -> list[Node]:
    """The nodes of one layer, the last under its name.

    ``nodes`` are those it may read, ``where`` is its place in the file.

    Raises
    ------
    BundleError, FormatError
        If an array or source is missing or misshapen, or a key contradicts another.
    """
    if isinstance(layer, NeuronLayer):
        return neuron_nodes(where, layer, _sources(where, layer, nodes)[0], nodes, arrays)
    return [_node(where, layer, nodes, arrays)]


def _node(where: str, layer: schema.AnyLayer, nodes: list[Node], arrays: Weights) -> Node:
    sources = _sources(where, layer, nodes)
    match layer:
        case schema.DenseLayer():
            return _dense(where, layer, sources[0], arrays)
        case schema.BatchNormLayer():
            return _batch_norm(where, layer, sources[0], arrays)
        case schema.TableLayer():
            return _table(where, layer, sources[0], arrays)
        case schema.QuantiseLayer():
            fmt = read_format(layer.format, f"{where}: format")
            return Quantise(layer.name, sources[0], fmt=fmt)
        case schema.LeakyReluLayer():
            alpha = parameter(where, "alpha", layer.alpha, layer, arrays, layer.alpha_format)
            return LeakyRelu(layer.name, sources[0], alpha=alpha)
        case schema.ThresholdLayer():
            value = parameter(where, "value", layer.value, layer, arrays, layer.value_format)
            return Threshold(layer.name, sources[0], value=value)
        case schema.SliceLayer():
            return Slice(layer.name, sources[0], start=layer.start, stop=layer.stop)
        case schema.MembraneLayer():
            return Membrane(layer.name, sources[0], previous=layer.previous)
        case schema.ConcatLayer():
            return Concat(layer.name, parts=sources)
        case _:
            return _PLAIN[layer.op](layer.name, *sources)


# operations without parameters: their name and their sources are all there is
_PLAIN: dict[str, Callable[..., Node]] = {
    node.op: node
    for node in (
        Add,
        FirstSpike,
        KlDivergence,
        LastMembrane,
        Maximum,
        Multiply,
        Relu,
        SpikeCount,
        SquaredError,
        Subtract,
        SumSquares,
    )
}


def _sources(where: str, layer: schema.AnyLayer, nodes: list[Node]) -> tuple[str, ...]:
    wanted = layer.from_
    if not isinstance(wanted, list):
        wanted = [wanted or nodes[-1].name]
    return tuple(_source(where, name, nodes) for name in wanted)


def _source(where: str, name: str, nodes: list[Node]) -> str:
    known = [node.name for node in nodes]
    if name not in known:
        raise BundleError(
            f"{where}: from",
            needed=f"the name of an earlier layer: {', '.join(known)}",
            found=repr(name[:80]),
            do="Layers read earlier ones only; put them in that order.",
        )
    return name


def _dense(where: str, layer: schema.DenseLayer, source: str, arrays: Weights) -> Dense:
    weight = _matrix(where, layer, arrays)
    bias = np.zeros(weight.shape[0])
    if layer.bias:
        bias = arrays.take(f"{layer.name}.bias", layer.name)
    return Dense(
        layer.name,
        source=source,
        weight=Real(weight, format_of(where, "weight_format", layer.weight_format)),
        bias=Real(bias, format_of(where, "bias_format", layer.bias_format)),
        accumulator=format_of(where, "accumulator_format", layer.accumulator_format),
    )


def _matrix(where: str, layer: schema.DenseLayer, arrays: Weights) -> NDArray[np.float64]:
    weight = arrays.take(f"{layer.name}.weight", layer.name)
    if weight.ndim != 2 or not weight.size or len(weight) > schema.MAX_SIZE:  # noqa: PLR2004 - axes
        raise BundleError(
            f"{arrays.path}: '{layer.name}.weight'",
            needed=f"a matrix (units, inputs) of 1 to {schema.MAX_SIZE} units",
            found=f"shape {weight.shape}",
            do="Store it as y = W x + b needs it; Keras kernels must be transposed.",
        )
    if layer.units is not None and len(weight) != layer.units:
        raise BundleError(
            f"{where}: units",
            needed=f"{len(weight)}, the rows of '{layer.name}.weight'",
            found=f"{layer.units}",
            do="Correct units or leave it out; if the array is a Keras kernel, transpose it.",
        )
    return weight


def _batch_norm(
    where: str, layer: schema.BatchNormLayer, source: str, arrays: Weights
) -> BatchNorm:
    """Inference: ``scale = gamma / sqrt(variance + epsilon)``, ``offset = beta - mean * scale``."""
    found = {key: _moment(layer, key, arrays) for key in ("mean", "variance", "gamma", "beta")}
    variance = found["variance"] + layer.epsilon
    if not (variance > 0).all():
        raise BundleError(
            f"{arrays.path}: '{layer.name}.variance'",
            needed="variance + epsilon above 0",
            found=f"{float(variance.min()):g}",
            do="Store the moving variance, and the epsilon that the framework used.",
        )
    scale, offset = norm_factors(**found, epsilon=layer.epsilon)
    if not (np.isfinite(scale).all() and np.isfinite(offset).all()):
        raise BundleError(
            f"{arrays.path}: layer '{layer.name}'",
            needed="finite gamma / sqrt(variance + epsilon) and beta - mean * that",
            found="an infinite one",
            do="Look for a diverged training.",
        )
    return BatchNorm(
        layer.name,
        source=source,
        scale=Real(scale, format_of(where, "scale_format", layer.scale_format)),
        offset=Real(offset, format_of(where, "offset_format", layer.offset_format)),
    )


def _moment(layer: schema.BatchNormLayer, key: str, arrays: Weights) -> NDArray[np.float64]:
    """One array of a batch normalisation, as long as its mean."""
    mean = arrays.take(f"{layer.name}.mean", layer.name)
    if key == "gamma" and not layer.gamma:
        return np.ones_like(mean)
    if key == "beta" and not layer.beta:
        return np.zeros_like(mean)
    values = arrays.take(f"{layer.name}.{key}", layer.name)
    if mean.ndim != 1 or values.shape != mean.shape:
        raise BundleError(
            f"{arrays.path}: '{layer.name}.{key}'",
            needed="shape (size,), the same for gamma, beta, mean and variance",
            found=f"shape {values.shape}",
            do="Store one number for each element.",
        )
    return values


def _table(where: str, layer: schema.TableLayer, source: str, arrays: Weights) -> Table:
    fmt = read_format(layer.format, f"{where}: format")
    if layer.function != CUSTOM:
        if layer.first is not None:
            raise BundleError(
                f"{where}: first",
                needed="no first beside a function known by name",
                found=f"{layer.first:g}",
                do="Remove it.",
            )
        return Table(layer.name, source=source, function=layer.function, fmt=fmt)
    if layer.first is None:
        raise BundleError(
            f"{where}: first",
            needed="the input that the first entry of the table stands for",
            found="nothing",
            do=f"Add it. {HOW}",
        )
    values = Real(arrays.take(f"{layer.name}.table", layer.name))
    return Table(layer.name, source, layer.function, fmt, first=layer.first, values=values)
