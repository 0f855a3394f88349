"""Operations on vectors as a whole, in real numbers."""

import numpy as np

from fwgen.ir.nodes import (
    Add,
    Concat,
    Multiply,
    ReduceMax,
    ReduceMin,
    Reshape,
    Slice,
    Subtract,
    Transpose,
)
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


def _transpose(run: Run, node: Transpose) -> Floats:
    x = run.shaped(node)
    return run.flat(node, x.transpose(0, *(1 + axis for axis in node.axes)))


def _reshape(run: Run, node: Reshape) -> Floats:
    return run.value(node)


def _axis(node: ReduceMax | ReduceMin) -> int:
    """Counted in an array whose first axis are the events."""
    return node.axis + 1 if node.axis >= 0 else node.axis


def _reduce_max(run: Run, node: ReduceMax) -> Floats:
    found: Floats = run.shaped(node).max(axis=_axis(node))
    return found.reshape(len(found), -1)


def _reduce_min(run: Run, node: ReduceMin) -> Floats:
    found: Floats = run.shaped(node).min(axis=_axis(node))
    return found.reshape(len(found), -1)


RULES: RealRules = {
    Concat: _concat,
    Slice: _slice,
    Add: _add,
    Subtract: _subtract,
    Multiply: _multiply,
    Transpose: _transpose,
    Reshape: _reshape,
    ReduceMax: _reduce_max,
    ReduceMin: _reduce_min,
}
