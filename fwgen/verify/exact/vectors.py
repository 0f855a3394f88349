"""Integers of operations on vectors as a whole."""

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.nodes import Add, Concat, Gather, Multiply, Reduce, Reduction, Slice, Subtract
from fwgen.verify.exact.run import ExactRules, Run, by_channel


def _concat(run: Run, node: Concat) -> Ints:
    return np.concatenate(run.aligned(node), axis=-1)


def _slice(run: Run, node: Slice) -> Ints:
    return run.value(node)[..., node.start : node.stop]


def _add(run: Run, node: Add) -> Ints:
    left, right = run.aligned(node)
    return np.asarray(left + right)


def _subtract(run: Run, node: Subtract) -> Ints:
    left, right = run.aligned(node)
    return np.asarray(left - right)


def _multiply(run: Run, node: Multiply) -> Ints:
    left, right = run.values(node)
    return np.asarray(left * right)


def _gather(run: Run, node: Gather) -> Ints:
    return run.value(node)[..., node.indices]


def _reduce(run: Run, node: Reduce) -> Ints:
    x = by_channel(run.value(node), node.count)
    return np.asarray(x.max(axis=-1) if node.function is Reduction.MAX else x.min(axis=-1))


RULES: ExactRules = {
    Concat: _concat,
    Slice: _slice,
    Add: _add,
    Subtract: _subtract,
    Multiply: _multiply,
    Gather: _gather,
    Reduce: _reduce,
}
