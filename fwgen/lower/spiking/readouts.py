"""Read-outs that gather a value over all steps: blocks of a wavefront, and unrolled circuits."""

from collections.abc import Sequence

from fwgen.ir.nodes import FirstSpike, Maximum, ReadOut, SpikeCount
from fwgen.ir.ranges import Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Word
from fwgen.lower.design import (
    CountBlock,
    FirstSpikeBlock,
    GatherBlock,
    Lanes,
    MaximumBlock,
    Signal,
)
from fwgen.lower.estimate.luts import Bit, Cost, Network
from fwgen.lower.spiking.spike_sum import Synapses, spike_sum
from fwgen.lower.spiking.table_groups import forms_for

_FIRST, _LAST = ("first", 0), ("last", 0)
_NARROW = 2  # bits of two numbers whose comparison fits, with the first step, into a LUT
_CHAIN_GROUP = 3  # bits of two numbers at each step of a carry chain


def gathering(
    node: ReadOut, name: str, lanes: Lanes, values: Range, steps: int, copy: int
) -> GatherBlock:
    """The block of a read-out, under the name that it has in this copy.

    ``lanes`` are spikes, or membranes for a `Maximum`.

    Raises
    ------
    TypeError
        If the node gathers nothing: a `LastMembrane` is the membrane itself.
    """
    count, first = lanes[0].count, lanes[0].time
    last, ending = first + -(-steps // len(lanes)) - 1, (steps - 1) % len(lanes) + 1
    kind: type[GatherBlock]
    fmt = values.fmt
    match node:
        case SpikeCount():
            kind, about = CountBlock, f"spike_count, {count} counters over {steps} steps"
        case FirstSpike():
            kind = FirstSpikeBlock
            about = f"first_spike, {count} counters of the steps before it, of {steps}"
        case Maximum():
            kind, about = MaximumBlock, f"maximum, {count} membranes over {steps} steps"
            fmt = lanes[0].fmt
        case _:
            raise TypeError(f"no block for {node.op}")
    output = Signal(name, fmt, count, last + 1)
    return kind(name, about, lanes, first, last, ending, output, copy)


# ---- unrolled: one circuit that reads all steps ----


def gathered(c: Circuit, node: ReadOut, steps: Sequence[Sequence[Word]]) -> list[Word]:
    """The words of a read-out, from a value for each step (in order) and element.

    Raises
    ------
    TypeError
        If the node gathers nothing.
    """
    columns = list(enumerate(zip(*steps, strict=True)))
    match node:
        case SpikeCount():
            return [_ones(c, f"n{i}", bits) for i, bits in columns]
        case FirstSpike():
            return [_ones(c, f"n{i}", _silent(c, f"n{i}", bits)) for i, bits in columns]
        case Maximum():
            return [_largest(c, f"n{i}", words) for i, words in columns]
        case _:
            raise TypeError(f"no circuit for {node.op}")


def _ones(c: Circuit, name: str, bits: Sequence[Word]) -> Word:
    """How many bits are 1."""
    synapses = Synapses(bits, [1] * len(bits), {})
    return spike_sum(c, name, synapses, 0, next(forms_for(len(bits))))


def _silent(c: Circuit, name: str, bits: Sequence[Word]) -> list[Word]:
    """Whether there was no spike up to each step, that one included."""
    silent: list[Word] = []
    one = c.constant(1)
    for t, bit in enumerate(bits):
        before = silent[-1] if silent else one
        silent.append(c.select(f"{name}_silent{t}", bit, c.constant(0), before))
    return silent


def _largest(c: Circuit, name: str, words: Sequence[Word]) -> Word:
    """The largest of several words: a tree of comparisons."""
    row, level = list(words), 0
    while len(row) > 1:
        pairs = [row[i : i + 2] for i in range(0, len(row), 2)]
        row = [
            _larger(c, f"{name}_l{level}_{i}", *pair) if len(pair) > 1 else pair[0]
            for i, pair in enumerate(pairs)
        ]
        level += 1
    return row[0]


def _larger(c: Circuit, name: str, a: Word, b: Word) -> Word:
    apart = c.add(f"{name}_apart", a, b, minus=True)
    found = c.select(name, c.above(f"{name}_more", apart, 0), a, b)
    return c.narrow(f"{name}_kept", found, max(a.lo, b.lo), max(a.hi, b.hi))


# ---- cost ----


def count_cost(width: int, lanes: int) -> Cost:
    """A counter of ones that starts anew, whose sum has a bit more than it."""
    net = Network()
    total: list[Bit] = [net.choose(_FIRST, 0, ("count", i)) for i in range(width)]
    for lane in range(lanes):
        spike: list[Bit] = [("spike", lane), *[0] * width]
        total = net.add(f"sum{lane}", [*total, 0], spike, minus=False)[:width]
    return net.build(total) + Cost(ff=width)


def first_cost(width: int, lanes: int) -> Cost:
    """A counter of the steps before the first spike, and whether there was one."""
    net = Network()
    total: list[Bit] = [net.choose(_FIRST, 0, ("index", i)) for i in range(width)]
    seen: Bit = net.choose(_FIRST, 0, ("seen", 0))
    for lane in range(lanes):
        seen = net.function("|", ("spike", lane), seen)
        counts = net.function("~", seen, _LAST) if lane else net.function("~", seen)
        total = net.add(f"sum{lane}", [*total, 0], [counts, *[0] * width], minus=False)[:width]
    return net.build([seen, *total]) + Cost(ff=width + 1)


def maximum_cost(width: int, lanes: int) -> Cost:
    """Comparisons, three bits at each step of a carry chain, and a register that loads.

    Between lanes the larger value takes a LUT a bit.
    """
    lut = 1 if width <= _NARROW else 2 * -(-width // _CHAIN_GROUP) + 1
    return Cost(lut=lanes * lut + (width * lanes if lanes > 1 else 0), ff=width)
