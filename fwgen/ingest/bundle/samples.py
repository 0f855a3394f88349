"""Sample events that ship with a model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.bundle import schema
from fwgen.ingest.files.arrays import read_arrays
from fwgen.ingest.files.events import flat_events
from fwgen.ir.graph import Graph


@dataclass(frozen=True, slots=True, eq=False)
class SampleEvents:
    """Sample events: ``x`` of shape (events, size), scaled as the network expects."""

    name: str
    kind: str
    label: str | None
    source: str
    x: NDArray[np.float64]


def read_samples(
    path: Path, model: schema.ModelFile, samples: schema.Samples, graph: Graph
) -> Iterator[SampleEvents]:
    """The sets of a sample file, scaled as the network expects.

    Raises
    ------
    BundleError
        If the file is refused, or a set is not there, misshapen or not finite after scaling.
    """
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
