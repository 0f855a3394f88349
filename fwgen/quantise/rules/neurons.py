"""Bounds and formats of spiking neurons."""

from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from fwgen.ir.nodes import Const, CubaLif, Lif, Neurons, ShiftLeak
from fwgen.ir.ranges import Range, filled, roomy
from fwgen.quantise.bounds import Rule, Rules, Walk
from fwgen.quantise.formats import MAX_FRAC, near, on_grid, widest
from fwgen.quantise.lif_range import lif_current, lif_range, recurrent_weights, synapse_range
from fwgen.quantise.rules.dense import WEIGHT_BITS

_L = TypeVar("_L", bound=Neurons)


def _lif(node: Lif, walk: Walk) -> Range:
    return _neurons(node, walk, _total(node, walk))


def _cuba_lif(node: CubaLif, walk: Walk) -> Range:
    """Bounds of the currents first; their integrators have a name of their own."""
    analysis, inner, total = walk.analysis, node.integrators.name, _total(node, walk)
    found, conversion = synapse_range(node, walk.value(node), walk.steps)
    analysis.lifs[inner], analysis.currents[inner] = found, total
    analysis.conversions.append(conversion)
    walk.note(found.peak)
    return _neurons(node, walk, found.membrane)


def _total(node: Neurons, walk: Walk) -> Range:
    """What the source and recurrent weights bring."""
    source = walk.value(node)
    if node.recurrent is not None:
        weight, _, lift = recurrent_weights(node, source.frac)
        walk.note(int(np.abs(weight).sum(axis=1).max()) + (source.peak << lift))
    return lif_current(node, source)


def _neurons(node: Neurons, walk: Walk, current: Range) -> Range:
    """Bounds of the spikes, and of what is inside, for the current of the membranes."""
    walk.analysis.currents[node.name] = current
    result, conversion = lif_range(node, current, walk.steps)
    walk.analysis.lifs[node.name] = result
    walk.analysis.conversions.append(conversion)
    walk.note(result.peak)
    size = len(result.can_fire)
    hi = np.array([int(fires) for fires in result.can_fire], dtype=object)
    return Range(filled(0, size), hi, 0)


def _fix_lif(node: Lif, walk: Walk) -> Lif:
    source = walk.value(node)
    grid = source.frac
    if node.recurrent is not None:
        recurrent = widest(node, "recurrent", node.recurrent, WEIGHT_BITS, MAX_FRAC)
        node, grid = replace(node, recurrent=recurrent), max(grid, recurrent.fmt.frac)
    return _fix_neurons(node, grid, lif_current(node, source), walk.steps)


def _fix_cuba_lif(node: CubaLif, walk: Walk) -> CubaLif:
    """The currents first, as leaky integrators are."""
    source, steps = walk.value(node), walk.steps
    alpha = node.alpha
    if not isinstance(alpha, ShiftLeak):
        alpha = near(node, "alpha", alpha, _beta_room, True)
    inner = _fix_lif(replace(replace(node, alpha=alpha).integrators, name=node.name), walk)
    fixed = replace(node, alpha=alpha, syn=inner.membrane, recurrent=inner.recurrent)
    currents = synapse_range(fixed, source, steps)[0].membrane
    return _fix_neurons(fixed, currents.frac, currents, steps)


def _fix_neurons(node: _L, grid: int, current: Range, steps: int) -> _L:
    """``current`` is what the membrane sees; an open membrane has its ``grid``."""
    beta: Const | ShiftLeak
    if isinstance(node.beta, ShiftLeak):
        beta = node.beta
    else:
        beta = near(node, "beta", node.beta, _beta_room, True)
    fixed = replace(node, beta=beta)
    frac = node.membrane.frac if node.membrane else grid
    if node.threshold is not None:
        threshold = on_grid(node, "threshold", node.threshold, frac)
        fixed = replace(fixed, threshold=threshold)
    if node.membrane is None:
        roomier = replace(fixed, membrane=roomy(frac))
        _, conversion = lif_range(roomier, current, steps)
        fixed = replace(fixed, membrane=conversion.needed.fmt)
    return fixed


def _beta_room(beta: Fraction) -> Fraction:
    return (1 - beta) / 16


RULES: Rules = {Lif: Rule(_lif, _fix_lif), CubaLif: Rule(_cuba_lif, _fix_cuba_lif)}
