"""Integers of what is read of neurons."""

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.nodes import FirstSpike, LastMembrane, Maximum, Membrane, SpikeCount
from fwgen.verify.exact.run import ExactRules, Run


def _membranes(run: Run, name: str) -> Ints:
    return run.trace.values[f"{name}.membrane"]


def _membrane(run: Run, node: Membrane) -> Ints:
    """Values of all steps; with ``previous`` each step has those of the one before, the first 0."""
    steps = _membranes(run, node.source)
    return np.concatenate([np.zeros_like(steps[:1]), steps[:-1]]) if node.previous else steps


def _last_membrane(run: Run, node: LastMembrane) -> Ints:
    return np.asarray(_membranes(run, node.source)[-1])


def _maximum(run: Run, node: Maximum) -> Ints:
    return np.asarray(_membranes(run, node.source).max(axis=0))


def _spike_count(run: Run, node: SpikeCount) -> Ints:
    return np.asarray(run.value(node).sum(axis=0))


def _first_spike(run: Run, node: FirstSpike) -> Ints:
    """The first step with a spike; the number of steps where there is none."""
    fired = run.value(node) != 0
    return run.ints(np.where(fired.any(axis=0), fired.argmax(axis=0), run.graph.steps))


RULES: ExactRules = {
    Membrane: _membrane,
    LastMembrane: _last_membrane,
    Maximum: _maximum,
    SpikeCount: _spike_count,
    FirstSpike: _first_spike,
}
