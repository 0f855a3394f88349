"""Events as people store them -> rows, one an event."""

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ir.graph import Graph


def flat_events(values: NDArray[np.float64], graph: Graph, where: str) -> NDArray[np.float64]:
    """Events of shape (events, size), or (events, steps, size) of spikes, as one row an event.

    Raises
    ------
    BundleError
        If a spike is neither 0 nor 1; the message begins with ``where``.
    """
    if not graph.input.spikes:
        return values
    wrong = values[(values != 0) & (values != 1)]
    if wrong.size:
        raise BundleError(
            where,
            needed="spikes: 0 or 1 for each time step and element",
            found=f"{wrong.flat[0]:g}",
            do="Store spikes, or read numbers and turn them into spikes with a lif layer.",
        )
    return values.reshape(len(values), -1)
