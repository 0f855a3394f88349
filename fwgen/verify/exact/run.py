"""One evaluation of an integer graph: what every operation's rule reads, and how it counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fwgen.ir.cast import Ints, overflow
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Node
from fwgen.quantise.analysis import Analysis


@dataclass(slots=True)
class Trace:
    """Values by name.

    ``values[node]`` has shape (events, size), or (steps, events, size) for a node with one value
    per time step. A LIF node's value is its spikes; ``node.membrane`` holds u' likewise.
    ``overflows[node]`` counts the conversions in which the overflow mode acted.
    """

    values: dict[str, Ints] = field(default_factory=dict)
    overflows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """The values so far of one evaluation.

    Every array's last axis is the elements, row by row; int64 or Python integers throughout, as
    ``dtype`` says.
    """

    graph: Graph
    analysis: Analysis
    dtype: Any
    events: Ints
    wrapping: Mapping[str, Fixed]
    trace: Trace = field(default_factory=Trace)

    def values(self, node: Node) -> list[Ints]:
        """The values of a node's sources."""
        return [self.trace.values[name] for name in node.sources]

    def value(self, node: Node) -> Ints:
        """The value of its first source."""
        return self.trace.values[node.sources[0]]

    def frac(self, name: str) -> int:
        """Fraction bits of a value."""
        return self.analysis.values[name].frac

    def fracs(self, node: Node) -> list[int]:
        """Fraction bits of the values of a node's sources."""
        return [self.frac(name) for name in node.sources]

    def aligned(self, node: Node) -> list[Ints]:
        """The values of a node's sources on the finest of their grids."""
        fracs = self.fracs(node)
        finest = max(fracs)
        return [v << (finest - f) for v, f in zip(self.values(node), fracs, strict=True)]

    def ints(self, values: Any) -> Ints:
        """Integers or truth values in the integer type in use."""
        return np.asarray(values).astype(self.dtype)

    def counted(self, exact: Ints, fmt: Fixed, name: str) -> Ints:
        """The overflow mode of a format at work; how often it acted is noted under ``name``."""
        result = overflow(exact, fmt).astype(exact.dtype)  # bounds have chosen the type
        acted = int(np.count_nonzero(result != exact))
        self.trace.overflows[name] = self.trace.overflows.get(name, 0) + acted
        return result


ExactRule = Callable[[Run, Any], Ints]
"""From the values so far and a node to the node's exact value."""
ExactRules = Mapping[type[Node], ExactRule]


def total(terms: Any) -> Ints:
    """The sum of all elements, as one."""
    return np.asarray(terms.sum(axis=-1, keepdims=True))


def by_channel(values: Ints, channels: int) -> Ints:
    """The last axis, row by row, as (positions, channels)."""
    return values.reshape(*values.shape[:-1], -1, channels)


def flat(values: Ints, *, axes: int = 2) -> Ints:
    """The last ``axes`` axes as one again."""
    return values.reshape(*values.shape[:-axes], -1)


def by_step(events: Any, graph: Graph) -> Any:
    """Rows of spikes as (steps, events, size); other events as they are."""
    if not graph.input.spikes:
        return events
    return np.moveaxis(events.reshape(len(events), *graph.event_shape), 1, 0)
