"""Dense layers on spikes: spike-gated accumulators in several forms, chosen by what they cost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Dense
from fwgen.ir.ranges import Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.sums import Part, Sums
from fwgen.lower.circuit.vectors import bounds_of
from fwgen.lower.circuit.words import Scaled, Word, trailing_zeros
from fwgen.lower.estimate.design import circuit_cost
from fwgen.lower.spiking.spike_sum import QUICK, THOROUGH, Synapses, spike_sum
from fwgen.lower.spiking.table_groups import GATED, Form, forms_for
from fwgen.lower.static.dense import accumulated, dense_weights

NEURON = "neuron "  # what a comment calls a sum
_FEW = 12  # synapses of a neuron, up to which a tree of gated weights is compared
_TABLE_BITS = 8  # bits of a table that read a spike, about, for its load


@dataclass(frozen=True, slots=True)
class Accumulators:
    """A layer's accumulators in one form; ``luts`` are estimated."""

    form: Form
    circuit: Circuit
    luts: int

    @property
    def about(self) -> str:
        """The form in words."""
        if self.form == GATED:
            return "a tree of gated weights"
        chains = f"{self.form.chains} chain{'s' * (self.form.chains > 1)}"
        begun = ", six spikes first" * self.form.alone
        return f"tables of spikes in {chains} a neuron{begun}"


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

    def made(self, form: Form) -> Accumulators:
        """One form, its LUTs counted."""
        circuit = synapses(self, form)
        return Accumulators(form, circuit, circuit_cost(circuit).lut)


def accumulators(layer: SpikedLayer) -> list[Accumulators]:
    """A layer's accumulators in every form worth trying, the smallest first."""
    found = [layer.made(form) for form in (*forms_for(layer.inputs), GATED)]
    return sorted(found, key=lambda made: made.luts)


def best_form(layer: SpikedLayer, rank: Callable[[Circuit], Any] | None) -> Accumulators:
    """The form of a layer with the fewest LUTs, as `chosen` says."""
    return chosen(layer.inputs, lambda form, swaps: synapses(layer, form, swaps), rank)


def chosen(
    inputs: int, make: Callable[[Form, int], Circuit], rank: Callable[[Circuit], Any] | None
) -> Accumulators:
    """The form with the fewest LUTs, or the fewest among those of the lowest rank.

    More chains take more LUTs, so the fewest chains are taken that will do; trees of gated weights
    are compared for few inputs only, where they may win.

    Parameters
    ----------
    inputs
        Synapses of the neuron that has most.
    make
        The circuit of a form, from how many exchanges are tried for each synapse.
    """
    every = [*forms_for(inputs), *[GATED] * (inputs <= _FEW)]
    quick = {form: make(form, QUICK) for form in every} if rank else {}
    ranks = {form: rank(circuit) for form, circuit in quick.items()} if rank else {}
    every = [form for form in every if not ranks or ranks[form] == min(ranks.values())]
    found: dict[Form, Circuit] = {}
    for form in every:
        if found and form != GATED:
            continue
        circuit = make(form, THOROUGH)
        # narrower tables stand in another order, which may take a cycle more
        if not rank or rank(circuit) <= ranks[form]:
            found[form] = circuit
    made = found or {every[0]: quick[every[0]]}
    counted = (Accumulators(form, one, circuit_cost(one).lut) for form, one in made.items())
    return min(counted, key=lambda one: one.luts)


def synapses(layer: SpikedLayer, form: Form, swaps: int = THOROUGH) -> Circuit:
    """Constant matrix on spikes, in one form: a synapse adds its weight when its input spiked.

    Its outputs are not registered.
    """
    c = Circuit(layer.pace)
    weight, lift, bias, frac = dense_weights(layer.node, layer.source)
    weight = weight << lift
    spikes = c.input("spike_i", layer.source, layer.arrivals)
    c.sums = Sums(NEURON, (spiked(weight),), bias, frac)
    sums = weighted(c, spikes, weight, bias, form, swaps)
    sums = accumulated(c, sums, frac, layer.wrapping)
    result = bounds_of(sums, layer.result.frac) if layer.tight else layer.result
    c.output("current_o", sums, result)
    return c


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
