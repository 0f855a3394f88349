"""The operations of a graph: one frozen dataclass each. Nodes describe, they never compute.

``docs/ir.md`` gives the exact integer result of every operation. Parameters are `Real` as they
come from a file and `Ints` once the quantise stage has fixed them; the rest of a node is the same
in both kinds of graph.

Spiking equations follow snnTorch 1.0 (``snntorch.Leaky``); u is the membrane potential.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.fixed import Fixed


@dataclass(frozen=True, slots=True, eq=False)
class Real:
    """Real-valued parameter: float64 array, and the format asked for (None lets fwgen choose)."""

    values: NDArray[np.float64]
    fmt: Fixed | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.values.shape


@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """Integer parameter in a fixed format: object array of Python integers."""

    values: NDArray[Any]
    fmt: Fixed

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.values.shape


Param = Real | Const


class Reset(StrEnum):
    """What a spike does to the membrane."""

    SUBTRACT = "subtract"
    ZERO = "zero"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ShiftLeak:
    """Leak by shift and subtract: ``u - (u >> shift)``, floored in the membrane's last bit."""

    shift: int


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One named operation; ``sources`` are names of earlier nodes."""

    op: ClassVar[str]
    name: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the nodes that this one reads."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """A node that reads one other node."""

    source: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Name of the node that this one reads."""
        return (self.source,)


@dataclass(frozen=True, slots=True, eq=False)
class Input(Node):
    """The event: a vector of ``size`` numbers in format ``fmt``, the same at every time step."""

    op: ClassVar[str] = "input"
    size: int
    fmt: Fixed


@dataclass(frozen=True, slots=True, eq=False)
class Quantise(Unary):
    """Element-wise conversion to ``fmt`` with its rounding and overflow modes."""

    op: ClassVar[str] = "quantise"
    fmt: Fixed


@dataclass(frozen=True, slots=True, eq=False)
class Dense(Unary):
    """``y = W x + b``, exact. ``weight`` has shape (outputs, inputs), ``bias`` (outputs,)."""

    op: ClassVar[str] = "dense"
    weight: Param
    bias: Param


@dataclass(frozen=True, slots=True, eq=False)
class Lif(Unary):
    """Leaky integrate-and-fire neurons, one per element of the source, run for all time steps.

    With u the membrane after the step before (0 at an event's first step) and x the source::

        r = u > threshold
        subtract: v = beta*u + x - r*threshold
        zero:     v = beta*((1-r)*u) + x
        none:     v = beta*u + x
        s = v > threshold                       # the spike, this node's value
        reset_delay:      u' = v
        no reset_delay:   d = s - r
            subtract: u' = v - d*threshold;  zero: u' = v - d*v;  none: u' = v

    v and u' are converted to ``membrane``. ``beta`` and ``threshold`` have shape () or (size,).
    """

    op: ClassVar[str] = "lif"
    beta: Param | ShiftLeak
    threshold: Param
    membrane: Fixed | None
    reset: Reset
    reset_delay: bool


@dataclass(frozen=True, slots=True, eq=False)
class LastMembrane(Unary):
    """Membrane u' of a `Lif` node after the last time step."""

    op: ClassVar[str] = "last_membrane"


@dataclass(frozen=True, slots=True, eq=False)
class SpikeCount(Unary):
    """Number of spikes of each neuron of a `Lif` node over all time steps."""

    op: ClassVar[str] = "spike_count"


@dataclass(frozen=True, slots=True, eq=False)
class SquaredError(Node):
    """``sum_i (a_i - b_i)**2`` of two vectors, exact; a score of one element."""

    op: ClassVar[str] = "squared_error"
    left: str
    right: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the two vectors compared."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True, eq=False)
class Threshold(Unary):
    """1 where the source is strictly greater than ``value`` (shape ()), 0 elsewhere."""

    op: ClassVar[str] = "threshold"
    value: Param


ALL_NODES: tuple[type[Node], ...] = (
    Input,
    Quantise,
    Dense,
    Lif,
    LastMembrane,
    SpikeCount,
    SquaredError,
    Threshold,
)
