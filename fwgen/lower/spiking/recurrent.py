"""Recurrent weights: the current of a step, from the source's and the spikes of the step before."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fwgen.ir.nodes import Neurons
from fwgen.ir.ranges import Range, filled
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.sums import Part, Sums
from fwgen.lower.circuit.vectors import bounds_of
from fwgen.lower.spiking.forms import chosen
from fwgen.lower.spiking.table_groups import GATED, Form
from fwgen.lower.spiking.weighted import NEURON, spiked, weighted
from fwgen.quantise.lif_range import recurrent_weights


def recurrent_current(
    node: Neurons,
    sources: Mapping[str, Range],
    before: Mapping[str, tuple[int, ...]],
    pace: Pace,
    rank: Callable[[Circuit], Any],
    result: Range | None = None,
) -> Circuit:
    """A spike adds the weights of its column.

    Parameters
    ----------
    sources
        Bounds of ``current_i``, what the source brings, and of ``spike_i``; an event's first step
        has no spikes before it.
    before
        Picoseconds of logic before each element of these.
    rank
        Of the forms that the sums may have, the smallest of the lowest rank is taken.
    result
        What the output port must hold, in a loop, which no register can cut; without it the port
        is as narrow as the sources allow, and registers stand where the clock wants them.
    """
    weight, frac, lift = recurrent_weights(node, sources["current_i"].frac)

    def make(form: Form, swaps: int) -> Circuit:
        c = Circuit(pace, pipelined=result is None)
        words = {port: c.input(port, values, before[port]) for port, values in sources.items()}
        back, zeros = words.get("spike_i"), filled(0, len(weight))
        sums = (
            weighted(c, back, weight, zeros, form, swaps) if back else [c.constant(0)] * len(weight)
        )
        pairs = enumerate(zip(sums, words["current_i"], strict=True))
        totals = [c.add(f"n{o}_all", total, x, b_shift=lift) for o, (total, x) in pairs]
        c.output("current_o", totals, result or bounds_of(totals, frac))
        given = Part("c", "current_i", np.eye(len(weight), dtype=object) << lift)
        c.sums = Sums(NEURON, (*[spiked(weight)] * bool(back), given), zeros, frac)
        return c

    if "spike_i" not in sources:
        return make(GATED, 0)
    inputs = max(int(np.count_nonzero(row)) for row in weight)
    return chosen(inputs, make, rank).circuit
