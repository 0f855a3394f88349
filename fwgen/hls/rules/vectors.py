"""Operations on vectors as a whole in hls4ml."""

from collections.abc import Sequence

import numpy as np

from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.hls.rules.common import HlsRules, chain, chosen
from fwgen.ir.nodes import Add, Concat, Gather, Multiply, Pair, Slice, Subtract
from fwgen.ir.ranges import Range


def _concat(node: Concat, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    if len(reads) == 1:
        return [hls.linear(node.name, reads[0].layer, len(values), values.fmt)]
    return chain(node.name, reads)[0]


def _slice(node: Slice, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    return [chosen(node.name, reads[0], np.arange(node.start, node.stop), values)]


def _gather(node: Gather, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    return [chosen(node.name, reads[0], node.indices, values)]


def _pair(node: Pair, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    left, right = (read.layer for read in reads)
    return [hls.merge(node.name, node.op, left, right, len(values), values.fmt)]


RULES: HlsRules = {
    Concat: _concat,
    Slice: _slice,
    Gather: _gather,
    Add: _pair,
    Subtract: _pair,
    Multiply: _pair,
}
