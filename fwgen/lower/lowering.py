"""Integer graph -> design: one block a node, scheduled as early as its inputs allow.

Blocks of nodes that exist once per event are combinational at both ends: each knows how much logic
lies before its inputs, and registers stand only where the clock demands one, inside a block.
Values that meet in a node are brought to the same cycle first. What leaves the design, or enters
the spiking part, comes from registers.

The spiking layers follow one of the schedules of `fwgen.ir.schedule`.
"""

from dataclasses import dataclass, field
from typing import Any

from fwgen.errors import LoweringError
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense, Input, LatencyEncoder, Lif, Membrane, Node, ReadOut
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import Design, Signal
from fwgen.lower.estimate.design import estimate
from fwgen.lower.outputs import interface, output
from fwgen.lower.plan import Plan
from fwgen.lower.spiking.unrolled.rules import Unrolled
from fwgen.lower.spiking.wavefront.rules import Wavefront
from fwgen.lower.static.part import Decided, Static, decisions
from fwgen.lower.static.shrink import Choice, Known, shrink
from fwgen.quantise.analysis import Analysis, analyse


def lower(
    graph: Graph,
    pace: Pace,
    analysis: Analysis | None = None,
    schedule: Schedule = Schedule(),  # noqa: B008 - frozen
) -> Design:
    """Blocks and schedule for the wanted clock and device; ``analysis`` saves doing it again.

    Adder graphs are as shallow as can be, but for those that another form makes smaller without a
    cycle more of latency. Thresholds of scores are decided beside the score where that saves a
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
        """A design with it."""
        counted, designs = Known(), []
        beside = decisions(self.graph, self.analysis.values)
        for decided in [{}, beside] if beside else [{}]:

            def make(variants: Choice, decided: Decided = decided) -> Design:
                return self._run(schedule, variants, decided)

            designs.append(shrink(_adder_graphs(self.graph), make, counted))
        return min(designs, key=lambda d: (d.last, sum(row.lut for row in estimate(d).values())))

    def _run(self, schedule: Schedule, variants: Choice, decided: Decided) -> Design:
        plan = Plan(self.graph, self.analysis, self.pace, self._built)
        spiking = (Unrolled if schedule.unrolled else Wavefront)(plan, schedule)
        return _Lowering(plan, schedule, Static(plan, variants, decided), spiking).run()


def _adder_graphs(graph: Graph) -> list[Dense]:
    shapes = graph.shapes()
    dense = (node for node in graph if isinstance(node, Dense))
    return [node for node in dense if not shapes[node.source].temporal]


@dataclass(slots=True)
class _Lowering:
    plan: Plan
    schedule: Schedule
    static: Static
    spiking: Wavefront | Unrolled

    def run(self) -> Design:
        graph, plan = self.plan.graph, self.plan
        for node in graph:
            try:
                self._lower(node)
            except LoweringError as error:  # a circuit knows its signals, not its layer
                known = error.where.startswith("layer")
                raise error if known else error.within(f"layer '{node.name}' ({node.op})") from None
        # constant outputs need no cycle; the event control needs one behind the input register
        ends = [plan.signals[name] for name in graph.outputs]
        last = max(1, *(s.time + bool(s.arrivals) for s in ends))
        outputs = tuple(output(plan, name, last) for name in graph.outputs)
        return Design(
            name=graph.name,
            steps=graph.steps,
            schedule=self.schedule,
            pace=plan.pace,
            interface=interface(plan, self.schedule, outputs, last),
            blocks=tuple(plan.blocks),
            outputs=outputs,
            last=last,
        )

    def _lower(self, node: Node) -> None:
        signals = self.plan.signals
        temporal = any(name in signals and signals[name].temporal for name in node.sources)
        match node:
            case Input() if not node.spikes:
                port = Signal(f"{node.name}_i", node.fmt, node.size, time=-1)
                signals[node.name] = self.plan.delayed(port, 0, node.name, "input register")
            case Input() | Lif() | LatencyEncoder() | Membrane() | ReadOut():
                self.spiking.lower(node)
            case Dense() if temporal:
                if not isinstance(self.plan.graph[node.source], Input | LatencyEncoder | Lif):
                    raise _unsupported(
                        node, "spikes or a value that exists once per event as source"
                    )
                self.spiking.lower(node)
            case _ if temporal:
                raise _unsupported(node, "a value that exists once per event as source")
            case _:
                self.static.lower(node)


def _unsupported(node: Node, needed: str) -> LoweringError:
    return LoweringError(
        f"layer '{node.name}' ({node.op})",
        needed=needed,
        found=f"source '{', '.join(node.sources)}'",
        do="Read the spikes or a read-out of a lif layer instead.",
    )
