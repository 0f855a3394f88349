"""Encoders: numbers that exist once per event become spikes."""

from dataclasses import dataclass
from typing import ClassVar

from fwgen.ir.node import Node, Unary
from fwgen.ir.shape import Earlier, Shape, ShapeRules, one_axis, static, vector


@dataclass(frozen=True, slots=True, eq=False)
class LatencyEncoder(Unary):
    """One spike for each number x from 0 to 1, in a run of all time steps: the larger, the earlier.

    It comes in the step of index ``round((steps - 1) * (1 - x))``, from 0, halves to even. With
    ``silent_zero`` there is none for 0.
    """

    op: ClassVar[str] = "latency_encoder"
    silent_zero: bool


def _latency_encoder(node: LatencyEncoder, known: Earlier) -> Shape:
    return static(node, vector(one_axis(node, known), temporal=True), known)


NODES: tuple[type[Node], ...] = (LatencyEncoder,)
SHAPES: ShapeRules = {LatencyEncoder: _latency_encoder}
