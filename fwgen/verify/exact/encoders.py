"""Integers of encoders: spikes from numbers."""

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.nodes import LatencyEncoder
from fwgen.quantise.latency import spike_step
from fwgen.verify.exact.run import ExactRules, Run


def _latency_encoder(run: Run, node: LatencyEncoder) -> Ints:
    """Spikes of all steps."""
    steps = run.graph.steps
    at = spike_step(node, run.value(node), run.frac(node.source), steps)
    return run.ints(at == np.arange(steps).reshape(steps, 1, 1))


RULES: ExactRules = {LatencyEncoder: _latency_encoder}
