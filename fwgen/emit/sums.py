"""Weighted sums in the words of a comment."""

from collections.abc import Iterator

from fwgen.emit.layout import wrapped_terms
from fwgen.lower.circuit.sums import Sums


def sums_text(sums: Sums | None) -> list[str]:
    """Comment lines: the unit, then the weights and the constant of each sum; none without sums."""
    if sums is None:
        return []
    named = " and ".join(f"{part.letter} the elements of {part.port}" for part in sums.parts)
    lines = [f"// In units of 2**{-sums.frac}, {named}:"]
    for row in range(len(sums.bias)):
        terms = list(_terms(sums, row)) or ["0"]
        lines += wrapped_terms("//   ", f"{sums.what}{row}:", terms)
    return lines


def _terms(sums: Sums, row: int) -> Iterator[str]:
    for part in sums.parts:
        weights = enumerate(part.weight[row].tolist())
        yield from (f"{weight:+d} {part.letter}{i}" for i, weight in weights if weight)
    if sums.bias[row]:
        yield f"{sums.bias[row]:+d}"
