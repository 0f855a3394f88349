"""Layers of an hls4ml project, each with every type and number given.

What a layer computes was read from hls4ml 1.3's ``nnet_utils``. Products, sums and comparisons in
them are exact; values change only where they are assigned to ``accum`` or ``result``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Const, Node
from fwgen.ir.ranges import Range
from fwgen.quantise.bounds import aligned, squares, total

MAX_BITS = 52  # of an integer that passes through hls4ml's doubles unharmed, with a bit to spare


@dataclass(frozen=True, slots=True, eq=False)
class HlsLayer:
    """One layer of an hls4ml project.

    Parameters
    ----------
    kind
        As hls4ml's registry of layers spells it.
    inputs
        Names of the layers that it reads.
    size
        Elements of its value.
    types
        ``result``, and ``accum`` where the kind has one.
    arrays
        Parameters by hls4ml's name, in their own formats; a weight has shape (inputs, outputs).
    options
        hls4ml's further attributes.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    size: int
    types: Mapping[str, Fixed]
    arrays: Mapping[str, Const] = field(default_factory=dict)
    options: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def precision(self) -> dict[str, Fixed]:
        """Every type that the layer has, those of its parameters among them."""
        return {**self.types, **{key: plain(param.fmt) for key, param in self.arrays.items()}}


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """What a layer reads: another layer, its type, and the bounds of its integers."""

    layer: str
    fmt: Fixed
    values: Range

    @classmethod
    def of(cls, layer: str, values: Range) -> "Operand":
        """A layer whose type is the narrowest that holds its values."""
        return cls(layer, values.fmt, values)


def plain(fmt: Fixed) -> Fixed:
    """A type for the same integers, without the modes of a conversion."""
    return Fixed(fmt.signed, fmt.width, fmt.integer)


def source(name: str, size: int, fmt: Fixed) -> HlsLayer:
    """What enters the project from outside."""
    return HlsLayer(name, "Input", (), size, {"result": fmt})


def linear(name: str, read: str, size: int, fmt: Fixed) -> HlsLayer:
    """``res = data``: a conversion to ``fmt``, or a copy."""
    return HlsLayer(
        name, "Activation", (read,), size, {"result": fmt}, options={"activation": "linear"}
    )


def relu(name: str, read: str, size: int, fmt: Fixed) -> HlsLayer:
    """``res = data > 0 ? data : 0``."""
    return HlsLayer(
        name, "Activation", (read,), size, {"result": fmt}, options={"activation": "relu"}
    )


def prelu(name: str, read: str, alpha: Const, fmt: Fixed) -> HlsLayer:
    """``res = data > 0 ? data : alpha * data``; alpha of shape (size,)."""
    return HlsLayer(
        name,
        "PReLU",
        (read,),
        len(alpha.values),
        {"result": fmt},
        {"param": alpha},
        {"activation": "prelu"},
    )


def largest(name: str, read: str, count: int, size: int, fmt: Fixed) -> HlsLayer:
    """``res[j]`` is the largest of ``data[i * size + j]`` for the ``count`` values of i."""
    return HlsLayer(
        name,
        "GlobalMaxPooling1D",
        (read,),
        size,
        {"result": fmt, "accum": fmt},
        options={"n_in": count, "n_filt": size, "data_format": "channels_last"},
    )


def affine(name: str, read: str, weight: Const, bias: Const, accum: Fixed, fmt: Fixed) -> HlsLayer:
    """``acc = bias; acc += weight * data``: the bias and each product are converted to ``accum``.

    ``weight`` has shape (outputs, inputs), as everywhere in fwgen.
    """
    outputs, inputs = weight.shape
    return HlsLayer(
        name,
        "Dense",
        (read,),
        outputs,
        {"result": fmt, "accum": accum},
        {"weight": Const(weight.values.T, weight.fmt), "bias": bias},
        {"n_in": inputs, "n_out": outputs},
    )


def normalise(name: str, read: str, scale: Const, bias: Const, fmt: Fixed) -> HlsLayer:
    """``res = data * scale + bias``, element by element; exact until it is converted to ``fmt``."""
    size = len(scale.values)
    return HlsLayer(
        name,
        "BatchNormalization",
        (read,),
        size,
        {"result": fmt},
        {"scale": scale, "bias": bias},
        {"n_in": size, "n_filt": -1},
    )


def look_up(name: str, read: str, table: Const, size: int, fmt: Fixed) -> HlsLayer:
    """``res = table[data]``: the bits of ``data`` as they stand are the index."""
    return HlsLayer(
        name,
        "UnaryLUT",
        (read,),
        size,
        {"result": fmt},
        {"table": table},
        {"activation": "unary_lut"},
    )


def merge(name: str, op: str, left: str, right: str, size: int, fmt: Fixed) -> HlsLayer:
    """``res = left op right``; ``op`` is add, subtract or multiply."""
    return HlsLayer(name, "Merge", (left, right), size, {"result": fmt}, options={"op": op})


def concatenate(name: str, left: Operand, right: Operand) -> tuple[HlsLayer, Operand]:
    """The elements of one vector, then those of another, on the finer grid of the two."""
    out = Operand.of(name, joined(left.values, right.values))
    options: dict[str, int | str] = {"op": "concatenate1d", "axis": -1}
    reads, size = (left.layer, right.layer), len(out.values)
    return HlsLayer(name, "Concatenate", reads, size, {"result": out.fmt}, options=options), out


def square_sum(name: str, read: Operand) -> tuple[HlsLayer, Operand]:
    """``acc += data * data``, of one element."""
    out = Operand.of(name, total(squares(read.values)))
    types = {"result": out.fmt, "accum": Fixed.holding(0, out.values.hi[0], out.values.frac)}
    reads = (read.layer, read.layer)
    return HlsLayer(name, "Dot", reads, 1, types, options={"op": "dot1d"}), out


# ---- bounds ----


def joined(left: Range, right: Range) -> Range:
    """Bounds of one vector, then of another."""
    a, b = aligned([left, right])
    return Range(np.concatenate([a.lo, b.lo]), np.concatenate([a.hi, b.hi]), a.frac)


def partial_sums(weight: Const, bias: Const, values: Range, frac: int) -> int:
    """Magnitude that no partial sum of a dense layer exceeds, in any order, with ``frac``."""
    w = np.abs(weight.values) << (frac - weight.fmt.frac - values.frac)
    b = np.abs(bias.values) << (frac - bias.fmt.frac)
    return int(max(w @ np.maximum(np.abs(values.lo), np.abs(values.hi)) + b))


# ---- what hls4ml would do in silence ----


def check_parameters(node: Node, layer: HlsLayer) -> HlsLayer:
    """The layer, if every parameter lies in its type: hls4ml wraps one around that does not.

    Raises
    ------
    LoweringError
        With the first that does not.
    """
    for key, param in layer.arrays.items():
        lo, hi = int(param.values.min()), int(param.values.max())
        if not param.fmt.lo <= lo <= hi <= param.fmt.hi:
            raise LoweringError(
                f"layer '{node.name}' ({node.op}): hls4ml's {key}",
                needed=f"integers from {param.fmt.lo} to {param.fmt.hi}, the range of {param.fmt}",
                found=f"{lo if lo < param.fmt.lo else hi}, which hls4ml would wrap around",
                do="Use a wider format.",
            )
    return layer
