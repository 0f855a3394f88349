"""The shape of every operation's value: the families' rules, written out in one table."""

from fwgen.ir.node import Node
from fwgen.ir.ops import (
    activations,
    basic,
    dense,
    encoders,
    neurons,
    readouts,
    scores,
    vectors,
)
from fwgen.ir.ops.activations import declared_grid
from fwgen.ir.ops.neurons import Neurons
from fwgen.ir.ops.readouts import LastMembrane, Maximum, Membrane
from fwgen.ir.shape import MAX_ELEMENTS, Earlier, Nodes, Shape, ShapeRules, Shapes, misfit, vector

__all__ = [
    "MAX_ELEMENTS",
    "RULES",
    "Earlier",
    "Shape",
    "Shapes",
    "declared_grid",
    "misfit",
    "shape_of",
    "vector",
]

RULES: ShapeRules = {
    **basic.SHAPES,
    **dense.SHAPES,
    **activations.SHAPES,
    **vectors.SHAPES,
    **scores.SHAPES,
    **neurons.SHAPES,
    **encoders.SHAPES,
    **readouts.SHAPES,
}


def shape_of(node: Node, nodes: Nodes, known: Shapes) -> Shape:
    """Shape of a node's value, given those of its sources.

    Raises
    ------
    GraphError
        If it cannot read them, or its parameters do not fit; the message names the node.
    """
    _check_integrators(node, nodes)
    rule = RULES.get(type(node))
    if rule is None:
        raise misfit(node, "a known operation", f"'{node.op}'")
    return rule(node, Earlier(nodes, known))


def _check_integrators(node: Node, nodes: Nodes) -> None:
    """Of neurons that never fire, nothing but the membrane may be read."""
    if isinstance(node, LastMembrane | Maximum | Membrane):
        return
    for name in node.sources:
        source = nodes[name]
        if isinstance(source, Neurons) and not source.fires:
            raise misfit(
                node,
                "a source that has values: of an li layer, last_membrane, maximum and membrane "
                "read the membrane",
                f"'{name}', which never fires",
            )
