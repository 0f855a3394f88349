"""Integers of functions of each element."""

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.nodes import LeakyRelu, Relu, Table
from fwgen.ir.ranges import const
from fwgen.verify.exact.run import ExactRules, Run, by_channel, flat


def _relu(run: Run, node: Relu) -> Ints:
    return np.asarray(np.maximum(run.value(node), 0))


def _leaky_relu(run: Run, node: LeakyRelu) -> Ints:
    alpha = const(node.alpha)
    positive, negative = max(0, alpha.fmt.frac), max(0, -alpha.fmt.frac)
    factor = run.ints(alpha.values << negative)
    x = by_channel(run.value(node), factor.size if factor.ndim else run.value(node).shape[-1])
    return flat(np.where(x >= 0, x << positive, x * factor))


def _table(run: Run, node: Table) -> Ints:
    entries, first = run.ints(const(node.values).values), int(node.first)
    return run.counted(entries[(run.value(node) - first).astype(np.intp)], node.fmt, node.name)


RULES: ExactRules = {Relu: _relu, LeakyRelu: _leaky_relu, Table: _table}
