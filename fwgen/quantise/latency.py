"""When the spikes of a latency encoder come."""

from fractions import Fraction

import numpy as np

from fwgen.errors import FormatError
from fwgen.ir.cast import Ints, round_shift
from fwgen.ir.fixed import Rounding
from fwgen.ir.nodes import LatencyEncoder
from fwgen.ir.ranges import Range
from fwgen.quantise.tables import MAX_ENTRIES


def spike_step(node: LatencyEncoder, x: Ints, frac: int, steps: int) -> Ints:
    """Index of the step in which each number's spike comes, ``steps`` where none does.

    Parameters
    ----------
    x
        Integers with ``frac`` fraction bits, for numbers from 0 to 1; any shape.
    """
    low = max(-frac, 0)  # fraction bits that are missing
    late = (steps - 1) * ((1 << (frac + low)) - (x << low))
    found = round_shift(late, frac + low, Rounding.RND_CONV)
    silent = np.asarray((x == 0) & node.silent_zero)
    return np.asarray(np.where(silent, steps, found), dtype=x.dtype)


def latency_peak(source: Range, steps: int) -> int:
    """No intermediate of `spike_step` is larger."""
    return steps << max(source.frac, 0)


def check_latency(node: LatencyEncoder, source: Range) -> None:
    """Refuse numbers that have no step, and more of them than a table may have.

    Raises
    ------
    FormatError
        The message names the layer and a number that the source can reach.
    """
    where = f"layer '{node.name}' ({node.op})"
    lo, hi = (Fraction(int(n)) / Fraction(2) ** source.frac for n in _ends(source))
    if lo < 0 or hi > 1:
        raise FormatError(
            where,
            needed="numbers from 0 to 1",
            found=f"a source that reaches {float(lo if lo < 0 else hi):g}",
            do="Put a quantise layer in front, for example to ufixed<8,0,RND,SAT>.",
        )
    count = int(max(source.hi - source.lo)) + 1
    if count > MAX_ENTRIES:
        raise FormatError(
            where,
            needed=f"at most {MAX_ENTRIES:,} different inputs, each with its step",
            found=f"{count:,}",
            do="Put a quantise layer with a narrower format in front.",
        )


def _ends(source: Range) -> tuple[int, int]:
    return int(min(source.lo)), int(max(source.hi))
