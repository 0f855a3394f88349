"""Neurons with a static current of few bits: all they do in an event is a function of that number.

Their spikes are looked up, step by step, and no membrane is computed: a LUT a step where the
current has six bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fwgen.ir.cast import Ints, cast
from fwgen.ir.nodes import Lif, Reset, ShiftLeak
from fwgen.lower.circuit import Circuit
from fwgen.lower.ops import Word
from fwgen.lower.pace import Pace
from fwgen.lower.vectors import bounds_of
from fwgen.quantise.bounds import Range, address_bits, ints
from fwgen.quantise.lif_range import Neuron, neurons

WIDEST = 8  # bits of a current: a spike is then at most five LUTs


@dataclass(frozen=True, slots=True)
class Train:
    """Spikes of each step and the last membrane, one entry for each value of the current."""

    spikes: tuple[tuple[int, ...], ...]
    membrane: tuple[int, ...]


def is_looked_up(current: Range) -> bool:
    """Whether the current of every neuron has few enough values."""
    bits = (address_bits(int(lo), int(hi)) for lo, hi in zip(current.lo, current.hi, strict=True))
    return max(bits) <= WIDEST


def trains(node: Lif, current: Range, pace: Pace, arrivals: Sequence[int], steps: int) -> Circuit:
    """A circuit with a port ``spikeT_o`` for each step, and ``membrane_o`` behind the last."""
    c = Circuit(pace)
    spikes: list[list[Word]] = [[] for _ in range(steps)]
    membranes: list[Word] = []
    known: dict[tuple[object, ...], Train] = {}
    given = c.input("current_i", current, arrivals)
    for n, (neuron, x) in enumerate(zip(neurons(node, current), given, strict=True)):
        key = (neuron.beta, neuron.threshold, x.lo, x.hi)
        if key not in known:
            known[key] = train(neuron, range(x.lo, x.hi + 1), current.frac, steps)
        found = known[key]
        for t, row in enumerate(found.spikes):
            spikes[t].append(c.lookup(f"n{n}_t{t}", x, row))
        membranes.append(c.lookup(f"n{n}_u", x, found.membrane))
    frac = neurons(node, current)[0].membrane.frac
    for t, words in enumerate(spikes):
        c.output(f"spike{t}_o", words, bounds_of(words, 0), more=True)
    c.output("membrane_o", membranes, bounds_of(membranes, frac))
    return c


def train(neuron: Neuron, values: Sequence[int], frac: int, steps: int) -> Train:
    """What a neuron does at each constant current; the equations of `fwgen.ir.nodes.Lif`."""
    x = ints(values) << (neuron.frac - frac)
    u, spikes = ints([0] * len(values)), []
    for _ in range(steps):
        fired, u = _step(neuron, u, x)
        spikes.append(tuple(int(s) for s in fired))
    return Train(tuple(spikes), tuple(int(n) for n in u))


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
    s = _bits(v > neuron.limit)
    if node.reset_delay or node.reset is Reset.NONE:
        return s, v
    lifted = v << lift
    taken = (s - r) * (neuron.threshold if node.reset is Reset.SUBTRACT else lifted)
    return s, cast(lifted - taken, neuron.frac, neuron.membrane)


def _bits(flags: Ints) -> Ints:
    return np.asarray(flags).astype(int).astype(object)
