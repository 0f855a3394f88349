"""Input spikes of a wavefront: handed out step by step."""

from fwgen.ir.nodes import Input
from fwgen.lower.spiking.trains import handed_out
from fwgen.lower.spiking.wavefront.state import WavefrontState


def spike_input(wave: WavefrontState, node: Input) -> None:
    """The spikes of an event, one shift register for each copy."""
    found = handed_out(wave.plan, node, wave.steps, wave.schedule.copies)
    wave.lanes |= {(node.name, copy): lanes for copy, lanes in enumerate(found)}
    wave.plan.signals[node.name] = found[0][0]
