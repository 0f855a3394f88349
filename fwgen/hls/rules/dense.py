"""Constant matrices and normalisations in hls4ml."""

from collections.abc import Sequence

from fwgen.errors import FormatError, LoweringError
from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.hls.rules.common import HlsRules, sums
from fwgen.ir.nodes import BatchNorm, Dense
from fwgen.ir.ranges import Range, const
from fwgen.quantise.accumulator import check_accumulator


def _dense(node: Dense, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    try:
        check_accumulator(node, reads[0].values)
    except FormatError as error:
        raise LoweringError(
            error.where, needed=error.needed, found=error.found, do=error.do
        ) from None
    weight, bias = const(node.weight), const(node.bias)
    return [sums(node.name, reads[0], weight, bias, values, node.accumulator)]


def _batch_norm(node: BatchNorm, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    scale, offset = const(node.scale), const(node.offset)
    return [hls.normalise(node.name, reads[0].layer, scale, offset, values.fmt)]


RULES: HlsRules = {Dense: _dense, BatchNorm: _batch_norm}
