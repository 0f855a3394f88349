"""Dense layers on spikes: spike-gated accumulators in several forms, chosen by what they cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Dense
from fwgen.lower.circuit import Circuit
from fwgen.lower.cost import circuit_cost
from fwgen.lower.feed_forward import accumulated, dense_weights
from fwgen.lower.ops import Scaled, Word
from fwgen.lower.pace import Pace
from fwgen.lower.spike_sum import Synapses, chains_for, spike_sum
from fwgen.lower.vectors import bounds_of
from fwgen.quantise.bounds import Range

GATED = 0
_TABLE_BITS = 8  # bits of a table that read a spike, about, for its load


@dataclass(frozen=True, slots=True)
class Accumulators:
    """One form of a layer's accumulators.

    ``chains`` are the chains of additions of `spike_sum`, or `GATED`: a tree of gated weights.
    ``luts`` are estimated.
    """

    chains: int
    circuit: Circuit
    luts: int

    @property
    def about(self) -> str:
        """The form in words."""
        if self.chains == GATED:
            return "a tree of gated weights"
        return f"tables of spikes in {self.chains} chain{'s' * (self.chains > 1)} a neuron"


def accumulators(
    node: Dense,
    source: Range,
    result: Range,
    pace: Pace,
    arrivals: Sequence[int] = (),
    wrapping: Fixed | None = None,
    *,
    tight: bool = False,
) -> list[Accumulators]:
    """A layer's accumulators in every form worth trying, the smallest first.

    Parameters
    ----------
    arrivals
        Picoseconds of logic in front of each spike; none where it is empty.
    wrapping
        The accumulator in which the sums wrap around, if they do.
    tight
        Whether the output port is as narrow as these sources allow, else as ``result``.
    """
    most = max(int(np.count_nonzero(row)) for row in dense_weights(node, source)[0])
    found = []
    for chains in (*chains_for(most), GATED):
        circuit = synapses(node, source, result, pace, chains, arrivals, wrapping, tight=tight)
        found.append(Accumulators(chains, circuit, circuit_cost(circuit).lut))
    return sorted(found, key=lambda form: form.luts)


def synapses(
    node: Dense,
    source: Range,
    result: Range,
    pace: Pace,
    chains: int,
    arrivals: Sequence[int] = (),
    wrapping: Fixed | None = None,
    *,
    tight: bool = False,
) -> Circuit:
    """Constant matrix on spikes, in one form: a synapse adds its weight when its input spiked.

    Its outputs are not registered.
    """
    c = Circuit(pace)
    weight, lift, bias, frac = dense_weights(node, source)
    spikes = c.input("spike_i", source, arrivals)
    rows = zip(weight, bias, strict=True)
    if chains == GATED:
        sums = list(_gated(c, spikes, weight, lift, bias))
    else:
        readers = {
            word.name: _TABLE_BITS * int(np.count_nonzero(column))
            for word, column in zip(spikes, weight.T, strict=True)
        }
        sums = [
            spike_sum(
                c, f"n{o}", Synapses(spikes, [int(w) << lift for w in row], readers), int(b), chains
            )
            for o, (row, b) in enumerate(rows)
        ]
    sums = accumulated(c, sums, frac, wrapping)
    c.output("current_o", sums, bounds_of(sums, result.frac) if tight else result)
    return c


def _gated(
    c: Circuit, spikes: Sequence[Word], weight: Ints, lift: int, bias: Ints
) -> Iterator[Word]:
    spikes = [
        c.loaded(word, sum(int(abs(w)).bit_count() for w in column))
        for word, column in zip(spikes, weight.T, strict=True)
    ]
    for o, (row, b) in enumerate(zip(weight, bias, strict=True)):
        terms = [
            Scaled(c.gate(f"n{o}_w{i}", spike, int(w)), lift)
            for i, (spike, w) in enumerate(zip(spikes, row, strict=True))
        ]
        yield c.whole(f"n{o}", c.sum(f"n{o}", [*terms, Scaled(c.constant(int(b)))]))
