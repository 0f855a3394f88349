"""How each kind of node becomes a part of unrolled layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fwgen.ir.nodes import (
    CubaLif,
    Dense,
    FirstSpike,
    Input,
    LastMembrane,
    LatencyEncoder,
    Lif,
    Maximum,
    Membrane,
    Node,
    SpikeCount,
)
from fwgen.lower.spiking.unrolled import basic, dense, encoders, neurons, readouts
from fwgen.lower.spiking.unrolled.state import UnrolledState

RULES: Mapping[type[Node], Callable[[UnrolledState, Any], None]] = {
    Input: basic.spike_input,
    Dense: dense.dense,
    Lif: neurons.lif,
    CubaLif: neurons.cuba_lif,
    LatencyEncoder: encoders.latency_encoder,
    Membrane: readouts.membrane,
    LastMembrane: readouts.last_membrane,
    SpikeCount: readouts.gather,
    FirstSpike: readouts.gather,
    Maximum: readouts.gather,
}
"""Every node with a value for each time step, or that reads one."""


@dataclass(slots=True)
class Unrolled(UnrolledState):
    """Lowers nodes with a value for each time step into a plan."""

    def lower(self, node: Node) -> None:
        """Lower one node by its rule: blocks and signals are added to the plan."""
        RULES[type(node)](self, node)
