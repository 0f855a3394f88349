"""Dense layers on spikes: spike-gated accumulators in several forms, chosen by what they cost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Dense
from fwgen.lower.circuit import Circuit
from fwgen.lower.cost import circuit_cost
from fwgen.lower.feed_forward import accumulated, dense_weights
from fwgen.lower.ops import Scaled, Word, trailing_zeros
from fwgen.lower.pace import Pace
from fwgen.lower.spike_sum import QUICK, THOROUGH, Synapses, chains_for, spike_sum
from fwgen.lower.vectors import bounds_of
from fwgen.quantise.bounds import Range

GATED = 0
_FEW = 12  # synapses of a neuron, up to which a tree of gated weights is compared
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


@dataclass(frozen=True, slots=True)
class SpikedLayer:
    """A dense layer on spikes.

    ``arrivals`` are picoseconds of logic in front of each spike, none where it is empty;
    ``wrapping`` is the accumulator in which the sums wrap around, if they do. The output port is as
    narrow as these sources allow where ``tight``, else as ``result``.
    """

    node: Dense
    source: Range
    result: Range
    pace: Pace
    arrivals: tuple[int, ...] = ()
    wrapping: Fixed | None = None
    tight: bool = False

    @property
    def inputs(self) -> int:
        """Synapses of the neuron that has most."""
        weight = dense_weights(self.node, self.source)[0]
        return max(int(np.count_nonzero(row)) for row in weight)

    def form(self, chains: int) -> Accumulators:
        """One form, its LUTs counted."""
        circuit = synapses(self, chains)
        return Accumulators(chains, circuit, circuit_cost(circuit).lut)


def accumulators(layer: SpikedLayer) -> list[Accumulators]:
    """A layer's accumulators in every form worth trying, the smallest first."""
    found = [layer.form(chains) for chains in (*chains_for(layer.inputs), GATED)]
    return sorted(found, key=lambda form: form.luts)


def best_form(layer: SpikedLayer, rank: Callable[[Circuit], Any] | None) -> Accumulators:
    """The form of a layer with the fewest LUTs, as `chosen` says."""
    return chosen(layer.inputs, lambda chains, swaps: synapses(layer, chains, swaps), rank)


def chosen(
    inputs: int, make: Callable[[int, int], Circuit], rank: Callable[[Circuit], Any] | None
) -> Accumulators:
    """The form with the fewest LUTs, or the fewest among those of the lowest rank.

    More chains take more LUTs, so the fewest chains are taken that will do; trees of gated weights
    are compared for few inputs only, where they may win.

    Parameters
    ----------
    inputs
        Synapses of the neuron that has most.
    make
        The circuit of a form, from its chains and how many exchanges are tried for each synapse.
    """
    every = [*chains_for(inputs), *[GATED] * (inputs <= _FEW)]
    if rank:
        ranks = {chains: rank(make(chains, QUICK)) for chains in every}
        every = [chains for chains in every if ranks[chains] == min(ranks.values())]
    tried = dict.fromkeys([every[0], *[chains for chains in every if chains == GATED]])
    forms = ((chains, make(chains, THOROUGH)) for chains in tried)
    found = [Accumulators(chains, made, circuit_cost(made).lut) for chains, made in forms]
    return min(found, key=lambda form: form.luts)


def synapses(layer: SpikedLayer, chains: int, swaps: int = THOROUGH) -> Circuit:
    """Constant matrix on spikes, in one form: a synapse adds its weight when its input spiked.

    Its outputs are not registered.
    """
    c = Circuit(layer.pace)
    weight, lift, bias, frac = dense_weights(layer.node, layer.source)
    spikes = c.input("spike_i", layer.source, layer.arrivals)
    sums = weighted(c, spikes, weight << lift, bias, chains, swaps)
    sums = accumulated(c, sums, frac, layer.wrapping)
    result = bounds_of(sums, layer.result.frac) if layer.tight else layer.result
    c.output("current_o", sums, result)
    return c


def weighted(
    c: Circuit, spikes: Sequence[Word], weight: Ints, bias: Ints, chains: int, swaps: int
) -> list[Word]:
    """For each row of weights the bias plus those whose input spiked, exactly, in one form."""
    if chains == GATED:
        return list(_gated(c, spikes, weight, bias))
    readers = {
        word.name: _TABLE_BITS * int(np.count_nonzero(column))
        for word, column in zip(spikes, weight.T, strict=True)
    }
    rows = enumerate(zip(weight.tolist(), bias.tolist(), strict=True))
    return [
        spike_sum(c, f"n{o}", Synapses(spikes, row, readers, swaps), b, chains)
        for o, (row, b) in rows
    ]


def _gated(c: Circuit, spikes: Sequence[Word], weight: Ints, bias: Ints) -> Iterator[Word]:
    spikes = [
        c.loaded(word, sum(abs(w).bit_count() for w in column))
        for word, column in zip(spikes, weight.T.tolist(), strict=True)
    ]
    for o, (row, b) in enumerate(zip(weight.tolist(), bias.tolist(), strict=True)):
        low = min((trailing_zeros(w) for w in row if w), default=0)
        terms = [
            Scaled(c.gate(f"n{o}_w{i}", spike, w >> low), low)
            for i, (spike, w) in enumerate(zip(spikes, row, strict=True))
        ]
        yield c.whole(f"n{o}", c.sum(f"n{o}", [*terms, Scaled(c.constant(b))]))
