"""The one oracle: an interpreter of integer graphs, exact and vectorised over events.

NumPy on int64 where the range analysis proves that every intermediate fits, on Python integers
(object arrays) otherwise; never on floats. The operations stand in `fwgen.verify.exact`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from fwgen.ir.cast import SAFE_BITS, Ints, from_real, overflow
from fwgen.ir.graph import Graph
from fwgen.quantise.accumulator import ACCUMULATOR
from fwgen.quantise.analysis import Analysis, analyse
from fwgen.verify.exact import RULES
from fwgen.verify.exact.run import Run, Trace, by_step

__all__ = ["Reference", "Trace", "by_step", "quantise_input"]


@dataclass(frozen=True, slots=True)
class Reference:
    """The interpreter for one integer graph.

    Parameters
    ----------
    graph
        Integer graph, as the quantise stage returns it.
    analysis
        Its range analysis.
    """

    graph: Graph
    analysis: Analysis

    @classmethod
    def of(cls, graph: Graph) -> "Reference":
        """The interpreter of a graph, with its own range analysis."""
        return cls(graph, analyse(graph))

    @property
    def dtype(self) -> Any:
        """int64 where it is proven to be wide enough, object otherwise."""
        return np.int64 if self.analysis.peak.bit_length() < SAFE_BITS else np.dtype(object)

    def run(self, events: Ints, keep: Collection[str] | None = None) -> Trace:
        """Evaluate events of shape (events, size), integers in the input's format.

        Spikes are rows of (events, steps * size), step after step.

        With ``keep``, only the values named there are returned, and others freed on the way.
        """
        wrapping = {c.node: c.fmt for c in self.analysis.conversions if c.what == ACCUMULATOR}
        run = Run(self.graph, self.analysis, self.dtype, events, wrapping)
        values = run.trace.values
        last_use = {n.name: n.name for n in self.graph}
        last_use |= {s: node.name for node in self.graph for s in node.sources}
        for node in self.graph:
            values[node.name] = RULES[type(node)](run, node)
            if keep is not None:
                done = (name for name in (*node.sources, node.name) if last_use[name] == node.name)
                for name in done:
                    for key in {name, f"{name}.membrane"} - set(keep):
                        values.pop(key, None)
        return run.trace


def quantise_input(graph: Graph, values: "np.ndarray[Any, np.dtype[np.float64]]") -> Ints:
    """Real input values, shape (events, size), as integers in the input's format.

    The format's own rounding and overflow modes apply, as they would before the firmware.
    """
    fmt = graph.input.fmt
    grid = overflow(from_real(values, fmt), fmt)
    return grid.astype(np.int64) if fmt.width < SAFE_BITS else grid
