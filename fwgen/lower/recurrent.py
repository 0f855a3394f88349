"""Recurrent weights: the current of a step, from the source's and the spikes of the step before."""

from collections.abc import Mapping

from fwgen.ir.nodes import Lif
from fwgen.lower.circuit import Circuit
from fwgen.lower.ops import Scaled
from fwgen.lower.pace import Pace
from fwgen.lower.vectors import bounds_of
from fwgen.quantise.bounds import Range
from fwgen.quantise.lif_range import recurrent_weights


def recurrent_current(
    node: Lif,
    sources: Mapping[str, Range],
    before: Mapping[str, tuple[int, ...]],
    pace: Pace,
    result: Range | None = None,
) -> Circuit:
    """A spike adds the weights of its column.

    Parameters
    ----------
    sources
        Bounds of ``current_i``, what the source brings, and of ``spike_i``; an event's first step
        has no spikes before it.
    before
        Picoseconds of logic in front of each element of these.
    result
        What the output port must hold, in a loop, which no register can cut; without it the port
        is as narrow as the sources allow, and registers stand where the clock wants them.
    """
    weight, frac, lift = recurrent_weights(node, sources["current_i"].frac)
    c = Circuit(pace, pipelined=result is None)
    words = {port: c.input(port, values, before[port]) for port, values in sources.items()}
    spikes = [
        c.loaded(word, sum(int(abs(w)).bit_count() for w in column))
        for word, column in zip(words.get("spike_i", ()), weight.T, strict=False)
    ]
    sums = []
    for o, (x, row) in enumerate(zip(words["current_i"], weight, strict=True)):
        pairs = zip(spikes, row, strict=False) if spikes else ()
        terms = [Scaled(c.gate(f"n{o}_w{i}", s, int(w))) for i, (s, w) in enumerate(pairs)]
        sums.append(c.whole(f"n{o}", c.sum(f"n{o}", [*terms, Scaled(x, lift)])))
    c.output("current_o", sums, result or bounds_of(sums, frac))
    return c
