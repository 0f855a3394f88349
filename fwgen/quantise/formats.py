"""Formats of parameters: the one that is asked for, or one that fwgen chooses by its rules.

A parameter never saturates or wraps: a value that its format cannot hold is refused.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from fwgen.errors import FormatError
from fwgen.ir.cast import Ints, from_real, to_grid
from fwgen.ir.fixed import MAX_WIDTH, Fixed, Rounding
from fwgen.ir.nodes import Const, Node, Param, Real
from fwgen.ir.ranges import widened

MAX_FRAC = 16

Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def widest(node: Node, key: str, param: Param, bits: int, max_frac: int) -> Const:
    """As asked for, else ``bits`` signed bits with the most fraction bits that hold all values."""
    if isinstance(param, Const):
        return param
    fmt = param.fmt or _widest_fraction(param.values, bits, max_frac)
    return _to_const(node, key, param.values, fmt)


def _widest_fraction(values: Values, bits: int, max_frac: int) -> Fixed:
    largest = float(np.abs(values).max(initial=0.0))
    # one bit more than the largest value needs, in case it is a power of two or rounds up to one
    start = bits - int(np.frexp(largest)[1]) if largest else max_frac
    for frac in range(min(max_frac, max(start, bits - MAX_WIDTH - 1)), -2 * MAX_WIDTH, -1):
        fmt = Fixed(True, bits, bits - frac, Rounding.RND_CONV)
        grid = from_real(values, fmt)
        if fmt.holds(int(grid.min(initial=0)), int(grid.max(initial=0))):
            return fmt
    raise AssertionError("a finite double lies below 2**1024")  # pragma: no cover


def near(
    node: Node, key: str, param: Param, room: Callable[[Fraction], Fraction], unit: bool
) -> Const:
    """As asked for, else the fewest fraction bits that change no value by more than its room.

    With ``unit`` the format is unsigned with one integer bit, so that 1 can be said.
    """
    if isinstance(param, Const):
        return param
    if param.fmt is not None:
        return _to_const(node, key, param.values, param.fmt)
    for frac in range(MAX_FRAC + 1):
        grid = to_grid(param.values, frac, Rounding.RND_CONV)
        close = (
            abs(Fraction(n, 2**frac) - Fraction(x)) <= room(Fraction(x))
            for n, x in zip(grid.ravel().tolist(), param.values.ravel().tolist(), strict=True)
        )
        if all(close) or frac == MAX_FRAC:
            fmt = Fixed.holding(int(grid.min()), int(grid.max()), frac)
            chosen = Fixed(False, frac + 1, 1) if unit else fmt
            return Const(grid, replace(chosen, rounding=Rounding.RND_CONV))
    raise AssertionError("the loop returns")  # pragma: no cover


def on_grid(
    node: Node, key: str, param: Param, frac: int, rounding: Rounding = Rounding.RND_CONV
) -> Const:
    """As asked for, else on the grid of ``frac`` fraction bits, as wide as needed."""
    if isinstance(param, Const):
        return param
    if param.fmt is not None:
        return _to_const(node, key, param.values, param.fmt)
    grid = to_grid(param.values, frac, rounding)
    fmt = Fixed.holding(int(grid.min()), int(grid.max()), frac)
    return Const(grid, replace(fmt, rounding=rounding))


def _to_const(node: Node, key: str, values: Values, fmt: Fixed) -> Const:
    grid = from_real(values, fmt)
    lo, hi = int(grid.min(initial=0)), int(grid.max(initial=0))
    if not fmt.holds(lo, hi):
        raise _outside(node, key, Real(values, fmt), grid, fmt)
    return Const(grid, fmt)


def _outside(node: Node, key: str, param: Real, grid: Ints, fmt: Fixed) -> FormatError:
    lowest = fmt.lo + (not fmt.holds(fmt.lo, fmt.lo))
    worst = int(np.argmax(np.maximum(lowest - grid, grid - fmt.hi)))
    index = [int(i) for i in np.unravel_index(worst, grid.shape)]
    place = f"{key}{index or ''}"
    enough = widened(fmt, int(grid.min(initial=0)), int(grid.max(initial=0)))
    return FormatError(
        f"layer '{node.name}' ({node.op}): {place}",
        needed=f"values from {lowest * 2.0**-fmt.frac:g} to {fmt.hi * 2.0**-fmt.frac:g}, "
        f"the range of {fmt}",
        found=f"{float(param.values.ravel()[worst]):g}",
        do=f"Use {enough} (parameters never saturate or wrap), or retrain with a clipped {key}.",
    )
