"""Recurrent weights in a wavefront: a loop of one clock from spikes back to currents."""

from fwgen.errors import LoweringError
from fwgen.ir.nodes import Neurons
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.design import CircuitBlock, Lanes
from fwgen.lower.spiking.neurons import LifCore
from fwgen.lower.spiking.recurrent import recurrent_current
from fwgen.lower.spiking.wavefront.cores import core_of, spikes_of
from fwgen.lower.spiking.wavefront.state import WavefrontState
from fwgen.quantise.lif_range import lif_current


def looped(
    wave: WavefrontState, node: Neurons, core: LifCore, currents: Lanes, copy: int, end: str
) -> Lanes:
    """Currents with what the spikes of the step before add.

    Raises
    ------
    LoweringError
        If several steps pass in a clock cycle.
    """
    plan, values = wave.plan, wave.plan.analysis.values
    if len(currents) > 1:
        raise LoweringError(
            f"layer '{node.name}' ({node.op})",
            needed="one time step a clock, or all of them unrolled, for recurrent weights",
            found=f"{len(currents)} steps a clock",
            do="Choose another schedule.",
        )
    (spikes,) = spikes_of(wave, node, core, currents[0].time + 1, end)
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
        return max(0, core_of(wave, node, ready).loop_ps - room)

    circuit = plan.once(
        (node.name, "recurrent", tuple(before.items())),
        lambda: recurrent_current(node, sources, before, plan.pace, late, result),
    )
    name, about = f"{node.name}__current", f"currents of '{node.name}' with recurrent weights"
    block = CircuitBlock(name + end, about, circuit, tuple(given), (), 0, name)
    return tuple(plan.circuit(block, [name + end], temporal=True))
