"""A bundle (``model.yaml`` and ``weights.npz``) -> a graph of real numbers and its settings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError, GraphError
from fwgen.ingest.bundle import schema
from fwgen.ingest.bundle.base import HOW
from fwgen.ingest.bundle.layers import SPIKING, make_nodes
from fwgen.ingest.bundle.weights import Weights, read_format
from fwgen.ingest.bundle.yaml_file import read_model_file
from fwgen.ingest.files.arrays import read_arrays
from fwgen.ingest.files.events import flat_events
from fwgen.ingest.names import check_name
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import BIT, Input, Node
from fwgen.ir.schedule import Schedule

MAX_INPUT_BITS = 48

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.npz")


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

    ``files`` are the paths read: model.yaml first, then the weights, then the samples if any.
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
    path = _model_file(path)
    model = read_model_file(path)
    check_name(model.name, f"{path}: name")
    Schedule.parse(model.schedule, f"{path}: schedule")
    weights_file = _beside(path, model.weights, "weights")
    arrays = Weights(weights_file, read_arrays(weights_file))
    graph = graph_of(path, model, arrays)
    arrays.check_all_read()
    try:
        graph.shapes()
    except GraphError as error:
        raise error.within(str(path)) from None
    files = [path, weights_file]
    samples: tuple[SampleEvents, ...] = ()
    if model.samples:
        files.append(_beside(path, model.samples.file, "samples.file"))
        samples = tuple(_samples(files[-1], model, model.samples, graph))
    return Bundle(graph, model, samples, tuple(files))


def _model_file(path: Path) -> Path:
    try:
        return path / "model.yaml" if path.is_dir() else path
    except OSError:  # a name that no file can have, a folder that cannot be entered
        return path


def _input(path: Path, section: schema.InputSection) -> Input:
    if section.spikes:
        for key in ("format", "scaling"):
            if getattr(section, key) is not None:
                raise BundleError(
                    f"{path}: input.{key}",
                    needed="none beside spikes: true, since a spike is one bit",
                    found=str(getattr(section, key))[:80],
                    do="Remove it.",
                )
        return Input(section.name, section.size, BIT, spikes=True)
    if section.format is None:
        raise BundleError(
            f"{path}: input.format",
            needed="this key",
            found="nothing",
            do=f"Add it, or spikes: true. {HOW}",
        )
    fmt = _input_format(section.format, f"{path}: input.format")
    return Input(section.name, section.size, fmt)


def _input_format(text: str, where: str) -> Fixed:
    fmt = read_format(text, where)
    if fmt.width > MAX_INPUT_BITS or abs(fmt.integer) > MAX_INPUT_BITS:
        raise BundleError(
            where,
            needed=f"at most {MAX_INPUT_BITS} bits, and as many integer bits, an element",
            found=str(fmt),
            do="No detector word is that wide; choose a narrower format.",
        )
    return fmt


def graph_of(path: Path, model: schema.ModelFile, arrays: Weights) -> Graph:
    """The graph of real numbers that a model file and its arrays describe; ``path`` names the file.

    Raises
    ------
    BundleError, FormatError
        If a name, a format, a source or an array is refused.
    """
    check_name(model.input.name, f"{path}: input.name")
    nodes: list[Node] = [_input(path, model.input)]
    if model.input.name.lower() == model.name.lower():
        raise BundleError(
            f"{path}: input.name",
            needed="another name than the model's",
            found=f"'{model.input.name}'",
            do="Rename the input.",
        )
    taken = {model.input.name.lower(), model.name.lower()}
    for index, layer in enumerate(model.layers):
        where = f"{path}: layers[{index}] ({layer.name[:80]!r})"
        check_name(layer.name, f"{where}: name")
        if layer.name.lower() in taken:
            raise BundleError(
                where,
                needed="a name of its own, not the model's, the input's or another layer's "
                "(upper and lower case count as the same)",
                found=f"'{layer.name}' again",
                do="Rename one of the two.",
            )
        taken.add(layer.name.lower())
        made = make_nodes(where, layer, nodes, arrays)
        _check_parts(where, layer.name, [node.name for node in made[:-1]], model)
        taken |= {node.name.lower() for node in made}
        nodes += made
    _check_outputs(path, model)
    return Graph(
        name=model.name,
        steps=_steps(path, model),
        nodes=tuple(nodes),
        outputs=tuple(model.outputs),
        accepted_wraps=tuple(model.accept_wrap),
    )


def _steps(path: Path, model: schema.ModelFile) -> int:
    """Time steps; one where there is nothing that takes several."""
    spiking = model.input.spikes or any(type(layer) in SPIKING for layer in model.layers)
    if spiking and "steps" not in model.model_fields_set:
        raise BundleError(
            f"{path}: steps",
            needed="the number of time steps of an event, where there are spikes",
            found="nothing",
            do=f"Add it, for example steps: 5. {HOW}",
        )
    return model.steps


def _check_parts(where: str, layer: str, parts: list[str], model: schema.ModelFile) -> None:
    """Parts of a layer have names that nothing else in the file may have."""
    named = {model.name, model.input.name, *(layer.name for layer in model.layers)}
    taken = {name.lower() for name in named}
    for part in parts:
        check_name(part, f"{where}: name")
        if part.lower() in taken:
            raise BundleError(
                where,
                needed=f"the name '{part}' for a part of the layer '{layer}'",
                found="something else of that name in the file",
                do="Rename one of the two.",
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


def _beside(path: Path, name: str, key: str) -> Path:
    if not _FILE_NAME.fullmatch(name):
        raise BundleError(
            f"{path}: {key}",
            needed="the name of an .npz file beside model.yaml, without a folder, of letters, "
            "digits and . _ -",
            found=repr(name[:80]),
            do="Put the file into the bundle's own folder under such a name.",
        )
    return path.parent / name


def _samples(
    path: Path, model: schema.ModelFile, samples: schema.Samples, graph: Graph
) -> Iterator[SampleEvents]:
    arrays = read_arrays(path)
    for entry in samples.sets:
        raw = _events(path, entry.array, arrays, graph)
        scaling = model.input.scaling or schema.Scaling(scale=1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            x = np.where(raw == 0, 0.0, scaling.scale * raw + scaling.offset)
        if not np.isfinite(x).all():
            raise BundleError(
                f"{path}: samples {entry.array[:80]!r}",
                needed="finite numbers after scaling",
                found=f"{x[~np.isfinite(x)][0]}",
                do="Correct input.scaling, or the array.",
            )
        yield SampleEvents(entry.array, entry.kind, entry.label, entry.source, x)


def _events(
    path: Path, name: str, arrays: Mapping[str, NDArray[np.float64]], graph: Graph
) -> NDArray[np.float64]:
    values, where = arrays.get(name), f"{path}: samples {name[:80]!r}"
    if values is None or values.shape[1:] != graph.event_shape or not len(values):
        raise BundleError(
            where,
            needed=f"an array of shape (events, {', '.join(map(str, graph.event_shape))})",
            found="no such array" if values is None else f"shape {values.shape}",
            do="Correct the array, or its entry under samples.",
        )
    return flat_events(values, graph, where)
