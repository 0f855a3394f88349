"""Integers of constant matrices and normalisations."""

import numpy as np

from fwgen.ir.cast import Ints, round_only
from fwgen.ir.nodes import BatchNorm, Dense
from fwgen.ir.ranges import const
from fwgen.verify.exact.run import ExactRules, Run, by_channel, flat


def _dense(run: Run, node: Dense) -> Ints:
    """The exact sums, in an accumulator that wraps around where the user has accepted that."""
    weight, bias = const(node.weight), const(node.bias)
    products = weight.fmt.frac + run.frac(node.source)
    frac = max(products, bias.fmt.frac)
    w = run.ints(weight.values << (frac - products))
    x = by_channel(run.value(node), weight.shape[1])
    exact = flat(np.asarray(x @ w.T + run.ints(bias.values << (frac - bias.fmt.frac))))
    fmt = run.wrapping.get(node.name)
    return exact if fmt is None else run.counted(round_only(exact, frac, fmt), fmt, node.name)


def _batch_norm(run: Run, node: BatchNorm) -> Ints:
    scale, offset = const(node.scale), const(node.offset)
    products = scale.fmt.frac + run.frac(node.source)
    frac = max(products, offset.fmt.frac)
    factor = run.ints(scale.values << (frac - products))
    x = by_channel(run.value(node), len(factor))
    return flat(np.asarray(x * factor + run.ints(offset.values << (frac - offset.fmt.frac))))


RULES: ExactRules = {Dense: _dense, BatchNorm: _batch_norm}
