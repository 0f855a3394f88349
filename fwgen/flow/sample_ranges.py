"""Ranges of a draft's values on sample events, for the choice of number formats."""

from pathlib import Path

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.bundle.graph import graph_of
from fwgen.ingest.bundle.weights import Weights
from fwgen.ingest.bundle.yaml_file import validated
from fwgen.ingest.draft import Draft
from fwgen.ingest.files.arrays import read_arrays
from fwgen.ingest.precision import Ranges
from fwgen.verify.float_model import evaluate

_PLACE = Path("model.yaml")
_LARGEST = 1e100
_CHUNK = 1000  # events evaluated at a time


def ranges(draft: Draft, samples: Path) -> Ranges:
    """Lowest and highest value of every layer of a draft, in real numbers, on sample events.

    ``samples`` is an ``.npz`` file whose array ``x`` has shape (events, size), scaled as the
    network expects.

    Raises
    ------
    FwgenError
        If the file is refused, or the draft describes no valid graph.
    """
    x = read_arrays(samples).get("x")
    if x is None or x.ndim != 2 or x.shape[1] != draft.size or not len(x):  # noqa: PLR2004 - events and elements
        raise BundleError(
            f"--samples {samples}",
            needed=f"an array 'x' of shape (events, {draft.size})",
            found="no such array" if x is None else f"shape {x.shape}",
            do="Save the events that the network reads with numpy.savez(file, x=events).",
        )
    model = validated(_PLACE, draft.as_mapping())
    graph = graph_of(_PLACE, model, Weights(_PLACE, draft.arrays))
    graph.shapes()
    found: dict[str, tuple[float, float]] = {}
    for start in range(0, len(x), _CHUNK):
        with np.errstate(all="ignore"):
            made = evaluate(graph, x[start : start + _CHUNK])
        for name, values in made.items():
            lo, hi = found.get(name, (np.inf, -np.inf))
            found[name] = min(lo, float(values.min())), max(hi, float(values.max()))
            if not -_LARGEST < found[name][0] <= found[name][1] < _LARGEST:
                raise BundleError(
                    f"--samples {samples}: layer '{name}'",
                    needed=f"events whose values stay below {_LARGEST:g}",
                    found="larger ones",
                    do="Scale the events as the network expects them.",
                )
    return found
