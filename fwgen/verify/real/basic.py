"""The event and conversions in real numbers."""

import numpy as np

from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.nodes import Input, Quantise
from fwgen.verify.exact.run import by_step
from fwgen.verify.real.run import Floats, RealRules, Run


def clipped(values: Floats, fmt: Fixed) -> Floats:
    """Values in the range of a format; as they are where it wraps around."""
    unit = 2.0**-fmt.frac
    match fmt.overflow:
        case Overflow.WRAP:
            return values
        case Overflow.SAT_ZERO:
            inside = (values >= fmt.lo * unit) & (values <= fmt.hi * unit)
            return np.where(inside, values, 0.0)
        case Overflow.SAT | Overflow.SAT_SYM:
            lowest = -fmt.hi if fmt.signed and fmt.overflow is Overflow.SAT_SYM else fmt.lo
            return np.clip(values, lowest * unit, fmt.hi * unit)


def _input(run: Run, _node: Input) -> Floats:
    return np.asarray(by_step(run.events, run.graph))


def _quantise(run: Run, node: Quantise) -> Floats:
    """The range of the format changes the function, its rounding is what is measured."""
    return clipped(run.value(node), node.fmt)


RULES: RealRules = {Input: _input, Quantise: _quantise}
