"""Integers of scores and decisions."""

from fwgen.ir.cast import Ints
from fwgen.ir.nodes import ArgMax, KlDivergence, SquaredError, SumSquares, Threshold
from fwgen.ir.ranges import const, floor_to
from fwgen.verify.exact.run import ExactRules, Run, by_channel, flat, total


def _squared_error(run: Run, node: SquaredError) -> Ints:
    left, right = run.aligned(node)
    return total((left - right) ** 2)


def _sum_squares(run: Run, node: SumSquares) -> Ints:
    return total(run.value(node) ** 2)


def _kl_divergence(run: Run, node: KlDivergence) -> Ints:
    mean, log_variance, variance = run.values(node)
    of_mean, of_log, of_variance = run.fracs(node)
    frac = max(2 * of_mean, of_log, of_variance, 0)
    terms = mean**2 << (frac - 2 * of_mean)
    terms = terms + (variance << (frac - of_variance)) - (log_variance << (frac - of_log))
    return total(terms - (1 << frac))


def _argmax(run: Run, node: ArgMax) -> Ints:
    return run.ints(by_channel(run.value(node), node.count).argmax(axis=-1))


def _threshold(run: Run, node: Threshold) -> Ints:
    limit = run.ints(floor_to(const(node.value), run.frac(node.source)))
    x = run.value(node)
    return flat(run.ints(by_channel(x, limit.size if limit.ndim else x.shape[-1]) > limit))


RULES: ExactRules = {
    SquaredError: _squared_error,
    SumSquares: _sum_squares,
    KlDivergence: _kl_divergence,
    ArgMax: _argmax,
    Threshold: _threshold,
}
