"""Input spikes of unrolled layers: the spikes of each step in separate registers."""

from fwgen.ir.nodes import Input
from fwgen.lower.spiking.trains import each_step
from fwgen.lower.spiking.unrolled.state import UnrolledState


def spike_input(unrolled: UnrolledState, node: Input) -> None:
    """The spikes of all steps, side by side."""
    found = each_step(unrolled.plan, node)
    unrolled.ranges |= {s.net: unrolled.plan.analysis.values[node.name] for s in found}
    unrolled.mark(node, found)
