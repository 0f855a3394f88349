"""Integers of operations that make one element of many."""

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.nodes import Reduce, Reduction
from fwgen.verify.exact.run import ExactRules, Run, by_channel


def _reduce(run: Run, node: Reduce) -> Ints:
    x = by_channel(run.value(node), node.count)
    return np.asarray(x.max(axis=-1) if node.function is Reduction.MAX else x.min(axis=-1))


RULES: ExactRules = {Reduce: _reduce}
