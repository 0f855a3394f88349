"""Operations on vectors as a whole in hls4ml."""

from collections.abc import Sequence

import numpy as np

from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.hls.rules.common import HlsRules, chain, integers, sums
from fwgen.ir.nodes import Add, Concat, Multiply, Pair, Slice, Subtract
from fwgen.ir.ranges import Range


def _concat(node: Concat, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    if len(reads) == 1:
        return [hls.linear(node.name, reads[0].layer, len(values), values.fmt)]
    return chain(node.name, reads)[0]


def _slice(node: Slice, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    chosen = np.arange(node.start, node.stop)[:, None] == np.arange(len(reads[0].values))
    nothing = integers(np.zeros(len(values)), values.frac)
    return [sums(node.name, reads[0], integers(chosen, 0), nothing, values)]


def _pair(node: Pair, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    left, right = (read.layer for read in reads)
    return [hls.merge(node.name, node.op, left, right, len(values), values.fmt)]


RULES: HlsRules = {
    Concat: _concat,
    Slice: _slice,
    Add: _pair,
    Subtract: _pair,
    Multiply: _pair,
}
