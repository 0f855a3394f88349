"""Exact bounds inside a LIF layer: one interval per neuron, step by step from u = 0.

Each step splits the membrane's interval at the threshold, since a spike changes the equation, and
joins the results. All functions of u that occur (leak, rounding, clipping) are monotone, so an
interval's ends map to the result's ends.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from fwgen.ir.cast import Ints, cast, round_integer
from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.nodes import Const, CubaLif, Neurons, Reset, ShiftLeak
from fwgen.ir.ranges import Conversion, LifRange, Range, const, filled, floor_to, roomy

Interval = tuple[int, int]


@dataclass(slots=True)
class Hull:
    """Smallest interval around all intervals added."""

    lo: int | None = None
    hi: int | None = None

    def add(self, lo: int, hi: int) -> None:
        """Widen to take in lo..hi."""
        self.lo = lo if self.lo is None else min(self.lo, lo)
        self.hi = hi if self.hi is None else max(self.hi, hi)

    @property
    def interval(self) -> Interval:
        """The interval; (0, 0) if nothing was added."""
        return (self.lo or 0, self.hi or 0)


@dataclass(frozen=True, slots=True)
class Neuron:
    """One neuron's integers on a common grid of ``frac`` fraction bits.

    ``beta`` is an integer with ``frac - membrane.frac`` fraction bits, so ``beta * u`` lies on the
    common grid; with a `ShiftLeak` it is None and the leak is taken on the membrane's grid.
    """

    node: Neurons
    membrane: Fixed
    frac: int
    beta: int | None
    threshold: int  # on the common grid; 0 where there is none
    limit: int  # on the membrane's grid: fires above it; the highest membrane if it never does
    current: Interval  # on the common grid

    def leak(self, u: int) -> int:
        """Leaked membrane on the common grid."""
        lift = self.frac - self.membrane.frac
        if isinstance(self.node.beta, ShiftLeak):
            return (u - (u >> self.node.beta.shift)) << lift
        return (self.beta or 0) * u


@dataclass(slots=True)
class NeuronHulls:
    """Hulls collected over all steps of one neuron."""

    exact: Hull = field(default_factory=Hull)  # v and u' on the membrane's grid before overflow
    v: Hull = field(default_factory=Hull)
    u: Hull = field(default_factory=Hull)
    peak: int = 1
    fires: bool = False


def lif_current(node: Neurons, source: Range) -> Range:
    """Bounds of the source's value and of the recurrent weights of any spikes: the current.

    Of a `CubaLif` it is what goes into its current; `synapse_range` bounds that.
    """
    if node.recurrent is None:
        return source
    weight, frac, lift = recurrent_weights(node, source.frac)
    lo = (source.lo << lift) + np.minimum(weight, 0).sum(axis=1)
    hi = (source.hi << lift) + np.maximum(weight, 0).sum(axis=1)
    return Range(lo, hi, frac)


def synapse_range(node: CubaLif, source: Range, steps: int) -> tuple[LifRange, Conversion]:
    """Bounds of the currents of neurons, and what their format must hold; as `lif_range`."""
    layer = node.integrators
    result, conversion = lif_range(layer, lif_current(layer, source), steps)
    return result, replace(conversion, node=node.name, what="syn")


def recurrent_weights(node: Neurons, source_frac: int) -> tuple[Ints, int, int]:
    """Integer weights on the grid of the current, its fraction bits, and the source's shift."""
    recurrent = const(node.recurrent)
    frac = max(recurrent.fmt.frac, source_frac)
    return recurrent.values << (frac - recurrent.fmt.frac), frac, frac - source_frac


def lif_range(node: Neurons, current: Range, steps: int) -> tuple[LifRange, Conversion]:
    """Bounds over ``steps`` steps, and what the membrane's format must hold."""
    layer = neurons(node, current)
    seen = [_walk(neuron, steps) for neuron in layer]
    fmt = _membrane(node)
    result = LifRange(
        before=_range([s.exact for s in seen], fmt.frac),
        v=_range([s.v for s in seen], fmt.frac),
        membrane=_range([s.u for s in seen], fmt.frac),
        can_fire=tuple(s.fires for s in seen),
        can_reset=tuple(s.u.interval[1] > n.limit for n, s in zip(layer, seen, strict=True)),
        peak=max(s.peak for s in seen),
    )
    conversion = Conversion(node.name, "membrane", fmt, result.before)
    if conversion.overflows:
        # what is clipped or wrapped in one step changes all later ones
        wide = replace(node, membrane=roomy(fmt.frac, fmt.rounding))
        free = [_walk(neuron, steps).exact for neuron in neurons(wide, current)]
        conversion = replace(conversion, needed=_range(free, fmt.frac))
    return result, conversion


def neurons(node: Neurons, current: Range) -> list[Neuron]:
    """Each neuron of a layer with its own constants on the layer's common grid."""
    fmt, size = _membrane(node), len(current)
    threshold, limits = _thresholds(node, fmt)
    beta = None if isinstance(node.beta, ShiftLeak) else const(node.beta)
    frac = common_frac(node, current.frac)
    thr = np.broadcast_to(threshold.values, (size,))
    lim = np.broadcast_to(limits, (size,))
    betas = np.broadcast_to(beta.values, (size,)) if beta else [None] * size
    lift = frac - fmt.frac - beta.fmt.frac if beta else 0
    return [
        Neuron(
            node=node,
            membrane=fmt,
            frac=frac,
            beta=None if b is None else b << lift,
            threshold=t << (frac - threshold.fmt.frac),
            limit=int(limit),
            current=(lo << (frac - current.frac), hi << (frac - current.frac)),
        )
        for t, limit, b, lo, hi in zip(thr, lim, betas, current.lo, current.hi, strict=True)
    ]


def _thresholds(node: Neurons, fmt: Fixed) -> tuple[Const, Ints]:
    """Thresholds, and above which integers of the membrane they are passed."""
    if node.threshold is None:
        return Const(filled(0, 1), Fixed(False, 1, 1 - fmt.frac)), filled(fmt.hi, 1)
    threshold = const(node.threshold)
    return threshold, floor_to(threshold, fmt.frac)


def common_frac(node: Neurons, current_frac: int) -> int:
    """Fraction bits on which every term of the membrane equation is an integer."""
    fmt = _membrane(node)
    leak = 0 if isinstance(node.beta, ShiftLeak) else max(const(node.beta).fmt.frac, 0)
    threshold = fmt.frac if node.threshold is None else const(node.threshold).fmt.frac
    return max(fmt.frac + leak, fmt.frac, current_frac, threshold)


def _walk(neuron: Neuron, steps: int) -> NeuronHulls:
    seen = NeuronHulls()
    u: Interval = (0, 0)
    seen.u.add(*u)
    for _ in range(steps):
        new = Hull()
        for reset, part in enumerate(_split(u, neuron.limit)):
            if part is not None:
                _branch(neuron, seen, new, part, bool(reset))
        u = new.interval
        seen.u.add(*u)
    return seen


def _branch(neuron: Neuron, seen: NeuronHulls, new: Hull, u: Interval, reset: bool) -> None:
    exact = _exact(neuron, u, reset)
    seen.peak = max(seen.peak, *map(abs, exact), *(abs(neuron.leak(end)) for end in u))
    seen.peak = max(seen.peak, abs(neuron.threshold), *map(abs, neuron.current))
    seen.peak = max(seen.peak, abs(neuron.beta or 0), abs(neuron.limit))
    free = (neuron.leak(end) + x for end, x in zip(u, neuron.current, strict=True))
    seen.peak = max(seen.peak, *map(abs, free))  # before the threshold is taken off
    v = _convert(exact, neuron.frac, neuron.membrane, seen.exact)
    seen.v.add(*v)
    seen.peak = max(seen.peak, *(abs(end) << (neuron.frac - neuron.membrane.frac) for end in v))
    for spike, part in enumerate(_split(v, neuron.limit)):
        if part is not None:
            seen.fires |= bool(spike)
            new.add(*_after(neuron, seen, part, spike - int(reset)))


def _exact(neuron: Neuron, u: Interval, reset: bool) -> Interval:
    lo, hi = (neuron.leak(end) + x for end, x in zip(u, neuron.current, strict=True))
    if reset and neuron.node.reset is Reset.SUBTRACT:
        return lo - neuron.threshold, hi - neuron.threshold
    if reset and neuron.node.reset is Reset.ZERO:
        return neuron.current
    return lo, hi


def _after(neuron: Neuron, seen: NeuronHulls, v: Interval, d: int) -> Interval:
    if neuron.node.reset_delay or d == 0 or neuron.node.reset is Reset.NONE:
        return v
    lift = neuron.frac - neuron.membrane.frac
    if neuron.node.reset is Reset.SUBTRACT:
        lo, hi = ((end << lift) - d * neuron.threshold for end in v)
    else:
        lo, hi = ((end - d * end) << lift for end in v)
    seen.peak = max(seen.peak, abs(lo), abs(hi))
    return _convert((lo, hi), neuron.frac, neuron.membrane, seen.exact)


def _split(part: Interval, limit: int) -> tuple[Interval | None, Interval | None]:
    """The part at or below the limit, and the part above it."""
    lo, hi = part
    below = (lo, min(hi, limit)) if lo <= limit else None
    above = (max(lo, limit + 1), hi) if hi > limit else None
    return below, above


def _convert(exact: Interval, frac: int, fmt: Fixed, needed: Hull) -> Interval:
    lo, hi = (round_integer(end, frac - fmt.frac, fmt.rounding) for end in exact)
    needed.add(lo, hi)
    if fmt.holds(lo, hi):
        return lo, hi
    if fmt.overflow in {Overflow.SAT, Overflow.SAT_SYM}:
        return _clip(lo, fmt), _clip(hi, fmt)
    return fmt.lo, fmt.hi


def _clip(n: int, fmt: Fixed) -> int:
    return int(cast(np.array(n, dtype=object), fmt.frac, fmt)[()])


def _range(hulls: list[Hull], frac: int) -> Range:
    lo = np.array([h.interval[0] for h in hulls], dtype=object)
    hi = np.array([h.interval[1] for h in hulls], dtype=object)
    return Range(lo, hi, frac)


def _membrane(node: Neurons) -> Fixed:
    if node.membrane is None:
        raise TypeError("range analysis works on integer graphs only")
    return node.membrane
