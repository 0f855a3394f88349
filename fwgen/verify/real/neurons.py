"""Spiking neurons in real numbers, step by step."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fwgen.ir.nodes import CubaLif, Lif, Neurons, Param, Reset, ShiftLeak
from fwgen.verify.real.run import Floats, RealRules, Run, real


def _leak(leak: Param | ShiftLeak) -> Any:
    return 1 - 2.0**-leak.shift if isinstance(leak, ShiftLeak) else real(leak)


Drive = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""From the synaptic current and the sum of inputs to what membranes see and the current after."""


def _lif(run: Run, node: Lif) -> Floats:
    return _neurons(run, node, lambda syn, total: (total, syn))


def _cuba_lif(run: Run, node: CubaLif) -> Floats:
    alpha, currents = _leak(node.alpha), list[Floats]()

    def drive(syn: Floats, total: Floats) -> tuple[Floats, Floats]:
        currents.append(alpha * syn + total)
        return (syn if node.previous else currents[-1]), currents[-1]

    spikes = _neurons(run, node, drive)
    run.values[f"{node.integrators.name}.membrane"] = np.stack(currents)
    return spikes


def _neurons(run: Run, node: Neurons, drive: Drive) -> Floats:
    source = run.value(node)
    threshold = np.array(np.inf) if node.threshold is None else real(node.threshold)
    beta = _leak(node.beta)
    static = source.ndim == 2  # noqa: PLR2004 - (events, size): the same at every step
    s = u = syn = np.zeros_like(source if static else source[0])
    spikes, membranes = [], []
    for t in range(run.graph.steps):
        total = source if static else source[t]
        total = total if node.recurrent is None else total + s @ real(node.recurrent).T
        x, syn = drive(syn, total)
        r = (u > threshold).astype(float)
        v = beta * (u * (1 - r) if node.reset is Reset.ZERO else u) + x
        v = v - r * threshold if node.reset is Reset.SUBTRACT else v
        s = (v > threshold).astype(float)
        u = v if node.reset_delay else _after(node, v, s - r, threshold)
        spikes.append(s)
        membranes.append(u)
    run.values[f"{node.name}.membrane"] = np.stack(membranes)
    return np.stack(spikes)


def _after(node: Neurons, v: Floats, d: Floats, threshold: Floats) -> Floats:
    match node.reset:
        case Reset.SUBTRACT:
            return np.asarray(v - d * threshold)
        case Reset.ZERO:
            return np.asarray(v - d * v)
        case Reset.NONE:
            return v


RULES: RealRules = {Lif: _lif, CubaLif: _cuba_lif}
