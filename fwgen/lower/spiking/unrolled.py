"""The spiking layers unrolled in space: every time step has hardware of its own, interval 1.

A step is a feed-forward circuit from the membrane behind the step before; pipelined like any
other, with no loop. Values that meet are brought to the same cycle by shift registers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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
    Reset,
)
from fwgen.ir.ranges import Range
from fwgen.ir.schedule import Schedule
from fwgen.lower.about import shape
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.vectors import bounds_of
from fwgen.lower.circuit.words import Word
from fwgen.lower.design import CircuitBlock, Signal
from fwgen.lower.plan import Plan, latest
from fwgen.lower.spiking.encoders import spike_circuit
from fwgen.lower.spiking.neurons import Layer, Step
from fwgen.lower.spiking.readouts import gathered
from fwgen.lower.spiking.recurrent import recurrent_current
from fwgen.lower.spiking.synapses import Accumulators, SpikedLayer, best_form
from fwgen.lower.spiking.tabulated import Wanted, is_looked_up, lookups, read_of
from fwgen.lower.spiking.trains import each_step
from fwgen.quantise.lif_range import lif_current, neurons

Ports = list[tuple[str, Signal]]


@dataclass(slots=True)
class Unrolled:
    """Lowers nodes with a value for each time step into a plan."""

    plan: Plan
    schedule: Schedule
    _steps: dict[str, list[Signal]] = field(default_factory=dict)
    _ranges: dict[str, Range] = field(default_factory=dict)
    _membranes: dict[str, list[Signal]] = field(default_factory=dict)

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
                self.plan.signals[node.name] = self._membranes[node.source][-1]
            case ReadOut():
                self._gather(node)
            case _:
                raise TypeError(f"no schedule for {node.op}")

    def _train(self, node: Input) -> None:
        found = each_step(self.plan, node)
        self._ranges |= {s.net: self.plan.analysis.values[node.name] for s in found}
        self._mark(node, found)

    # ---- synapses ----

    def _synapses(self, node: Dense) -> None:
        found = []
        for t, spikes in enumerate(self._steps[node.source]):
            name = f"{node.name}__t{t}"
            form = self._form(node, self._ranges[spikes.net], spikes.arrivals)
            about = f"dense, {shape(node)}, step {t + 1}: {form.about}"
            block = CircuitBlock(name, about, form.circuit, (("spike_i", spikes),), (), 0)
            found += self.plan.circuit(block, [name])
            words = form.circuit.outputs[0].words
            self._ranges[name] = bounds_of(words, self.plan.analysis.values[node.name].frac)
        self._mark(node, found)

    def _form(self, node: Dense, source: Range, arrivals: tuple[int, ...]) -> Accumulators:
        plan, result = self.plan, self.plan.analysis.values[node.name]
        wraps = plan.wrapping(node)
        layer = SpikedLayer(node, source, result, plan.pace.tighter(), arrivals, wraps, tight=True)
        rank = None if self.schedule.small else _lateness
        key = (node.name, arrivals, tuple(source.hi), tuple(source.lo), self.schedule.small)
        found: Accumulators = plan.once(key, lambda: best_form(layer, rank))
        return found

    # ---- neurons ----

    def _lif(self, node: Lif) -> None:
        current = self.plan.analysis.values[node.source]
        constant = node.source not in self._steps and node.recurrent is None
        if constant and is_looked_up(current):
            self._looked_up(node, current)
            return
        state: Ports = []
        steps = [state := self._step(node, t, state) for t in range(self.plan.graph.steps)]
        shown = [dict(step) for step in steps]
        self._membranes[node.name] = [s["membrane_i"] for s in shown if "membrane_i" in s]
        spikes = [s["spike_i"] for s in shown if "spike_i" in s]
        if spikes:
            self._mark(node, spikes)

    def _looked_up(self, node: Lif, current: Range) -> None:
        """All steps of neurons whose constant current has few values."""
        plan, source, steps = self.plan, self.plan.signals[node.source], self.plan.graph.steps
        wanted = Wanted(*read_of(self.plan.graph, node), steps)
        circuit = plan.once(
            (node.name, source.arrivals),
            lambda: lookups(node, current, plan.pace.tighter(), source.arrivals, wanted),
        )
        about = f"lif, {len(current)} neurons, {steps} steps looked up in tables of the current"
        block = CircuitBlock(node.name, about, circuit, (("current_i", source),), (), 0)
        nets = [f"{node.name}__{vector.name.removesuffix('_o')}" for vector in circuit.outputs]
        found = dict(zip(nets, plan.circuit(block, nets), strict=True))
        frac = plan.analysis.lifs[node.name].membrane.frac
        for net, vector in zip(nets, circuit.outputs, strict=True):
            own = 0 if "__spike" in net else frac
            self._ranges[net] = bounds_of(vector.words, own)
        self._membranes[node.name] = [s for net, s in found.items() if "__membrane" in net]
        spikes = [s for net, s in found.items() if "__spike" in net]
        if spikes:
            self._mark(node, spikes)

    def _wanted(self, node: Lif, t: int) -> list[str]:
        """What is read of a step: by the next step, or by other nodes."""
        more = t + 1 < self.plan.graph.steps
        others, last, most = read_of(self.plan.graph, node)
        back = self._resets_by_spike(node) or node.recurrent is not None
        found = ["membrane_i"] * (more or last or most)
        return found + ["spike_i"] * (others or (more and back))

    def _step(self, node: Lif, t: int, state: Ports) -> Ports:
        """Membranes and spikes behind a step, from those of the step before."""
        if isinstance(node, CubaLif):
            current, syn = self._driven(node, t, state)
        else:
            current, syn = self._total(node, t, state), []
        read = {"membrane_i", "spike_i"} if self._resets_by_spike(node) else {"membrane_i"}
        given = [("current_i", current), *(p for p in state if p[0] in read)]
        return self._stepped(node, t, given, self._wanted(node, t)) + syn

    def _driven(self, node: CubaLif, t: int, state: Ports) -> tuple[Signal, Ports]:
        """What membranes see in a step, and the synaptic current behind it, where it is read."""
        layer, before = node.integrators, [s for port, s in state if port == "syn_i"]
        after: Ports = []
        if not node.previous or t + 1 < self.plan.graph.steps:
            given: Ports = [("current_i", self._total(node, t, state))]
            given += [("membrane_i", s) for s in before]
            after = self._stepped(layer, t, given, ["membrane_i"])
        syn: Ports = [("syn_i", s) for _, s in after]
        if not node.previous:
            return after[0][1], syn
        frac = self.plan.analysis.currents[node.name].frac
        first = before or [self._zeros(f"{layer.name}__zero", self._current(node, t), frac)]
        return first[0], syn

    def _stepped(self, node: Lif, t: int, given: Ports, wanted: list[str]) -> Ports:
        """The circuit of a step, from the current and the state."""
        plan, name = self.plan, f"{node.name}__t{t}"
        time = latest([s for _, s in given])
        ports = [(port, plan.at(s, time)) for port, s in given]
        sources = {port: self._ranges[s.net] for port, s in given}
        before = {port: s.arrivals for port, s in ports}
        key = (name, tuple(before.items()), *(tuple(r.lo) + tuple(r.hi) for r in sources.values()))
        circuit = plan.once(key, lambda: self._circuit(node, sources, before, wanted))
        about = f"lif, {ports[0][1].count} neurons, step {t + 1} of {plan.graph.steps}"
        block = CircuitBlock(name, about, circuit, tuple(ports), (), 0)
        nets = [f"{node.name}__{port.removesuffix('_i')}__t{t}" for port in wanted]
        outputs = plan.circuit(block, nets)
        frac = {"membrane_i": plan.analysis.lifs[node.name].membrane.frac, "spike_i": 0}
        for net, vector, port in zip(nets, circuit.outputs, wanted, strict=True):
            self._ranges[net] = bounds_of(vector.words, frac[port])
        return list(zip(wanted, outputs, strict=True))

    def _total(self, node: Lif, t: int, state: Ports) -> Signal:
        """The current of a step, with what recurrent weights add to the source's."""
        current = self._current(node, t)
        if node.recurrent is None:
            return current
        plan, name = self.plan, f"{node.name}__current__t{t}"
        given = [("current_i", current), *(p for p in state if p[0] == "spike_i")]
        time = latest([s for _, s in given])
        ports = [(port, plan.at(s, time)) for port, s in given]
        sources = {port: self._ranges[s.net] for port, s in given}
        before = {port: s.arrivals for port, s in ports}
        key = (name, tuple(before.items()), *(tuple(r.lo) + tuple(r.hi) for r in sources.values()))
        pace = plan.pace.tighter()
        circuit = plan.once(
            key, lambda: recurrent_current(node, sources, before, pace, _last_moment)
        )
        about = f"currents of '{node.name}' with recurrent weights, step {t + 1}"
        (total,) = plan.circuit(CircuitBlock(name, about, circuit, tuple(ports), (), 0), [name])
        frac = lif_current(node, plan.analysis.values[node.source]).frac
        self._ranges[name] = bounds_of(circuit.outputs[0].words, frac)
        return total

    @staticmethod
    def _resets_by_spike(node: Lif) -> bool:
        """Whether the reset of a step is the spike of the one before."""
        return node.reset_delay and node.reset is not Reset.NONE

    def _current(self, node: Lif, t: int) -> Signal:
        if node.source in self._steps:
            return self._steps[node.source][t]
        signal = self.plan.signals[node.source]
        self._ranges.setdefault(signal.net, self.plan.analysis.values[node.source])
        return signal

    def _circuit(
        self,
        node: Lif,
        sources: dict[str, Range],
        before: dict[str, tuple[int, ...]],
        wanted: Sequence[str],
    ) -> Circuit:
        """One step of all neurons."""
        c, analysis = Circuit(self.plan.pace.tighter()), self.plan.analysis
        current, ranges = sources["current_i"], analysis.lifs[node.name]
        words = {port: c.input(port, r, before[port]) for port, r in sources.items()}
        zeros: Sequence[Word] = [c.constant(0)] * len(current)
        hull = Layer.of(ranges, current)
        after, spikes = [], []
        rows = zip(
            neurons(node, analysis.currents[node.name]),
            words["current_i"],
            words.get("membrane_i", zeros),
            words.get("spike_i", zeros),
            ranges.can_fire,
            ranges.can_reset,
            strict=True,
        )
        for neuron, x, u, spiked, fires, resets in rows:
            step = Step(neuron, hull, fires=fires, resets=resets)
            reset = spiked if "spike_i" in words else step.spike(c, "resets", u)
            v, spike = step.run(c, u, reset, x)
            after.append(v)
            spikes.append(spike if step.early else step.spike(c, "fires", v))
        frac = ranges.membrane.frac
        results = {"membrane_i": (after, frac), "spike_i": (spikes, 0)}
        for port in wanted:
            shown, own = results[port]
            name, more = f"{port.removesuffix('_i')}_o", port != wanted[-1]
            c.output(name, shown, bounds_of(shown, own), more=more)
        return c

    # ---- encoders ----

    def _latency(self, node: LatencyEncoder) -> None:
        plan, source, steps = self.plan, self.plan.signals[node.source], self.plan.graph.steps
        values = plan.analysis.values[node.source]
        circuit = plan.once(
            ("spikes", node.name, source.arrivals),
            lambda: spike_circuit(node, values, steps, plan.pace.tighter(), source.arrivals),
        )
        about = f"latency_encoder of '{node.source}': the spikes of all steps"
        block = CircuitBlock(node.name, about, circuit, (("x_i", source),), (), 0)
        nets = [f"{node.name}__t{t}" for t in range(steps)]
        found = plan.circuit(block, nets)
        for net, vector in zip(nets, circuit.outputs, strict=True):
            self._ranges[net] = bounds_of(vector.words, 0)
        self._mark(node, found)

    def _membrane(self, node: Membrane) -> None:
        """Membranes of each step; with ``previous`` those of the step before, at first 0."""
        found = self._membranes[node.source]
        if node.previous:
            frac = self.plan.analysis.values[node.name].frac
            found = [self._zeros(f"{node.name}__t0", found[0], frac), *found[:-1]]
        self._mark(node, found)

    def _zeros(self, name: str, like: Signal, frac: int) -> Signal:
        plan, c = self.plan, Circuit(self.plan.pace)
        c.input("membrane_i", self._ranges[like.net])
        zeros = [c.constant(0)] * like.count
        self._ranges[name] = bounds_of(zeros, frac)
        c.output("zero_o", zeros, self._ranges[name])
        about = "no membrane before the first step"
        block = CircuitBlock(name, about, c, (("membrane_i", like),), (), 0)
        return plan.circuit(block, [name])[0]

    # ---- read-outs ----

    def _gather(self, node: ReadOut) -> None:
        plan = self.plan
        steps = (self._membranes if isinstance(node, Maximum) else self._steps)[node.source]
        time = latest(steps)
        ports = [(f"step{t}_i", plan.at(s, time)) for t, s in enumerate(steps)]
        c = Circuit(plan.pace.tighter())
        rows = [
            c.input(port, self._ranges[s.net], at.arrivals)
            for (port, at), s in zip(ports, steps, strict=True)
        ]
        words = gathered(c, node, rows)
        c.output("result_o", words, plan.analysis.values[node.name])
        about = f"{node.op}, {len(words)} neurons over {plan.graph.steps} steps"
        block = CircuitBlock(node.name, about, c, tuple(ports), (), 0)
        plan.signals[node.name] = plan.circuit(block, [node.name])[0]

    def _mark(self, node: Node, found: list[Signal]) -> None:
        """Note a node's signals; its name stands for a value of each step."""
        self._steps[node.name] = found
        self.plan.signals[node.name] = replace(found[0], temporal=True)


def _lateness(circuit: Circuit) -> tuple[int, int]:
    """Cycles of a circuit, then about as many levels of logic behind its last register."""
    last = max(w.arrival for w in circuit.outputs[0].words)
    return circuit.latency, last // circuit.pace.lut()


def _last_moment(circuit: Circuit) -> tuple[int, int]:
    """The stage of a circuit's last result, and the logic there."""
    (out,) = circuit.outputs
    return circuit.latency, max(w.arrival for w in out.words if w.stage == circuit.latency)
