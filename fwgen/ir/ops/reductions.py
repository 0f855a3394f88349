"""Operations that make one element of many, along the last axis."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from fwgen.ir.node import Derived, Node, Unary
from fwgen.ir.shape import Known, Shape, ShapeRules, misfit, static


class Reduction(StrEnum):
    """What is left of the elements along an axis."""

    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True, eq=False)
class Reduce(Unary, Derived):
    """The largest or the smallest of each ``count`` elements that follow one another, exact.

    These are the elements along the last axis, which the result does not have; of a vector it has
    one element.
    """

    op: ClassVar[str] = "reduce"
    function: Reduction
    count: int


def along_last(node: Reduce, known: Known) -> Shape:
    """The rule of operations that take the last axis away."""
    source = known.source(node)
    if node.count != source.channels:
        raise misfit(node, f"a count of {source.channels}, the last axis", f"{node.count}")
    return static(node, Shape(source.dims[:-1] or (1,), temporal=False), known)


NODES: tuple[type[Node], ...] = (Reduce,)
SHAPES: ShapeRules = {Reduce: along_last}
