"""Latency encoders of a wavefront: a table of steps, and a comparison with the step that is now."""

from fwgen.ir.fixed import BIT
from fwgen.ir.nodes import LatencyEncoder
from fwgen.lower.design import CircuitBlock, LatencyBlock, Signal
from fwgen.lower.spiking.encoders import step_circuit
from fwgen.lower.spiking.wavefront.state import WavefrontState


def latency_encoder(wave: WavefrontState, node: LatencyEncoder) -> None:
    """The step of each spike once an event, and spikes in these steps for each copy."""
    plan, source, name = wave.plan, wave.plan.signals[node.source], f"{node.name}__step"
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
    time, about = step.time + 1, f"latency_encoder, {step.count} spikes"
    for copy, end in wave.copies():
        spikes = tuple(
            Signal(f"{node.name}__spike{end}{suffix}", BIT, step.count, time, True, logic)
            for suffix in wave.suffixes()
        )
        plan.blocks.append(LatencyBlock(node.name + end, about, step, step.time, spikes, copy))
        wave.lanes[node.name, copy] = spikes
    plan.signals[node.name] = wave.lanes[node.name, 0][0]
