"""Range analysis: exact integer bounds of every value of an integer graph.

Bounds come from the actual weights by interval arithmetic on Python integers, one interval per
element, with the input anywhere in its format. They are sound (no event leaves them) and, since
intervals forget how values hang together, sometimes wider than what events reach.
"""

from collections.abc import Mapping

from fwgen.errors import FormatError
from fwgen.ir.fixed import MAX_WIDTH
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Node
from fwgen.ir.ranges import Range
from fwgen.quantise.bounds import Analysis, Walk
from fwgen.quantise.rules import RULES

__all__ = ["Analysis", "add", "analyse", "bounds_by_name"]

MAX_BITS = 4 * MAX_WIDTH


def analyse(graph: Graph) -> Analysis:
    """Bounds of every value of an integer graph.

    Raises
    ------
    FormatError
        If numbers grow beyond all bounds; the message names the layer.
    """
    analysis = Analysis()
    for node in graph:
        add(node, graph.steps, analysis)
    return analysis


def add(node: Node, steps: int, analysis: Analysis) -> None:
    """Add one node whose sources are known already.

    Raises
    ------
    FormatError
        As `analyse`.
    """
    found = RULES[type(node)].bounds(node, Walk(analysis, steps))
    analysis.values[node.name] = found
    _check_size(node, found)
    analysis.note(found.peak)


def _check_size(node: Node, values: Range) -> None:
    """Products of products have no end of bits: far beyond every format, they are refused."""
    bits = max(values.peak.bit_length(), abs(values.frac))
    if bits > MAX_BITS:
        raise FormatError(
            f"layer '{node.name}' ({node.op})",
            needed=f"values of at most {MAX_BITS} bits, and as many fraction bits",
            found=f"{bits}",
            do="Put a quantise layer in front of it.",
        )


def bounds_by_name(values: Mapping[str, Range]) -> dict[str, tuple[float, float]]:
    """Real-valued bounds of every value, for reports."""
    return {
        name: (float(min(r.lo)) * 2.0**-r.frac, float(max(r.hi)) * 2.0**-r.frac)
        for name, r in values.items()
    }
