"""Functions of each element in real numbers."""

from collections.abc import Callable

import numpy as np

from fwgen.ir.nodes import CUSTOM, LeakyRelu, Relu, Table
from fwgen.ir.shapes import declared_grid
from fwgen.verify.real.basic import clipped
from fwgen.verify.real.run import Floats, RealRules, Run, real

_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "sigmoid": lambda x: np.where(x >= 0, 1.0, np.exp(-abs(x))) / (1.0 + np.exp(-abs(x))),
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1.0 / np.sqrt(x),
    "square": np.square,
    "reciprocal": lambda x: 1.0 / x,
    "softplus": lambda x: np.logaddexp(0.0, x),
}


def _relu(run: Run, node: Relu) -> Floats:
    return np.asarray(np.maximum(run.value(node), 0.0))


def _leaky_relu(run: Run, node: LeakyRelu) -> Floats:
    x = run.shaped(node)
    return run.flat(node, np.where(x >= 0, x, x * real(node.alpha)))


def _table(run: Run, node: Table) -> Floats:
    frac = declared_grid(run.graph[node.source])
    return clipped(_looked_up(node, frac, run.value(node)), node.fmt)


def _looked_up(node: Table, frac: int | None, x: Floats) -> Floats:
    if node.function != CUSTOM:
        with np.errstate(all="ignore"):  # events may lie beyond what the firmware's input can hold
            return np.nan_to_num(_FUNCTIONS[node.function](x))
    if node.values is None or frac is None:
        raise TypeError("a custom table has values, and a source with a format")
    y = real(node.values)
    return np.interp(x, node.first + np.arange(len(y)) * 2.0**-frac, y)


RULES: RealRules = {Relu: _relu, LeakyRelu: _leaky_relu, Table: _table}
