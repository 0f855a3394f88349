"""Constant matrices and normalisations in real numbers."""

from fwgen.ir.nodes import BatchNorm, Dense
from fwgen.verify.real.run import Floats, RealRules, Run, real


def _dense(run: Run, node: Dense) -> Floats:
    return run.flat(node, run.shaped(node) @ real(node.weight).T + real(node.bias))


def _batch_norm(run: Run, node: BatchNorm) -> Floats:
    return run.flat(node, run.shaped(node) * real(node.scale) + real(node.offset))


RULES: RealRules = {Dense: _dense, BatchNorm: _batch_norm}
