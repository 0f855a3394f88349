"""Conversions in hls4ml."""

from collections.abc import Sequence

from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.hls.rules.common import HlsRules
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Quantise
from fwgen.ir.ranges import Range


def _quantise(node: Quantise, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    read, size = reads[0], len(values)
    dropped = read.fmt.frac - node.fmt.frac
    if dropped <= read.fmt.width:
        return [hls.linear(node.name, read.layer, size, node.fmt)]
    # ap_fixed reads the highest bit that it drops, and stops where the source has no such bit
    wide = Fixed(read.fmt.signed, dropped, dropped - read.fmt.frac)
    step = hls.linear(f"{node.name}__wide", read.layer, size, wide)
    return [step, hls.linear(node.name, step.name, size, node.fmt)]


RULES: HlsRules = {Quantise: _quantise}
