"""The static part of a lowering: a block for every node that exists once per event.

Some nodes need none: a relu that is part of the conversions that read it, a threshold that is
decided with its score.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fwgen.ir.nodes import Node, Quantise, Relu, Threshold
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.design import CircuitBlock
from fwgen.lower.plan import Plan, latest
from fwgen.lower.static import RULES, feed_forward
from fwgen.lower.static.adder_graph import SHALLOW, Variant
from fwgen.lower.static.merged import absorbed
from fwgen.lower.static.rounding import carried_halves, carrying
from fwgen.lower.static.scores import Score
from fwgen.lower.static.shrink import Choice

Decided = Mapping[str, Mapping[str, int]]
"""Limits of the thresholds that are decided with their scores, by both names."""


@dataclass(slots=True)
class Static:
    """Blocks of nodes without time steps, added to a plan."""

    plan: Plan
    variants: Choice
    decided: Decided
    _absorbed: set[str] = field(init=False)
    _carried: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        graph, analysis = self.plan.graph, self.plan.analysis
        self._absorbed = absorbed(graph)
        self._carried = carried_halves(graph, analysis, self._absorbed)

    def lower(self, node: Node) -> None:
        """Add a node's block in the cycle of the latest of its sources, if it needs one.

        Raises
        ------
        LoweringError
            If its circuit cannot be built.
        """
        if node.name in self._absorbed or node.name in self._beside(node):
            return
        rule = RULES.get(type(node))
        about = rule.about(node, self.plan.analysis.values) if rule else node.op
        source = self.plan.graph[node.sources[0]]
        if isinstance(source, Relu) and source.name in self._absorbed:
            node = node.reading({source.name: source.source})
            about += f"; the format has no negative numbers, which makes it '{source.name}' too"
        self._block(node, about)

    def _beside(self, node: Node) -> Mapping[str, int]:
        """The decision of a threshold that its score has made."""
        return self._decisions(self.plan.graph[node.source]) if isinstance(node, Threshold) else {}

    def _block(self, node: Node, about: str) -> None:
        plan = self.plan
        sources = {name: plan.signals[name] for name in node.sources}
        time = latest(list(sources.values()))
        sources = {name: plan.at(s, time) for name, s in sources.items()}
        before = {name: s.arrivals for name, s in sources.items()}
        limits = self._decisions(node)
        variant = self.variants.get(node.name, SHALLOW)
        circuit = plan.once(
            (node.name, tuple(before.items()), variant, tuple(limits)),
            lambda: self._circuit(node, before, variant),
        )
        ports = tuple((port, sources[name]) for name, port in feed_forward.ports(node).items())
        names = (node.name, *limits)
        found = plan.circuit(CircuitBlock(node.name, about, circuit, ports, (), 0), names)
        plan.signals |= dict(zip(names, found, strict=True))

    def _circuit(
        self, node: Node, before: Mapping[str, tuple[int, ...]], variant: Variant
    ) -> Circuit:
        plan = self.plan
        limits, values = self._decisions(node), carrying(plan.analysis.values, self._carried)
        if isinstance(node, Score):
            return feed_forward.score(node, values, plan.pace, before, limits)
        return feed_forward.circuit(
            node,
            values,
            plan.pace,
            before,
            plan.wrapping(node),
            self._carried.get(node.source if isinstance(node, Quantise) else node.name, 0),
            variant,
        )

    def _decisions(self, node: Node) -> Mapping[str, int]:
        """Limits of the thresholds that are decided with a score, by their names."""
        return self.decided.get(node.name, {})
