"""Pass: every parameter becomes an integer, every open format is decided.

A format that the user gives is taken as it is; a value that it cannot hold is an error. Where
none is given:

- weight: 8 bits signed, as many fraction bits as its largest value leaves (at most 16);
- bias: on the exact grid of the products, as wide as needed;
- beta: the fewest fraction bits (at most 16) that change ``1 - beta`` by at most 1/16 of itself;
- membrane: the grid of its current, as wide as the range analysis needs;
- threshold: the grid of what it is compared with, as wide as needed;
- scale of a batch normalisation: as a weight, but 16 bits and at most 24 of them fraction bits;
- offset of a batch normalisation: on the exact grid of the products, as wide as needed;
- alpha: the fewest fraction bits (at most 16) that change no alpha by more than 1/128 of itself.
"""

from dataclasses import dataclass

from fwgen.errors import FormatError
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Node
from fwgen.quantise.analysis import Analysis, add
from fwgen.quantise.bounds import Walk
from fwgen.quantise.rules import RULES


@dataclass(frozen=True, slots=True)
class FixFormats:
    """Real graph -> integer graph.

    Raises
    ------
    FormatError
        If a parameter lies outside the format asked for, or a table's function has no value at an
        input that it can get; the message names the layer, the value, and what would do.
    """

    name = "fix-formats"

    def run(self, graph: Graph) -> Graph:
        """The graph with integer parameters and every format set."""
        analysis = Analysis()
        fixed: dict[str, Node] = {}
        for node in graph:
            try:
                fixed[node.name] = RULES[type(node)].fix(node, Walk(analysis, graph.steps))
            except FormatError as error:  # a format that fwgen chose itself knows no layer
                known = error.where.startswith("layer")
                raise error if known else error.within(f"layer '{node.name}' ({node.op})") from None
            add(fixed[node.name], graph.steps, analysis)
        return graph.with_nodes(fixed)
