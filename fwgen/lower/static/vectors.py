"""Operations on vectors as a whole, as circuits."""

from functools import partial

from fwgen.ir.nodes import Add, Concat, Gather, Multiply, Reduce, Reduction, Slice, Subtract
from fwgen.lower.circuit.compare import larger, rows, smaller, tree
from fwgen.lower.circuit.squares import square
from fwgen.lower.circuit.vectors import aligned, sum_of_two, terms
from fwgen.lower.circuit.words import Word
from fwgen.lower.static.site import Ranges, Rule, Rules, Site


def _concat(site: Site, node: Concat) -> list[Word]:
    return [w for part in aligned(site.c, site.reads, site.fracs(node)) for w in part]


def _slice(site: Site, node: Slice) -> list[Word]:
    return list(site.words[node.start : node.stop])


def _sum(site: Site, node: Add | Subtract) -> list[Word]:
    minus = isinstance(node, Subtract)
    pairs = zip(*terms(site.reads, site.fracs(node)), strict=True)
    return [sum_of_two(site.c, f"y{i}", a, b, minus=minus) for i, (a, b) in enumerate(pairs)]


def _multiply(site: Site, node: Multiply) -> list[Word]:
    if node.left == node.right:
        return [square(site.c, f"y{i}", x) for i, x in enumerate(site.words)]
    pairs = zip(*site.reads, strict=True)
    return [site.c.multiply(f"y{i}", a, b) for i, (a, b) in enumerate(pairs)]


def _gather(site: Site, node: Gather) -> list[Word]:
    return [site.words[i] for i in node.indices]


_OF_TWO = {Reduction.MAX: larger, Reduction.MIN: smaller}


def _reduce(site: Site, node: Reduce) -> list[Word]:
    """A balanced tree for each element of the result."""
    of_two = _OF_TWO[node.function]

    every = enumerate(rows(site.words, node.count))
    return [tree(f"y{i}", row, partial(of_two, site.c)) for i, row in every]


def _about_reduce(node: Reduce, ranges: Ranges) -> str:
    size = len(ranges[node.name])
    each = "" if size == 1 else f", {size} times"
    return f"{node.function} of {node.count} elements of '{node.source}'{each}"


RULES: Rules = {
    Concat: Rule(_concat),
    Slice: Rule(_slice),
    Add: Rule(_sum),
    Subtract: Rule(_sum),
    Multiply: Rule(_multiply),
    Gather: Rule(_gather),
    Reduce: Rule(_reduce, _about_reduce),
}
