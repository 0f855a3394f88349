"""What is read of neurons, in real numbers."""

import numpy as np

from fwgen.ir.nodes import FirstSpike, LastMembrane, Maximum, Membrane, SpikeCount
from fwgen.verify.real.run import Floats, RealRules, Run


def _membranes(run: Run, name: str) -> Floats:
    return run.values[f"{name}.membrane"]


def _membrane(run: Run, node: Membrane) -> Floats:
    steps = _membranes(run, node.source)
    moved = np.concatenate([np.zeros_like(steps[:1]), steps[:-1]])
    return moved if node.previous else steps


def _last_membrane(run: Run, node: LastMembrane) -> Floats:
    return np.asarray(_membranes(run, node.source)[-1])


def _maximum(run: Run, node: Maximum) -> Floats:
    return np.asarray(_membranes(run, node.source).max(axis=0))


def _spike_count(run: Run, node: SpikeCount) -> Floats:
    return np.asarray(run.value(node).sum(axis=0))


def _first_spike(run: Run, node: FirstSpike) -> Floats:
    fired = run.value(node) > 0
    first = np.where(fired.any(axis=0), fired.argmax(axis=0), run.graph.steps)
    return first.astype(float)


RULES: RealRules = {
    Membrane: _membrane,
    LastMembrane: _last_membrane,
    Maximum: _maximum,
    SpikeCount: _spike_count,
    FirstSpike: _first_spike,
}
