"""Nodes with a value for each time step, and those that read them out.

Spiking equations follow snnTorch 1.0 (``snntorch.Leaky``); u is the membrane potential.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from fwgen.ir.fixed import Fixed
from fwgen.ir.node import Param, Unary


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
    Where ``threshold`` is None the neurons are leaky integrators: they never fire, and only their
    membranes are read. A ``beta`` of 1 makes integrate-and-fire neurons.

    With ``recurrent``, a matrix V of shape (size, size), x is the source's value and V times the
    spikes of the step before, of which an event's first step has none.
    """

    op: ClassVar[str] = "lif"
    beta: Param | ShiftLeak
    threshold: Param | None
    membrane: Fixed | None
    reset: Reset
    reset_delay: bool
    recurrent: Param | None = None

    @property
    def fires(self) -> bool:
        """Whether there is a threshold at all."""
        return self.threshold is not None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CubaLif(Lif):
    """Neurons whose recurrent spikes, with the source, go into a current that leaks.

    With x the current of a `Lif` that has these ``recurrent`` weights, and syn 0 at first::

        syn' = alpha*syn + x            # converted to the format ``syn``

    The membrane takes syn', or with ``previous`` syn, as a `Lif` without recurrent weights does.
    """

    op: ClassVar[str] = "cuba_lif"
    alpha: Param | ShiftLeak
    syn: Fixed | None
    previous: bool

    @property
    def integrators(self) -> Lif:
        """What the currents are: leaky integrators into which the neurons' spikes go."""
        return Lif(
            f"{self.name}__syn",
            self.source,
            self.alpha,
            None,
            self.syn,
            Reset.NONE,
            reset_delay=True,
            recurrent=self.recurrent,
        )


@dataclass(frozen=True, slots=True, eq=False)
class LatencyEncoder(Unary):
    """One spike for each number x from 0 to 1, in a run of all time steps: the larger, the earlier.

    It comes in the step of index ``round((steps - 1) * (1 - x))``, from 0, halves to even. With
    ``silent_zero`` there is none for 0.
    """

    op: ClassVar[str] = "latency_encoder"
    silent_zero: bool


@dataclass(frozen=True, slots=True, eq=False)
class Membrane(Unary):
    """Membranes u' of a `Lif` node, a value for each time step.

    With ``previous`` those of the step before, 0 in an event's first step.
    """

    op: ClassVar[str] = "membrane"
    previous: bool


@dataclass(frozen=True, slots=True, eq=False)
class ReadOut(Unary):
    """What makes one value an event of a `Lif` node's values of all time steps."""


@dataclass(frozen=True, slots=True, eq=False)
class LastMembrane(ReadOut):
    """Membrane u' of a `Lif` node after the last time step."""

    op: ClassVar[str] = "last_membrane"


@dataclass(frozen=True, slots=True, eq=False)
class Maximum(ReadOut):
    """Largest membrane u' of a `Lif` node over all time steps."""

    op: ClassVar[str] = "maximum"


@dataclass(frozen=True, slots=True, eq=False)
class SpikeCount(ReadOut):
    """Number of spikes of each neuron of a `Lif` node over all time steps."""

    op: ClassVar[str] = "spike_count"


@dataclass(frozen=True, slots=True, eq=False)
class FirstSpike(ReadOut):
    """Index, from 0, of each neuron's first time step with a spike; the steps' number if none."""

    op: ClassVar[str] = "first_spike"
