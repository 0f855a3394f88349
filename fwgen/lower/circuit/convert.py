"""Conversion to a number format as a circuit: the twin of `fwgen.ir.cast`."""

import numpy as np

from fwgen.ir.cast import round_shift
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Scaled, Word

_ADD_HALF = {Rounding.RND, Rounding.RND_CONV}


def convert(
    c: Circuit,
    name: str,
    a: Word,
    frac: int,
    fmt: Fixed,
    proven: tuple[int, int] | None = None,
    *,
    lifted: int = 0,
) -> Word:
    """``a`` with ``frac`` fraction bits, rounded and brought into range as ``fmt`` says.

    ``proven`` are bounds of the rounded value that the range analysis knows to be tighter than
    what the circuit's own interval arithmetic finds: an overflow that they exclude is not built.
    ``lifted`` is what ``a`` carries too much: `half`, or 0.
    """
    rounded = round_to(c, name, a, frac - fmt.frac, fmt.rounding, lifted=lifted)
    if proven:
        rounded = c.narrow(f"{name}_proven", rounded, *proven)
    return overflow(c, name, rounded, fmt)


def half(frac: int, fmt: Fixed) -> int:
    """Half a unit of ``fmt``, with ``frac`` fraction bits, where its rounding begins by adding it.

    Who sums before a conversion may add it in the sum, where it costs nothing. 0 for modes
    that round otherwise, and where there is nothing to round.
    """
    shift = frac - fmt.frac
    return 1 << (shift - 1) if shift > 0 and fmt.rounding in _ADD_HALF else 0


def round_to(
    c: Circuit, name: str, a: Word, shift: int, mode: Rounding, *, lifted: int = 0
) -> Word:
    """``a / 2**shift`` rounded; a negative shift multiplies exactly.

    RND_CONV adds half a unit as RND does; a tie, which leaves no bit below, then loses its lowest
    bit.
    """
    if shift < 0:
        return c.whole(f"{name}_lift", Scaled(a, -shift))
    lo, hi = (_rounded(end - lifted, shift, mode) for end in (a.lo, a.hi))
    if lo == hi:
        return c.constant(lo)
    if shift and mode is Rounding.RND_CONV:
        total = a if lifted else c.add(f"{name}_half", a, c.constant(1 << (shift - 1)))
        low = c.wrap(f"{name}_low", total, Fixed(False, shift, shift))
        keep = c.above(f"{name}_rest", low, 0)
        floor = c.floor(f"{name}_floor", total, shift)
        return c.narrow(f"{name}_round", c.even(f"{name}_even", floor, keep), lo, hi)
    if lifted:
        return c.floor(f"{name}_round", a, shift)
    floor = c.floor(f"{name}_floor", a, shift)
    if shift == 0 or mode is Rounding.TRN:
        return floor
    up = c.round_up(f"{name}_up", a, shift, mode)
    return c.add(f"{name}_round", floor, up)


def _rounded(value: int, shift: int, mode: Rounding) -> int:
    return int(round_shift(np.array(value, dtype=object), shift, mode)[()])


def overflow(c: Circuit, name: str, a: Word, fmt: Fixed) -> Word:
    """``a`` on the format's grid, brought into its range."""
    match fmt.overflow:
        case Overflow.WRAP:
            return c.wrap(f"{name}_wrap", a, fmt)
        case Overflow.SAT:
            return c.clamp(f"{name}_sat", a, fmt.lo, fmt.hi, to_zero=False)
        case Overflow.SAT_SYM:
            floor = -fmt.hi if fmt.signed else 0
            return c.clamp(f"{name}_sat", a, floor, fmt.hi, to_zero=False)
        case Overflow.SAT_ZERO:
            return c.clamp(f"{name}_sat", a, fmt.lo, fmt.hi, to_zero=True)
