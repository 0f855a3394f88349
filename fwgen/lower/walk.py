"""Integer graph -> design: one block a node, scheduled as early as its inputs allow.

Blocks of nodes that exist once per event are combinational at both ends: each knows how much logic
lies before its inputs, and registers stand only where the clock demands one, inside a block.
Values that meet in a node are brought to the same cycle first. What leaves the design, or enters
the spiking part, comes from registers.

The spiking layers follow one of the schedules of `fwgen.ir.schedule`.
"""

from dataclasses import dataclass

from fwgen.errors import LoweringError
from fwgen.ir.nodes import Dense, Input, LatencyEncoder, Membrane, Neurons, Node, ReadOut
from fwgen.ir.schedule import Schedule
from fwgen.lower.design import Design, Signal
from fwgen.lower.outputs import interface, output
from fwgen.lower.plan import Plan
from fwgen.lower.spiking.unrolled.rules import Unrolled
from fwgen.lower.spiking.wavefront.rules import Wavefront
from fwgen.lower.static.part import Decided, Static
from fwgen.lower.static.shrink import Choice


def walk(plan: Plan, schedule: Schedule, variants: Choice, decided: Decided) -> Design:
    """The design of a plan's graph.

    Parameters
    ----------
    variants
        How the solver is asked for the adder graphs of dense layers, by their names.
    decided
        Thresholds that are decided with their scores.

    Raises
    ------
    LoweringError
        If a part of the graph has no implementation; the message names the layer.
    """
    spiking = (Unrolled if schedule.unrolled else Wavefront)(plan, schedule)
    return _Walk(plan, schedule, Static(plan, variants, decided), spiking).run()


@dataclass(slots=True)
class _Walk:
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
        # constant outputs need no cycle; the event control needs one after the input register
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
            case Input() | Neurons() | LatencyEncoder() | Membrane() | ReadOut():
                self.spiking.lower(node)
            case Dense() if temporal:
                if not isinstance(self.plan.graph[node.source], Input | LatencyEncoder | Neurons):
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
