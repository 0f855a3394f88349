"""The event, and the conversion to a number format."""

from dataclasses import dataclass, field
from typing import ClassVar

from fwgen.ir.fixed import BIT, Fixed
from fwgen.ir.node import SWITCH, VALUE_FORMAT, Node, Unary
from fwgen.ir.shape import MAX_ELEMENTS, Earlier, Shape, ShapeRules, misfit, vector


@dataclass(frozen=True, slots=True, eq=False)
class Input(Node):
    """The event: a vector of ``size`` numbers in format ``fmt``, the same at every time step.

    With ``spikes`` it is that many bits for each time step; ``fmt`` is then `BIT`.
    """

    op: ClassVar[str] = "input"
    size: int
    fmt: Fixed
    spikes: bool = field(default=False, metadata=SWITCH)

    def elements(self, steps: int) -> int:
        """Numbers of an event of so many time steps."""
        return self.size * steps if self.spikes else self.size


@dataclass(frozen=True, slots=True, eq=False)
class Quantise(Unary):
    """Element-wise conversion to ``fmt`` with its rounding and overflow modes."""

    op: ClassVar[str] = "quantise"
    fmt: Fixed = field(metadata=VALUE_FORMAT)


def _input(node: Input, _known: Earlier) -> Shape:
    return vector(node.size, temporal=node.spikes)


def as_source(node: Unary, known: Earlier) -> Shape:
    """The rule of operations whose value has the shape of what they read."""
    return known.source(node)


def check_input(node: Input, steps: int) -> None:
    """Refuse spikes that are no bits, or too many of them.

    Raises
    ------
    GraphError
        The message names the input.
    """
    if node.spikes and node.fmt != BIT:
        raise misfit(node, f"spikes in the format {BIT}", f"{node.fmt}")
    if node.spikes and node.elements(steps) > MAX_ELEMENTS:
        found = f"{steps} time steps of {node.size:,}"
        raise misfit(node, f"at most {MAX_ELEMENTS:,} spikes an event", found)


NODES: tuple[type[Node], ...] = (Input, Quantise)
SHAPES: ShapeRules = {Input: _input, Quantise: as_source}
