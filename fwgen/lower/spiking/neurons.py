"""LIF neurons as circuits: the state in registers, one or several time steps a clock around them.

The loop from the membrane potential back to itself cannot be pipelined, so whatever can be computed
outside it is: the state starts from 0 by the registers' own reset; whether the neuron resets is
decided from the registered potential, in parallel with the leak, and joins the sum last; half a
unit for the rounding lies in the empty low bits of the leak's largest term.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import LastMembrane, Maximum, Membrane, Neurons, Reset, ShiftLeak
from fwgen.ir.ranges import LifRange, Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.convert import convert, half
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.words import Scaled, Truth, Word, signed_digits
from fwgen.quantise.lif_range import Neuron, neurons


@dataclass(frozen=True, slots=True)
class Steps:
    """How the time steps of an event pass through a layer.

    ``count`` steps, ``lanes`` of them in each clock cycle; the last cycle may hold fewer.
    """

    count: int
    lanes: int = 1

    @property
    def cycles(self) -> int:
        """Clock cycles that an event takes."""
        return -(-self.count // self.lanes)

    @property
    def last_lane(self) -> int:
        """The lane of the last step."""
        return (self.count - 1) % self.lanes


class NeuronReads(NamedTuple):
    """What other nodes read of a layer's neurons: spikes, the last membrane, those of all steps."""

    spikes: bool
    last: bool
    every: bool

    @classmethod
    def of(cls, graph: Graph, node: Neurons) -> "NeuronReads":
        """What the readers of a node take."""
        readers = [n for n in graph if node.name in n.sources]
        last = any(isinstance(n, LastMembrane) for n in readers)
        every = any(isinstance(n, Maximum | Membrane) for n in readers)
        spikes = any(not isinstance(n, LastMembrane | Maximum | Membrane) for n in readers)
        return cls(spikes, last, every)


@dataclass(frozen=True, slots=True)
class NeuronCircuit:
    """What one neuron does in one clock cycle.

    Read are ``membrane`` (the state, 0 when an event's first cycle begins), ``shown`` (the same,
    but after an event's last cycle still its result) and one current a lane. ``after`` is the
    membrane after each lane, ``spikes`` the spike of each. Where ``late``, the last lane's spike
    is a function of ``shown``, else of this cycle.
    """

    circuit: Circuit
    membrane: Word
    shown: Word
    currents: tuple[Word, ...]
    after: tuple[Word, ...]
    spikes: tuple[Word, ...]
    late: bool

    def sweep(self, *, spikes_read: bool) -> None:
        """Drop what neither the state nor, if it is read, a spike needs."""
        self.circuit.sweep([*self.after, *(self.spikes if spikes_read else ())])

    @property
    def stored(self) -> tuple[Word, ...]:
        """What registers take at the end of the cycle."""
        return (*self.after, *(self.spikes[:-1] if self.late else self.spikes))

    def reads(self, word: Word) -> bool:
        """Whether the circuit reads one of its inputs."""
        ops = self.circuit.ops
        return not word.constant and any(word.name == w.name for op in ops for w in op.operands)


@dataclass(frozen=True, slots=True)
class LifCore:
    """All neurons of a layer: ``kinds`` are the different circuits, ``of`` each neuron's kind.

    ``membrane`` is the format of the state registers, the narrowest that the bounds allow.
    """

    kinds: tuple[NeuronCircuit, ...]
    of: tuple[int, ...]
    membrane: Fixed
    current: Fixed
    steps: Steps

    @property
    def loop_ps(self) -> int:
        """Logic of the longest path to a register, by the delay model."""
        return max(w.arrival for k in self.kinds for w in k.stored)

    @property
    def spike_ps(self) -> list[list[int]]:
        """Logic before each neuron's spike, lane by lane; 0 for those from registers."""
        lanes = range(self.steps.lanes)
        return [[_shown_ps(self.kinds[kind], lane) for kind in self.of] for lane in lanes]


def _shown_ps(kind: NeuronCircuit, lane: int) -> int:
    late = kind.late and lane == len(kind.spikes) - 1
    return kind.spikes[lane].arrival if late else 0


@dataclass(frozen=True, slots=True)
class LayerBounds:
    """Bounds that hold for all neurons of a layer, as integers.

    ``state`` on the membrane's grid; ``before`` likewise, of what reaches its overflow mode;
    ``current`` with ``current_frac`` fraction bits, there after ``ready`` picoseconds.
    """

    state: tuple[int, int]
    before: tuple[int, int]
    current: tuple[int, int]
    current_frac: int
    ready: int = 0

    @classmethod
    def of(cls, ranges: LifRange, current: Range, ready: int = 0) -> "LayerBounds":
        """The bounds of a layer with this current."""
        state, before = _hull(ranges.membrane), _hull(ranges.before)
        return cls(state, before, _hull(current), current.frac, ready)


def lif_core(
    node: Neurons,
    current: Range,
    ranges: LifRange,
    pace: Pace,
    steps: Steps,
    *,
    spikes_read: bool,
    ready: int = 0,
) -> LifCore:
    """Neurons with the same constants share one circuit, built for the whole layer's bounds.

    ``ready`` are picoseconds of logic before the current.
    """
    kinds: dict[tuple[int | None, int, bool, bool], NeuronCircuit] = {}
    of = []
    layer = LayerBounds.of(ranges, current, ready)
    rows = zip(neurons(node, current), ranges.can_fire, ranges.can_reset, strict=True)
    for neuron, fires, resets in rows:
        key = (neuron.beta, neuron.threshold, fires, resets)
        if key not in kinds:
            step = NeuronStep(neuron, layer, fires=fires, resets=resets)
            kinds[key] = neuron_circuit(step, pace, steps)
            kinds[key].sweep(spikes_read=spikes_read)
        of.append(list(kinds).index(key))
    return LifCore(tuple(kinds.values()), tuple(of), ranges.membrane.fmt, current.fmt, steps)


@dataclass(frozen=True, slots=True)
class NeuronStep:
    """One time step of one neuron, as a circuit's operations.

    ``fires`` is False where the bounds prove that it cannot, ``resets`` where no step can begin
    above the threshold: then the logic is not built.
    """

    neuron: Neuron
    layer: LayerBounds
    fires: bool
    resets: bool

    @property
    def early(self) -> bool:
        """Whether the spike is not a function of the membrane after the step."""
        node = self.neuron.node
        return (self.fires or self.resets) and not node.reset_delay and node.reset is not Reset.NONE

    def spike(self, c: Circuit, name: str, u: Word) -> Word:
        """Whether a membrane is above the threshold, where it can be."""
        return c.above(name, u, self.neuron.limit) if self.fires or self.resets else c.constant(0)

    def run(self, c: Circuit, u: Word, reset: Word, x: Word) -> tuple[Word, Word]:
        """The membrane after a step, and the spike where it is `early` (else 0).

        ``reset`` is whether ``u`` was above the threshold.
        """
        neuron, layer = self.neuron, self.layer
        node, fmt = neuron.node, neuron.membrane
        if node.reset is Reset.NONE or not self.resets:
            reset = c.constant(0)
        exact = self._exact(c, u, reset, Scaled(x, neuron.frac - layer.current_frac))
        lifted = half(neuron.frac, fmt)
        v = convert(c, "v", exact, neuron.frac, fmt, layer.before, lifted=lifted)
        if not self.early:
            return v, c.constant(0)
        s = self.spike(c, "spikes", v)
        return self._after(c, v, s, reset), s

    def _exact(self, c: Circuit, u: Word, reset: Word, current: Scaled) -> Word:
        """The membrane before rounding, with half a unit where the rounding wants it."""
        node = self.neuron.node
        if node.reset is Reset.ZERO:
            u = c.select("kept", reset, c.constant(0), u)
        more = half(self.neuron.frac, self.neuron.membrane)
        terms = [*self._leak(c, u), current]
        top = max(range(len(terms) - 1), key=lambda k: terms[k].exp, default=-1)
        if more and top >= 0 and not terms[top].minus and more < 1 << terms[top].exp:
            terms[top] = c.combine("half", terms[top], Scaled(c.constant(more)))
            more = 0
        if node.reset is Reset.SUBTRACT and not reset.constant:
            # as what is taken off it never stands first: a carry reads the first term itself
            terms.append(Scaled(self._lowered(c, reset, -more), minus=True))
        else:
            taken = self.neuron.threshold * reset.lo if node.reset is Reset.SUBTRACT else 0
            terms.append(Scaled(c.constant(more - taken)))
        return c.whole("v_exact", c.soonest("v_exact", terms))

    def _leak(self, c: Circuit, u: Word) -> list[Scaled]:
        neuron = self.neuron
        lift = neuron.frac - neuron.membrane.frac
        if isinstance(neuron.node.beta, ShiftLeak):
            lost = c.floor("lost", u, neuron.node.beta.shift)
            return [Scaled(u, lift), Scaled(lost, lift, minus=True)]
        return [Scaled(u, k, minus) for k, minus in signed_digits(neuron.beta or 0)]

    def _lowered(self, c: Circuit, reset: Word, more: int) -> Word:
        """What a reset takes off, and ``more``: the LUTs are those of the addition after it."""
        taken = (more, more + self.neuron.threshold)
        word = c.word("lowered", min(taken), max(taken), reset.stage, reset.arrival)
        c.ops.append(Truth(word, (reset,), taken))
        return word

    def _after(self, c: Circuit, v: Word, s: Word, r: Word) -> Word:
        """The reset in the same step: ``v - d*threshold`` or ``v - d*v`` with ``d = s - r``."""
        neuron, node = self.neuron, self.neuron.node
        lift = neuron.frac - neuron.membrane.frac
        if s.constant and r.constant and s.lo == r.lo:
            return v
        if node.reset is Reset.ZERO:
            kept = c.select("kept_v", s, c.constant(0), v)
            again = c.select("again_v", r, v, c.constant(0))
            terms = [Scaled(kept, lift), Scaled(again, lift)]
        else:
            down = c.gate("down", s, -neuron.threshold)
            up = c.gate("up", r, neuron.threshold)
            terms = [Scaled(v, lift), Scaled(down), Scaled(up)]
        exact = c.whole("after_exact", c.soonest("after", terms))
        return convert(c, "after", exact, neuron.frac, neuron.membrane, self.layer.before)


def neuron_circuit(step: NeuronStep, pace: Pace, steps: Steps) -> NeuronCircuit:
    """One clock cycle of one neuron."""
    c, layer = Circuit(pace, pipelined=False), step.layer
    alone = steps.cycles == 1
    shown = c.word("shown_q", *layer.state, 0, 0)
    u = c.constant(0) if alone else c.word("membrane_q", *layer.state, 0, 0)
    currents = tuple(
        c.word(f"current{lane}", *layer.current, 0, layer.ready) for lane in range(steps.lanes)
    )
    after, spikes, reset = list[Word](), list[Word](), step.spike(c, "resets", u)
    for x in currents:
        v, spike = step.run(c, after[-1] if after else u, c.loaded(reset, shown.width), x)
        reset = step.spike(c, "again", v)
        after.append(v)
        spikes.append(spike if step.early else reset)
    if not step.early:
        spikes[-1] = step.spike(c, "fires", shown)
    return NeuronCircuit(c, u, shown, currents, tuple(after), tuple(spikes), not step.early)


def _hull(values: Range) -> tuple[int, int]:
    return int(np.min(values.lo)), int(np.max(values.hi))
