"""The float model: a graph of real numbers evaluated in float64, to say what quantisation costs.

It is never compared with ``==``; its differences are reported.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Dense,
    Input,
    LastMembrane,
    Lif,
    Node,
    Param,
    Quantise,
    Real,
    Reset,
    ShiftLeak,
    SpikeCount,
    SquaredError,
    Threshold,
)

Floats = NDArray[np.float64]


def evaluate(graph: Graph, events: Floats) -> dict[str, Floats]:
    """Values by name for events of shape (events, size), as in `fwgen.verify.reference.Trace`.

    A `Quantise` node keeps the range of its format (saturation changes the function) and drops its
    rounding; where the format wraps around, values pass as they are.
    """
    values: dict[str, Floats] = {}
    for node in graph:
        _evaluate(node, graph.steps, events, values)
    return values


def _evaluate(node: Node, steps: int, events: Floats, values: dict[str, Floats]) -> None:
    match node:
        case Input():
            values[node.name] = events
        case Quantise():
            values[node.name] = _clipped(values[node.source], node.fmt)
        case Dense():
            values[node.name] = values[node.source] @ _real(node.weight).T + _real(node.bias)
        case Lif():
            _lif(node, steps, values)
        case LastMembrane():
            values[node.name] = values[f"{node.source}.membrane"][-1]
        case SpikeCount():
            values[node.name] = values[node.source].sum(axis=0)
        case SquaredError():
            difference = values[node.left] - values[node.right]
            values[node.name] = (difference**2).sum(axis=-1, keepdims=True)
        case Threshold():
            values[node.name] = (values[node.source] > _real(node.value)).astype(float)


def _clipped(values: Floats, fmt: Fixed) -> Floats:
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


def _lif(node: Lif, steps: int, values: dict[str, Floats]) -> None:
    source, threshold = values[node.source], _real(node.threshold)
    beta: Any = 1 - 2.0**-node.beta.shift if isinstance(node.beta, ShiftLeak) else _real(node.beta)
    static = source.ndim == 2  # noqa: PLR2004 - (events, size): the same at every step
    u = np.zeros_like(source if static else source[0])
    spikes, membranes = [], []
    for t in range(steps):
        x = source if static else source[t]
        r = (u > threshold).astype(float)
        v = beta * (u * (1 - r) if node.reset is Reset.ZERO else u) + x
        v = v - r * threshold if node.reset is Reset.SUBTRACT else v
        s = (v > threshold).astype(float)
        u = v if node.reset_delay else _after(node, v, s - r, threshold)
        spikes.append(s)
        membranes.append(u)
    values[node.name] = np.stack(spikes)
    values[f"{node.name}.membrane"] = np.stack(membranes)


def _after(node: Lif, v: Floats, d: Floats, threshold: Floats) -> Floats:
    match node.reset:
        case Reset.SUBTRACT:
            return np.asarray(v - d * threshold)
        case Reset.ZERO:
            return np.asarray(v - d * v)
        case Reset.NONE:
            return v


def _real(param: Param) -> Floats:
    if not isinstance(param, Real):
        raise TypeError("the float model works on graphs of real numbers")
    return param.values
