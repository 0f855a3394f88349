"""Sums of weights whose inputs spiked, in one form or another."""

from collections.abc import Iterator, Sequence

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.sums import Part
from fwgen.lower.circuit.words import Scaled, Word, trailing_zeros
from fwgen.lower.spiking.spike_sum import Synapses, spike_sum
from fwgen.lower.spiking.table_groups import GATED, Form

NEURON = "neuron "  # what a comment calls a sum
_TABLE_BITS = 8  # bits of a table that read a spike, about, for its load


def spiked(weight: Ints) -> Part:
    """Weights (outputs, inputs) of spikes, as a comment calls them."""
    return Part("s", "spike_i", weight)


def weighted(
    c: Circuit, spikes: Sequence[Word], weight: Ints, bias: Ints, form: Form, swaps: int
) -> list[Word]:
    """For each row of weights the bias plus those whose input spiked, exactly, in one form."""
    if form == GATED:
        return list(_gated(c, spikes, weight, bias))
    readers = {
        word.name: _TABLE_BITS * int(np.count_nonzero(column))
        for word, column in zip(spikes, weight.T, strict=True)
    }
    rows = enumerate(zip(weight.tolist(), bias.tolist(), strict=True))
    return [
        spike_sum(c, f"n{o}", Synapses(spikes, row, readers, swaps), b, form)
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
