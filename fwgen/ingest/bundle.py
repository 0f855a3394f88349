"""A bundle (``model.yaml`` and ``weights.npz``) -> a graph of real numbers and its settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest import schema
from fwgen.ingest.arrays import Arrays, read_arrays
from fwgen.ingest.names import check_name
from fwgen.ingest.yaml_file import read_model_file
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Dense,
    Input,
    LastMembrane,
    Lif,
    Node,
    Quantise,
    Real,
    Reset,
    ShiftLeak,
    SpikeCount,
    SquaredError,
    Threshold,
)


@dataclass(frozen=True, slots=True, eq=False)
class SampleEvents:
    """Sample events: ``x`` of shape (events, size), scaled as the network expects."""

    name: str
    kind: str
    label: str | None
    source: str
    x: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A model as read from disk.

    ``files`` are the paths read, relative names first, so that a build can be traced to them.
    """

    graph: Graph
    settings: schema.ModelFile
    samples: tuple[SampleEvents, ...]
    files: tuple[Path, ...]


def read_bundle(path: Path) -> Bundle:
    """Read a bundle; ``path`` is its ``model.yaml`` or the folder that holds one.

    Raises
    ------
    BundleError, FormatError, GraphError
        If anything in it is missing, malformed, unknown or does not fit together.
    """
    if path.is_dir():
        path /= "model.yaml"
    model = read_model_file(path)
    check_name(model.name, f"{path}: name")
    weights_file = _beside(path, model.weights, "weights")
    arrays = _Arrays(weights_file, read_arrays(weights_file))
    graph = _graph(path, model, arrays)
    arrays.check_all_read()
    graph.shapes()
    files = [path, weights_file]
    samples: tuple[SampleEvents, ...] = ()
    if model.samples:
        files.append(_beside(path, model.samples.file, "samples.file"))
        samples = tuple(_samples(files[-1], model, model.samples))
    return Bundle(graph, model, samples, tuple(files))


class _Arrays:
    """The weights file; remembers what was read, since an array nobody reads is an error."""

    def __init__(self, path: Path, arrays: Arrays) -> None:
        self.path = path
        self._arrays = arrays
        self._read: set[str] = set()

    def take(self, key: str, layer: str) -> NDArray[np.float64]:
        """The array ``key``, for the layer named."""
        if key not in self._arrays:
            raise BundleError(
                f"{self.path}: layer '{layer}'",
                needed=f"an array '{key}'",
                found=f"arrays {', '.join(sorted(self._arrays)) or 'none'}"[:300],
                do="Add the array, or correct the layer's name.",
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
                found=f"'{unread[0][:80]}', which no layer reads",
                do="Describe the layer in model.yaml, or remove the array.",
            )


def _graph(path: Path, model: schema.ModelFile, arrays: _Arrays) -> Graph:
    check_name(model.input.name, f"{path}: input.name")
    fmt = Fixed.parse(model.input.format, f"{path}: input.format")
    nodes: list[Node] = [Input(model.input.name, size=model.input.size, fmt=fmt)]
    taken = {model.input.name.lower()}
    for index, layer in enumerate(model.layers):
        where = f"{path}: layers[{index}] ('{layer.name[:80]}')"
        check_name(layer.name, f"{where}: name")
        if layer.name.lower() in taken:
            raise BundleError(
                where,
                needed="a name of its own (upper and lower case count as the same)",
                found=f"'{layer.name}' again",
                do="Rename one of the two layers.",
            )
        taken.add(layer.name.lower())
        nodes.append(_node(where, layer, nodes, arrays))
    _check_outputs(path, model)
    return Graph(
        name=model.name,
        steps=model.steps,
        nodes=tuple(nodes),
        outputs=tuple(model.outputs),
        accepted_wraps=tuple(model.accept_wrap),
    )


def _check_outputs(path: Path, model: schema.ModelFile) -> None:
    for name in model.outputs:
        if name == model.input.name or model.outputs.count(name) > 1:
            raise BundleError(
                f"{path}: outputs",
                needed="names of layers, each once",
                found=f"'{name}'" + (" twice" if name != model.input.name else ", the input"),
                do="Remove it.",
            )


def _node(where: str, layer: schema.AnyLayer, nodes: list[Node], arrays: _Arrays) -> Node:
    if isinstance(layer, schema.SquaredErrorLayer):
        left, right = (_source(where, name, nodes) for name in layer.from_)
        return SquaredError(layer.name, left=left, right=right)
    source = _source(where, layer.from_ or nodes[-1].name, nodes)
    match layer:
        case schema.DenseLayer():
            return _dense(where, layer, source, arrays)
        case schema.LifLayer():
            return _lif(where, layer, source, arrays)
        case schema.QuantiseLayer():
            fmt = Fixed.parse(layer.format, f"{where}: format")
            return Quantise(layer.name, source=source, fmt=fmt)
        case schema.LastMembraneLayer():
            return LastMembrane(layer.name, source=source)
        case schema.SpikeCountLayer():
            return SpikeCount(layer.name, source=source)
        case schema.ThresholdLayer():
            value = Real(np.array(layer.value), _format(where, "value_format", layer.value_format))
            return Threshold(layer.name, source=source, value=value)


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


def _dense(where: str, layer: schema.DenseLayer, source: str, arrays: _Arrays) -> Dense:
    weight = arrays.take(f"{layer.name}.weight", layer.name)
    if weight.ndim != 2 or not weight.size:  # noqa: PLR2004 - a matrix
        raise BundleError(
            f"{arrays.path}: '{layer.name}.weight'",
            needed="a matrix (units, inputs)",
            found=f"shape {weight.shape}",
            do="Store it as y = W x + b needs it; Keras kernels must be transposed.",
        )
    if layer.units is not None and weight.shape[0] != layer.units:
        raise BundleError(
            f"{where}: units",
            needed=f"{weight.shape[0]}, the rows of '{layer.name}.weight'",
            found=f"{layer.units}",
            do="Correct units, or leave it out.",
        )
    bias = np.zeros(weight.shape[0])
    if layer.bias:
        bias = arrays.take(f"{layer.name}.bias", layer.name)
    return Dense(
        layer.name,
        source=source,
        weight=Real(weight, _format(where, "weight_format", layer.weight_format)),
        bias=Real(bias, _format(where, "bias_format", layer.bias_format)),
    )


def _lif(where: str, layer: schema.LifLayer, source: str, arrays: _Arrays) -> Lif:
    return Lif(
        layer.name,
        source=source,
        beta=_leak(where, layer, arrays),
        threshold=Real(
            _number(layer.threshold, layer.name, arrays),
            _format(where, "threshold_format", layer.threshold_format),
        ),
        membrane=_format(where, "membrane_format", layer.membrane_format),
        reset=Reset(layer.reset),
        reset_delay=layer.reset_delay,
    )


def _leak(where: str, layer: schema.LifLayer, arrays: _Arrays) -> Real | ShiftLeak:
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
    beta = _number(layer.beta, layer.name, arrays)
    if ((beta < 0) | (beta > 1)).any():
        raise BundleError(
            f"{where}: beta",
            needed="values from 0 to 1",
            found=f"{float(beta[(beta < 0) | (beta > 1)].flat[0]):g}",
            do="snnTorch clamps beta to [0, 1] while it runs; store the clamped value.",
        )
    return Real(beta, _format(where, "beta_format", layer.beta_format))


def _number(value: float | str | None, layer: str, arrays: _Arrays) -> NDArray[np.float64]:
    return arrays.take(value, layer) if isinstance(value, str) else np.array(value, dtype=float)


def _format(where: str, key: str, text: str | None) -> Fixed | None:
    return None if text is None else Fixed.parse(text, f"{where}: {key}")


def _beside(path: Path, name: str, key: str) -> Path:
    if Path(name).name != name or not name.endswith(".npz"):
        raise BundleError(
            f"{path}: {key}",
            needed="the name of an .npz file beside model.yaml, without a folder",
            found=repr(name[:80]),
            do="Put the file into the bundle's own folder.",
        )
    return path.parent / name


def _samples(
    path: Path, model: schema.ModelFile, samples: schema.Samples
) -> Iterator[SampleEvents]:
    arrays = read_arrays(path)
    for entry in samples.sets:
        raw = _events(path, entry.array, arrays, model.input.size)
        scaling = model.input.scaling or schema.Scaling(scale=1.0)
        x = np.where(raw == 0, 0.0, scaling.scale * raw + scaling.offset)
        yield SampleEvents(entry.array, entry.kind, entry.label, entry.source, x)


def _events(
    path: Path, name: str, arrays: Mapping[str, NDArray[np.float64]], size: int
) -> NDArray[np.float64]:
    values = arrays.get(name)
    if values is None or values.ndim != 2 or values.shape[1] != size or not len(values):  # noqa: PLR2004
        raise BundleError(
            f"{path}: samples '{name[:80]}'",
            needed=f"an array of shape (events, {size})",
            found="no such array" if values is None else f"shape {values.shape}",
            do="Correct the array, or its entry under samples.",
        )
    return values
