"""Functions of each element in hls4ml."""

from collections.abc import Sequence

import numpy as np

from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.hls.rules.common import HlsRules
from fwgen.ir.cast import overflow
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Const, LeakyRelu, Relu, Table
from fwgen.ir.ranges import Range, address_bits, const
from fwgen.quantise.bounds import each_channel


def _relu(node: Relu, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    return [hls.relu(node.name, reads[0].layer, len(values), values.fmt)]


def _leaky_relu(node: LeakyRelu, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    alpha = const(node.alpha)
    each = Const(each_channel(alpha.values, len(values)), alpha.fmt)
    return [hls.prelu(node.name, reads[0].layer, each, values.fmt)]


def _table(node: Table, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    """The bits are the index: not one more than tells the source's values apart."""
    read, steps, table = reads[0], [], const(node.values)
    lo, hi = int(min(read.values.lo)), int(max(read.values.hi))
    index, bits = read.layer, address_bits(lo, hi)
    if (
        read.fmt.width > bits
    ):  # the low bits stay, whatever the others are: a type that wraps around
        index, low = f"{node.name}__index", Fixed(False, bits, bits - read.fmt.frac)
        steps = [hls.linear(index, read.layer, len(values), low)]
    places = (np.arange(1 << bits) - lo % (1 << bits)) % (1 << bits) + lo - int(node.first)
    known = np.minimum(places, len(table.values) - 1)  # the rest cannot occur
    entries = Const(overflow(table.values[known], node.fmt), hls.plain(node.fmt))
    return [*steps, hls.look_up(node.name, index, entries, len(values), values.fmt)]


RULES: HlsRules = {Relu: _relu, LeakyRelu: _leaky_relu, Table: _table}
