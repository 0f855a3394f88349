"""Tables become integers: every result that the source can ask for, rounded exactly."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from fwgen.errors import FormatError
from fwgen.ir.cast import Ints, from_real
from fwgen.ir.fixed import MAX_WIDTH, Fixed
from fwgen.ir.nodes import CUSTOM, Const, Real, Table
from fwgen.ir.ranges import Range, filled, ints
from fwgen.quantise.functions import UndefinedError, rounded

MAX_ENTRIES = 1 << 14


def fix_table(node: Table, source: Range) -> Table:
    """The table over all integers that the source can reach, not yet brought into its range.

    Integers between the bounds of different elements, which none of them reaches, have entry 0.

    Raises
    ------
    FormatError
        If there are too many, or the function has no value at one of them; the message names the
        layer and the input.
    """
    if isinstance(node.values, Const):
        return node
    lo, hi = int(min(source.lo)), int(max(source.hi))
    if hi - lo >= MAX_ENTRIES:
        raise FormatError(
            _place(node),
            needed=f"at most {MAX_ENTRIES:,} different inputs, one entry each",
            found=f"{hi - lo + 1:,}, from {_number(lo, source)} to {_number(hi, source)}",
            do="Put a quantise layer with a narrower format in front.",
        )
    asked = _asked(source)
    made = (
        _custom(node, node.values, source, asked)
        if node.function == CUSTOM
        else _known(node, source, asked)
    )
    grid = filled(0, hi - lo + 1)  # what no element asks for stays 0
    grid[[n - lo for n in asked]] = made
    lowest, highest = int(grid.min()), int(grid.max())
    if max(abs(lowest), abs(highest)).bit_length() >= MAX_WIDTH:
        worst = lo + int(np.argmax(np.abs(grid)))
        raise _undefined(node, worst, source)
    return replace(
        node, first=lo, values=Const(grid, Fixed.holding(lowest, highest, node.fmt.frac))
    )


def _asked(source: Range) -> list[int]:
    """Every integer that some element can be, in order: there may be gaps between elements."""
    reached: list[int] = []
    last = int(min(source.lo)) - 1
    for lo, hi in sorted(zip(source.lo.tolist(), source.hi.tolist(), strict=True)):
        reached += range(max(lo, last + 1), hi + 1)
        last = max(last, hi)
    return reached


def _known(node: Table, source: Range, asked: Sequence[int]) -> Ints:
    results = []
    for n in asked:
        x = Fraction(n) / Fraction(2) ** source.frac
        try:
            results.append(rounded(node.function, x, node.fmt.frac, node.fmt.rounding))
        except UndefinedError:
            raise _undefined(node, n, source) from None
    return ints(results)


def _custom(node: Table, values: Any, source: Range, asked: Sequence[int]) -> Ints:
    """The part of a table from a file that the source can reach."""
    if not isinstance(values, Real):
        raise TypeError("a custom table brings its values")
    first = Fraction(node.first) * Fraction(2) ** source.frac
    if first.denominator != 1:
        raise FormatError(
            f"{_place(node)}: first",
            needed=f"a number on the source's grid, a multiple of {2.0**-source.frac:g}",
            found=f"{float(node.first):g}",
            do="Give the input that the first entry stands for.",
        )
    lo, hi = int(min(source.lo)), int(max(source.hi))
    start, count = int(first), len(values.values)
    for n in (lo, hi):
        if not start <= n < start + count:
            raise FormatError(
                _place(node),
                needed=f"an entry for every input from {_number(lo, source)} to "
                f"{_number(hi, source)}",
                found=f"{count:,} entries, from {_number(start, source)} to "
                f"{_number(start + count - 1, source)}",
                do=f"Add the entry for {_number(n, source)}, or narrow the source.",
            )
    return from_real(values.values[[n - start for n in asked]], node.fmt)


def _undefined(node: Table, n: int, source: Range) -> FormatError:
    reach = f"{_number(int(min(source.lo)), source)} to {_number(int(max(source.hi)), source)}"
    return FormatError(
        f"{_place(node)}: {node.function}({_number(n, source)})",
        needed=f"a finite value of less than {MAX_WIDTH} bits for every input from {reach}",
        found="none",
        do="Put a quantise layer in front, or an addition, that keeps this input away.",
    )


def _place(node: Table) -> str:
    return f"layer '{node.name}' (table)"


def _number(n: int, source: Range) -> str:
    return f"{float(Fraction(n) / Fraction(2) ** source.frac):g}"
