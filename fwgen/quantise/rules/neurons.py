"""Bounds and formats of spiking neurons."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from fwgen.ir.nodes import Const, CubaLif, Lif, ShiftLeak
from fwgen.ir.ranges import Range, filled, roomy
from fwgen.quantise.bounds import Rule, Rules, Walk
from fwgen.quantise.formats import MAX_FRAC, near, on_grid, widest
from fwgen.quantise.lif_range import lif_current, lif_range, recurrent_weights, synapse_range
from fwgen.quantise.rules.dense import WEIGHT_BITS

_L = TypeVar("_L", bound=Lif)


def _neurons(node: Lif, walk: Walk) -> Range:
    source, steps, analysis = walk.value(node), walk.steps, walk.analysis
    current = lif_current(node, source)
    if node.recurrent is not None:
        weight, _, lift = recurrent_weights(node, source.frac)
        walk.note(int(np.abs(weight).sum(axis=1).max()) + (source.peak << lift))
    if isinstance(node, CubaLif):
        inner = node.integrators.name
        found, conversion = synapse_range(node, source, steps)
        analysis.lifs[inner], analysis.currents[inner] = found, current
        analysis.conversions.append(conversion)
        walk.note(found.peak)
        current = found.membrane
    analysis.currents[node.name] = current
    result, conversion = lif_range(node, current, steps)
    analysis.lifs[node.name] = result
    analysis.conversions.append(conversion)
    walk.note(result.peak)
    size = len(result.can_fire)
    hi = np.array([int(fires) for fires in result.can_fire], dtype=object)
    return Range(filled(0, size), hi, 0)


def _fix_lif(node: Lif, walk: Walk) -> Lif:
    source = walk.value(node)
    return _fix_neurons(node, source.frac, lambda fixed: lif_current(fixed, source), walk.steps)


def _fix_cuba_lif(node: CubaLif, walk: Walk) -> CubaLif:
    """The currents first, as leaky integrators are."""
    source, steps = walk.value(node), walk.steps
    alpha = node.alpha
    if not isinstance(alpha, ShiftLeak):
        alpha = near(node, "alpha", alpha, _beta_room, True)
    inner = replace(replace(node, alpha=alpha).integrators, name=node.name)
    inner = _fix_neurons(inner, source.frac, lambda fixed: lif_current(fixed, source), steps)
    fixed = replace(node, alpha=alpha, syn=inner.membrane, recurrent=inner.recurrent)
    currents = synapse_range(fixed, source, steps)[0].membrane
    return _fix_neurons(fixed, currents.frac, lambda _: currents, steps)


def _fix_neurons(node: _L, grid: int, current: Callable[[Lif], Range], steps: int) -> _L:
    """``grid`` are the fraction bits of the source, ``current`` is what the membrane sees.

    An open membrane has the grid of its current, recurrent weights included.
    """
    beta: Const | ShiftLeak
    if isinstance(node.beta, ShiftLeak):
        beta = node.beta
    else:
        beta = near(node, "beta", node.beta, _beta_room, True)
    fixed = replace(node, beta=beta)
    if node.recurrent is not None and not isinstance(node, CubaLif):
        recurrent = widest(node, "recurrent", node.recurrent, WEIGHT_BITS, MAX_FRAC)
        fixed, grid = replace(fixed, recurrent=recurrent), max(grid, recurrent.fmt.frac)
    frac = node.membrane.frac if node.membrane else grid
    if node.threshold is not None:
        threshold = on_grid(node, "threshold", node.threshold, frac)
        fixed = replace(fixed, threshold=threshold)
    if node.membrane is None:
        roomier = replace(fixed, membrane=roomy(frac))
        _, conversion = lif_range(roomier, current(fixed), steps)
        fixed = replace(fixed, membrane=conversion.needed.fmt)
    return fixed


def _beta_room(beta: Fraction) -> Fraction:
    return (1 - beta) / 16


RULES: Rules = {Lif: Rule(_neurons, _fix_lif), CubaLif: Rule(_neurons, _fix_cuba_lif)}
