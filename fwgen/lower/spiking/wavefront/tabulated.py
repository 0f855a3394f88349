"""Neurons of a wavefront whose constant current has few values: a table of an event's spikes."""

from fwgen.ir.nodes import Neurons
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.design import CircuitBlock
from fwgen.lower.estimate.design import circuit_cost, core_cost
from fwgen.lower.spiking.neurons import NeuronReads
from fwgen.lower.spiking.tabulated import is_looked_up, lookups
from fwgen.lower.spiking.trains import shifted, train_cost
from fwgen.lower.spiking.wavefront.cores import core_of
from fwgen.lower.spiking.wavefront.state import WavefrontState


def smaller_table(wave: WavefrontState, node: Neurons) -> Circuit | None:
    """A table of all that the neurons do in an event, where it is smaller than they are."""
    plan, values = wave.plan, wave.plan.analysis.values[node.source]
    static = (node.source, 0) not in wave.lanes and node.recurrent is None
    reads = NeuronReads.of(plan.graph, node)
    if not static or wave.steps.cycles == 1 or not is_looked_up(values):
        return None
    if reads.every or not reads.spikes:
        return None
    # after the table stands the choice that loads the shift register
    before = tuple(ps + plan.pace.lut() for ps in plan.signals[node.source].arrivals)
    circuit: Circuit = plan.once(
        (node.name, "table", before),
        lambda: lookups(node, values, plan.pace, before, reads, wave.steps.count, joined=True),
    )
    core, lanes = core_of(wave, node, 0), range(wave.steps.lanes)
    handing = (train_cost(wave.steps.count, len(lanes), lane).lut for lane in lanes)
    own = circuit_cost(circuit).lut + len(values) * sum(handing)
    return circuit if own < core_cost(core, last=reads.last).lut else None


def looked_up(wave: WavefrontState, node: Neurons, circuit: Circuit) -> None:
    """The spikes of all steps from a table, then handed out step by step."""
    plan, source = wave.plan, wave.plan.signals[node.source]
    nets = [f"{node.name}__{vector.name.removesuffix('_o')}" for vector in circuit.outputs]
    count = wave.steps.count
    about = f"lif, {source.count} neurons, {count} steps looked up in tables of the current"
    block = CircuitBlock(node.name, about, circuit, (("current_i", source),), (), 0)
    *membrane, spikes = plan.circuit(block, nets)
    if membrane:
        wave.static_membranes[node.name] = membrane[0]
    for copy, _ in wave.copies():
        stem = f"{node.name}__spike"
        wave.lanes[node.name, copy] = shifted(plan, stem, spikes, wave.steps, copy)
    plan.signals[node.name] = wave.lanes[node.name, 0][0]
