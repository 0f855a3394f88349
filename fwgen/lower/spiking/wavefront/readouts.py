"""Read-outs of a wavefront: blocks that gather over the steps, and the choice among copies."""

from collections.abc import Sequence
from dataclasses import replace

from fwgen.ir.nodes import LastMembrane, Maximum, Membrane, Node, ReadOut
from fwgen.lower.design import MergeBlock, Signal
from fwgen.lower.spiking.readouts import gathering
from fwgen.lower.spiking.wavefront.state import WavefrontState


def membrane(wave: WavefrontState, node: Membrane) -> None:
    """Membranes as a layer's currents; the steps before are a lane, or a cycle, back."""
    for copy, end in wave.copies():
        lanes = wave.membranes[node.source, copy]
        if node.previous:
            last = wave.plan.restarted(lanes[-1], node.name + end, copy)
            wait = len(lanes) > 1
            lanes = (wave.plan.at(last, last.time + wait), *lanes[:-1])
        wave.lanes[node.name, copy] = lanes
    wave.plan.signals[node.name] = wave.lanes[node.name, 0][0]


def last_membrane(wave: WavefrontState, node: LastMembrane) -> None:
    """The membranes of the last step, once an event."""
    if node.source in wave.static_membranes:
        wave.plan.signals[node.name] = wave.static_membranes[node.source]
        return
    found = []
    for copy, _ in wave.copies():
        net = wave.last_membranes[node.source, copy]
        time = net.time + wave.steps.cycles - 1
        found.append(replace(net, time=time, temporal=False))
    _merge(wave, node, found)


def gather(wave: WavefrontState, node: ReadOut) -> None:
    """What a block for each copy gathers over all steps."""
    values, found = wave.plan.analysis.values[node.name], []
    of = wave.membranes if isinstance(node, Maximum) else wave.lanes
    for copy, end in wave.copies():
        lanes, name = of[node.source, copy], node.name + end
        block = gathering(node, name, lanes, values, wave.plan.graph.steps, copy)
        wave.plan.blocks.append(block)
        found.append(block.output)
    _merge(wave, node, found)


def _merge(wave: WavefrontState, node: Node, found: Sequence[Signal]) -> None:
    """One static value from those of the copies."""
    plan, one = wave.plan, found[0]
    if len(found) == 1:
        plan.signals[node.name] = one
        return
    net = f"{node.name}__merged"
    # two bits of the copy's number decide in each level; its lowest have most to decide
    levels, sinks = -(-(len(found) - 1).bit_length() // 2), one.width * -(-len(found) // 4)
    pace = plan.pace
    ready = (pace.load(sinks) + levels * pace.lut(),) * one.count
    output = replace(one, net=net, arrivals=ready)
    about = f"'{node.name}' of the copy whose event is due"
    plan.blocks.append(MergeBlock(net, about, tuple(found), one.time, output))
    plan.signals[node.name] = output
