"""One time step of a layer of neurons as a feed-forward circuit."""

from collections.abc import Sequence

from fwgen.ir.nodes import Neurons
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.vectors import bounds_of
from fwgen.lower.circuit.words import Word
from fwgen.lower.spiking.neurons import LayerBounds, NeuronStep
from fwgen.lower.spiking.unrolled.state import Given
from fwgen.quantise.analysis import Analysis
from fwgen.quantise.lif_range import neurons


def step_circuit(
    node: Neurons, analysis: Analysis, pace: Pace, given: Given, wanted: Sequence[str]
) -> Circuit:
    """One step of all neurons.

    Parameters
    ----------
    given
        ``current_i``, and after the first step the state before it: ``membrane_i``, and
        ``spike_i`` where the neurons reset by it.
    wanted
        Which of the state after the step the circuit shows, by the names of the same ports.
    """
    c, ranges = Circuit(pace), analysis.lifs[node.name]
    current = given.sources["current_i"]
    words = {port: c.input(port, r, given.before[port]) for port, r in given.sources.items()}
    zeros: Sequence[Word] = [c.constant(0)] * len(current)
    hull = LayerBounds.of(ranges, current)
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
        step = NeuronStep(neuron, hull, fires=fires, resets=resets)
        reset = spiked if "spike_i" in words else step.spike(c, "resets", u)
        v, spike = step.run(c, u, reset, x)
        after.append(v)
        spikes.append(spike if step.early else step.spike(c, "fires", v))
    results = {"membrane_i": (after, ranges.membrane.frac), "spike_i": (spikes, 0)}
    for port in wanted:
        shown, own = results[port]
        name, more = f"{port.removesuffix('_i')}_o", port != wanted[-1]
        c.output(name, shown, bounds_of(shown, own), more=more)
    return c


def last_moment(circuit: Circuit) -> tuple[int, int]:
    """The stage of a circuit's last result, and the logic there."""
    (out,) = circuit.outputs
    return circuit.latency, max(w.arrival for w in out.words if w.stage == circuit.latency)
