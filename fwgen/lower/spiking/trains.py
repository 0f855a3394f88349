"""Input spikes: all steps of an event are taken at once, and handed out step by step."""

from dataclasses import replace

from fwgen.ir.nodes import BIT, Input
from fwgen.lower.design import Lanes, Signal, TrainBlock
from fwgen.lower.estimate.luts import Cost
from fwgen.lower.plan import Plan
from fwgen.lower.spiking.neurons import Steps


def each_step(plan: Plan, node: Input) -> list[Signal]:
    """The spikes of each step, in separate registers, all there in cycle 0."""
    found = []
    for t in range(plan.graph.steps):
        port = Signal(f"{node.name}_i", BIT, node.size, time=-1, lsb=t * node.size)
        about = f"input register, step {t + 1}"
        found.append(plan.delayed(port, 0, f"{node.name}__t{t}", about))
    return found


def handed_out(plan: Plan, node: Input, steps: Steps, copies: int) -> list[Lanes]:
    """The spikes of each lane, for each copy of the spiking layers.

    One copy takes an event straight into its shift register, whose last step is out when the next
    event comes. Copies that take events in turn share an input register before their own.
    """
    if steps.cycles == 1:
        found = [replace(s, temporal=True) for s in each_step(plan, node)]
        found += found[:1] * (steps.lanes - len(found))  # lanes beyond the last step count nowhere
        return [tuple(found)] * copies
    source = Signal(f"{node.name}_i", BIT, node.elements(steps.count), time=-1)
    if copies > 1:
        source = plan.delayed(source, 0, f"{node.name}__taken", "input register")
    return [shifted(plan, node.name, source, steps, copy) for copy in range(copies)]


def shifted(plan: Plan, stem: str, source: Signal, steps: Steps, copy: int) -> Lanes:
    """The shift register of a copy: a vector with the spikes of all steps, handed out by lanes."""
    name, time = stem + (f"__c{copy}" if copy else ""), source.time + 1
    lanes = tuple(
        Signal(
            name + (f"__l{lane}" if lane else ""),
            BIT,
            source.count // steps.count,
            time,
            temporal=True,
        )
        for lane in range(steps.lanes)
    )
    about = f"spikes of {steps.count} time steps, step by step"
    plan.blocks.append(TrainBlock(name, about, source, source.time, steps.cycles, lanes, copy))
    return lanes


def train_cost(steps: int, lanes: int, lane: int) -> Cost:
    """One element's steps in one lane: a register each, a choice before all but the last."""
    held = len(range(lane, steps, lanes))
    return Cost(lut=max(0, held - 1), ff=held)
