"""Constant matrices, and the normalisations that follow them."""

from dataclasses import dataclass, field
from typing import ClassVar

from fwgen.ir.fixed import Fixed
from fwgen.ir.node import FORMAT, OPTIONAL, PARAMETER, Node, Param, Unary
from fwgen.ir.shape import MAX_ELEMENTS, Earlier, Shape, ShapeRules, misfit, parameters_fit


@dataclass(frozen=True, slots=True, eq=False)
class Dense(Unary):
    """``y = W x + b``, exact. ``weight`` has shape (outputs, inputs), ``bias`` (outputs,).

    x is the last axis of the source: at each position of the others the same matrix acts.

    ``accumulator`` is the type that the sums are declared to have, None for one as wide as needed.
    It never changes the result: one that could is refused by the range analysis.
    """

    op: ClassVar[str] = "dense"
    weight: Param = field(metadata=PARAMETER)
    bias: Param = field(metadata=PARAMETER)
    accumulator: Fixed | None = field(default=None, metadata={**FORMAT, **OPTIONAL})


@dataclass(frozen=True, slots=True, eq=False)
class BatchNorm(Unary):
    """``y_i = scale_i * x_i + offset_i``, exact; both of shape (channels,).

    Batch normalisation in inference: ``scale = gamma / sqrt(variance + epsilon)`` and
    ``offset = beta - mean * scale``.
    """

    op: ClassVar[str] = "batch_norm"
    scale: Param = field(metadata=PARAMETER)
    offset: Param = field(metadata=PARAMETER)


def _dense(node: Dense, known: Earlier) -> Shape:
    source = known.source(node)
    inputs = source.channels
    if len(node.weight.shape) != 2 or node.weight.shape[1] != inputs:  # noqa: PLR2004 - a matrix
        has = f"element{'s' if inputs > 1 else ''}"
        if len(source.dims) > 1:
            has = f"channel{'s' if inputs > 1 else ''} (its shape is {source.text})"
        raise misfit(
            node,
            f"a weight of shape (outputs, {inputs}), since '{node.source}' has {inputs} {has}",
            f"shape {node.weight.shape}" + _transposed(node.weight.shape, inputs),
        )
    outputs = int(node.weight.shape[0])
    if node.bias.shape != (outputs,):
        raise misfit(node, f"a bias of shape ({outputs},)", f"shape {node.bias.shape}")
    shape = Shape((*source.dims[:-1], outputs), source.temporal)
    if shape.size > MAX_ELEMENTS:
        raise misfit(
            node, f"at most {MAX_ELEMENTS:,} elements", f"{shape.size:,}, of shape {shape.text}"
        )
    return shape


def _transposed(shape: tuple[int, ...], inputs: int) -> str:
    if len(shape) == 2 and shape[0] == inputs:  # noqa: PLR2004 - a matrix
        return ", which looks transposed (Keras stores inputs first)"
    return ""


def _batch_norm(node: BatchNorm, known: Earlier) -> Shape:
    params = {"scale": node.scale, "offset": node.offset}
    return parameters_fit(node, known.source(node), params, shared=False)


NODES: tuple[type[Node], ...] = (Dense, BatchNorm)
SHAPES: ShapeRules = {Dense: _dense, BatchNorm: _batch_norm}
