"""What the rules of the range analysis share: what is known so far, and bounds of conversions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fwgen.ir.cast import Ints, cast
from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.nodes import Node
from fwgen.ir.ranges import Conversion, LifRange, Range, filled
from fwgen.ir.shapes import Shape


@dataclass(slots=True)
class Analysis:
    """Everything the range analysis knows, by node name.

    ``currents`` are what membranes see. The integrators of a `CubaLif` stand under their own name.
    """

    values: dict[str, Range] = field(default_factory=dict)
    lifs: dict[str, LifRange] = field(default_factory=dict)
    currents: dict[str, Range] = field(default_factory=dict)
    conversions: list[Conversion] = field(default_factory=list)
    peak: int = 1  # largest magnitude of any intermediate, for the choice of integer type

    def note(self, *peaks: int) -> None:
        """Remember the magnitude of intermediates."""
        self.peak = max(self.peak, *peaks)


@dataclass(frozen=True, slots=True)
class Walk:
    """The analysis on its way through a graph of ``steps`` time steps."""

    analysis: Analysis
    steps: int

    def value(self, node: Node) -> Range:
        """Bounds of a node's first source."""
        return self.analysis.values[node.sources[0]]

    def values(self, node: Node) -> list[Range]:
        """Bounds of a node's sources."""
        return [self.analysis.values[name] for name in node.sources]

    def terms(self, node: Node) -> list[Range]:
        """Bounds of a node's sources on their finest grid; sums of up to three are noted."""
        terms = aligned(self.values(node))
        # whatever their order: below 2**3 of the largest together
        self.note(*(t.peak for t in terms), 2 * max(t.peak for t in terms))
        return terms

    def note(self, *peaks: int) -> None:
        """Remember the magnitude of intermediates."""
        self.analysis.note(*peaks)

    def converted(self, node: Node, needed: Range, fmt: Fixed, what: str = "value") -> Range:
        """Bounds after a conversion that must hold ``needed``, which is noted."""
        self.analysis.conversions.append(Conversion(node.name, what, fmt, needed))
        self.note(needed.peak)
        return _convert(needed, fmt)


def as_it_is(node: Any, _walk: Walk) -> Any:
    """The rule of operations without parameters: nothing is to be fixed."""
    return node


@dataclass(frozen=True, slots=True)
class Rule:
    """What the quantise stage knows of an operation.

    ``bounds`` gives the exact bounds of its value from those of its sources; ``fix`` makes its
    parameters integers and decides every open format.
    """

    bounds: Callable[[Any, Walk], Range]
    fix: Callable[[Any, Walk], Any] = as_it_is


Rules = Mapping[type[Node], Rule]

Expansion = Callable[[Any, Shape], list[Node]]
"""From a composite and the shape of its source to the nodes in its place.

The last bears the composite's name; the others are called ``<name>__<what>``, as no layer of a
model may be.
"""
Expansions = Mapping[type[Node], Expansion]


def aligned(ranges: Sequence[Range]) -> list[Range]:
    """Bounds brought to the finest of their grids."""
    frac = max(r.frac for r in ranges)
    return [Range(r.lo << (frac - r.frac), r.hi << (frac - r.frac), frac) for r in ranges]


def each_channel(parameter: Ints, size: int) -> Ints:
    """One number an element, of a parameter with one for all, or one for each channel."""
    values = np.ravel(parameter)
    return np.tile(values, size // len(values))


def full(fmt: Fixed, size: int) -> Range:
    """The whole range of a format."""
    return Range(filled(fmt.lo, size), filled(fmt.hi, size), fmt.frac)


def _convert(needed: Range, fmt: Fixed) -> Range:
    """Bounds after the overflow mode of ``fmt`` has acted on values on its grid."""
    if fmt.holds(min(needed.lo), max(needed.hi)):
        return needed
    if fmt.overflow in {Overflow.SAT, Overflow.SAT_SYM}:
        return Range(cast(needed.lo, fmt.frac, fmt), cast(needed.hi, fmt.frac, fmt), fmt.frac)
    return full(fmt, len(needed))


def squares(source: Range) -> Range:
    """``x**2``."""
    far = np.maximum(np.abs(source.lo), np.abs(source.hi))
    near = np.minimum(np.abs(source.lo), np.abs(source.hi))
    near = np.where((source.lo <= 0) & (source.hi >= 0), 0, near)
    return Range(near * near, far * far, 2 * source.frac)


def total(terms: Range) -> Range:
    """The sum of all elements, as one."""
    return Range(filled(sum(terms.lo), 1), filled(sum(terms.hi), 1), terms.frac)
