"""LIF neurons of unrolled steps: a circuit for each step, or tables of all of them."""

from collections.abc import Callable

from fwgen.ir.nodes import CubaLif, Lif, Neurons, Reset
from fwgen.ir.ranges import Range
from fwgen.lower.design import Signal
from fwgen.lower.spiking.neurons import NeuronReads
from fwgen.lower.spiking.recurrent import recurrent_current
from fwgen.lower.spiking.tabulated import is_looked_up, lookups
from fwgen.lower.spiking.unrolled.state import Ports, UnrolledState
from fwgen.lower.spiking.unrolled.step import last_moment, step_circuit
from fwgen.quantise.lif_range import lif_current

Drive = Callable[[int, Ports], tuple[Signal, Ports]]
"""From a step and the state before it to what membranes see, and the currents after it."""


def lif(unrolled: UnrolledState, node: Lif) -> None:
    """A layer of neurons, step by step; tables where the current is constant and narrow."""
    current = unrolled.plan.analysis.values[node.source]
    constant = node.source not in unrolled.steps and node.recurrent is None
    if constant and is_looked_up(current):
        _looked_up(unrolled, node, current)
    else:
        _steps(unrolled, node, lambda t, state: (_total(unrolled, node, t, state), []))


def cuba_lif(unrolled: UnrolledState, node: CubaLif) -> None:
    """A layer of neurons with currents that leak, step by step."""
    _steps(unrolled, node, lambda t, state: _driven(unrolled, node, t, state))


def _steps(unrolled: UnrolledState, node: Neurons, drive: Drive) -> None:
    state: Ports = []
    every = range(unrolled.plan.graph.steps)
    steps = [state := _step(unrolled, node, t, state, *drive(t, state)) for t in every]
    shown = [dict(step) for step in steps]
    unrolled.membranes[node.name] = [s["membrane_i"] for s in shown if "membrane_i" in s]
    spikes = [s["spike_i"] for s in shown if "spike_i" in s]
    if spikes:
        unrolled.mark(node, spikes)


def _looked_up(unrolled: UnrolledState, node: Neurons, current: Range) -> None:
    """All steps of neurons whose constant current has few values."""
    plan, source, steps = (
        unrolled.plan,
        unrolled.plan.signals[node.source],
        unrolled.plan.graph.steps,
    )
    reads, frac = NeuronReads.of(plan.graph, node), plan.analysis.lifs[node.name].membrane.frac
    circuit = plan.once(
        (node.name, source.arrivals),
        lambda: lookups(node, current, plan.pace.tighter(), source.arrivals, reads, steps),
    )
    about = f"lif, {len(current)} neurons, {steps} steps looked up in tables of the current"
    ports = [vector.name.removesuffix("_o") for vector in circuit.outputs]
    shown = {f"{node.name}__{p}": 0 if p.startswith("spike") else frac for p in ports}
    found = unrolled.placed(node.name, about, circuit, [("current_i", source)], shown)
    pairs = list(zip(ports, found, strict=True))
    unrolled.membranes[node.name] = [s for port, s in pairs if port.startswith("membrane")]
    spikes = [s for port, s in pairs if port.startswith("spike")]
    if spikes:
        unrolled.mark(node, spikes)


def _wanted(unrolled: UnrolledState, node: Neurons, t: int) -> list[str]:
    """What is read of a step: by the next step, or by other nodes."""
    more = t + 1 < unrolled.plan.graph.steps
    reads = NeuronReads.of(unrolled.plan.graph, node)
    back = _resets_by_spike(node) or node.recurrent is not None
    found = ["membrane_i"] * (more or reads.last or reads.every)
    return found + ["spike_i"] * (reads.spikes or (more and back))


def _step(
    unrolled: UnrolledState, node: Neurons, t: int, state: Ports, current: Signal, syn: Ports
) -> Ports:
    """Membranes, spikes and currents after a step, from those of the step before."""
    read = {"membrane_i", "spike_i"} if _resets_by_spike(node) else {"membrane_i"}
    given = [("current_i", current), *(p for p in state if p[0] in read)]
    return _stepped(unrolled, node, t, given, _wanted(unrolled, node, t)) + syn


def _driven(unrolled: UnrolledState, node: CubaLif, t: int, state: Ports) -> tuple[Signal, Ports]:
    """What membranes see in a step, and the synaptic current after it, where it is read."""
    layer, before = node.integrators, [s for port, s in state if port == "syn_i"]
    after: Ports = []
    if not node.previous or t + 1 < unrolled.plan.graph.steps:
        given: Ports = [("current_i", _total(unrolled, node, t, state))]
        given += [("membrane_i", s) for s in before]
        after = _stepped(unrolled, layer, t, given, ["membrane_i"])
    syn: Ports = [("syn_i", s) for _, s in after]
    if not node.previous:
        return after[0][1], syn
    frac = unrolled.plan.analysis.currents[node.name].frac
    first = before or [unrolled.zeros(f"{layer.name}__zero", _current(unrolled, node, t), frac)]
    return first[0], syn


def _stepped(
    unrolled: UnrolledState, node: Neurons, t: int, signals: Ports, wanted: list[str]
) -> Ports:
    """The circuit of a step, from the current and the state."""
    plan, name, given = unrolled.plan, f"{node.name}__t{t}", unrolled.given(signals)
    circuit = plan.once(
        (name, *given.key),
        lambda: step_circuit(node, plan.analysis, plan.pace.tighter(), given, wanted),
    )
    about = f"lif, {given.ports[0][1].count} neurons, step {t + 1} of {plan.graph.steps}"
    frac = {"membrane_i": plan.analysis.lifs[node.name].membrane.frac, "spike_i": 0}
    shown = {f"{node.name}__{port.removesuffix('_i')}__t{t}": frac[port] for port in wanted}
    outputs = unrolled.placed(name, about, circuit, given.ports, shown)
    return list(zip(wanted, outputs, strict=True))


def _total(unrolled: UnrolledState, node: Neurons, t: int, state: Ports) -> Signal:
    """The current of a step, with what recurrent weights add to the source's."""
    current = _current(unrolled, node, t)
    if node.recurrent is None:
        return current
    plan, name = unrolled.plan, f"{node.name}__current__t{t}"
    given = unrolled.given([("current_i", current), *(p for p in state if p[0] == "spike_i")])
    pace = plan.pace.tighter()
    circuit = plan.once(
        (name, *given.key),
        lambda: recurrent_current(node, given.sources, given.before, pace, last_moment),
    )
    about = f"currents of '{node.name}' with recurrent weights, step {t + 1}"
    frac = lif_current(node, plan.analysis.values[node.source]).frac
    return unrolled.placed(name, about, circuit, given.ports, {name: frac})[0]


def _resets_by_spike(node: Neurons) -> bool:
    """Whether the reset of a step is the spike of the one before."""
    return node.reset_delay and node.reset is not Reset.NONE


def _current(unrolled: UnrolledState, node: Neurons, t: int) -> Signal:
    if node.source in unrolled.steps:
        return unrolled.steps[node.source][t]
    signal = unrolled.plan.signals[node.source]
    unrolled.ranges.setdefault(signal.net, unrolled.plan.analysis.values[node.source])
    return signal
