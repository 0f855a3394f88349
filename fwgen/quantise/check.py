"""Pass: no conversion of an integer graph may wrap where nobody has accepted it."""

from dataclasses import dataclass

from fwgen.errors import FormatError, GraphError
from fwgen.ir.fixed import Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense
from fwgen.ir.ranges import Conversion
from fwgen.quantise.accumulator import ACCUMULATOR, check_accumulator
from fwgen.quantise.analysis import Analysis, analyse


@dataclass(frozen=True, slots=True)
class CheckRanges:
    """Leaves the graph as it is, or refuses it.

    Raises
    ------
    FormatError
        If a wrap can be reached, or an accumulator could change its layer's sums; the message names
        the layer, the bound and a sufficient type.
    GraphError
        If a wrap is accepted for a layer that does not exist or cannot wrap.
    """

    name = "check-ranges"

    def run(self, graph: Graph) -> Graph:
        """The graph, unchanged."""
        check_ranges(graph, analyse(graph))
        return graph


def check_ranges(graph: Graph, analysis: Analysis) -> None:
    """Refuse what `CheckRanges` refuses, by an analysis that is there already.

    Raises
    ------
    FormatError, GraphError
        As `CheckRanges`.
    """
    for node in graph:
        if isinstance(node, Dense):
            check_accumulator(node, analysis.values[node.source])
    wraps = [c for c in analysis.conversions if can_wrap(c)]
    for conversion in wraps:
        if conversion.node not in graph.accepted_wraps:
            raise _reachable(conversion)
    idle = sorted(set(graph.accepted_wraps) - {c.node for c in wraps})
    if idle:
        raise GraphError(
            f"accept_wrap: '{idle[0]}'",
            needed="the name of a layer whose format can wrap",
            found="no such layer, or one that the range analysis proves safe",
            do="Remove this entry.",
        )


def can_wrap(conversion: Conversion) -> bool:
    """Whether the bounds reach beyond a format that wraps around."""
    return conversion.overflows and conversion.fmt.overflow is Overflow.WRAP


def _reachable(conversion: Conversion) -> FormatError:
    needed = conversion.needed
    # a saturating accumulator is refused as well
    summing = conversion.what == ACCUMULATOR
    other = "leave accumulator_format out" if summing else "SAT as overflow mode"
    lo, hi = (v * 2.0**-needed.frac for v in (min(needed.lo), max(needed.hi)))
    return FormatError(
        f"layer '{conversion.node}': {conversion.what}",
        needed=f"a format that holds {lo:g} to {hi:g}, which inputs and weights can reach",
        found=f"{conversion.fmt}, which would wrap around",
        do=f"Use {conversion.sufficient_text}, or {other}, or name the layer under accept_wrap.",
    )
