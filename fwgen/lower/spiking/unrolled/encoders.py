"""Latency encoders of unrolled layers: tables of the spikes of all steps."""

from fwgen.ir.nodes import LatencyEncoder
from fwgen.lower.spiking.encoders import spike_circuit
from fwgen.lower.spiking.unrolled.state import UnrolledState


def latency_encoder(unrolled: UnrolledState, node: LatencyEncoder) -> None:
    """A latency encoder as one circuit, with a port for the spikes of each step."""
    plan, source = unrolled.plan, unrolled.plan.signals[node.source]
    values, steps = plan.analysis.values[node.source], plan.graph.steps
    circuit = plan.once(
        ("spikes", node.name, source.arrivals),
        lambda: spike_circuit(node, values, steps, plan.pace.tighter(), source.arrivals),
    )
    about = f"latency_encoder of '{node.source}': the spikes of all steps"
    shown = {f"{node.name}__t{t}": 0 for t in range(steps)}
    unrolled.mark(node, unrolled.placed(node.name, about, circuit, [("x_i", source)], shown))
