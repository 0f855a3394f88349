"""A bundle (``model.yaml`` and ``weights.npz``) -> a graph of real numbers and its settings."""

import re
from dataclasses import dataclass
from pathlib import Path

from fwgen.errors import BundleError, GraphError
from fwgen.ingest.bundle import schema
from fwgen.ingest.bundle.graph import graph_of
from fwgen.ingest.bundle.samples import SampleEvents, read_samples
from fwgen.ingest.bundle.weights import Weights
from fwgen.ingest.bundle.yaml_file import read_model_file
from fwgen.ingest.files.arrays import read_arrays
from fwgen.ingest.names import check_name
from fwgen.ir.graph import Graph
from fwgen.ir.schedule import Schedule

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.npz")


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
        samples = tuple(read_samples(files[-1], model, model.samples, graph))
    return Bundle(graph, model, samples, tuple(files))


def _model_file(path: Path) -> Path:
    try:
        return path / "model.yaml" if path.is_dir() else path
    except OSError:  # a name that no file can have, a folder that cannot be entered
        return path


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
