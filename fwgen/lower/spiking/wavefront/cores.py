"""The circuits of a layer's neurons in a wavefront, and the spikes that they show."""

from fwgen.ir.fixed import BIT
from fwgen.ir.nodes import Neurons
from fwgen.lower.design import Lanes, Signal
from fwgen.lower.spiking.neurons import LifCore, NeuronReads, lif_core
from fwgen.lower.spiking.wavefront.state import WavefrontState


def core_of(wave: WavefrontState, node: Neurons, ready: int) -> LifCore:
    """The neurons of a layer, whose currents are there after ``ready`` picoseconds."""
    plan, analysis = wave.plan, wave.plan.analysis
    return plan.once(
        (node.name, wave.steps, ready),
        lambda: lif_core(
            node,
            analysis.currents[node.name],
            analysis.lifs[node.name],
            plan.pace,
            wave.steps,
            spikes_read=spikes_read(wave, node),
            ready=ready,
        ),
    )


def fits(wave: WavefrontState, core: LifCore) -> bool:
    """Whether the loop of a layer fits into a cycle."""
    return core.loop_ps <= wave.plan.pace.tighter().room


def spikes_read(wave: WavefrontState, node: Neurons) -> bool:
    """Whether anything reads a layer's spikes, the layer itself included."""
    return node.recurrent is not None or NeuronReads.of(wave.plan.graph, node).spikes


def spikes_of(wave: WavefrontState, node: Neurons, core: LifCore, time: int, end: str) -> Lanes:
    """A layer's spikes in a copy, lane by lane; empty where nobody reads them."""
    found = []
    for suffix, logic in zip(wave.suffixes(), core.spike_ps, strict=True):
        arrivals = tuple(logic) if any(logic) else ()
        net = f"{node.name}__spike{end}{suffix}"
        found.append(Signal(net, BIT, len(core.of), time, True, arrivals))
    return tuple(found) if spikes_read(wave, node) else ()
