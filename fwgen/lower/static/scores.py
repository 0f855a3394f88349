"""Scores: sums of squares and what is added to them, and whether they are above a limit."""

from collections.abc import Sequence

from fwgen.ir.fixed import BIT
from fwgen.ir.nodes import KlDivergence, SquaredError, SumSquares
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.squares import square
from fwgen.lower.circuit.vectors import sum_of_two, terms
from fwgen.lower.circuit.words import Scaled, Word

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
