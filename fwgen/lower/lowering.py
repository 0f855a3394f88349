"""Integer graph -> design: one block a node, scheduled as early as its inputs allow.

Blocks of nodes that exist once per event are combinational at both ends: each knows how much logic
lies before its inputs, and registers stand only where the clock demands one, inside a block.
Values that meet in a node are brought to the same cycle first. What leaves the design, or enters
the spiking part, comes from registers.

The spiking layers follow one of the schedules of `fwgen.ir.schedule`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Dense,
    Input,
    LastMembrane,
    LatencyEncoder,
    Lif,
    Maximum,
    Membrane,
    Node,
    Quantise,
    ReadOut,
    Relu,
    Table,
    Threshold,
)
from fwgen.ir.ports import Interface, Port
from fwgen.ir.ranges import Range, const, floor_to
from fwgen.ir.schedule import Schedule
from fwgen.lower.about import about
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import CircuitBlock, Design, OutputBlock, Signal
from fwgen.lower.estimate.design import estimate
from fwgen.lower.plan import Plan, latest
from fwgen.lower.spiking.unrolled.rules import Unrolled
from fwgen.lower.spiking.wavefront.rules import Wavefront
from fwgen.lower.static import feed_forward
from fwgen.lower.static.rounding import carried_halves, carrying
from fwgen.lower.static.scores import Score
from fwgen.lower.static.shrink import Choice, Known, shrink
from fwgen.quantise.analysis import Analysis, analyse

Decided = Mapping[str, Mapping[str, int]]


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
        return _Lowering(plan, schedule, variants, decided).run()


def _adder_graphs(graph: Graph) -> list[Dense]:
    shapes = graph.shapes()
    dense = (node for node in graph if isinstance(node, Dense))
    return [node for node in dense if not shapes[node.source].temporal]


@dataclass(slots=True)
class _Lowering:
    plan: Plan
    schedule: Schedule
    variants: Choice
    decided: Decided
    _spiking: Wavefront | Unrolled = field(init=False)
    _absorbed: set[str] = field(init=False)
    _carried: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        graph, analysis = self.plan.graph, self.plan.analysis
        self._spiking = (Unrolled if self.schedule.unrolled else Wavefront)(
            self.plan, self.schedule
        )
        self._absorbed = _absorbed(graph)
        self._carried = carried_halves(graph, analysis, self._absorbed)

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
        outputs = tuple(self._output(name, last) for name in graph.outputs)
        return Design(
            name=graph.name,
            steps=graph.steps,
            schedule=self.schedule,
            pace=plan.pace,
            interface=self._interface(outputs, last),
            blocks=tuple(plan.blocks),
            outputs=outputs,
            last=last,
        )

    def _lower(self, node: Node) -> None:
        signals = self.plan.signals
        match node:
            case Input() if node.spikes:
                self._spiking.lower(node)
            case Input():
                self._input(node)
            case Dense() if signals[node.source].temporal:
                if not isinstance(self.plan.graph[node.source], Input | LatencyEncoder | Lif):
                    raise _unsupported(
                        node, "spikes or a value that exists once per event as source"
                    )
                self._spiking.lower(node)
            case Lif() | LatencyEncoder() | Membrane() | ReadOut():
                self._spiking.lower(node)
            case Relu() if node.name in self._absorbed:
                pass
            case Threshold() if node.name in self._decisions(self.plan.graph[node.source]):
                pass
            case Quantise():
                self._quantise(node)
            case _:
                self._static(node, about(node, self.plan.analysis.values))

    # ---- one method per kind of node ----

    def _input(self, node: Input) -> None:
        port = Signal(f"{node.name}_i", node.fmt, node.size, time=-1)
        self.plan.signals[node.name] = self.plan.delayed(port, 0, node.name, "input register")

    def _quantise(self, node: Quantise) -> None:
        about = f"quantise '{node.source}' to {node.fmt}"
        source = self.plan.graph[node.source]
        if isinstance(source, Relu) and source.name in self._absorbed:
            node = replace(node, source=source.source)
            about += f"; the format has no negative numbers, which makes it '{source.name}' too"
        self._static(node, about)

    def _static(self, node: Node, about: str) -> None:
        """A node that exists once per event: its sources, in the cycle of the latest."""
        plan = self.plan
        sources = {name: plan.signals[name] for name in node.sources}
        if any(s.temporal for s in sources.values()):
            raise _unsupported(node, "a value that exists once per event as source")
        time = latest(list(sources.values()))
        sources = {name: plan.at(s, time) for name, s in sources.items()}
        before = {name: s.arrivals for name, s in sources.items()}
        limits = self._decisions(node)
        variant = self.variants.get(node.name, feed_forward.SHALLOW)
        circuit = plan.once(
            (node.name, tuple(before.items()), variant, tuple(limits)),
            lambda: self._static_circuit(node, before, variant),
        )
        ports = tuple((port, sources[name]) for name, port in feed_forward.ports(node).items())
        names = (node.name, *limits)
        found = plan.circuit(CircuitBlock(node.name, about, circuit, ports, (), 0), names)
        plan.signals |= dict(zip(names, found, strict=True))

    def _static_circuit(
        self, node: Node, before: Mapping[str, tuple[int, ...]], variant: feed_forward.Variant
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

    # ---- parts they share ----

    def _decisions(self, node: Node) -> Mapping[str, int]:
        """Limits of the thresholds that a score decides beside itself, by their names."""
        return self.decided.get(node.name, {})

    def _output(self, name: str, last: int) -> OutputBlock:
        signal = self.plan.at(self.plan.signals[name], last)
        return OutputBlock(name, f"output '{name}'", signal, self._port_format(name), f"{name}_o")

    def _port_format(self, name: str) -> Fixed:
        """The format that the model declares for a value, else the narrowest that holds it."""
        graph = self.plan.graph
        node = graph[name]
        if isinstance(node, Quantise | Table):
            return _plain(node.fmt)
        if isinstance(node, LastMembrane | Maximum):
            lif = graph[node.source]
            if isinstance(lif, Lif) and lif.membrane is not None:
                return _plain(lif.membrane)
        return self.plan.analysis.values[name].fmt

    def _interface(self, outputs: Sequence[OutputBlock], last: int) -> Interface:
        graph = self.plan.graph
        node, temporal = graph.input, any(isinstance(n, Lif) for n in graph)
        return Interface(
            top=graph.name,
            inputs=(Port(f"{node.name}_i", _plain(node.fmt), node.elements(graph.steps)),),
            outputs=tuple(Port(o.port, o.fmt, o.signal.count) for o in outputs),
            latency=last + 1,
            interval=self.schedule.interval(graph.steps) if temporal else 1,
        )


def decisions(graph: Graph, values: Mapping[str, Range]) -> dict[str, dict[str, int]]:
    """Thresholds of scores: their limits, by the names of the score and of the threshold."""
    found: dict[str, dict[str, int]] = {}
    for node in graph:
        if isinstance(node, Threshold) and isinstance(graph[node.source], Score):
            limit = int(floor_to(const(node.value), values[node.source].frac).reshape(-1)[0])
            found.setdefault(node.source, {})[node.name] = limit
    return found


def _absorbed(graph: Graph) -> set[str]:
    """Relu nodes whose readers all saturate at 0 anyway; they need no logic of their own.

    Rounding keeps the order of numbers and keeps 0, so it may come first.
    """
    shapes, found = graph.shapes(), set()
    for node in graph:
        if isinstance(node, Relu) and not shapes[node.name].temporal:
            readers = [n for n in graph if node.name in n.sources]
            clipped = all(isinstance(n, Quantise) and _clips_at_zero(n.fmt) for n in readers)
            if clipped and node.name not in graph.outputs:
                found.add(node.name)
    return found


def _clips_at_zero(fmt: Fixed) -> bool:
    return not fmt.signed and fmt.overflow is not Overflow.WRAP


def _plain(fmt: Fixed) -> Fixed:
    """The same integers without the modes of a conversion."""
    return Fixed(fmt.signed, fmt.width, fmt.integer)


def _unsupported(node: Node, needed: str) -> LoweringError:
    return LoweringError(
        f"layer '{node.name}' ({node.op})",
        needed=needed,
        found=f"source '{', '.join(node.sources)}'",
        do="Read the spikes or a read-out of a lif layer instead.",
    )
