"""Neurons with a static current of few bits: all they do in an event is a function of that number.

Their spikes are looked up, step by step, and no membrane is computed: a LUT a step where the
current has six bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fwgen.ir.cast import Ints, cast
from fwgen.ir.nodes import Neurons, Reset, ShiftLeak
from fwgen.ir.ranges import Range, address_bits, filled, ints
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.vectors import bounds_of
from fwgen.lower.circuit.words import Word
from fwgen.lower.spiking.neurons import NeuronReads
from fwgen.quantise.lif_range import Neuron, neurons

WIDEST = 8  # bits of a current: a spike is then at most five LUTs


@dataclass(frozen=True, slots=True)
class Train:
    """Spikes and membrane after each step, one entry for each value of the current."""

    spikes: tuple[tuple[int, ...], ...]
    membranes: tuple[tuple[int, ...], ...]


def is_looked_up(current: Range) -> bool:
    """Whether the current of every neuron has few enough values."""
    bits = (address_bits(int(lo), int(hi)) for lo, hi in zip(current.lo, current.hi, strict=True))
    return max(bits) <= WIDEST


def lookups(
    node: Neurons,
    current: Range,
    pace: Pace,
    arrivals: Sequence[int],
    reads: NeuronReads,
    steps: int,
    *,
    joined: bool = False,
) -> Circuit:
    """A circuit with ports ``spikeT_o`` and ``membraneT_o`` for the steps T that are read.

    ``joined`` puts the spikes of all steps into one port ``spikes_o``, step by step.
    """
    c, known, every = Circuit(pace), dict[tuple[object, ...], Train](), list[Train]()
    given = c.input("current_i", current, arrivals)
    layer = neurons(node, current)
    for neuron, x in zip(layer, given, strict=True):
        key = (neuron.beta, neuron.threshold, x.lo, x.hi)
        if key not in known:
            known[key] = train(neuron, range(x.lo, x.hi + 1), current.frac, steps)
        every.append(known[key])
    rows, spikes = list(zip(given, every, strict=True)), list[Word]()
    for t in range(steps):
        words = [c.lookup(f"n{n}_t{t}", x, f.spikes[t]) for n, (x, f) in enumerate(rows)]
        spikes += words
        if reads.spikes and not joined:
            c.output(f"spike{t}_o", words, bounds_of(words, 0), more=True)
        if reads.every or (reads.last and t + 1 == steps):
            words = [c.lookup(f"n{n}_u{t}", x, f.membranes[t]) for n, (x, f) in enumerate(rows)]
            frac = layer[0].membrane.frac
            c.output(f"membrane{t}_o", words, bounds_of(words, frac), more=True)
    if reads.spikes and joined:
        c.output("spikes_o", spikes, Range(filled(0, 1), filled(1, 1), 0), more=True)
    c.sweep(w for out in c.outputs for w in out.words)
    return c


def train(neuron: Neuron, values: Sequence[int], frac: int, steps: int) -> Train:
    """What a neuron does at each constant current; the equations of `fwgen.ir.nodes.Lif`."""
    x = ints(values) << (neuron.frac - frac)
    u, spikes, membranes = ints([0] * len(values)), [], []
    for _ in range(steps):
        fired, u = _step(neuron, u, x)
        spikes.append(tuple(int(s) for s in fired))
        membranes.append(tuple(int(n) for n in u))
    return Train(tuple(spikes), tuple(membranes))


def _step(neuron: Neuron, u: Ints, x: Ints) -> tuple[Ints, Ints]:
    node, lift = neuron.node, neuron.frac - neuron.membrane.frac
    r = _bits(u > neuron.limit)
    kept = u * (1 - r) if node.reset is Reset.ZERO else u
    if isinstance(node.beta, ShiftLeak):
        leaked = (kept - (kept >> node.beta.shift)) << lift
    else:
        leaked = kept * (neuron.beta or 0)
    lowered = r * neuron.threshold if node.reset is Reset.SUBTRACT else 0
    v = cast(leaked + x - lowered, neuron.frac, neuron.membrane)
    s = _bits(v > neuron.limit) if node.fires else v * 0
    if node.reset_delay or node.reset is Reset.NONE:
        return s, v
    lifted = v << lift
    taken = (s - r) * (neuron.threshold if node.reset is Reset.SUBTRACT else lifted)
    return s, cast(lifted - taken, neuron.frac, neuron.membrane)


def _bits(flags: Ints) -> Ints:
    return np.asarray(flags).astype(int).astype(object)
