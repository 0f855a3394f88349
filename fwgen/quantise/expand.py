"""Pass: every composite gives way to the operations that say it exactly."""

from dataclasses import dataclass, replace

from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Composite, Node
from fwgen.quantise.rules import EXPANSIONS


@dataclass(frozen=True, slots=True)
class ExpandComposites:
    """Real graph -> real graph without composites; the other nodes stay as they are."""

    name = "expand-composites"

    def run(self, graph: Graph) -> Graph:
        """A graph of primitive operations that computes the same function."""
        shapes, nodes = graph.shapes(), list[Node]()
        for node in graph:
            if isinstance(node, Composite):
                nodes += EXPANSIONS[type(node)](node, shapes[node.sources[0]])
            else:
                nodes.append(node)
        return replace(graph, nodes=tuple(nodes))
