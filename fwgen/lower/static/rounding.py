"""Rounding that costs nothing: half a unit is added in a dense layer's sums, not after them.

RND and RND_CONV begin by adding half a unit of the result. Where one conversion is all that reads a
dense layer, that half goes into the layer's biases: its sums then *carry* the half, and the
conversion only cuts.
"""

from collections.abc import Mapping
from dataclasses import replace

from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense, Node, Quantise, Relu
from fwgen.ir.ranges import Range
from fwgen.lower.circuit.convert import half
from fwgen.quantise.accumulator import ACCUMULATOR
from fwgen.quantise.analysis import Analysis


def carried_halves(graph: Graph, analysis: Analysis, absorbed: set[str]) -> dict[str, int]:
    """What the sums of dense layers carry, on their own grid, by name; only where it is not 0.

    ``absorbed`` are relu nodes that are built as part of the conversions that read them.
    """
    wrapping = {c.node for c in analysis.conversions if c.what == ACCUMULATOR}
    shapes, carried = graph.shapes(), {}
    for node in graph:
        if not isinstance(node, Dense) or shapes[node.name].temporal or node.name in wrapping:
            continue
        readers = _readers(graph, node.name, absorbed)
        if node.name not in graph.outputs and len(readers) == 1:
            (reader,) = readers
            if isinstance(reader, Quantise):
                carried[node.name] = half(analysis.values[node.name].frac, reader.fmt)
    return {name: value for name, value in carried.items() if value}


def _readers(graph: Graph, name: str, absorbed: set[str]) -> list[Node]:
    found: list[Node] = []
    for node in graph:
        if name in node.sources:
            through = isinstance(node, Relu) and node.name in absorbed
            found += _readers(graph, node.name, absorbed) if through else [node]
    return found


def carrying(values: Mapping[str, Range], carried: Mapping[str, int]) -> dict[str, Range]:
    """Bounds of what the circuits hold: those of the values, moved by what they carry."""
    moved = {
        name: replace(values[name], lo=values[name].lo + value, hi=values[name].hi + value)
        for name, value in carried.items()
    }
    return {**values, **moved}
