"""Nodes of an integer graph as layers of hls4ml that give the same integers: one rule a node."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fwgen.errors import FormatError, LoweringError
from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.ir.cast import Ints, overflow
from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.nodes import (
    Add,
    BatchNorm,
    Concat,
    Const,
    Dense,
    KlDivergence,
    LeakyRelu,
    Multiply,
    Node,
    Pair,
    Quantise,
    Relu,
    Slice,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.ir.ranges import Range, address_bits, const, floor_to
from fwgen.quantise.accumulator import check_accumulator
from fwgen.quantise.bounds import aligned

_Rule = Callable[[Any, Sequence[Operand], Range], list[HlsLayer]]


def layers_of(node: Node, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    """The layers that give a node's integers; the last one bears its name.

    Steps on the way are called ``<name>__<what>``, as no layer of a model may be.

    Parameters
    ----------
    reads
        One operand for each of the node's sources.
    values
        Bounds of the node.

    Raises
    ------
    LoweringError
        If hls4ml would wrap a parameter around, or change a sum, in silence.
    """
    return [hls.check_parameters(node, layer) for layer in RULES[type(node)](node, reads, values)]


def _quantise(node: Quantise, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    read, size = reads[0], len(values)
    dropped = read.fmt.frac - node.fmt.frac
    if dropped <= read.fmt.width:
        return [hls.linear(node.name, read.layer, size, node.fmt)]
    # ap_fixed reads the highest bit that it drops, and stops where the source has no such bit
    wide = Fixed(read.fmt.signed, dropped, dropped - read.fmt.frac)
    step = hls.linear(f"{node.name}__wide", read.layer, size, wide)
    return [step, hls.linear(node.name, step.name, size, node.fmt)]


def _dense(node: Dense, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    try:
        check_accumulator(node, reads[0].values)
    except FormatError as error:
        raise LoweringError(
            error.where, needed=error.needed, found=error.found, do=error.do
        ) from None
    weight, bias = const(node.weight), const(node.bias)
    return [_sums(node.name, reads[0], weight, bias, values, node.accumulator)]


def _batch_norm(node: BatchNorm, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    scale, offset = const(node.scale), const(node.offset)
    return [hls.normalise(node.name, reads[0].layer, scale, offset, values.fmt)]


def _relu(node: Relu, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    return [hls.relu(node.name, reads[0].layer, len(values), values.fmt)]


def _leaky_relu(node: LeakyRelu, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    alpha = const(node.alpha)
    each = Const(np.broadcast_to(alpha.values, (len(values),)), alpha.fmt)
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


def _concat(node: Concat, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    if len(reads) == 1:
        return [hls.linear(node.name, reads[0].layer, len(values), values.fmt)]
    return _chain(node.name, reads)[0]


def _slice(node: Slice, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    chosen = np.arange(node.start, node.stop)[:, None] == np.arange(len(reads[0].values))
    nothing = _ints(np.zeros(len(values)), values.frac)
    return [_sums(node.name, reads[0], _ints(chosen, 0), nothing, values)]


def _pair(node: Pair, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    left, right = (read.layer for read in reads)
    return [hls.merge(node.name, node.op, left, right, len(values), values.fmt)]


def _squared_error(node: SquaredError, reads: Sequence[Operand], _: Range) -> list[HlsLayer]:
    left, right = reads
    a, b = aligned([left.values, right.values])
    values = Range(a.lo - b.hi, a.hi - b.lo, a.frac)
    apart = Operand.of(f"{node.name}__difference", values)
    first = hls.merge(apart.layer, "subtract", left.layer, right.layer, len(values), apart.fmt)
    return [first, hls.square_sum(node.name, apart)[0]]


def _sum_squares(node: SumSquares, reads: Sequence[Operand], _: Range) -> list[HlsLayer]:
    return [hls.square_sum(node.name, reads[0])[0]]


def _kl_divergence(node: KlDivergence, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    """``1/2 * (sum mean**2 + sum variance - sum log_variance - size)``: a dense layer sums up."""
    mean, log_variance, variance = reads
    first, squares = hls.square_sum(f"{node.name}__squares", mean)
    steps, terms = _chain(f"{node.name}__terms", [squares, variance, log_variance])
    size = len(mean.values)
    halves = _ints([[1] * (1 + size) + [-1] * size], 1)
    return [first, *steps, _sums(node.name, terms, halves, _ints([-size], 1), values)]


def _threshold(node: Threshold, reads: Sequence[Operand], values: Range) -> list[HlsLayer]:
    """``x > value`` is, in integers, ``x - floor(value)`` clipped to 0..1: SAT does it."""
    read = reads[0].values
    limit = np.broadcast_to(floor_to(const(node.value), read.frac), (len(values),))
    limit = np.clip(limit, read.lo - 1, read.hi)  # beyond these nothing changes
    ones = Const(np.full(len(values), 1, dtype=object), Fixed(False, 1, 1 + read.frac))
    clipped = Fixed(False, 1, 1, overflow=Overflow.SAT)
    return [hls.normalise(node.name, reads[0].layer, ones, _ints(-limit, 0), clipped)]


RULES: Mapping[type[Node], _Rule] = {
    Quantise: _quantise,
    Dense: _dense,
    BatchNorm: _batch_norm,
    Relu: _relu,
    LeakyRelu: _leaky_relu,
    Table: _table,
    Concat: _concat,
    Slice: _slice,
    Add: _pair,
    Subtract: _pair,
    Multiply: _pair,
    SquaredError: _squared_error,
    SumSquares: _sum_squares,
    KlDivergence: _kl_divergence,
    Threshold: _threshold,
}


# ---- parts they share ----


def _chain(name: str, parts: Sequence[Operand]) -> tuple[list[HlsLayer], Operand]:
    """Vectors behind one another, two at a time, since hls4ml joins two; the last has the name."""
    steps, out = [], parts[0]
    for k, part in enumerate(parts[1:], 1):
        last = k == len(parts) - 1
        step, out = hls.concatenate(name if last else f"{name}__{k}", out, part)
        steps.append(step)
    return steps, out


def _sums(
    name: str,
    read: Operand,
    weight: Const,
    bias: Const,
    values: Range,
    accumulator: Fixed | None = None,
) -> HlsLayer:
    """A dense layer; without a declared accumulator, one that holds every partial sum."""
    if accumulator is None:
        bound = hls.partial_sums(weight, bias, read.values, values.frac)
        accumulator = Fixed.holding(-bound, bound, values.frac)
    return hls.affine(name, read.layer, weight, bias, accumulator, values.fmt)


def _ints(values: Any, frac: int) -> Const:
    """Integers in the narrowest format that holds them."""
    grid: Ints = np.vectorize(int, otypes=[object])(values)
    return Const(grid, Fixed.holding(int(grid.min()), int(grid.max()), frac))
