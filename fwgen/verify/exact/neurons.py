"""Integers of spiking neurons, step by step."""

from collections.abc import Callable

import numpy as np

from fwgen.ir.cast import Ints, round_only
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import CubaLif, Lif, Neurons, Reset, ShiftLeak
from fwgen.ir.ranges import const, floor_to
from fwgen.quantise.lif_range import common_frac, recurrent_weights
from fwgen.verify.exact.run import ExactRules, Run

Step = Callable[[Ints, Ints], tuple[Ints, Ints]]
"""From the membrane and the current to the spike and the membrane after the step."""


def _lif(run: Run, node: Lif) -> Ints:
    return _neurons(run, node, lambda syn, total: (total, syn))


def _cuba_lif(run: Run, node: CubaLif) -> Ints:
    step, previous = _step(run, node.integrators, node.name), node.previous

    def drive(syn: Ints, total: Ints) -> tuple[Ints, Ints]:
        _, new = step(syn, total)
        return (syn if previous else new), new

    return _neurons(run, node, drive)


def _neurons(run: Run, node: Neurons, drive: Step) -> Ints:
    """All steps; ``drive`` gives what membranes see, and the synaptic current after the step."""
    step, total = _step(run, node, node.name), _recurrent(run, node)
    source = run.value(node)
    static = source.ndim == 2  # noqa: PLR2004 - (events, size): the same at every step
    spike = u = syn = np.zeros_like(source if static else source[0])
    spikes, membranes = [], []
    for t in range(run.graph.steps):
        current, syn = drive(syn, total(source if static else source[t], spike))
        spike, u = step(u, current)
        spikes.append(spike)
        membranes.append(u)
    run.trace.values[f"{node.name}.membrane"] = np.stack(membranes)
    return np.stack(spikes)


def _step(run: Run, node: Neurons, layer: str) -> Step:
    fmt = node.membrane
    if fmt is None:
        raise TypeError("the reference works on integer graphs only")
    current_frac = run.analysis.currents[node.name].frac
    frac = common_frac(node, current_frac)
    lift = frac - current_frac
    limit, thr = run.ints(np.array(fmt.hi, dtype=object)), run.ints(np.array(0))
    if node.threshold is not None:
        thr_const = const(node.threshold)
        limit = run.ints(floor_to(thr_const, fmt.frac))
        thr = run.ints(thr_const.values << (frac - thr_const.fmt.frac))
    leak = _leak(run, node, fmt, frac)

    def convert(n: Ints) -> Ints:
        return run.counted(round_only(n, frac, fmt), fmt, layer)

    def step(u: Ints, x: Ints) -> tuple[Ints, Ints]:
        r = run.ints(u > limit)
        kept = u * (1 - r) if node.reset is Reset.ZERO else u
        exact = leak(kept) + (x << lift)
        v = convert(exact - r * thr if node.reset is Reset.SUBTRACT else exact)
        s = run.ints(v > limit)
        if node.reset_delay or node.reset is Reset.NONE:
            return s, v
        d, lifted = s - r, v << (frac - fmt.frac)
        return s, convert(lifted - d * (thr if node.reset is Reset.SUBTRACT else lifted))

    return step


def _recurrent(run: Run, node: Neurons) -> Callable[[Ints, Ints], Ints]:
    """The current of a step from the source's value and the spikes of the step before."""
    if node.recurrent is None:
        return lambda x, _: x
    weight, _, lift = recurrent_weights(node, run.frac(node.source))
    across = run.ints(weight).T
    return lambda x, spikes: (x << lift) + spikes @ across


def _leak(run: Run, node: Neurons, fmt: Fixed, frac: int) -> Callable[[Ints], Ints]:
    if isinstance(node.beta, ShiftLeak):
        shift = node.beta.shift
        return lambda u: (u - (u >> shift)) << (frac - fmt.frac)
    beta = const(node.beta)
    factor = run.ints(beta.values << (frac - fmt.frac - beta.fmt.frac))
    return lambda u: np.asarray(u * factor)


RULES: ExactRules = {Lif: _lif, CubaLif: _cuba_lif}
