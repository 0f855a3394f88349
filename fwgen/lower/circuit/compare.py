"""Comparisons of two words, and trees of what joins two."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from fwgen.ir.fixed import BIT
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Scaled, Word

T = TypeVar("T")


def below(c: Circuit, name: str, a: Word, b: Word) -> Word:
    """``a < b``: the sign of their difference."""
    if a.hi < b.lo or a.lo >= b.hi:
        return c.constant(int(a.hi < b.lo))
    apart = c.whole(f"{name}_apart", c.combine(f"{name}_apart", Scaled(a), Scaled(b, minus=True)))
    return c.wrap(f"{name}_below", c.floor(f"{name}_sign", apart, apart.width - 1), BIT)


def larger(c: Circuit, name: str, a: Word, b: Word) -> Word:
    """The larger of two words."""
    found = c.select(name, below(c, name, a, b), b, a)
    return c.narrow(f"{name}_exact", found, max(a.lo, b.lo), max(a.hi, b.hi))


def smaller(c: Circuit, name: str, a: Word, b: Word) -> Word:
    """The smaller of two words."""
    found = c.select(name, below(c, name, a, b), a, b)
    return c.narrow(f"{name}_exact", found, min(a.lo, b.lo), min(a.hi, b.hi))


def tree(name: str, row: Sequence[T], of_two: Callable[[str, T, T], T]) -> T:
    """What is left when neighbours are joined two by two, level by level."""
    level = 0
    while len(row) > 1:
        pairs = enumerate(zip(row[::2], row[1::2], strict=False))
        left = list(row[-1:]) if len(row) % 2 else []
        row = [*(of_two(f"{name}_{level}_{k}", a, b) for k, (a, b) in pairs), *left]
        level += 1
    return row[0]


def rows(words: Sequence[Word], count: int) -> list[list[Word]]:
    """Words of ``count`` elements that follow one another, row by row."""
    return [list(words[k : k + count]) for k in range(0, len(words), count)]
