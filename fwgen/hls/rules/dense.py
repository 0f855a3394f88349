"""Constant matrices and normalisations in hls4ml."""

from collections.abc import Sequence

import numpy as np

from fwgen.errors import FormatError, LoweringError
from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.hls.rules.common import HlsRules, sums
from fwgen.ir.nodes import BatchNorm, Const, Dense
from fwgen.ir.ranges import Range, const
from fwgen.quantise.accumulator import check_accumulator
from fwgen.quantise.bounds import each_channel


def _dense(node: Dense, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    try:
        check_accumulator(node, reads[0].values)
    except FormatError as error:
        raise LoweringError(
            error.where, needed=error.needed, found=error.found, do=error.do
        ) from None
    weight, bias = const(node.weight), const(node.bias)
    positions = len(values) // len(bias.values)
    if positions > 1:  # hls4ml's dense layer reads a vector: the matrix stands at each position
        apart = np.kron(np.eye(positions, dtype=object), weight.values)
        weight = Const(apart, weight.fmt)
        bias = Const(each_channel(bias.values, len(values)), bias.fmt)
    return [sums(node.name, reads[0], weight, bias, values, node.accumulator)]


def _batch_norm(node: BatchNorm, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    scale, offset = (
        Const(each_channel(const(p).values, len(values)), const(p).fmt)
        for p in (node.scale, node.offset)
    )
    return [hls.normalise(node.name, reads[0].layer, scale, offset, values.fmt)]


RULES: HlsRules = {Dense: _dense, BatchNorm: _batch_norm}
