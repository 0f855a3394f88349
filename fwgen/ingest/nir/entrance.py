"""The event of a NIR file: its one Input."""

from pathlib import Path

import numpy as np

from fwgen.ingest.bundle.schema import MAX_SIZE
from fwgen.ingest.nir.graph import Node
from fwgen.ingest.nir.neurons import no


def event_of(path: Path, nodes: list[Node]) -> Node:
    """The Input of a file.

    Raises
    ------
    BundleError
        If there is not just one, or no Output, or the event is empty or too long.
    """
    inputs = [node for node in nodes if node.kind == "Input" and not node.inner]
    if len(inputs) != 1 or not any(n.kind == "Output" and not n.inner for n in nodes):
        raise no(f"{path}: node", "one Input and an Output", f"{len(inputs)} Inputs")
    shape = inputs[0].whole("shape")
    if not shape or min(shape) < 1 or np.prod([float(n) for n in shape]) > MAX_SIZE:
        raise no(f"{inputs[0].where}: shape", f"1 to {MAX_SIZE} numbers an event", f"{shape}")
    return inputs[0]
