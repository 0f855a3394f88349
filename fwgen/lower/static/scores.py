"""Scores: sums of squares and what is added to them, and whether they are above a limit."""

from collections.abc import Sequence
from typing import NamedTuple

from fwgen.ir.fixed import BIT
from fwgen.ir.nodes import ArgMax, KlDivergence, SquaredError, SumSquares, Threshold
from fwgen.ir.ranges import const, floor_to
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.compare import below, rows, tree
from fwgen.lower.circuit.squares import square
from fwgen.lower.circuit.vectors import sum_of_two, terms
from fwgen.lower.circuit.words import Scaled, Word
from fwgen.lower.static.site import Ranges, Rule, Rules, Site
from fwgen.quantise.bounds import each_channel

Score = SquaredError | SumSquares | KlDivergence


def score_terms(
    c: Circuit, node: Score, sources: Sequence[Sequence[Word]], fracs: Sequence[int]
) -> list[Scaled]:
    """The terms of a score's exact sum: squares, and for the divergence what is added to them."""
    match node:
        case SquaredError():
            pairs = enumerate(zip(*terms(sources, fracs), strict=True))
            roots = [sum_of_two(c, f"d{i}", a, b, minus=True) for i, (a, b) in pairs]
        case _:
            roots = list(sources[0])
    found = [Scaled(square(c, f"d{i}_squared", root)) for i, root in enumerate(roots)]
    if isinstance(node, KlDivergence):
        grids = (2 * fracs[0], fracs[1], fracs[2])
        frac = max(*grids, 0)
        found = [t._replace(exp=frac - grids[0]) for t in found]
        found += [Scaled(w, frac - grids[1], minus=True) for w in sources[1]]
        found += [Scaled(w, frac - grids[2]) for w in sources[2]]
        found.append(Scaled(c.constant(-len(roots) << frac)))
    return found


def decision(c: Circuit, name: str, found: Sequence[Scaled], limit: int) -> Word:
    """Whether the sum of the terms is above a limit: the sign of the limit minus all of them.

    The limit meets the term that is there first, so that the bit comes with the score and not a
    comparison later. All additions that the score has as well are shared.
    """
    first, *rest = [t._replace(minus=not t.minus) for t in c.in_order(found)]
    left = c.combine(f"{name}_limit", Scaled(c.constant(limit)), first)
    margin = c.whole(f"{name}_margin", c.tree(name, [left, *rest]))
    if margin.lo >= 0 or margin.hi < 0:
        return c.constant(int(margin.hi < 0))
    return c.wrap(name, c.floor(f"{name}_sign", margin, margin.width - 1), BIT)


def _score(site: Site, node: Score) -> list[Word]:
    found = score_terms(site.c, node, site.reads, site.fracs(node))
    return [site.c.whole("score", site.c.sum("score", found))]


def _about_score(node: Score, ranges: Ranges) -> str:
    return f"{node.op} of {len(ranges[node.sources[0]])} elements, exact"


class _Candidate(NamedTuple):
    value: Word
    place: Word


def _argmax(site: Site, node: ArgMax) -> list[Word]:
    """A balanced tree of pairs: the right one wins only where it is larger."""
    c = site.c

    def winner(name: str, a: _Candidate, b: _Candidate) -> _Candidate:
        right = below(c, name, a.value, b.value)
        value = c.narrow(
            f"{name}_exact",
            c.select(name, right, b.value, a.value),
            max(a.value.lo, b.value.lo),
            max(a.value.hi, b.value.hi),
        )
        return _Candidate(value, c.select(f"{name}_index", right, b.place, a.place))

    known, found = site.ranges[node.name], []
    for i, row in enumerate(rows(site.words, node.count)):
        candidates = [_Candidate(w, c.constant(k)) for k, w in enumerate(row)]
        place = tree(f"y{i}", candidates, winner).place
        found.append(c.narrow(f"y{i}_known", place, int(known.lo[i]), int(known.hi[i])))
    return found


def _about_argmax(node: ArgMax, _ranges: Ranges) -> str:
    return f"index of the largest of {node.count} elements of '{node.source}', the lowest if equal"


def _threshold(site: Site, node: Threshold) -> list[Word]:
    x = site.words
    limits = each_channel(floor_to(const(node.value), site.source(node).frac), len(x))
    rows = enumerate(zip(x, limits, strict=True))
    return [site.c.above(f"above_{i}", w, int(limit)) for i, (w, limit) in rows]


def _about_threshold(node: Threshold, _ranges: Ranges) -> str:
    return f"threshold: 1 where '{node.source}' is greater than the constant"


_SCORE = Rule(_score, _about_score)
RULES: Rules = {
    SquaredError: _SCORE,
    SumSquares: _SCORE,
    KlDivergence: _SCORE,
    ArgMax: Rule(_argmax, _about_argmax),
    Threshold: Rule(_threshold, _about_threshold),
}
