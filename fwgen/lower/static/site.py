"""Where an operation's circuit is built: the circuit so far, and what is known around it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Node
from fwgen.ir.ranges import Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Word
from fwgen.lower.static.adder_graph import SHALLOW, Variant

Ranges = Mapping[str, Range]


@dataclass(frozen=True, slots=True)
class Site:
    """One node's circuit in the making.

    Parameters
    ----------
    c
        The circuit, whose inputs are there.
    reads
        The words of each source, in the node's order.
    ranges
        Bounds of every value, moved by what it carries.
    accumulator
        Of a dense layer, where its sums wrap around in it.
    lifted
        What a dense layer's sums carry besides their value, and a conversion's source does.
    variant
        Of a dense layer's adder graph.
    """

    c: Circuit
    reads: Sequence[Sequence[Word]]
    ranges: Ranges
    accumulator: Fixed | None = None
    lifted: int = 0
    variant: Variant = SHALLOW

    @property
    def words(self) -> Sequence[Word]:
        """The words of the first source."""
        return self.reads[0]

    def source(self, node: Node) -> Range:
        """Bounds of a node's first source."""
        return self.ranges[node.sources[0]]

    def fracs(self, node: Node) -> list[int]:
        """Fraction bits of a node's sources."""
        return [self.ranges[name].frac for name in node.sources]


def plain(node: Node, ranges: Ranges) -> str:
    """What a block does, in one sentence of the Verilog's comments."""
    size, reads = len(ranges[node.name]), " and ".join(f"'{n}'" for n in node.sources)
    return f"{node.op} of {reads}, {size} element{'s' if size > 1 else ''}"


@dataclass(frozen=True, slots=True)
class Rule:
    """An operation as a circuit: the words of its value, and a sentence about it."""

    words: Callable[[Site, Any], Sequence[Word]]
    about: Callable[[Any, Ranges], str] = plain


Rules = Mapping[type[Node], Rule]
