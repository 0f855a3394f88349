"""What a user's framework gave: inputs and layers' outputs in an ``.npz`` file."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.files.arrays import Arrays, read_arrays
from fwgen.ingest.files.events import flat_events
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Neurons

INPUTS = "x"
MEMBRANE = ".membrane"  # after a lif layer's name
_SAVE = "numpy.savez(file, x=inputs, LAYER=values, ...)"
_SHOWN = 12  # names in a message

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """Inputs ``x`` (events, size), as the network sees them, and values of layers by name.

    ``layers`` hold (events, size), or (events, steps, size) for what has a value a time step;
    ``NAME.membrane`` is the membrane of the lif layer NAME after each step.
    """

    path: Path
    x: Floats
    layers: Mapping[str, Floats]


def read_outputs(path: Path, graph: Graph) -> Outputs:
    """Read and check the outputs of a model's layers; ``graph`` is the model of real numbers.

    Raises
    ------
    BundleError
        If the file is damaged, or an array has no place in the model or another shape.
    """
    if not _is_file(path):
        raise BundleError(
            str(path),
            needed="an .npz file with the inputs 'x' and outputs of layers",
            found="something that is no file" if _exists(path) else "no such file",
            do=f"Write one with {_SAVE}.",
        )
    arrays = read_arrays(path)
    x = _inputs(path, arrays, graph)
    layers = {name: values for name, values in arrays.items() if name != INPUTS}
    shapes = layer_shapes(graph)
    whole = graph.shapes()
    for name, values in layers.items():
        needed = (len(x), *_known(path, name, shapes, graph))
        dims = whole[name.removesuffix(MEMBRANE)].dims
        if values.shape == (*needed[:-1], *dims):
            layers[name] = values.reshape(needed)  # row by row, as the graph counts elements
        elif values.shape != needed:
            raise _misshapen(path, name, values.shape, needed, dims, graph.steps)
    if not layers:
        raise BundleError(
            str(path),
            needed="at least one array named as a layer beside 'x'",
            found="'x' alone",
            do=f"Add outputs of layers: {_SAVE}. Layers are {_listed(shapes)}.",
        )
    return Outputs(path, x, layers)


def layer_shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    """Shape of one event's value for every layer, and for every membrane, in the model's order."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in graph.shapes().items():
        if name == graph.input.name:
            continue
        node = graph[name]
        if not isinstance(node, Neurons) or node.fires:
            shapes[name] = (graph.steps, shape.size) if shape.temporal else (shape.size,)
        if isinstance(node, Neurons):
            shapes[name + MEMBRANE] = (graph.steps, shape.size)
    return shapes


def _inputs(path: Path, arrays: Arrays, graph: Graph) -> Floats:
    shape = ", ".join(map(str, graph.event_shape))
    needed = f"an array of shape (events, {shape}) with at least one event: the inputs as the "
    needed += "network sees them, scaled already"
    x = arrays.get(INPUTS)
    if x is None:
        raise BundleError(
            f"{path}: 'x'",
            needed=needed,
            found=f"no array 'x' (but {_listed(arrays)})" if arrays else "an empty file",
            do=f"Save the inputs beside the outputs: {_SAVE}.",
        )
    if x.shape[1:] != graph.event_shape or not len(x):
        raise BundleError(
            f"{path}: 'x'",
            needed=needed,
            found=f"shape {x.shape}",
            do="Save one row an event; more axes flattened as the model's input is.",
        )
    return flat_events(x, graph, f"{path}: 'x'")


def _known(
    path: Path, name: str, shapes: Mapping[str, tuple[int, ...]], graph: Graph
) -> tuple[int, ...]:
    if name in shapes:
        return shapes[name]
    close = difflib.get_close_matches(name, list(shapes), n=1)
    do = f"Did you mean '{close[0]}'?" if close else f"Layers are {_listed(shapes)}."
    if name == graph.input.name:
        do = "The inputs are the array 'x', whatever the model calls them."
    raise BundleError(
        f"{path}: {name[:80]!r}",
        needed="an array named as a layer of the model",
        found="no layer of that name",
        do=do,
    )


def _misshapen(
    path: Path,
    name: str,
    found: tuple[int, ...],
    needed: tuple[int, ...],
    dims: tuple[int, ...],
    steps: int,
) -> BundleError:
    events, *rest = needed
    axes = "events, time steps, elements" if len(rest) > 1 else "events, elements"
    do = "Save this layer's own value, for the events in 'x'."
    if len(dims) > 1:
        do += f" Its elements have the axes {'x'.join(map(str, dims))}, or stand flat, row by row."
    if len(rest) > 1 and found == (rest[0], events, rest[1]):
        do = "Swap its first two axes: events come first, time steps second."
    elif found == (events,) and rest == [1]:
        do = "Give it a second axis: one column."
    elif len(rest) == 1 and found == (events, steps, *rest):
        do = "This layer has one value an event, the same at every time step: give one step's."
    return BundleError(
        f"{path}: {name[:80]!r}", needed=f"shape {needed}: {axes}", found=f"shape {found}", do=do
    )


def _listed(names: Mapping[str, object]) -> str:
    shown = [repr(name[:80]) for name in list(names)[:_SHOWN]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
