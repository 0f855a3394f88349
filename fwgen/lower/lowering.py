"""Integer graph -> design: one block a node, scheduled as early as its inputs allow.

Blocks of nodes that exist once per event are combinational at both ends: each knows how much logic
lies before its inputs, and registers stand only where the clock demands one, inside a block.
Values that meet in a node are brought to the same cycle first. What leaves the design, or enters
the spiking part, comes from registers.

The spiking part runs as a wavefront: one clock a time step, every layer a fixed number of cycles
behind the one before, so that layers work on successive steps at the same time. A new event may
enter every ``steps`` cycles; nothing is shared between events but the state registers, and those
start anew whenever an event's first step arrives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Dense,
    Input,
    LastMembrane,
    Lif,
    Node,
    Quantise,
    Relu,
    SpikeCount,
    Table,
    Threshold,
)
from fwgen.ir.ports import Interface, Port
from fwgen.lower import feed_forward
from fwgen.lower.about import about, shape
from fwgen.lower.circuit import Circuit
from fwgen.lower.cost import estimate
from fwgen.lower.design import (
    Block,
    CircuitBlock,
    CountBlock,
    DelayBlock,
    Design,
    HoldBlock,
    LifBlock,
    OutputBlock,
    Signal,
)
from fwgen.lower.lif import lif_core
from fwgen.lower.ops import Vector
from fwgen.lower.pace import Pace
from fwgen.lower.rounding import carried_halves, carrying
from fwgen.lower.scores import Score
from fwgen.lower.shrink import Choice, Known, shrink
from fwgen.quantise.accumulator import ACCUMULATOR
from fwgen.quantise.bounds import Range, const, floor_to
from fwgen.quantise.ranges import Analysis, analyse

T = TypeVar("T")
Decided = Mapping[str, Mapping[str, int]]


def lower(graph: Graph, pace: Pace, analysis: Analysis | None = None) -> Design:
    """Blocks and schedule for the wanted clock and device; ``analysis`` saves doing it again.

    Adder graphs are as shallow as can be, but for those that another form makes smaller without a
    cycle more of latency. Thresholds of scores are decided beside the score where that saves a
    cycle, or LUTs at none: it leaves more time for the rest.

    Raises
    ------
    LoweringError
        If a part of the graph has no implementation; the message names the layer.
    """
    known = analysis or analyse(graph)

    built: dict[object, Any] = {}  # circuits, by all that they follow from
    counted, designs = Known(), []
    beside = decisions(graph, known.values)
    for decided in [{}, beside] if beside else [{}]:

        def make(variants: Choice, decided: Decided = decided) -> Design:
            return _Lowering(graph, known, pace, variants, built, decided).run()

        designs.append(shrink(_adder_graphs(graph), make, counted))
    return min(designs, key=lambda d: (d.last, sum(row.lut for row in estimate(d).values())))


def _adder_graphs(graph: Graph) -> list[Dense]:
    shapes = graph.shapes()
    dense = (node for node in graph if isinstance(node, Dense))
    return [node for node in dense if not shapes[node.source].temporal]


@dataclass(slots=True)
class _Lowering:
    graph: Graph
    analysis: Analysis
    pace: Pace
    variants: Choice = field(default_factory=dict)
    built: dict[object, Any] = field(default_factory=dict)
    decided: Decided = field(default_factory=dict)
    signals: dict[str, Signal] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    _derived: dict[str, Signal] = field(default_factory=dict)
    _absorbed: set[str] = field(default_factory=set)
    _carried: dict[str, int] = field(default_factory=dict)

    def run(self) -> Design:
        self._absorbed = _absorbed(self.graph)
        self._carried = carried_halves(self.graph, self.analysis, self._absorbed)
        for node in self.graph:
            try:
                self._lower(node)
            except LoweringError as error:  # a circuit knows its signals, not its layer
                known = error.where.startswith("layer")
                raise error if known else error.within(f"layer '{node.name}' ({node.op})") from None
        # constant outputs need no cycle; the event control needs one behind the input register
        ends = [self.signals[name] for name in self.graph.outputs]
        last = max(1, *(s.time + bool(s.arrivals) for s in ends))
        outputs = tuple(self._output(name, last) for name in self.graph.outputs)
        return Design(
            name=self.graph.name,
            steps=self.graph.steps,
            pace=self.pace,
            interface=self._interface(outputs, last),
            blocks=tuple(self.blocks),
            outputs=outputs,
            last=last,
        )

    def _lower(self, node: Node) -> None:
        match node:
            case Input():
                self._input(node)
            case Dense() if self.signals[node.source].temporal:
                self._synapses(node)
            case Lif():
                self._lif(node)
            case LastMembrane():
                net = self.signals[f"{node.source}__membrane"]
                time = net.time + self.graph.steps - 1
                self.signals[node.name] = replace(net, time=time, temporal=False)
            case SpikeCount():
                self._count(node)
            case Relu() if node.name in self._absorbed:
                pass
            case Threshold() if node.name in self._decisions(self.graph[node.source]):
                pass
            case Quantise():
                self._quantise(node)
            case _:
                self._static(node, about(node, self.analysis.values))

    # ---- one method per kind of node ----

    def _input(self, node: Input) -> None:
        port = Signal(f"{node.name}_i", node.fmt, node.size, time=-1)
        self.signals[node.name] = self._delayed(port, 0, node.name, "input register")

    def _quantise(self, node: Quantise) -> None:
        about = f"quantise '{node.source}' to {node.fmt}"
        source = self.graph[node.source]
        if isinstance(source, Relu) and source.name in self._absorbed:
            node = replace(node, source=source.source)
            about += f"; the format has no negative numbers, which makes it '{source.name}' too"
        self._static(node, about)

    def _static(self, node: Node, about: str) -> None:
        """A node that exists once per event: its sources, in the cycle of the latest."""
        sources = {name: self.signals[name] for name in node.sources}
        if any(s.temporal for s in sources.values()):
            raise _unsupported(node, "a value that exists once per event as source")
        time = max(s.time for s in sources.values())
        sources = {name: self._at(s, time) for name, s in sources.items()}
        before = {name: s.arrivals for name, s in sources.items()}
        limits = self._decisions(node)
        variant = self.variants.get(node.name, feed_forward.SHALLOW)
        circuit = self._once(
            (node.name, tuple(before.items()), variant, tuple(limits)),
            lambda: self._static_circuit(node, before, variant),
        )
        ports = [(port, sources[name]) for name, port in feed_forward.ports(node).items()]
        self._circuit(node, about, circuit, ports)

    def _static_circuit(
        self, node: Node, before: Mapping[str, tuple[int, ...]], variant: feed_forward.Variant
    ) -> Circuit:
        limits, values = self._decisions(node), carrying(self.analysis.values, self._carried)
        if isinstance(node, Score):
            return feed_forward.score(node, values, self.pace, before, limits)
        return feed_forward.circuit(
            node,
            values,
            self.pace,
            before,
            self._accumulators.get(node.name),
            self._carried.get(node.source if isinstance(node, Quantise) else node.name, 0),
            variant,
        )

    @property
    def _accumulators(self) -> dict[str, Fixed]:
        """Of the dense layers whose sums wrap around in them."""
        return {c.node: c.fmt for c in self.analysis.conversions if c.what == ACCUMULATOR}

    def _synapses(self, node: Dense) -> None:
        if not isinstance(self.graph[node.source], Lif):
            raise _unsupported(node, "spikes or a value that exists once per event as source")
        values = self.analysis.values
        wrapping = self._accumulators.get(node.name)
        circuit = self._once(
            node.name,
            lambda: feed_forward.synapses(
                node, values[node.source], values[node.name], self.pace, wrapping
            ),
        )
        about = f"dense, {shape(node)}: spike-gated accumulators"
        self._circuit(node, about, circuit, [("spike_i", self.signals[node.source])])

    def _lif(self, node: Lif) -> None:
        ranges = self.analysis.lifs[node.name]
        source = self.signals[node.source]
        current = source if source.temporal else self._held(source)
        reads = [n for n in self.graph if node.name in n.sources]
        spikes_read = any(not isinstance(n, LastMembrane) for n in reads)
        values = self.analysis.values[node.source]
        core = self._once(
            node.name, lambda: lif_core(node, values, ranges, self.pace, spikes_read=spikes_read)
        )
        size, time = len(core.of), current.time + 1
        spikes = membrane = None
        if spikes_read:
            spikes = Signal(f"{node.name}__spike", Fixed(False, 1, 1), size, time, temporal=True)
            self.signals[node.name] = spikes
        if any(isinstance(n, LastMembrane) for n in reads):
            membrane = Signal(f"{node.name}__membrane", core.membrane, size, time, temporal=True)
            self.signals[f"{node.name}__membrane"] = membrane
        about = f"lif, {size} neurons, one clock a time step"
        self.blocks.append(
            LifBlock(node.name, about, core, current, current.time, spikes, membrane)
        )

    def _count(self, node: SpikeCount) -> None:
        spikes, values = self.signals[node.source], self.analysis.values[node.name]
        done = spikes.time + self.graph.steps
        output = Signal(node.name, values.fmt, spikes.count, done)
        about = f"spike_count, {spikes.count} counters over {self.graph.steps} steps"
        self.blocks.append(CountBlock(node.name, about, spikes, spikes.time, output))
        self.signals[node.name] = output

    # ---- parts they share ----

    def _once(self, key: object, build: Callable[[], T]) -> T:
        """What an earlier lowering has built from the same; circuits do not change any more."""
        if key not in self.built:
            self.built[key] = build()
        found: T = self.built[key]
        return found

    def _circuit(
        self, node: Node, about: str, circuit: Circuit, inputs: Sequence[tuple[str, Signal]]
    ) -> None:
        names = (node.name, *self._decisions(node))
        outputs = {
            name: _shown(name, vector, inputs[0][1])
            for name, vector in zip(names, circuit.outputs, strict=True)
        }
        ports = zip((v.name for v in circuit.outputs), outputs.values(), strict=True)
        self.blocks.append(
            CircuitBlock(node.name, about, circuit, tuple(inputs), tuple(ports), circuit.latency)
        )
        self.signals |= outputs

    def _decisions(self, node: Node) -> Mapping[str, int]:
        """Limits of the thresholds that a score decides beside itself, by their names."""
        return self.decided.get(node.name, {})

    def _held(self, source: Signal) -> Signal:
        """A static signal, constant through all time steps."""
        if self.graph.steps == 1:
            current = self._at(source, source.time + 1) if source.arrivals else source
            return replace(current, temporal=True)
        net = f"{source.net}__held"
        if net not in self._derived:
            output = Signal(net, source.fmt, source.count, source.time + 1, temporal=True)
            about = f"keeps '{source.net}' for all {self.graph.steps} time steps"
            self.blocks.append(HoldBlock(net, about, source, source.time, output))
            self._derived[net] = output
        return self._derived[net]

    def _at(self, signal: Signal, time: int) -> Signal:
        """A static signal, delayed to a later cycle."""
        if signal.time == time:
            return signal
        net = f"{signal.net}__at{time}"
        if net not in self._derived:
            about = f"'{signal.net}', {time - signal.time} cycles later"
            self._derived[net] = self._delayed(signal, time, net, about)
        return self._derived[net]

    def _delayed(self, signal: Signal, time: int, net: str, about: str) -> Signal:
        output = replace(signal, net=net, time=time, arrivals=())
        self.blocks.append(DelayBlock(net, about, signal, time - signal.time, output))
        return output

    def _output(self, name: str, last: int) -> OutputBlock:
        signal = self._at(self.signals[name], last)
        return OutputBlock(name, f"output '{name}'", signal, self._port_format(name), f"{name}_o")

    def _port_format(self, name: str) -> Fixed:
        """The format that the model declares for a value, else the narrowest that holds it."""
        node = self.graph[name]
        if isinstance(node, Quantise | Table):
            return _plain(node.fmt)
        if isinstance(node, LastMembrane):
            lif = self.graph[node.source]
            if isinstance(lif, Lif) and lif.membrane is not None:
                return _plain(lif.membrane)
        return self.analysis.values[name].fmt

    def _interface(self, outputs: Sequence[OutputBlock], last: int) -> Interface:
        node = self.graph.input
        temporal = any(isinstance(n, Lif) for n in self.graph)
        return Interface(
            top=self.graph.name,
            inputs=(Port(f"{node.name}_i", _plain(node.fmt), node.size),),
            outputs=tuple(Port(o.port, o.fmt, o.signal.count) for o in outputs),
            latency=last + 1,
            interval=self.graph.steps if temporal else 1,
        )


def _shown(net: str, vector: Vector, first: Signal) -> Signal:
    """What a circuit shows at a port, a number of cycles behind its first input."""
    arrivals = tuple(w.arrival for w in vector.words)
    time = first.time + max(w.stage for w in vector.words)
    count, logic = len(vector.words), arrivals if any(arrivals) else ()
    return Signal(net, vector.fmt, count, time, first.temporal, logic)


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
