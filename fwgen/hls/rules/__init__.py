"""Nodes of an integer graph as layers of hls4ml that give the same integers: one rule a node."""

from collections.abc import Sequence

from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.hls.rules import activations, basic, dense, scores, vectors
from fwgen.hls.rules.common import SPIKING, HlsRules, Outside
from fwgen.ir.nodes import ArgMax, Node
from fwgen.ir.ops import encoders, neurons, readouts
from fwgen.ir.ranges import Range

__all__ = ["OUTSIDE", "RULES", "layers_of"]

RULES: HlsRules = {
    **basic.RULES,
    **dense.RULES,
    **activations.RULES,
    **vectors.RULES,
    **scores.RULES,
}
OUTSIDE: Outside = {
    ArgMax: "hls4ml has no layer that gives an index",
    **dict.fromkeys((*neurons.NODES, *encoders.NODES, *readouts.NODES), SPIKING),
}


def layers_of(node: Node, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    """The layers that give a node's integers; the last one bears its name.

    Steps on the way are called ``<name>__<what>``, as no layer of a model may be.

    Parameters
    ----------
    reads
        One operand for each of the node's sources.
    values
        Bounds of the node.

    Raises
    ------
    LoweringError
        If hls4ml would wrap a parameter around, or change a sum, in silence.
    """
    return [hls.check_parameters(node, layer) for layer in RULES[type(node)](node, reads, values)]
