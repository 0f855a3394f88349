"""Operations on vectors as a whole in hls4ml."""

from collections.abc import Sequence

import numpy as np

from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.hls.rules.common import HlsRules, chain, chosen, integers, sums
from fwgen.ir.nodes import Add, Concat, Gather, Multiply, Pair, Reduce, Reduction, Slice, Subtract
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


def _reduce(node: Reduce, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    """hls4ml pools over the first axis and knows the largest only: min x is -max -x."""
    read, steps = reads[0], list[HlsLayer]()
    if len(values) > 1:
        places = np.arange(len(read.values)).reshape(-1, node.count).T.ravel()
        moved = Range(read.values.lo[places], read.values.hi[places], read.values.frac)
        steps.append(chosen(f"{node.name}__rows", read, places, moved))
        read = Operand.of(steps[-1].name, moved)
    if node.function is Reduction.MAX:
        return [*steps, hls.largest(node.name, read.layer, node.count, len(values), values.fmt)]
    steps.append(_negative(f"{node.name}__negative", read))
    most = Operand.of(f"{node.name}__largest", _minus(values))
    steps.append(hls.largest(most.layer, steps[-1].name, node.count, len(values), most.fmt))
    return [*steps, _negative(node.name, most)]


def _minus(values: Range) -> Range:
    return Range(-values.hi, -values.lo, values.frac)


def _negative(name: str, read: Operand) -> HlsLayer:
    minus = integers(-np.eye(len(read.values)), 0)
    nothing = integers(np.zeros(len(read.values)), read.values.frac)
    return sums(name, read, minus, nothing, _minus(read.values))


RULES: HlsRules = {
    Concat: _concat,
    Slice: _slice,
    Gather: _gather,
    Reduce: _reduce,
    Add: _pair,
    Subtract: _pair,
    Multiply: _pair,
}
