"""What the rules of several operations share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fwgen.hls import layers as hls
from fwgen.hls.layers import HlsLayer, Operand
from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Const, Node
from fwgen.ir.ranges import Range

HlsRule = Callable[[Any, Sequence[Operand], Range], list[HlsLayer]]
"""From a node, an operand for each source and the node's bounds to layers; the last has its name.

Steps on the way are called ``<name>__<what>``, as no layer of a model may be.
"""
HlsRules = Mapping[type[Node], HlsRule]
Outside = Mapping[type[Node], str]
"""Operations that hls4ml cannot give exactly, each with the reason."""

SPIKING = "part of the spiking network"


def chain(name: str, parts: Sequence[Operand]) -> tuple[list[HlsLayer], Operand]:
    """Vectors one after the other, two at a time, since hls4ml joins two; the last has the name."""
    steps, out = [], parts[0]
    for k, part in enumerate(parts[1:], 1):
        last = k == len(parts) - 1
        step, out = hls.concatenate(name if last else f"{name}__{k}", out, part)
        steps.append(step)
    return steps, out


def sums(
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


def integers(values: Any, frac: int) -> Const:
    """Integers in the narrowest format that holds them."""
    grid: Ints = np.vectorize(int, otypes=[object])(values)
    return Const(grid, Fixed.holding(int(grid.min()), int(grid.max()), frac))


def chosen(name: str, read: Operand, places: "np.ndarray[Any, Any]", values: Range) -> HlsLayer:
    """Elements of one vector by their places: a matrix with one 1 in each row."""
    ones = places[:, None] == np.arange(len(read.values))
    nothing = integers(np.zeros(len(places)), values.frac)
    return sums(name, read, integers(ones, 0), nothing, values)
