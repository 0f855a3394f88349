"""The written-out registry of the quantise stage, in order."""

from typing import Protocol

from fwgen.ir.graph import Graph
from fwgen.quantise.analysis import analyse
from fwgen.quantise.check import CheckRanges, can_wrap
from fwgen.quantise.expand import ExpandComposites
from fwgen.quantise.fix import FixFormats
from fwgen.quantise.fold import FoldBatchNorm


class Pass(Protocol):
    """A step from one valid graph to another."""

    name: str

    def run(self, graph: Graph) -> Graph:
        """Return a new graph; the one given is not changed."""


PASSES: tuple[Pass, ...] = (
    FoldBatchNorm(),
    ExpandComposites(),
    FixFormats(),
    CheckRanges(),
)


def quantise(graph: Graph) -> Graph:
    """Real graph -> checked integer graph.

    Raises
    ------
    FormatError, GraphError
        From the passes, or where a pass leaves an invalid graph.
    """
    graph.shapes()
    for step in PASSES:
        graph = step.run(graph)
        graph.shapes()
    return graph


def wrapping(graph: Graph) -> set[str]:
    """Nodes of a real graph whose format can wrap around: only these may be accepted by name.

    Raises
    ------
    FormatError, GraphError
        From the passes before the ranges are checked.
    """
    for step in PASSES[:-1]:
        graph = step.run(graph)
    return {conversion.node for conversion in analyse(graph).conversions if can_wrap(conversion)}
