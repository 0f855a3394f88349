"""Spiking neurons in real numbers, step by step."""

from typing import Any

import numpy as np

from fwgen.ir.nodes import CubaLif, Lif, Param, Reset, ShiftLeak
from fwgen.verify.real.run import Floats, RealRules, Run, real


def _leak(leak: Param | ShiftLeak) -> Any:
    return 1 - 2.0**-leak.shift if isinstance(leak, ShiftLeak) else real(leak)


def _neurons(run: Run, node: Lif) -> Floats:
    source, steps, values = run.value(node), run.graph.steps, run.values
    threshold = np.array(np.inf) if node.threshold is None else real(node.threshold)
    beta = _leak(node.beta)
    static = source.ndim == 2  # noqa: PLR2004 - (events, size): the same at every step
    s = u = syn = np.zeros_like(source if static else source[0])
    spikes, membranes, currents = [], [], []
    for t in range(steps):
        x = source if static else source[t]
        x = x if node.recurrent is None else x + s @ real(node.recurrent).T
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
    values[f"{node.name}.membrane"] = np.stack(membranes)
    if isinstance(node, CubaLif):
        values[f"{node.integrators.name}.membrane"] = np.stack(currents)
    return np.stack(spikes)


def _after(node: Lif, v: Floats, d: Floats, threshold: Floats) -> Floats:
    match node.reset:
        case Reset.SUBTRACT:
            return np.asarray(v - d * threshold)
        case Reset.ZERO:
            return np.asarray(v - d * v)
        case Reset.NONE:
            return v


RULES: RealRules = {Lif: _neurons, CubaLif: _neurons}
