"""Integer graph -> design: the smallest of several that are lowered alike."""

from dataclasses import dataclass, field
from typing import Any

from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import Design
from fwgen.lower.estimate.design import estimate
from fwgen.lower.plan import Plan
from fwgen.lower.static.merged import decisions
from fwgen.lower.static.part import Decided
from fwgen.lower.static.shrink import Choice, CircuitLuts, shrink
from fwgen.lower.walk import walk
from fwgen.quantise.analysis import Analysis, analyse


def lower(
    graph: Graph,
    pace: Pace,
    analysis: Analysis | None = None,
    schedule: Schedule = Schedule(),  # noqa: B008 - frozen
) -> Design:
    """Blocks and schedule for the wanted clock and device; ``analysis`` saves doing it again.

    Adder graphs are as shallow as can be, but for those that another form makes smaller without a
    cycle more of latency. Thresholds of scores are decided with the score where that saves a
    cycle, or LUTs at none: it leaves more time for the rest.

    Raises
    ------
    LoweringError
        If a part of the graph has no implementation; the message names the layer.
    """
    return Lowerings(graph, pace, analysis or analyse(graph)).best(schedule)


@dataclass(slots=True)
class Lowerings:
    """Designs of one graph, which share the circuits that they have in common."""

    graph: Graph
    pace: Pace
    analysis: Analysis
    _built: dict[object, Any] = field(default_factory=dict)

    def quick(self, schedule: Schedule) -> Design:
        """A design without the search for smaller adder graphs: latency and interval are exact."""
        return self._run(schedule, {}, {})

    def best(self, schedule: Schedule) -> Design:
        """The design with the smallest adder graphs that cost no cycle of latency."""
        counted, designs = CircuitLuts(), []
        beside = decisions(self.graph, self.analysis.values)
        for decided in [{}, beside] if beside else [{}]:

            def make(variants: Choice, decided: Decided = decided) -> Design:
                return self._run(schedule, variants, decided)

            designs.append(shrink(_adder_graphs(self.graph), make, counted))
        return min(designs, key=lambda d: (d.last, sum(row.lut for row in estimate(d).values())))

    def _run(self, schedule: Schedule, variants: Choice, decided: Decided) -> Design:
        plan = Plan(self.graph, self.analysis, self.pace, self._built)
        return walk(plan, schedule, variants, decided)


def _adder_graphs(graph: Graph) -> list[Dense]:
    shapes = graph.shapes()
    dense = (node for node in graph if isinstance(node, Dense))
    return [node for node in dense if not shapes[node.source].temporal]
