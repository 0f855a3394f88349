"""Pass: batch normalisation after a dense layer becomes part of its weights and bias.

Real numbers throughout: what is folded is decided before any format is.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from fwgen.errors import GraphError
from fwgen.ir.folding import foldable
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import BatchNorm, Dense, Node, Real


@dataclass(frozen=True, slots=True)
class FoldBatchNorm:
    """Folds every batch normalisation that is the only reader of a dense layer.

    ``scale * (W x + b) + offset`` is a dense layer itself; it keeps the name of the dense layer and
    its formats, which are then those of the folded weights. Only where the normalisation is an
    output of the model does the folded layer bear its name, for the sake of the port.
    """

    name = "fold-batch-norm"

    def run(self, graph: Graph) -> Graph:
        """A graph of fewer nodes that computes the same function."""
        while (found := _foldable(graph)) is not None:
            graph = _folded(graph, *found)
        return graph


class Home(NamedTuple):
    """Where a layer is after folding: in this node, whose value is the layer's own or is not."""

    node: str
    own_value: bool


def homes(graph: Graph) -> dict[str, Home]:
    """The home of every layer of a graph of real numbers, by the layer's name, in order.

    A dense layer whose normalisation was folded into it has no value any more: what its node
    gives is the value of the normalisation.
    """
    found = {node.name: Home(node.name, own_value=True) for node in graph}
    while (pair := _foldable(graph)) is not None:
        kept, parts = _folded_name(graph, *pair), {node.name for node in pair}
        for layer, home in found.items():
            if home.node in parts:
                found[layer] = Home(kept, home.node == pair[1].name)
        graph = _folded(graph, *pair)
    return found


def _foldable(graph: Graph) -> tuple[Dense, BatchNorm] | None:
    dense = {n.name: n for n in graph if isinstance(n, Dense) and isinstance(n.weight, Real)}
    norms = {n.name: n for n in graph if isinstance(n, BatchNorm) and _is_free(n)}
    sources = {node.name: node.sources for node in graph}
    found = foldable(sources, graph.outputs, dense, norms)
    return next(((dense[source], norms[norm]) for source, norm in found.items()), None)


def _is_free(norm: BatchNorm) -> bool:
    return all(isinstance(p, Real) and p.fmt is None for p in (norm.scale, norm.offset))


def _folded_name(graph: Graph, dense: Dense, norm: BatchNorm) -> str:
    return norm.name if norm.name in graph.outputs else dense.name


def _folded(graph: Graph, dense: Dense, norm: BatchNorm) -> Graph:
    name = _folded_name(graph, dense, norm)
    merged = replace(_merged(dense, norm), name=name)
    nodes: list[Node] = []
    for node in graph:
        if node is norm:
            continue
        nodes.append(merged if node is dense else node.reading({norm.name: name}))
    wraps = tuple(name if n in {dense.name, norm.name} else n for n in graph.accepted_wraps)
    return replace(graph, nodes=tuple(nodes), accepted_wraps=wraps)


def _merged(dense: Dense, norm: BatchNorm) -> Dense:
    parameters = (dense.weight, dense.bias, norm.scale, norm.offset)
    weight, bias, scale, offset = (p.values.astype(np.float64) for p in parameters)
    with np.errstate(over="ignore", invalid="ignore"):
        weight, bias = scale[:, None] * weight, scale * bias + offset
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise GraphError(
            f"layer '{norm.name}' (batch_norm)",
            needed=f"finite weights and biases of '{dense.name}' after folding",
            found="infinite ones",
            do="Look for a diverged training.",
        )
    return replace(dense, weight=Real(weight, dense.weight.fmt), bias=Real(bias, dense.bias.fmt))
