"""One layer of ``model.yaml`` and its arrays -> one node of a graph of real numbers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError, FormatError
from fwgen.ingest import schema
from fwgen.ingest.arrays import Arrays
from fwgen.ingest.complaints import HOW, shown
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import (
    CUSTOM,
    Add,
    BatchNorm,
    Concat,
    Dense,
    FirstSpike,
    KlDivergence,
    LastMembrane,
    LatencyEncoder,
    LeakyRelu,
    Lif,
    Maximum,
    Membrane,
    Multiply,
    Node,
    Quantise,
    Real,
    Relu,
    Reset,
    ShiftLeak,
    Slice,
    SpikeCount,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.ir.shapes import Shape, shape_of


class Weights:
    """The weights file; remembers what was read, since an array nobody reads is an error."""

    def __init__(self, path: Path, arrays: Arrays) -> None:
        self.path = path
        self._arrays = arrays
        self._read: set[str] = set()

    def take(
        self, key: str, layer: str, do: str = "Add the array, or correct the layer's name."
    ) -> NDArray[np.float64]:
        """The array ``key``, for the layer named.

        Raises
        ------
        BundleError
            If there is none; ``do`` is its advice.
        """
        if key not in self._arrays:
            raise BundleError(
                f"{self.path}: layer '{layer}'",
                needed=f"an array {key[:80]!r}",
                found=f"arrays {', '.join(map(shown, sorted(self._arrays))) or 'none'}"[:300],
                do=do,
            )
        self._read.add(key)
        return self._arrays[key]

    def check_all_read(self) -> None:
        """Refuse arrays that belong to no layer: something was left out of model.yaml."""
        unread = sorted(set(self._arrays) - self._read)
        if unread:
            raise BundleError(
                str(self.path),
                needed="only arrays that a layer of model.yaml reads",
                found=f"{unread[0][:80]!r}, which no layer reads",
                do="Describe the layer in model.yaml, or remove the array.",
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
    if isinstance(layer, schema.CubaLifLayer):
        return _cuba_lif(where, layer, _sources(where, layer, nodes)[0], arrays)
    return [_node(where, layer, nodes, arrays)]


def _node(where: str, layer: schema.AnyLayer, nodes: list[Node], arrays: Weights) -> Node:
    sources = _sources(where, layer, nodes)
    match layer:
        case schema.DenseLayer():
            return _dense(where, layer, sources[0], arrays)
        case schema.LifLayer() | schema.IfLayer() | schema.LiLayer():
            return _lif(where, layer, sources[0], arrays)
        case schema.RateEncoderLayer():
            return _rate_encoder(where, layer, sources[0], nodes)
        case schema.LatencyEncoderLayer():
            return LatencyEncoder(layer.name, sources[0], silent_zero=layer.silent_zero)
        case schema.BatchNormLayer():
            return _batch_norm(where, layer, sources[0], arrays)
        case schema.TableLayer():
            return _table(where, layer, sources[0], arrays)
        case schema.QuantiseLayer():
            fmt = read_format(layer.format, f"{where}: format")
            return Quantise(layer.name, sources[0], fmt=fmt)
        case schema.LeakyReluLayer():
            alpha = _parameter(where, "alpha", layer.alpha, layer, arrays, layer.alpha_format)
            return LeakyRelu(layer.name, sources[0], alpha=alpha)
        case schema.ThresholdLayer():
            value = _parameter(where, "value", layer.value, layer, arrays, layer.value_format)
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
        weight=Real(weight, _format(where, "weight_format", layer.weight_format)),
        bias=Real(bias, _format(where, "bias_format", layer.bias_format)),
        accumulator=_format(where, "accumulator_format", layer.accumulator_format),
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
    with np.errstate(over="ignore", invalid="ignore"):
        scale = found["gamma"] / np.sqrt(variance)
        offset = found["beta"] - found["mean"] * scale
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
        scale=Real(scale, _format(where, "scale_format", layer.scale_format)),
        offset=Real(offset, _format(where, "offset_format", layer.offset_format)),
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


def _lif(
    where: str,
    layer: schema.LifLayer | schema.IfLayer | schema.LiLayer | schema.CubaLifLayer,
    source: str,
    arrays: Weights,
) -> Lif:
    beta = _NO_LEAK if isinstance(layer, schema.IfLayer) else _leak(where, layer, arrays)
    membrane = _format(where, "membrane_format", layer.membrane_format)
    if isinstance(layer, schema.LiLayer):
        return Lif(layer.name, source, beta, None, membrane, Reset.NONE, reset_delay=True)
    threshold = _parameter(
        where, "threshold", layer.threshold, layer, arrays, layer.threshold_format
    )
    neurons = Lif(
        layer.name, source, beta, threshold, membrane, Reset(layer.reset), layer.reset_delay
    )
    if isinstance(layer, schema.CubaLifLayer):
        return neurons
    return replace(neurons, recurrent=_recurrent(where, layer, arrays))


def _recurrent(where: str, layer: schema.LifLayer | schema.IfLayer, arrays: Weights) -> Real | None:
    fmt = _format(where, "recurrent_format", layer.recurrent_format)
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
    """Integrators of the current, their membranes step by step, and lif neurons that read them."""
    alpha = _unit(where, "alpha", layer.alpha, layer.name, arrays)
    leak = Real(alpha, _format(where, "alpha_format", layer.alpha_format))
    fmt = _format(where, "syn_format", layer.syn_format)
    integrators = Lif(f"{layer.name}_syn", source, leak, None, fmt, Reset.NONE, reset_delay=True)
    current = Membrane(f"{layer.name}_current", integrators.name, layer.previous_current)
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
    return Real(beta, _format(where, "beta_format", layer.beta_format))


def _unit(
    where: str, key: str, value: float | str | None, layer: str, arrays: Weights
) -> NDArray[np.float64]:
    """Numbers from 0 to 1."""
    given = _number(value, layer, arrays)
    outside = (given < 0) | (given > 1)
    if outside.any():
        raise BundleError(
            f"{where}: {key}",
            needed="values from 0 to 1",
            found=f"{float(given[outside].flat[0]):g}",
            do=f"snnTorch clamps {key} to [0, 1] while it runs; store the clamped value.",
        )
    return given


def _number(value: float | str | None, layer: str, arrays: Weights) -> NDArray[np.float64]:
    if isinstance(value, str):
        return arrays.take(value, layer, "Add the array, or give a number without quotes.")
    return np.array(value, dtype=float)


def _parameter(
    where: str,
    key: str,
    value: float | str,
    layer: schema.Layer,
    arrays: Weights,
    fmt: str | None,
) -> Real:
    values = _number(value, layer.name, arrays)
    return Real(values, _format(where, f"{key}_format", fmt))


def read_format(text: str, where: str) -> Fixed:
    """A number format from the file.

    Raises
    ------
    FormatError
        If it is none; the message begins with ``where``.
    """
    try:
        return Fixed.parse(text)
    except FormatError as error:
        raise error.within(where) from None


def _format(where: str, key: str, text: str | None) -> Fixed | None:
    return None if text is None else read_format(text, f"{where}: {key}")
