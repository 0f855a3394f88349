"""The written-out registry of the quantise stage, in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fwgen.ir.graph import Graph
from fwgen.quantise.analysis import Analysis, analyse
from fwgen.quantise.check import CheckRanges, can_wrap, check_ranges
from fwgen.quantise.expand import ExpandComposites
from fwgen.quantise.fix import FixFormats
from fwgen.quantise.fold import FoldBatchNorm, Home, homes


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


@dataclass(frozen=True, slots=True, eq=False)
class Quantised:
    """A graph of real numbers and what the quantise stage has made of it.

    Parameters
    ----------
    real
        As it came.
    folded
        With batch normalisations folded; it has a node for each of the integer graph's layers.
    graph
        The integer graph, every format fixed and checked.
    analysis
        Its range analysis.
    homes
        The node in which each layer of ``real`` is, by the layer's name.
    """

    real: Graph
    folded: Graph
    graph: Graph
    analysis: Analysis
    homes: Mapping[str, Home]

    @classmethod
    def of(cls, real: Graph) -> "Quantised":
        """All passes, with what they find on the way.

        Raises
        ------
        FormatError, GraphError
            From the passes, or where a pass leaves an invalid graph.
        """
        real.shapes()
        folded = _valid(FoldBatchNorm().run(real))
        graph = _valid(FixFormats().run(_valid(ExpandComposites().run(folded))))
        analysis = analyse(graph)
        check_ranges(graph, analysis)
        return cls(real, folded, graph, analysis, homes(real))


def _valid(graph: Graph) -> Graph:
    graph.shapes()
    return graph


def quantise(graph: Graph) -> Graph:
    """Real graph -> checked integer graph.

    Raises
    ------
    FormatError, GraphError
        As `Quantised.of`.
    """
    return Quantised.of(graph).graph


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
