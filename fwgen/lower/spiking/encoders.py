"""Latency encoders: tables of steps, and spikes in these steps."""

from collections.abc import Sequence

from fwgen.devices.delays import LUT_INPUTS
from fwgen.ir.nodes import LatencyEncoder
from fwgen.ir.ranges import Range, filled, ints
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.vectors import bounds_of
from fwgen.lower.circuit.words import Word
from fwgen.lower.estimate.luts import Bit, Cost, Network
from fwgen.quantise.latency import spike_step

_LOAD: Bit = ("load", 0)


def step_circuit(
    node: LatencyEncoder, source: Range, steps: int, pace: Pace, before: Sequence[int]
) -> Circuit:
    """From each number to the index of its step.

    The port is so wide that the indices of all steps, and the one of none, are different.
    """
    c = Circuit(pace)
    words = [
        c.lookup(f"step{i}", w, _steps(node, w, source.frac, steps))
        for i, w in enumerate(c.input("x_i", source, before))
    ]
    last, size = steps - 1 + node.silent_zero, len(words)
    c.output("step_o", words, Range(filled(0, size), filled(max(last, 1), size), 0))
    return c


def spike_circuit(
    node: LatencyEncoder, source: Range, steps: int, pace: Pace, before: Sequence[int]
) -> Circuit:
    """From each number to its spikes in all steps; one port a step."""
    c = Circuit(pace)
    read = c.input("x_i", source, before)
    tables = [_steps(node, w, source.frac, steps) for w in read]
    for t in range(steps):
        words = [
            c.lookup(f"spike{t}_{i}", w, [int(step == t) for step in table])
            for i, (w, table) in enumerate(zip(read, tables, strict=True))
        ]
        c.output(f"spike{t}_o", words, bounds_of(words, 0), more=t + 1 < steps)
    return c


def _steps(node: LatencyEncoder, word: Word, frac: int, steps: int) -> list[int]:
    """The index for each number that an element can be."""
    found: list[int] = spike_step(node, ints(range(word.lo, word.hi + 1)), frac, steps).tolist()
    return found


def latency_cost(width: int, count: int, lanes: int) -> Cost:
    """A counter a lane, and a comparison an element; the indices' registers are counted apart.

    A LUT compares three bits, or two and what another LUT has found.
    """
    net = Network()
    needed: list[Bit | int] = []
    for lane in range(lanes):
        now: list[Bit] = [(f"now{lane}", i) for i in range(width)]
        start = [net.choose(_LOAD, lane >> i & 1, bit) for i, bit in enumerate(now)]
        stride: list[Bit] = [lanes >> i & 1 for i in range(width)]
        needed += net.add(f"next{lane}", start, stride, minus=False)[:width]
    comparison = -(-(2 * width - 1) // (LUT_INPUTS - 1))
    return net.build(needed) + Cost(lut=comparison * count * lanes, ff=lanes * width)
