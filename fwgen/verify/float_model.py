"""The float model: a graph of real numbers evaluated in float64, to say what quantisation costs.

It is never compared with ``==``; its differences are reported. The operations stand in
`fwgen.verify.real`.
"""

from fwgen.ir.graph import Graph
from fwgen.ir.shapes import Shape, shape_of
from fwgen.verify.real import RULES
from fwgen.verify.real.run import Floats, Run

__all__ = ["Floats", "evaluate"]


def evaluate(graph: Graph, events: Floats) -> dict[str, Floats]:
    """Values by name for events of shape (events, size), as in `fwgen.verify.reference.Trace`.

    A `Quantise` or `Table` node keeps the range of its format (saturation changes the function) and
    drops its rounding; where the format wraps around, values pass as they are. A custom table is
    interpolated between its entries.
    """
    shapes: dict[str, Shape] = {}
    run = Run(graph, shapes, events)
    for node in graph:
        shapes[node.name] = shape_of(node, graph, shapes)
        run.values[node.name] = RULES[type(node)](run, node)
    return run.values
