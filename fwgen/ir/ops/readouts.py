"""What is read of neurons besides their spikes: membranes, and one value an event."""

from dataclasses import dataclass
from typing import ClassVar

from fwgen.ir.node import Node, Unary
from fwgen.ir.ops.neurons import Neurons
from fwgen.ir.shape import Earlier, Shape, ShapeRules, misfit


@dataclass(frozen=True, slots=True, eq=False)
class Membrane(Unary):
    """Membranes u' of a `Neurons` node, a value for each time step.

    With ``previous`` those of the step before, 0 in an event's first step.
    """

    op: ClassVar[str] = "membrane"
    previous: bool


@dataclass(frozen=True, slots=True, eq=False)
class ReadOut(Unary):
    """What makes one value an event of a `Neurons` node's values of all time steps."""


@dataclass(frozen=True, slots=True, eq=False)
class LastMembrane(ReadOut):
    """Membrane u' of a `Neurons` node after the last time step."""

    op: ClassVar[str] = "last_membrane"


@dataclass(frozen=True, slots=True, eq=False)
class Maximum(ReadOut):
    """Largest membrane u' of a `Neurons` node over all time steps."""

    op: ClassVar[str] = "maximum"


@dataclass(frozen=True, slots=True, eq=False)
class SpikeCount(ReadOut):
    """Number of spikes of each neuron of a `Neurons` node over all time steps."""

    op: ClassVar[str] = "spike_count"


@dataclass(frozen=True, slots=True, eq=False)
class FirstSpike(ReadOut):
    """Index, from 0, of each neuron's first time step with a spike; the steps' number if none."""

    op: ClassVar[str] = "first_spike"


def _read_out(node: Membrane | ReadOut, known: Earlier) -> Shape:
    if not isinstance(known.nodes[node.source], Neurons):
        raise misfit(node, "to read a lif layer", f"'{node.source}', which is none")
    return Shape(known.source(node).dims, temporal=isinstance(node, Membrane))


NODES: tuple[type[Node], ...] = (Membrane, LastMembrane, Maximum, SpikeCount, FirstSpike)
SHAPES: ShapeRules = dict.fromkeys(NODES, _read_out)
