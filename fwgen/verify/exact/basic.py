"""Integers of the event and of conversions."""

import numpy as np

from fwgen.ir.cast import Ints, round_only
from fwgen.ir.nodes import Input, Quantise
from fwgen.verify.exact.run import ExactRules, Run, by_step


def _input(run: Run, _node: Input) -> Ints:
    return np.asarray(by_step(run.ints(run.events), run.graph))


def _quantise(run: Run, node: Quantise) -> Ints:
    exact = round_only(run.value(node), run.frac(node.source), node.fmt)
    return run.counted(exact, node.fmt, node.name)


RULES: ExactRules = {Input: _input, Quantise: _quantise}
