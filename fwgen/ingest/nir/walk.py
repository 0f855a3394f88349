"""The nodes of a NIR file in their order: each becomes layers of the draft."""

from collections.abc import Mapping

import numpy as np

from fwgen.ingest.exact import Reals
from fwgen.ingest.nir.graph import Node
from fwgen.ingest.nir.neurons import NEURONS, Given, neuron_of
from fwgen.ingest.nir.shapes import Shape, spread
from fwgen.ingest.spiking import questions as q
from fwgen.ingest.spiking.network import Net
from fwgen.ingest.spiking.values import ValueOrMap


class Walk:
    """Hands the nodes to a `Net`, in order."""

    def __init__(self, net: Net, answers: Given, shapes: Mapping[str, Shape]) -> None:
        self.net, self.answers, self.shapes = net, answers, shapes
        self.values: dict[str, ValueOrMap] = {}

    def run(self, nodes: list[Node]) -> None:
        """Write all nodes into the draft, in their order."""
        for node in nodes:
            event = node.kind == "Input" and not node.inner
            self.values[node.name] = self.net.event() if event else self._node(node)

    def _node(self, node: Node) -> ValueOrMap:
        where, wanted, source = node.where, _wanted(node), self._source(node)
        match node.kind:
            case "Affine" | "Linear":
                weight = node.numbers("weight")
                bias = node.numbers("bias") if "bias" in node.arrays else np.zeros(len(weight))
                return self.net.dense(where, wanted, source, weight, bias)
            case "Scale":
                gain = self._parameter(node, "scale")
                return self.net.scaled(where, wanted, source, gain, np.zeros_like(gain))
            case "Threshold":
                value = self._parameter(node, "threshold")
                reached = self.answers.of(node, q.COMPARISON) == "ge"
                return self.net.above(where, wanted, source, value, reached=reached)
            case kind if kind in NEURONS:
                neuron = neuron_of(node, self.shapes[node.name], self.answers)
                return self.net.neurons(where, wanted, source, neuron)
            case "Output" if not node.inner:
                self.net.output(where, source, self.answers.own.get((node.name, q.READOUT.key)))
        return source

    def _source(self, node: Node) -> ValueOrMap:
        things = [self.values[name] for name in node.reads]
        return self.net.summed(node.where, _wanted(node), things)

    def _parameter(self, node: Node, key: str) -> Reals:
        return spread(node, key, node.numbers(key), self.shapes[node.name])


def _wanted(node: Node) -> str:
    """A name that begins with a letter: torch's containers count their modules."""
    first = node.name[:1]
    return node.name if first.isascii() and first.isalpha() else f"{node.kind.lower()}_{node.name}"
