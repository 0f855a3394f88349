"""A lowered design: blocks with a schedule, and the signals between them."""

from dataclasses import dataclass

from fwgen.ir.fixed import Fixed
from fwgen.ir.ports import Interface
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.spiking.neurons import LifCore


@dataclass(frozen=True, slots=True)
class Signal:
    """A packed vector between blocks.

    ``time`` counts clock cycles: 0 is the cycle after the edge that takes the event. A static
    signal shows the event's value in the cycle ``time``, a temporal one shows the value of step k
    (from 1) in the cycle ``time + k - 1``. ``arrivals`` are the picoseconds of logic between the
    registers before each element and itself; empty where the elements are registers themselves.
    ``lsb`` is given where the vector is a part of the net, of which it is the lowest bit.
    """

    net: str
    fmt: Fixed
    count: int
    time: int
    temporal: bool = False
    arrivals: tuple[int, ...] = ()
    lsb: int | None = None

    @property
    def width(self) -> int:
        """Bits of the packed vector."""
        return self.fmt.width * self.count


Lanes = tuple[Signal, ...]
"""A value for each time step: one signal for each of the steps that pass in a clock cycle."""


@dataclass(frozen=True, slots=True)
class Block:
    """Base of blocks: ``name`` is the layer's name or derived from it, ``about`` one sentence."""

    name: str
    about: str

    @property
    def layer(self) -> str:
        """The model's layer: names of its parts go on after two underscores, which it has not."""
        return self.name.partition("__")[0]


@dataclass(frozen=True, slots=True)
class CircuitBlock(Block):
    """A circuit, which becomes a module. ``inputs`` and ``outputs`` are (port, signal).

    ``latency`` counts the registers in it; logic may stand before the first and after the last.
    The first output is the node's value; others are thresholds that are decided with it.
    Blocks of the same ``module`` are instances of one circuit; it is the name where empty.
    """

    circuit: Circuit
    inputs: tuple[tuple[str, Signal], ...]
    outputs: tuple[tuple[str, Signal], ...]
    latency: int
    module: str = ""


@dataclass(frozen=True, slots=True)
class LifBlock(Block):
    """A layer of LIF neurons; starts a new event in the cycle ``first``.

    ``currents``, ``spikes`` and ``membranes`` are one signal a lane; the last two are empty where
    nobody reads them. ``membrane`` shows the last step's. ``beside_ps`` is the logic of a loop
    besides the core's own. Blocks of the same ``module`` are instances of one; it is the name where
    empty.
    """

    core: LifCore
    currents: Lanes
    first: int
    spikes: Lanes
    membrane: Signal | None
    copy: int = 0
    membranes: Lanes = ()
    beside_ps: int = 0
    module: str = ""

    @property
    def loop_ps(self) -> int:
        """Logic of the longest path that no register can cut, by the delay model."""
        return max(self.core.loop_ps, self.beside_ps)


@dataclass(frozen=True, slots=True)
class GatherBlock(Block):
    """Gathers over an event's steps; starts a new one in the cycle ``first``, ends in ``last``.

    ``values`` is one signal a lane; in the last cycle only the first ``ending`` lanes count.
    """

    values: Lanes
    first: int
    last: int
    ending: int
    output: Signal
    copy: int = 0


@dataclass(frozen=True, slots=True)
class CountBlock(GatherBlock):
    """Counts each neuron's spikes."""


@dataclass(frozen=True, slots=True)
class FirstSpikeBlock(GatherBlock):
    """Counts the steps before each neuron's first spike."""


@dataclass(frozen=True, slots=True)
class MaximumBlock(GatherBlock):
    """Keeps the largest values of all steps."""


@dataclass(frozen=True, slots=True)
class LatencyBlock(Block):
    """Spikes in the steps of which ``step`` is the index; loads it in the cycle ``load``.

    ``spikes`` is one signal a lane; the first step is in the cycle after ``load``.
    """

    step: Signal
    load: int
    spikes: Lanes
    copy: int = 0


@dataclass(frozen=True, slots=True)
class MergeBlock(Block):
    """The value of the copy whose event is due in the cycle ``time``; ``inputs`` one a copy."""

    inputs: tuple[Signal, ...]
    time: int
    output: Signal


@dataclass(frozen=True, slots=True)
class RestartBlock(Block):
    """A value of the step before, 0 in the cycle ``first`` of an event.

    The block that ``input`` comes from may come after this one.
    """

    input: Signal
    first: int
    output: Signal
    copy: int = 0


@dataclass(frozen=True, slots=True)
class HoldBlock(Block):
    """Keeps a static value for all time steps; loads in the cycle ``load``."""

    input: Signal
    load: int
    output: Signal
    copy: int = 0


@dataclass(frozen=True, slots=True)
class TrainBlock(Block):
    """Hands out an event's spikes, one output a lane, in ``cycles`` cycles.

    ``input`` holds all steps; it is read in the cycle ``load``, -1 for that of taking the event.
    """

    input: Signal
    load: int
    cycles: int
    outputs: Lanes
    copy: int = 0


@dataclass(frozen=True, slots=True)
class DelayBlock(Block):
    """A shift register without reset."""

    input: Signal
    cycles: int
    output: Signal


@dataclass(frozen=True, slots=True)
class OutputBlock(Block):
    """A data port of the top; ``fmt`` is the port's format, as wide as the signal's or wider."""

    signal: Signal
    fmt: Fixed
    port: str


@dataclass(frozen=True, slots=True)
class Design:
    """Everything that the emitter needs.

    ``pace`` is the clock and the device that it was made for. ``last`` is the cycle in which the
    outputs show an event's results; the latency from edge to edge is one more.
    """

    name: str
    steps: int
    schedule: Schedule
    pace: Pace
    interface: Interface
    blocks: tuple[Block, ...]
    outputs: tuple[OutputBlock, ...]
    last: int
