"""Recurrent weights: the current of a step, from the source's and the spikes of the step before.

Behind them may stand currents that leak; their state is in registers beside the neurons' own.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fwgen.ir.nodes import CubaLif, Lif
from fwgen.ir.ranges import LifRange, Range, filled
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.sums import Part, Sums
from fwgen.lower.circuit.vectors import bounds_of
from fwgen.lower.design import CircuitBlock, DelayBlock, Signal
from fwgen.lower.plan import Plan
from fwgen.lower.spiking.neurons import LayerBounds, NeuronStep
from fwgen.lower.spiking.synapses import NEURON, chosen, spiked, weighted
from fwgen.lower.spiking.table_groups import GATED, Form
from fwgen.quantise.lif_range import neurons, recurrent_weights


def recurrent_current(
    node: Lif,
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
        Picoseconds of logic in front of each element of these.
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


def driven(plan: Plan, node: CubaLif, total: Signal, copy: int, end: str) -> tuple[Signal, int]:
    """What membranes see in a step, in a loop of one clock, and the logic in front of its register.

    ``total`` is what goes into the currents; ``end`` is what names of the copy end in.
    """
    layer = node.integrators
    ranges, name = plan.analysis.lifs[layer.name], f"{layer.name}{end}"
    state = Signal(f"{name}__state", ranges.membrane.fmt, total.count, total.time + 1, True)
    before = plan.restarted(state, f"{name}__before", copy)
    given = (("current_i", total), ("membrane_i", before))
    logic = {port: s.arrivals for port, s in given}
    circuit = plan.once(
        (layer.name, tuple(logic.items())),
        lambda: _leaking(layer, plan.analysis.currents[layer.name], ranges, logic, plan.pace),
    )
    about = f"currents of '{node.name}' that leak"
    block = CircuitBlock(name, about, circuit, given, (), 0, layer.name)
    (after,) = plan.circuit(block, [f"{name}__after"], temporal=True)
    about = f"the currents of '{node.name}', for the next step"
    plan.blocks.append(DelayBlock(state.net, about, after, 1, state))
    return before if node.previous else after, max(after.arrivals, default=0)


def _leaking(
    layer: Lif,
    current: Range,
    ranges: LifRange,
    before: Mapping[str, tuple[int, ...]],
    pace: Pace,
) -> Circuit:
    """One step of integrators that never fire; the state is read and written outside."""
    c = Circuit(pace, pipelined=False)
    xs = c.input("current_i", current, before["current_i"])
    us = c.input("membrane_i", ranges.membrane, before["membrane_i"])
    hull = LayerBounds.of(ranges, current)
    after = []
    for neuron, x, u in zip(neurons(layer, current), xs, us, strict=True):
        step = NeuronStep(neuron, hull, fires=False, resets=False)
        after.append(step.run(c, u, c.constant(0), x)[0])
    c.output("membrane_o", after, ranges.membrane)
    return c
