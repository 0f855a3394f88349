"""Conversion to a number format as a circuit: the twin of `fwgen.ir.cast`."""

import numpy as np

from fwgen.ir.cast import round_shift
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.lower.circuit import Circuit
from fwgen.lower.ops import Scaled, Word


def convert(
    c: Circuit, name: str, a: Word, frac: int, fmt: Fixed, proven: tuple[int, int] | None = None
) -> Word:
    """``a`` with ``frac`` fraction bits, rounded and brought into range as ``fmt`` says.

    ``proven`` are bounds of the rounded value that the range analysis knows to be tighter than
    what the circuit's own interval arithmetic finds: an overflow that they exclude is not built.
    """
    rounded = round_to(c, name, a, frac - fmt.frac, fmt.rounding)
    if proven:
        rounded = c.narrow(f"{name}_proven", rounded, *proven)
    return overflow(c, name, rounded, fmt)


def round_to(c: Circuit, name: str, a: Word, shift: int, mode: Rounding) -> Word:
    """``a / 2**shift`` rounded; a negative shift multiplies exactly."""
    if shift < 0:
        return c.whole(f"{name}_lift", Scaled(a, -shift))
    if a.constant:
        return c.constant(int(round_shift(np.array(a.lo, dtype=object), shift, mode)[()]))
    floor = c.floor(f"{name}_floor", a, shift)
    if shift == 0 or mode is Rounding.TRN:
        return floor
    up = c.round_up(f"{name}_up", a, shift, mode)
    return c.add(f"{name}_round", floor, up)


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
