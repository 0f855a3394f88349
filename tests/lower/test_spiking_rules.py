"""The rules of both schedules."""

from fwgen.ir.nodes import ALL_NODES, LatencyEncoder, Lif, Membrane, ReadOut
from fwgen.lower.spiking.unrolled.rules import RULES as UNROLLED
from fwgen.lower.spiking.wavefront.rules import RULES as WAVEFRONT


def test_both_schedules_lower_the_same_nodes() -> None:
    """What one schedule takes, the other takes too."""
    assert set(WAVEFRONT) == set(UNROLLED)


def test_every_node_of_time_steps_has_a_rule() -> None:
    """No neuron, encoder or read-out is left out."""
    temporal = Lif | LatencyEncoder | Membrane | ReadOut
    missing = {kind for kind in ALL_NODES if issubclass(kind, temporal)} - set(WAVEFRONT)
    assert not missing
