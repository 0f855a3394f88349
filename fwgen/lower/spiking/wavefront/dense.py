"""Dense layers on the spikes of a wavefront: accumulators for each lane and copy."""

from fwgen.ir.nodes import Dense, Neurons
from fwgen.lower.about import shape
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.design import CircuitBlock
from fwgen.lower.spiking.forms import Accumulators
from fwgen.lower.spiking.synapses import SpikedLayer, best_form
from fwgen.lower.spiking.wavefront.cores import core_of, fits
from fwgen.lower.spiking.wavefront.state import WavefrontState, slowest


def dense(wave: WavefrontState, node: Dense) -> None:
    """A circuit for each lane and copy, all of one form."""
    plan = wave.plan
    form = _form(wave, node, slowest(wave.lanes[node.source, 0]))
    about = f"dense, {shape(node)}: {form.about}"
    for copy, end in wave.copies():
        outputs = []
        for suffix, spikes in zip(wave.suffixes(), wave.lanes[node.source, copy], strict=True):
            name = node.name + end + suffix
            block = CircuitBlock(
                name, about, form.circuit, (("spike_i", spikes),), (), 0, node.name
            )
            outputs += plan.circuit(block, [name], temporal=True)
        wave.lanes[node.name, copy] = tuple(outputs)
    plan.signals[node.name] = wave.lanes[node.name, 0][0]


def _form(wave: WavefrontState, node: Dense, arrivals: tuple[int, ...]) -> Accumulators:
    """The form with the fewest LUTs, among the fastest unless area alone counts."""
    plan, schedule, values = wave.plan, wave.schedule, wave.plan.analysis.values
    source, result = values[node.source], values[node.name]
    pace, wraps = plan.pace.tighter(), plan.wrapping(node)
    layer = SpikedLayer(node, source, result, pace, arrivals, wraps)
    readers = [n for n in plan.graph if isinstance(n, Neurons) and n.source == node.name]

    def cycles(circuit: Circuit) -> int:
        """Clock cycles from spikes to membranes."""
        ready = max(w.arrival for w in circuit.outputs[0].words)
        late = any(not fits(wave, core_of(wave, lif, ready)) for lif in readers)
        return circuit.latency + late

    rank = None if schedule.small else cycles
    key = (node.name, arrivals, schedule.lanes, schedule.small)
    found: Accumulators = plan.once(key, lambda: best_form(layer, rank))
    return found
