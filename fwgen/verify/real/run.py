"""One evaluation of a graph of real numbers: what every operation's rule reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Node, Real
from fwgen.ir.shapes import Shape

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """The values so far, in float64: (events, size), or (steps, events, size)."""

    graph: Graph
    shapes: Mapping[str, Shape]
    events: Floats
    values: dict[str, Floats] = field(default_factory=dict)

    def value(self, node: Node) -> Floats:
        """The value of a node's first source."""
        return self.values[node.sources[0]]

    def shaped(self, node: Node) -> Floats:
        """A node's first source with the axes of its shape, after those of events and steps."""
        x = self.value(node)
        return x.reshape(*x.shape[:-1], *self.shapes[node.sources[0]].dims)

    def flat(self, node: Node, values: Any) -> Floats:
        """What a rule has made with the axes of the node's shape, row by row."""
        axes = len(self.shapes[node.name].dims)
        made: Floats = np.asarray(values)
        return made.reshape(*made.shape[: made.ndim - axes], -1)


RealRule = Callable[[Run, Any], Floats]
"""From the values so far and a node to the node's value."""
RealRules = Mapping[type[Node], RealRule]


def real(param: object) -> Floats:
    """The numbers of a parameter.

    Raises
    ------
    TypeError
        If it is an integer one already.
    """
    if not isinstance(param, Real):
        raise TypeError("the float model works on graphs of real numbers")
    return param.values


def total(terms: Floats) -> Floats:
    """The sum of all elements, as one."""
    return np.asarray(terms.sum(axis=-1, keepdims=True))
