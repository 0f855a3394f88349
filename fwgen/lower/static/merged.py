"""Nodes that need no block: what their neighbours do for them."""

from collections.abc import Mapping

from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Quantise, Relu, Threshold
from fwgen.ir.ranges import Range, const, floor_to
from fwgen.lower.static.scores import Score


def decisions(graph: Graph, values: Mapping[str, Range]) -> dict[str, dict[str, int]]:
    """Thresholds of scores: their limits, by the names of the score and of the threshold."""
    found: dict[str, dict[str, int]] = {}
    for node in graph:
        if isinstance(node, Threshold) and isinstance(graph[node.source], Score):
            limit = int(floor_to(const(node.value), values[node.source].frac).reshape(-1)[0])
            found.setdefault(node.source, {})[node.name] = limit
    return found


def absorbed(graph: Graph) -> set[str]:
    """Relu nodes whose readers all saturate at 0 anyway; they need no logic.

    Rounding keeps the order of numbers and keeps 0, so it may come first.
    """
    shapes, found = graph.shapes(), set()
    for node in graph:
        if isinstance(node, Relu) and not shapes[node.name].temporal:
            readers = graph.readers(node.name)
            clipped = all(isinstance(n, Quantise) and _clips_at_zero(n.fmt) for n in readers)
            if clipped and node.name not in graph.outputs:
                found.add(node.name)
    return found


def _clips_at_zero(fmt: Fixed) -> bool:
    return not fmt.signed and fmt.overflow is not Overflow.WRAP
