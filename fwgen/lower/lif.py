"""LIF neurons as circuits: one clock a time step, the state in registers around them."""

from dataclasses import dataclass

import numpy as np

from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Lif, Reset, ShiftLeak
from fwgen.lower.circuit import Circuit
from fwgen.lower.convert import convert
from fwgen.lower.ops import Scaled, Word
from fwgen.lower.pace import Pace
from fwgen.quantise.bounds import LifRange, Range
from fwgen.quantise.lif_range import Neuron, neurons


@dataclass(frozen=True, slots=True)
class NeuronCircuit:
    """What one neuron does in one clock cycle.

    ``membrane``, ``reset`` and ``current`` are read; ``next_membrane`` and ``spike`` are stored.
    ``next_reset`` is stored too where it differs from the spike; ``initial_reset`` is its value
    before an event's first step.
    """

    circuit: Circuit
    membrane: Word
    reset: Word
    current: Word
    next_membrane: Word
    spike: Word
    next_reset: Word
    initial_reset: int

    def sweep(self, *, spikes_read: bool) -> None:
        """Drop what neither the state nor, if it is read, the spike needs."""
        needed = [self.next_membrane, *([self.next_reset] if not self.reset.constant else [])]
        self.circuit.sweep([*needed, *([self.spike] if spikes_read else [])])


@dataclass(frozen=True, slots=True)
class LifCore:
    """All neurons of a layer: ``kinds`` are the different circuits, ``of`` each neuron's kind.

    ``membrane`` is the format of the state registers, the narrowest that the bounds allow.
    """

    kinds: tuple[NeuronCircuit, ...]
    of: tuple[int, ...]
    membrane: Fixed
    current: Fixed

    @property
    def loop_ps(self) -> int:
        """Logic of the longest loop from the state back to itself, by the delay model."""
        ends = [w for k in self.kinds for w in (k.next_membrane, k.spike, k.next_reset)]
        return max(w.arrival for w in ends)


@dataclass(frozen=True, slots=True)
class Layer:
    """Bounds that hold for all neurons of a layer, as integers.

    ``state`` on the membrane's grid; ``before`` likewise, of what reaches its overflow mode;
    ``current`` with ``current_frac`` fraction bits.
    """

    state: tuple[int, int]
    before: tuple[int, int]
    current: tuple[int, int]
    current_frac: int


def lif_core(
    node: Lif, current: Range, ranges: LifRange, pace: Pace, *, spikes_read: bool
) -> LifCore:
    """Neurons with the same constants share one circuit, built for the whole layer's bounds."""
    kinds: dict[tuple[int | None, int, bool, bool], NeuronCircuit] = {}
    of = []
    layer = Layer(_hull(ranges.membrane), _hull(ranges.before), _hull(current), current.frac)
    rows = zip(neurons(node, current), ranges.can_fire, ranges.can_reset, strict=True)
    for neuron, fires, resets in rows:
        key = (neuron.beta, neuron.threshold, fires, resets)
        if key not in kinds:
            kinds[key] = neuron_circuit(neuron, layer, pace, fires=fires, resets=resets)
            kinds[key].sweep(spikes_read=spikes_read)
        of.append(list(kinds).index(key))
    return LifCore(tuple(kinds.values()), tuple(of), ranges.membrane.fmt, current.fmt)


def neuron_circuit(
    neuron: Neuron, layer: Layer, pace: Pace, *, fires: bool, resets: bool
) -> NeuronCircuit:
    """One step of one neuron.

    ``fires`` is False where the bounds prove that it cannot, ``resets`` where no step can begin
    above the threshold: then the logic is not built.
    """
    c = Circuit(pace, pipelined=False)
    node, fmt = neuron.node, neuron.membrane
    u, current = Word("membrane", *layer.state), Word("current", *layer.current)
    r = c.constant(0)
    if resets and node.reset is not Reset.NONE:
        r = Word("reset", 0, 1)
    lifted = Scaled(current, neuron.frac - layer.current_frac)
    exact = _exact(c, neuron, u, r, lifted)
    v = convert(c, "v", exact, neuron.frac, fmt, layer.before)
    s = c.above("spikes", v, neuron.limit) if fires else c.constant(0)
    after = v if node.reset_delay else _after(c, neuron, layer, v, s, r)
    again = s if after is v else c.above("resets", after, neuron.limit)
    initial = int(neuron.limit < 0)
    return NeuronCircuit(c, u, r, current, after, s, again, initial)


def _exact(c: Circuit, neuron: Neuron, u: Word, r: Word, current: Scaled) -> Word:
    node = neuron.node
    if node.reset is Reset.ZERO:
        u = c.select("kept", r, c.constant(0), u)
    terms = [_leak(c, neuron, u), current]
    if node.reset is Reset.SUBTRACT:
        terms.append(Scaled(c.gate("lowered", r, -neuron.threshold)))
    return c.whole("v_exact", c.sum("v_exact", terms))


def _leak(c: Circuit, neuron: Neuron, u: Word) -> Scaled:
    if isinstance(neuron.node.beta, ShiftLeak):
        lost = c.floor("lost", u, neuron.node.beta.shift)
        left = c.combine("leaked", Scaled(u), Scaled(lost, minus=True))
        return Scaled(left.word, left.exp + neuron.frac - neuron.membrane.frac, left.minus)
    return c.product("leaked", u, neuron.beta or 0)


def _after(c: Circuit, neuron: Neuron, layer: Layer, v: Word, s: Word, r: Word) -> Word:
    """The reset in the same step: ``v - d*threshold`` or ``v - d*v`` with ``d = s - r``."""
    node, lift = neuron.node, neuron.frac - neuron.membrane.frac
    if node.reset is Reset.NONE or (s.constant and r.constant):
        return v
    if node.reset is Reset.ZERO:
        kept = c.select("kept_v", s, c.constant(0), v)
        again = c.select("again_v", r, v, c.constant(0))
        exact = c.whole("after_exact", c.sum("after", [Scaled(kept, lift), Scaled(again, lift)]))
    else:
        down = c.gate("down", s, -neuron.threshold)
        up = c.gate("up", r, neuron.threshold)
        terms = [Scaled(v, lift), Scaled(down), Scaled(up)]
        exact = c.whole("after_exact", c.sum("after", terms))
    return convert(c, "after", exact, neuron.frac, neuron.membrane, layer.before)


def _hull(values: Range) -> tuple[int, int]:
    return int(np.min(values.lo)), int(np.max(values.hi))
