"""Scores of an event, and the decision on them."""

from dataclasses import dataclass, field
from typing import ClassVar

from fwgen.ir.node import PARAMETER, SOURCE, Node, Pair, Param, Unary
from fwgen.ir.shape import (
    Earlier,
    Shape,
    ShapeRules,
    misfit,
    parameters_fit,
    same_dims,
    static,
    vector,
)


@dataclass(frozen=True, slots=True, eq=False)
class SquaredError(Pair):
    """``sum_i (a_i - b_i)**2`` of two vectors, exact; a score of one element."""

    op: ClassVar[str] = "squared_error"


@dataclass(frozen=True, slots=True, eq=False)
class SumSquares(Unary):
    """``sum_i x_i**2``, exact; a score of one element.

    Of the means of a variational autoencoder it is the "clipped KL" score, arXiv:2108.03986.
    """

    op: ClassVar[str] = "sum_squares"


@dataclass(frozen=True, slots=True, eq=False)
class KlDivergence(Node):
    """``1/2 * sum_i (mean_i**2 + variance_i - 1 - log_variance_i)``, exact; one element.

    The Kullback-Leibler divergence of a diagonal normal distribution from the standard one
    (Kingma and Welling, arXiv:1312.6114, appendix B); the variance comes from a `Table` of exp.
    """

    op: ClassVar[str] = "kl_divergence"
    mean: str = field(metadata=SOURCE)
    log_variance: str = field(metadata=SOURCE)
    variance: str = field(metadata=SOURCE)


@dataclass(frozen=True, slots=True, eq=False)
class ArgMax(Unary):
    """Index, from 0, of the largest element along the last axis; the lowest of several.

    ``count`` is the length of that axis, which the result does not have; of a vector one index.
    """

    op: ClassVar[str] = "argmax"
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Threshold(Unary):
    """1 where the source is strictly greater than ``value``, 0 elsewhere.

    ``value`` has shape (), or (channels,) with one number a channel.
    """

    op: ClassVar[str] = "threshold"
    value: Param = field(metadata=PARAMETER)


def _score(node: SquaredError | KlDivergence, known: Earlier) -> Shape:
    same_dims(node, known)
    return static(node, vector(1), known)


def _sum_squares(node: SumSquares, known: Earlier) -> Shape:
    return static(node, vector(1), known)


def _argmax(node: ArgMax, known: Earlier) -> Shape:
    source = known.source(node)
    if node.count != source.channels:
        raise misfit(node, f"a count of {source.channels}, the last axis", f"{node.count}")
    return static(node, Shape(source.dims[:-1] or (1,), temporal=False), known)


def _threshold(node: Threshold, known: Earlier) -> Shape:
    return parameters_fit(node, known.source(node), {"value": node.value}, shared=True)


SHAPES: ShapeRules = {
    SquaredError: _score,
    SumSquares: _sum_squares,
    KlDivergence: _score,
    ArgMax: _argmax,
    Threshold: _threshold,
}
NODES: tuple[type[Node], ...] = tuple(SHAPES)
