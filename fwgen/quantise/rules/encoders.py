"""Bounds of encoders."""

from fwgen.ir.nodes import LatencyEncoder
from fwgen.ir.ranges import Range, filled
from fwgen.quantise.bounds import Rule, Rules, Walk
from fwgen.quantise.latency import check_latency, latency_peak


def _latency_encoder(node: LatencyEncoder, walk: Walk) -> Range:
    source = walk.value(node)
    check_latency(node, source)
    walk.note(latency_peak(source, walk.steps))
    silent = (source.hi == 0) & node.silent_zero
    return Range(filled(0, len(source)), (1 - silent.astype(int)).astype(object), 0)


RULES: Rules = {LatencyEncoder: Rule(_latency_encoder)}
