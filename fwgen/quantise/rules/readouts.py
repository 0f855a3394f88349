"""Bounds of what is read of neurons."""

from fwgen.ir.nodes import FirstSpike, LastMembrane, Maximum, Membrane, SpikeCount
from fwgen.ir.ranges import Range, filled
from fwgen.quantise.bounds import Rule, Rules, Walk


def _membranes(node: Membrane | LastMembrane | Maximum, walk: Walk) -> Range:
    return walk.analysis.lifs[node.source].membrane


def _spike_count(node: SpikeCount, walk: Walk) -> Range:
    spikes = walk.value(node)
    return Range(spikes.lo * walk.steps, spikes.hi * walk.steps, 0)


def _first_spike(node: FirstSpike, walk: Walk) -> Range:
    """A neuron that cannot fire is known to have no first spike."""
    spikes, steps = walk.value(node), walk.steps
    return Range(steps * (1 - spikes.hi), filled(steps, len(spikes)), 0)


RULES: Rules = {
    Membrane: Rule(_membranes),
    LastMembrane: Rule(_membranes),
    Maximum: Rule(_membranes),
    SpikeCount: Rule(_spike_count),
    FirstSpike: Rule(_first_spike),
}
