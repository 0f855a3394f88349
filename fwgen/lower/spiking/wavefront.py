"""The spiking layers as a wavefront: one or several time steps a clock, layer behind layer.

Every layer is a fixed number of cycles behind the one before, so that layers work on successive
steps at the same time. Nothing is shared between events but the state registers, which start anew
in front of an event's first step. Where one set of layers cannot take events fast enough, copies of
it take them in turn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import (
    CubaLif,
    Dense,
    Input,
    LastMembrane,
    LatencyEncoder,
    Lif,
    Maximum,
    Membrane,
    Node,
    ReadOut,
)
from fwgen.ir.ranges import Range
from fwgen.ir.schedule import Schedule
from fwgen.lower.about import shape
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.design import CircuitBlock, LatencyBlock, LifBlock, MergeBlock, Signal
from fwgen.lower.estimate.design import circuit_cost, core_cost
from fwgen.lower.plan import Plan
from fwgen.lower.spiking.encoders import step_circuit
from fwgen.lower.spiking.neurons import LifCore, Steps, lif_core
from fwgen.lower.spiking.readouts import MembraneReader, gathering
from fwgen.lower.spiking.recurrent import driven, recurrent_current
from fwgen.lower.spiking.synapses import Accumulators, SpikedLayer, best_form
from fwgen.lower.spiking.tabulated import Wanted, is_looked_up, lookups, read_of
from fwgen.lower.spiking.trains import handed_out, shifted, train_cost
from fwgen.quantise.lif_range import lif_current

Lanes = tuple[Signal, ...]


@dataclass(slots=True)
class Wavefront:
    """Lowers nodes with a value for each time step into a plan."""

    plan: Plan
    schedule: Schedule
    _lanes: dict[tuple[str, int], Lanes] = field(default_factory=dict)
    _membranes: dict[tuple[str, int], Signal] = field(default_factory=dict)
    _all_membranes: dict[tuple[str, int], Lanes] = field(default_factory=dict)
    _static: dict[str, Signal] = field(default_factory=dict)

    @property
    def steps(self) -> Steps:
        """How an event's steps pass."""
        return Steps(self.plan.graph.steps, self.schedule.lanes)

    def lower(self, node: Node) -> None:
        """Add one node."""
        match node:
            case Input():
                self._train(node)
            case Dense():
                self._synapses(node)
            case Lif():
                self._lif(node)
            case LatencyEncoder():
                self._latency(node)
            case Membrane():
                self._membrane(node)
            case LastMembrane():
                self._last_membrane(node)
            case ReadOut():
                self._gather(node)
            case _:
                raise TypeError(f"no schedule for {node.op}")

    def _copies(self) -> Iterator[tuple[int, str]]:
        """The copies, and what the names of their signals end in."""
        for copy in range(self.schedule.copies):
            yield copy, f"__c{copy}" if copy else ""

    def _train(self, node: Input) -> None:
        found = handed_out(self.plan, node, self.steps, self.schedule.copies)
        self._lanes |= {(node.name, copy): lanes for copy, lanes in enumerate(found)}
        self.plan.signals[node.name] = found[0][0]

    # ---- synapses ----

    def _synapses(self, node: Dense) -> None:
        plan = self.plan
        arrivals = _slowest(self._lanes[node.source, 0])
        form = self._form(node, arrivals)
        about = f"dense, {shape(node)}: {form.about}"
        for copy, end in self._copies():
            outputs = []
            for lane, spikes in enumerate(self._lanes[node.source, copy]):
                name = node.name + end + (f"__l{lane}" if lane else "")
                block = CircuitBlock(
                    name, about, form.circuit, (("spike_i", spikes),), (), 0, node.name
                )
                outputs += plan.circuit(block, [name], temporal=True)
            self._lanes[node.name, copy] = tuple(outputs)
        plan.signals[node.name] = self._lanes[node.name, 0][0]

    def _form(self, node: Dense, arrivals: tuple[int, ...]) -> Accumulators:
        """The form with the fewest LUTs, among the fastest unless area alone counts."""
        plan, values = self.plan, self.plan.analysis.values
        source, result = values[node.source], values[node.name]
        pace, wraps = plan.pace.tighter(), plan.wrapping(node)
        layer = SpikedLayer(node, source, result, pace, arrivals, wraps)
        readers = [n for n in plan.graph if isinstance(n, Lif) and n.source == node.name]

        def cycles(circuit: Circuit) -> int:
            """From spikes to membranes."""
            ready = max(w.arrival for w in circuit.outputs[0].words)
            late = any(not self._fits(self._core(lif, ready)) for lif in readers)
            return circuit.latency + late

        rank = None if self.schedule.small else cycles
        key = (node.name, arrivals, self.schedule.lanes, self.schedule.small)
        found: Accumulators = plan.once(key, lambda: best_form(layer, rank))
        return found

    # ---- neurons ----

    def _lif(self, node: Lif) -> None:
        values = self.plan.analysis.values[node.source]
        static = (node.source, 0) not in self._lanes and node.recurrent is None
        if static and self.steps.cycles > 1 and is_looked_up(values):
            table = self._table(node, values)
            if table is not None:
                self._looked_up(node, table)
                return
        for copy, end in self._copies():
            currents = self._currents(node, copy, end)
            core = self._core(node, max(_slowest(currents), default=0))
            if currents[0].arrivals and (node.recurrent is not None or not self._fits(core)):
                currents = tuple(self.plan.at(s, s.time + 1) for s in currents)
                core = self._core(node, 0)
            beside = 0
            if node.recurrent is not None:
                currents = self._recurrent(node, core, currents, copy, end)
                if isinstance(node, CubaLif):
                    current, beside = driven(self.plan, node, currents[0], copy, end)
                    currents = (current,)
                core = self._core(node, max(_slowest(currents), default=0))
            self._block(node, core, currents, copy, end, beside)

    def _table(self, node: Lif, values: Range) -> Circuit | None:
        """A table of all that the neurons do in an event, where it is smaller than they are."""
        plan, source = self.plan, self.plan.signals[node.source]
        spikes, last, every = read_of(plan.graph, node)
        if every or not spikes:
            return None
        wanted = Wanted(spikes, last, every, self.steps.count)
        # behind the table stands the choice that loads the shift register
        before = tuple(ps + plan.pace.lut() for ps in source.arrivals)
        circuit: Circuit = plan.once(
            (node.name, "table", before),
            lambda: lookups(node, values, plan.pace, before, wanted, joined=True),
        )
        core, lanes = self._core(node, 0), range(self.steps.lanes)
        handing = (train_cost(self.steps.count, len(lanes), lane).lut for lane in lanes)
        own = circuit_cost(circuit).lut + len(values) * sum(handing)
        return circuit if own < core_cost(core, last=last).lut else None

    def _looked_up(self, node: Lif, circuit: Circuit) -> None:
        """The spikes of all steps from a table, then handed out step by step."""
        plan, source = self.plan, self.plan.signals[node.source]
        nets = [f"{node.name}__{vector.name.removesuffix('_o')}" for vector in circuit.outputs]
        count = self.steps.count
        about = f"lif, {source.count} neurons, {count} steps looked up in tables of the current"
        block = CircuitBlock(node.name, about, circuit, (("current_i", source),), (), 0)
        *membrane, spikes = plan.circuit(block, nets)
        if membrane:
            self._static[node.name] = membrane[0]
        for copy, _ in self._copies():
            stem = f"{node.name}__spike"
            self._lanes[node.name, copy] = shifted(plan, stem, spikes, self.steps, copy)
        plan.signals[node.name] = self._lanes[node.name, 0][0]

    def _recurrent(self, node: Lif, core: LifCore, currents: Lanes, copy: int, end: str) -> Lanes:
        """Currents with what the spikes of the step before add: a loop of one clock."""
        plan, values = self.plan, self.plan.analysis.values
        if len(currents) > 1:
            raise LoweringError(
                f"layer '{node.name}' ({node.op})",
                needed="one time step a clock, or all of them unrolled, for recurrent weights",
                found=f"{len(currents)} steps a clock",
                do="Choose another schedule.",
            )
        (spikes,) = self._spikes(node, core, currents[0].time + 1, end)
        given = [
            ("current_i", currents[0]),
            ("spike_i", plan.restarted(spikes, f"{node.name}__before{end}", copy)),
        ]
        before = {port: s.arrivals for port, s in given}
        sources = {"current_i": values[node.source], "spike_i": values[node.name]}
        result, room = lif_current(node, values[node.source]), plan.pace.tighter().room

        def late(circuit: Circuit) -> int:
            """How much too long the loop is with these sums."""
            ready = max(word.arrival for word in circuit.outputs[0].words)
            return max(0, self._core(node, ready).loop_ps - room)

        circuit = plan.once(
            (node.name, "recurrent", tuple(before.items())),
            lambda: recurrent_current(node, sources, before, plan.pace, late, result),
        )
        name, about = f"{node.name}__current", f"currents of '{node.name}' with recurrent weights"
        block = CircuitBlock(name + end, about, circuit, tuple(given), (), 0, name)
        return tuple(plan.circuit(block, [name + end], temporal=True))

    def _currents(self, node: Lif, copy: int, end: str) -> Lanes:
        if (node.source, copy) in self._lanes:
            return self._lanes[node.source, copy]
        source = self.plan.signals[node.source]
        if self.steps.cycles > 1:
            source = self.plan.held(source, end, copy)
        return (replace(source, temporal=True),) * self.schedule.lanes

    def _core(self, node: Lif, ready: int) -> LifCore:
        plan = self.plan
        values, ranges = plan.analysis.currents[node.name], plan.analysis.lifs[node.name]
        return plan.once(
            (node.name, self.steps, ready),
            lambda: lif_core(
                node,
                values,
                ranges,
                plan.pace,
                self.steps,
                spikes_read=self._spikes_read(node),
                ready=ready,
            ),
        )

    def _fits(self, core: LifCore) -> bool:
        return core.loop_ps <= self.plan.pace.tighter().room

    def _readers(self, node: Lif) -> list[Node]:
        return [n for n in self.plan.graph if node.name in n.sources]

    def _spikes_read(self, node: Lif) -> bool:
        others = (n for n in self._readers(node) if not isinstance(n, MembraneReader))
        return node.recurrent is not None or any(others)

    def _spikes(self, node: Lif, core: LifCore, time: int, end: str) -> Lanes:
        """A layer's spikes, lane by lane."""
        bit, found = Fixed(False, 1, 1), []
        for lane, logic in enumerate(core.spike_ps if self._spikes_read(node) else ()):
            net = f"{node.name}__spike{end}{f'__l{lane}' if lane else ''}"
            arrivals = tuple(logic) if any(logic) else ()
            found.append(Signal(net, bit, len(core.of), time, True, arrivals))
        return tuple(found)

    def _block(
        self, node: Lif, core: LifCore, currents: Lanes, copy: int, end: str, beside: int
    ) -> None:
        size, time = len(core.of), currents[0].time + 1
        spikes, membrane = self._spikes(node, core, time, end), None
        if any(isinstance(n, LastMembrane) for n in self._readers(node)):
            net = f"{node.name}__membrane{end}"
            membrane = Signal(net, core.membrane, size, time, temporal=True)
            self._membranes[node.name, copy] = membrane
        membranes: Lanes = ()
        if any(isinstance(n, Maximum | Membrane) for n in self._readers(node)):
            nets = (f"{node.name}__membrane{lane}{end}" for lane in range(self.schedule.lanes))
            membranes = tuple(Signal(n, core.membrane, size, time, temporal=True) for n in nets)
            self._all_membranes[node.name, copy] = membranes
        lanes = self.schedule.lanes
        rate = f"{lanes} time steps a clock" if lanes > 1 else "one clock a time step"
        self.plan.blocks.append(
            LifBlock(
                node.name + end,
                f"lif, {size} neurons, {rate}",
                core,
                currents,
                currents[0].time,
                spikes,
                membrane,
                copy,
                membranes,
                beside,
                node.name,
            )
        )
        self._lanes[node.name, copy] = spikes
        if spikes:
            self.plan.signals[node.name] = spikes[0]

    # ---- encoders ----

    def _latency(self, node: LatencyEncoder) -> None:
        plan, source, name = self.plan, self.plan.signals[node.source], f"{node.name}__step"
        values, steps = plan.analysis.values[node.source], plan.graph.steps
        circuit = plan.once(
            ("steps", node.name, source.arrivals),
            lambda: step_circuit(node, values, steps, plan.pace, source.arrivals),
        )
        about = f"latency_encoder of '{node.source}': the step of each spike"
        block = CircuitBlock(name, about, circuit, (("x_i", source),), (), 0)
        (step,) = plan.circuit(block, [name])
        # whether the step is now: every bit of both
        logic = (plan.pace.reduce(2 * step.fmt.width),) * step.count
        bit, time = Fixed(False, 1, 1), step.time + 1
        for copy, end in self._copies():
            spikes = tuple(
                Signal(f"{node.name}__spike{end}{suffix}", bit, step.count, time, True, logic)
                for suffix in self._suffixes()
            )
            about = f"latency_encoder, {step.count} spikes"
            named = node.name + end
            plan.blocks.append(LatencyBlock(named, about, step, step.time, spikes, copy))
            self._lanes[node.name, copy] = spikes
        plan.signals[node.name] = self._lanes[node.name, 0][0]

    def _suffixes(self) -> list[str]:
        """What the names of the lanes' signals end in."""
        return [f"__l{lane}" if lane else "" for lane in range(self.schedule.lanes)]

    def _membrane(self, node: Membrane) -> None:
        """Membranes as a layer's currents; the steps before are a lane, or a cycle, back."""
        for copy, end in self._copies():
            lanes = self._all_membranes[node.source, copy]
            if node.previous:
                last = self.plan.restarted(lanes[-1], node.name + end, copy)
                wait = len(lanes) > 1
                lanes = (self.plan.at(last, last.time + wait), *lanes[:-1])
            self._lanes[node.name, copy] = lanes
        self.plan.signals[node.name] = self._lanes[node.name, 0][0]

    # ---- read-outs ----

    def _last_membrane(self, node: LastMembrane) -> None:
        if node.source in self._static:
            self.plan.signals[node.name] = self._static[node.source]
            return
        found = []
        for copy, _ in self._copies():
            net = self._membranes[node.source, copy]
            time = net.time + self.steps.cycles - 1
            found.append(replace(net, time=time, temporal=False))
        self._merge(node, found)

    def _gather(self, node: ReadOut) -> None:
        values, found = self.plan.analysis.values[node.name], []
        of = self._all_membranes if isinstance(node, Maximum) else self._lanes
        for copy, end in self._copies():
            lanes, name = of[node.source, copy], node.name + end
            block = gathering(node, name, lanes, values, self.plan.graph.steps, copy)
            self.plan.blocks.append(block)
            found.append(block.output)
        self._merge(node, found)

    def _merge(self, node: Node, found: Sequence[Signal]) -> None:
        """One static value from those of the copies."""
        plan, one = self.plan, found[0]
        if len(found) == 1:
            plan.signals[node.name] = one
            return
        net = f"{node.name}__merged"
        # two bits of the copy's number decide in each level; its lowest have most to decide
        levels, sinks = -(-(len(found) - 1).bit_length() // 2), one.width * -(-len(found) // 4)
        pace = plan.pace
        ready = (pace.load(sinks) + levels * pace.lut(),) * one.count
        output = replace(one, net=net, arrivals=ready)
        about = f"'{node.name}' of the copy whose event is due"
        plan.blocks.append(MergeBlock(net, about, tuple(found), one.time, output))
        plan.signals[node.name] = output


def _slowest(lanes: Lanes) -> tuple[int, ...]:
    """Logic before each element, in the slowest lane; empty where there is none."""
    if not any(s.arrivals for s in lanes):
        return ()
    rows = [s.arrivals or (0,) * s.count for s in lanes]
    return tuple(max(column) for column in zip(*rows, strict=True))
