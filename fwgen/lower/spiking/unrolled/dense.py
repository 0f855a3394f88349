"""Dense layers on the spikes of unrolled steps: accumulators for each step, as narrow as it is."""

from fwgen.ir.nodes import Dense
from fwgen.ir.ranges import Range
from fwgen.lower.about import shape
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.spiking.forms import Accumulators
from fwgen.lower.spiking.synapses import SpikedLayer, best_form
from fwgen.lower.spiking.unrolled.state import UnrolledState


def dense(unrolled: UnrolledState, node: Dense) -> None:
    """Accumulators of a dense layer on spikes: a circuit for each step."""
    found, frac = [], unrolled.plan.analysis.values[node.name].frac
    for t, spikes in enumerate(unrolled.steps[node.source]):
        name = f"{node.name}__t{t}"
        form = _form(unrolled, node, unrolled.ranges[spikes.net], spikes.arrivals)
        about = f"dense, {shape(node)}, step {t + 1}: {form.about}"
        given = [("spike_i", spikes)]
        found += unrolled.placed(name, about, form.circuit, given, {name: frac})
    unrolled.mark(node, found)


def _form(
    unrolled: UnrolledState, node: Dense, source: Range, arrivals: tuple[int, ...]
) -> Accumulators:
    plan, small = unrolled.plan, unrolled.schedule.small
    result, wraps = plan.analysis.values[node.name], plan.wrapping(node)
    layer = SpikedLayer(node, source, result, plan.pace.tighter(), arrivals, wraps, tight=True)
    rank = None if small else _lateness
    key = (node.name, arrivals, tuple(source.hi), tuple(source.lo), small)
    found: Accumulators = plan.once(key, lambda: best_form(layer, rank))
    return found


def _lateness(circuit: Circuit) -> tuple[int, int]:
    """Cycles of a circuit, then about as many levels of logic after its last register."""
    last = max(w.arrival for w in circuit.outputs[0].words)
    return circuit.latency, last // circuit.pace.lut()
