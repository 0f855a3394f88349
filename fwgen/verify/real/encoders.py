"""Encoders in real numbers."""

import numpy as np

from fwgen.ir.nodes import LatencyEncoder
from fwgen.verify.real.run import Floats, RealRules, Run


def _latency_encoder(run: Run, node: LatencyEncoder) -> Floats:
    """Spikes of all steps; numbers outside of 0 to 1 are taken as the nearest end."""
    x, steps = run.value(node), run.graph.steps
    at = np.rint((steps - 1) * (1.0 - np.clip(x, 0.0, 1.0)))
    at = np.where((x <= 0) & node.silent_zero, steps, at)
    return np.asarray(at == np.arange(steps).reshape(steps, 1, 1), dtype=float)


RULES: RealRules = {LatencyEncoder: _latency_encoder}
