"""The float model: a graph of real numbers evaluated in float64, to say what quantisation costs.

It is never compared with ``==``; its differences are reported.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    CUSTOM,
    Add,
    BatchNorm,
    Concat,
    CubaLif,
    Dense,
    FirstSpike,
    Input,
    KlDivergence,
    LastMembrane,
    LatencyEncoder,
    LeakyRelu,
    Lif,
    Maximum,
    Membrane,
    Multiply,
    Node,
    Param,
    Quantise,
    Real,
    Relu,
    Reset,
    ShiftLeak,
    Slice,
    SpikeCount,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.ir.shapes import declared_grid
from fwgen.verify.reference import by_step

Floats = NDArray[np.float64]

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


def evaluate(graph: Graph, events: Floats) -> dict[str, Floats]:
    """Values by name for events of shape (events, size), as in `fwgen.verify.reference.Trace`.

    A `Quantise` or `Table` node keeps the range of its format (saturation changes the function) and
    drops its rounding; where the format wraps around, values pass as they are. A custom table is
    interpolated between its entries.
    """
    values: dict[str, Floats] = {}
    for node in graph:
        _evaluate(node, graph, events, values)
    return values


def _evaluate(node: Node, graph: Graph, events: Floats, values: dict[str, Floats]) -> None:
    match node:
        case Input():
            values[node.name] = by_step(events, graph)
        case Lif():
            _lif(node, graph.steps, values)
        case LatencyEncoder():
            values[node.name] = _latency(node, graph.steps, values[node.source])
        case LastMembrane():
            values[node.name] = values[f"{node.source}.membrane"][-1]
        case Membrane():
            steps = values[f"{node.source}.membrane"]
            moved = np.concatenate([np.zeros_like(steps[:1]), steps[:-1]])
            values[node.name] = moved if node.previous else steps
        case SpikeCount():
            values[node.name] = values[node.source].sum(axis=0)
        case Maximum():
            values[node.name] = values[f"{node.source}.membrane"].max(axis=0)
        case FirstSpike():
            fired = values[node.source] > 0
            first = np.where(fired.any(axis=0), fired.argmax(axis=0), graph.steps)
            values[node.name] = first.astype(float)
        case Table():
            x = values[node.source]
            values[node.name] = _clipped(
                _table(node, declared_grid(graph[node.source]), x), node.fmt
            )
        case _:
            values[node.name] = _stateless(node, [values[name] for name in node.sources])


def _stateless(node: Node, sources: list[Floats]) -> Floats:
    x = sources[0]
    match node:
        case Quantise():
            return _clipped(x, node.fmt)
        case Dense():
            return np.asarray(x @ _real(node.weight).T + _real(node.bias))
        case BatchNorm():
            return x * _real(node.scale) + _real(node.offset)
        case Relu():
            return np.maximum(x, 0.0)
        case LeakyRelu():
            return np.where(x >= 0, x, x * _real(node.alpha))
        case Slice():
            return x[..., node.start : node.stop]
        case Threshold():
            return (x > _real(node.value)).astype(float)
        case _:
            return _several(node, sources)


def _several(node: Node, sources: list[Floats]) -> Floats:
    match node:
        case Concat():
            return np.concatenate(sources, axis=-1)
        case Add():
            return sources[0] + sources[1]
        case Subtract():
            return sources[0] - sources[1]
        case Multiply():
            return sources[0] * sources[1]
        case SquaredError():
            return _total((sources[0] - sources[1]) ** 2)
        case SumSquares():
            return _total(sources[0] ** 2)
        case KlDivergence():
            mean, log_variance, variance = sources
            return 0.5 * _total(mean**2 + variance - 1.0 - log_variance)
        case _:
            raise TypeError(f"no float model of {node.op}")


def _total(terms: Floats) -> Floats:
    return np.asarray(terms.sum(axis=-1, keepdims=True))


def _table(node: Table, frac: int | None, x: Floats) -> Floats:
    if node.function != CUSTOM:
        with np.errstate(all="ignore"):  # events may lie beyond what the firmware's input can hold
            return np.nan_to_num(_FUNCTIONS[node.function](x))
    if node.values is None or frac is None:
        raise TypeError("a custom table has values, and a source with a format")
    y = _real(node.values)
    return np.interp(x, node.first + np.arange(len(y)) * 2.0**-frac, y)


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


def _leak(leak: Param | ShiftLeak) -> Any:
    return 1 - 2.0**-leak.shift if isinstance(leak, ShiftLeak) else _real(leak)


def _lif(node: Lif, steps: int, values: dict[str, Floats]) -> None:
    source = values[node.source]
    threshold = np.array(np.inf) if node.threshold is None else _real(node.threshold)
    beta = _leak(node.beta)
    static = source.ndim == 2  # noqa: PLR2004 - (events, size): the same at every step
    s = u = syn = np.zeros_like(source if static else source[0])
    spikes, membranes, currents = [], [], []
    for t in range(steps):
        x = source if static else source[t]
        x = x if node.recurrent is None else x + s @ _real(node.recurrent).T
        if isinstance(node, CubaLif):
            before, syn = syn, _leak(node.alpha) * syn + x
            x = before if node.previous else syn
            currents.append(syn)
        r = (u > threshold).astype(float)
        v = beta * (u * (1 - r) if node.reset is Reset.ZERO else u) + x
        v = v - r * threshold if node.reset is Reset.SUBTRACT else v
        s = (v > threshold).astype(float)
        u = v if node.reset_delay else _after(node, v, s - r, threshold)
        spikes.append(s)
        membranes.append(u)
    values[node.name] = np.stack(spikes)
    values[f"{node.name}.membrane"] = np.stack(membranes)
    if isinstance(node, CubaLif):
        values[f"{node.integrators.name}.membrane"] = np.stack(currents)


def _latency(node: LatencyEncoder, steps: int, x: Floats) -> Floats:
    """Spikes of all steps; numbers outside of 0 to 1 are taken as the nearest end."""
    at = np.rint((steps - 1) * (1.0 - np.clip(x, 0.0, 1.0)))
    at = np.where((x <= 0) & node.silent_zero, steps, at)
    return np.asarray(at == np.arange(steps).reshape(steps, 1, 1), dtype=float)


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
