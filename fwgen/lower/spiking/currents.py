"""Currents that leak and take recurrent weights: a state in registers, besides the neurons' own."""

from collections.abc import Mapping

from fwgen.ir.nodes import CubaLif, Lif
from fwgen.ir.ranges import LifRange, Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import CircuitBlock, DelayBlock, Signal
from fwgen.lower.plan import Plan
from fwgen.lower.spiking.neurons import LayerBounds, NeuronStep
from fwgen.quantise.lif_range import neurons


def driven(plan: Plan, node: CubaLif, total: Signal, copy: int, end: str) -> tuple[Signal, int]:
    """What membranes see in a step, in a loop of one clock, and the logic before its register.

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
