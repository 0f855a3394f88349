"""Dense layers on spikes: spike-gated accumulators in several forms, chosen by what they cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Dense
from fwgen.ir.ranges import Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.matrix import accumulated, dense_weights
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.sums import Sums
from fwgen.lower.circuit.vectors import bounds_of
from fwgen.lower.spiking.forms import Accumulators, chosen, counted
from fwgen.lower.spiking.spike_sum import THOROUGH
from fwgen.lower.spiking.table_groups import GATED, Form, forms_for
from fwgen.lower.spiking.weighted import NEURON, spiked, weighted


@dataclass(frozen=True, slots=True)
class SpikedLayer:
    """A dense layer on spikes.

    ``arrivals`` are picoseconds of logic before each spike, none where it is empty;
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
        return counted(form, synapses(self, form))


def accumulators(layer: SpikedLayer) -> list[Accumulators]:
    """A layer's accumulators in every form worth trying, the smallest first."""
    found = [layer.made(form) for form in (*forms_for(layer.inputs), GATED)]
    return sorted(found, key=lambda made: made.luts)


def best_form(layer: SpikedLayer, rank: Callable[[Circuit], Any] | None) -> Accumulators:
    """The form of a layer with the fewest LUTs, as `chosen` says."""
    return chosen(layer.inputs, lambda form, swaps: synapses(layer, form, swaps), rank)


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
