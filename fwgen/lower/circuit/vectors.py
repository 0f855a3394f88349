"""Words of several vectors, brought to one grid."""

from collections.abc import Sequence

from fwgen.ir.ranges import Range, ints
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Scaled, Word


def terms(sources: Sequence[Sequence[Word]], fracs: Sequence[int]) -> list[list[Scaled]]:
    """The sources as terms on the finest of their grids."""
    finest = max(fracs)
    return [
        [Scaled(word, finest - frac) for word in part]
        for part, frac in zip(sources, fracs, strict=True)
    ]


def aligned(
    c: Circuit, sources: Sequence[Sequence[Word]], fracs: Sequence[int]
) -> list[list[Word]]:
    """The sources as words on the finest of their grids."""
    return [
        [c.whole(f"x{p}_{i}_lift", term) for i, term in enumerate(part)]
        for p, part in enumerate(terms(sources, fracs))
    ]


def sum_of_two(c: Circuit, name: str, a: Scaled, b: Scaled, *, minus: bool) -> Word:
    """The sum of two terms, or their difference."""
    return c.whole(name, c.combine(name, a, b._replace(minus=minus)))


def bounds_of(words: Sequence[Word], frac: int) -> Range:
    """The bounds of words as a range."""
    return Range(ints([w.lo for w in words]), ints([w.hi for w in words]), frac)
