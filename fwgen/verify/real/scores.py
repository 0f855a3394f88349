"""Scores and decisions in real numbers."""

import numpy as np

from fwgen.ir.nodes import ArgMax, KlDivergence, SquaredError, SumSquares, Threshold
from fwgen.verify.real.run import Floats, RealRules, Run, real, total


def _squared_error(run: Run, node: SquaredError) -> Floats:
    return total((run.values[node.left] - run.values[node.right]) ** 2)


def _sum_squares(run: Run, node: SumSquares) -> Floats:
    return total(run.value(node) ** 2)


def _kl_divergence(run: Run, node: KlDivergence) -> Floats:
    mean, log_variance, variance = (run.values[name] for name in node.sources)
    return 0.5 * total(mean**2 + variance - 1.0 - log_variance)


def _argmax(run: Run, node: ArgMax) -> Floats:
    found = run.shaped(node).argmax(axis=-1)
    return np.asarray(found.reshape(len(found), -1), dtype=float)


def _threshold(run: Run, node: Threshold) -> Floats:
    return run.flat(node, (run.shaped(node) > real(node.value)).astype(float))


RULES: RealRules = {
    SquaredError: _squared_error,
    SumSquares: _sum_squares,
    KlDivergence: _kl_divergence,
    ArgMax: _argmax,
    Threshold: _threshold,
}
