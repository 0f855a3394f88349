"""Operations on vectors as a whole, in real numbers."""

import numpy as np

from fwgen.ir.nodes import Add, Concat, Multiply, Slice, Subtract
from fwgen.verify.real.run import Floats, RealRules, Run


def _concat(run: Run, node: Concat) -> Floats:
    return np.concatenate([run.values[name] for name in node.parts], axis=-1)


def _slice(run: Run, node: Slice) -> Floats:
    return run.value(node)[..., node.start : node.stop]


def _add(run: Run, node: Add) -> Floats:
    return run.values[node.left] + run.values[node.right]


def _subtract(run: Run, node: Subtract) -> Floats:
    return run.values[node.left] - run.values[node.right]


def _multiply(run: Run, node: Multiply) -> Floats:
    return run.values[node.left] * run.values[node.right]


RULES: RealRules = {
    Concat: _concat,
    Slice: _slice,
    Add: _add,
    Subtract: _subtract,
    Multiply: _multiply,
}
