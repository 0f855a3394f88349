"""Operations that make one element of many, as circuits: trees of comparisons."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from fwgen.ir.nodes import BIT, Reduce, Reduction
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Scaled, Word
from fwgen.lower.static.site import Ranges, Rule, Rules, Site


def below(c: Circuit, name: str, a: Word, b: Word) -> Word:
    """``a < b``: the sign of their difference."""
    if a.hi < b.lo or a.lo >= b.hi:
        return c.constant(int(a.hi < b.lo))
    apart = c.whole(f"{name}_apart", c.combine(f"{name}_apart", Scaled(a), Scaled(b, minus=True)))
    return c.wrap(f"{name}_below", c.floor(f"{name}_sign", apart, apart.width - 1), BIT)


def _larger(c: Circuit, name: str, a: Word, b: Word) -> Word:
    found = c.select(name, below(c, name, a, b), b, a)
    return c.narrow(f"{name}_exact", found, max(a.lo, b.lo), max(a.hi, b.hi))


def _smaller(c: Circuit, name: str, a: Word, b: Word) -> Word:
    found = c.select(name, below(c, name, a, b), a, b)
    return c.narrow(f"{name}_exact", found, min(a.lo, b.lo), min(a.hi, b.hi))


_OF_TWO = {Reduction.MAX: _larger, Reduction.MIN: _smaller}


def rows(words: Sequence[Word], count: int) -> list[list[Word]]:
    """Words of ``count`` elements that follow one another, row by row."""
    return [list(words[k : k + count]) for k in range(0, len(words), count)]


T = TypeVar("T")


def tree(name: str, row: Sequence[T], of_two: Callable[[str, T, T], T]) -> T:
    """What is left when neighbours are joined two by two, level by level."""
    level = 0
    while len(row) > 1:
        pairs = enumerate(zip(row[::2], row[1::2], strict=False))
        left = list(row[-1:]) if len(row) % 2 else []
        row = [*(of_two(f"{name}_{level}_{k}", a, b) for k, (a, b) in pairs), *left]
        level += 1
    return row[0]


def _reduce(site: Site, node: Reduce) -> list[Word]:
    """A balanced tree for each element of the result."""
    of_two = _OF_TWO[node.function]

    every = enumerate(rows(site.words, node.count))
    return [tree(f"y{i}", row, partial(of_two, site.c)) for i, row in every]


def _about(node: Reduce, ranges: Ranges) -> str:
    size = len(ranges[node.name])
    each = "" if size == 1 else f", {size} times"
    return f"{node.function} of {node.count} elements of '{node.source}'{each}"


RULES: Rules = {Reduce: Rule(_reduce, _about)}
