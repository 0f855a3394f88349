"""Operations on vectors as a whole, as circuits."""

from fwgen.ir.nodes import Add, Concat, Gather, Multiply, Slice, Subtract
from fwgen.lower.circuit.squares import square
from fwgen.lower.circuit.vectors import aligned, sum_of_two, terms
from fwgen.lower.circuit.words import Word
from fwgen.lower.static.site import Rule, Rules, Site


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


RULES: Rules = {
    Concat: Rule(_concat),
    Slice: Rule(_slice),
    Add: Rule(_sum),
    Subtract: Rule(_sum),
    Multiply: Rule(_multiply),
    Gather: Rule(_gather),
}
