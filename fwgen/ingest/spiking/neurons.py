"""Spiking neurons as frameworks have them -> the keys of a ``lif`` layer with the same spikes.

``lif`` computes `snntorch.Leaky`. Other neurons are expressed by it where that is exact, for every
input that can arrive; where it is not, they are refused by name:

- reset at the spike (the membrane is reset in the step in which it fires, whenever it does): with
  reset to zero it is snnTorch's ``reset_delay=False`` as long as no threshold is below 0. With
  reset by subtraction it is that too if the membrane never stays above its threshold after a
  reset; and without a leak the spikes are those of a reset in the next step.
- firing at ``>=``: on a grid, the next number below the threshold decides for resets that do not
  use it. With reset by subtraction, a current smaller than the grid's step, added in each step,
  lifts the membrane above its threshold where both are equal and nowhere else.
"""

from dataclasses import dataclass, replace
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.exact import Grid, Reals, frac_bits

EXACT_HINT = "Add --set formats=exact"
_SLACK = 1 + 2.0**-40  # float64 sums of bounds may come out a little small


@dataclass(frozen=True, slots=True, eq=False)
class Synapse:
    """A current that leaks, before the membrane: ``syn = alpha * syn + input``.

    ``alpha`` has shape (size,). With ``previous`` the membrane takes the current of the step
    before.
    """

    alpha: Reals
    previous: bool


@dataclass(frozen=True, slots=True, eq=False)
class Neuron:
    """A layer of neurons: all arrays have shape (size,).

    ``delay`` is ``true``, ``false`` (snnTorch's two ways) or ``at_spike``. ``reached`` means that
    equality fires. Without ``fires`` it is a leaky integrator. ``lowest`` clips the membrane from
    below, None for no clip. The membrane sees ``gain * x + constant``; with a ``synapse`` the
    current in between does. ``recurrent``, of shape (size, size), to and from, is what the spikes
    of the step before add to that.
    """

    beta: Reals
    threshold: Reals
    reset: str
    delay: str
    gain: Reals
    constant: Reals
    reached: bool = False
    fires: bool = True
    lowest: float | None = None
    synapse: Synapse | None = None
    recurrent: Reals | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Leak:
    """Beta's fraction bits and highest values, after any rounding of it.

    ``step`` is the coarsest grid that a membrane or a threshold may be rounded to, 0 for none.
    """

    frac: int
    highest: Reals
    step: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class LifExpression:
    """How a `lif` layer expresses a neuron.

    ``lift`` is added to the current in each step; ``membrane`` says whether the layer's membrane
    after the last step is the neuron's own.
    """

    neuron: Neuron
    reset_delay: bool
    lift: float = 0.0
    membrane: bool = True


def check_kept(where: str, what: str, neuron: Neuron) -> None:
    """Refuse those of snnTorch's neurons that lose the current of a step in which they are reset.

    `Leaky` keeps it; ``what``, such as Synaptic, sets the membrane to 0 after it has come. With
    ``reset_delay=False`` and thresholds of 0 or more no step begins above the threshold, and
    nothing is lost.

    Raises
    ------
    BundleError
        If that can happen.
    """
    if what == "RSynaptic" and neuron.delay == "false" and neuron.reset != "none":
        raise BundleError(
            where,
            needed="reset_delay=true: snnTorch 1.0 has no other for RSynaptic",
            found="reset_delay=false, which it fails on or leaves out",
            do="Answer true, if 1.0 has run it; for a .nir file of an earlier version leave out "
            "--producer.",
        )
    late = neuron.delay == "true" or (neuron.threshold < 0).any()
    if neuron.reset == "zero" and late:
        raise BundleError(
            where,
            needed="reset subtract or none, or zero with reset_delay=false and thresholds of 0 or "
            "more",
            found=f"reset zero, with which snntorch.{what} drops the current of the step behind a "
            "spike; fwgen's neurons keep it",
            do="Train with another reset.",
        )


def membrane_frac(neuron: Neuron, current: int, leak: int, steps: int) -> int:
    """Fraction bits that the membrane needs after ``steps`` steps for no sum to be rounded."""
    first = current
    if neuron.reset == "subtract":
        first = max(first, frac_bits(neuron.threshold))
    return first + (steps - 1) * leak


def plan(
    where: str, neuron: Neuron, current: Grid, leak: Leak, steps: int, *, exact: bool
) -> LifExpression:
    """How to express a neuron; ``current`` is what its membrane sees.

    Raises
    ------
    BundleError
        If no `lif` layer has the same spikes; the message names the reason.
    """
    if neuron.lowest is not None:
        _check_lowest(where, neuron, current, leak, steps, exact=exact)
    if not neuron.fires or neuron.reset == "none":
        made = LifExpression(replace(neuron, reset="none"), reset_delay=True)
    elif neuron.delay != "at_spike":
        made = LifExpression(neuron, reset_delay=neuron.delay == "true")
    else:
        made = _at_spike(where, neuron, current, leak)
    if neuron.reached and neuron.fires:
        return _reached(where, made, current, leak, steps, exact=exact)
    return made


def _at_spike(where: str, neuron: Neuron, current: Grid, leak: Leak) -> LifExpression:
    if (neuron.threshold < 0).any():
        raise _no(where, "thresholds of 0 or more with reset_delay=at_spike", "one below 0")
    if neuron.reset == "zero":
        return LifExpression(neuron, reset_delay=False)
    # after a reset it is at most the threshold; each number on the way may be rounded up once
    highest = leak.highest * neuron.threshold + current.hi * _SLACK + 4 * leak.step
    if (highest < 2 * neuron.threshold).all():
        return LifExpression(neuron, reset_delay=False)
    if (neuron.beta == 1).all():
        return LifExpression(neuron, reset_delay=True, membrane=False)
    worst = int(np.argmax(highest - 2 * neuron.threshold))
    raise BundleError(
        where,
        needed="membranes below twice the threshold, or no leak, for reset=subtract with "
        "reset_delay=at_spike: fwgen's neuron does not fire twice in a row otherwise as this one",
        found=f"neuron {worst}, whose membrane can reach {highest[worst]:.4g} with threshold "
        f"{neuron.threshold[worst]:.4g}",
        do="Train with the reset in the next step, or with smaller weights.",
    )


def _reached(
    where: str, made: LifExpression, current: Grid, leak: Leak, steps: int, *, exact: bool
) -> LifExpression:
    """A neuron that also fires where the membrane equals the threshold."""
    neuron = made.neuron
    if not exact:
        raise _no(where, "exact numbers for comparison=ge", "none")
    if (neuron.threshold <= 0).any():
        raise _no(where, "thresholds above 0 with comparison=ge", "one of 0 or less")
    frac = max(membrane_frac(neuron, current.frac, leak.frac, steps), frac_bits(neuron.threshold))
    if neuron.reset != "subtract":
        lower = replace(neuron, threshold=neuron.threshold - 2.0 ** -(frac + 1))
        if frac_bits(lower.threshold) != frac + 1:
            raise too_fine(where, frac)
        return replace(made, neuron=lower)
    if neuron.synapse is not None:
        raise _no(where, "comparison=gt with reset=subtract and a synaptic current", "ge")
    return replace(made, lift=2.0 ** -(frac + ceil(log2(steps + 1))), membrane=False)


def too_fine(where: str, frac: int) -> BundleError:
    """The error for a grid on which float64 has no next number below the threshold."""
    return BundleError(
        where,
        needed="a number just below the threshold with comparison=ge: a membrane of 50 fraction "
        "bits or so",
        found=f"{frac} fraction bits",
        do="Round beta with --set beta_format=FORMAT, for example ufixed<9,1,RND_CONV>.",
    )


def _check_lowest(
    where: str, neuron: Neuron, current: Grid, leak: Leak, steps: int, *, exact: bool
) -> None:
    """Refuse a clip from below that could act; after a reset the membrane is 0 or more."""
    low = np.zeros_like(neuron.beta)
    for _ in range(steps):
        low = np.minimum(low * leak.highest + current.lo * _SLACK, 0)
    known = exact and (neuron.delay == "at_spike" or neuron.reset != "subtract")
    if not known or neuron.lowest is None or (low < neuron.lowest).any():
        raise BundleError(
            where,
            needed=f"membranes that never fall below v_min={neuron.lowest:g}",
            found=f"bounds down to {float(low.min()):.4g}" if known else "no bounds",
            do=f"fwgen clips no membrane; {EXACT_HINT} for exact bounds, or train without a "
            "lowest membrane.",
        )


def integrated(current: Grid, leak: Leak, steps: int) -> Grid:
    """Bounds of leaky integrators of a current over all steps, and the grid of exact ones."""
    lo, hi = np.zeros(current.size), np.zeros(current.size)
    for _ in range(steps):
        lo = np.minimum(lo * leak.highest + current.lo * _SLACK - leak.step, 0)
        hi = np.maximum(hi * leak.highest + current.hi * _SLACK + leak.step, 0)
    return Grid(lo, hi, current.frac + (steps - 1) * leak.frac)


def reach(made: LifExpression, current: Grid, leak: Leak, steps: int) -> float:
    """The largest magnitude of any membrane; bounds of intervals, as the range analysis finds."""
    size = current.size
    walk = _Walk(made, current, leak)
    u = (np.zeros(size), np.zeros(size))
    for _ in range(steps):
        u = walk.step(*u)
    return walk.peak * _SLACK


class _Walk:
    """Intervals of all neurons, step by step; a spike splits each at the threshold."""

    def __init__(self, made: LifExpression, current: Grid, leak: Leak) -> None:
        self.made, self.current = made, current
        self.beta, self.threshold = leak.highest, made.neuron.threshold
        self.peak = 0.0

    def step(self, lo: Reals, hi: Reals) -> tuple[Reals, Reals]:
        found = [
            self._after(*v, spike - reset)
            for reset, u in enumerate(self._split(lo, hi))
            for spike, v in enumerate(self._split(*self._charged(*u, reset)))
        ]
        lows, highs = np.fmin.reduce([f[0] for f in found]), np.fmax.reduce([f[1] for f in found])
        return lows, highs

    def _split(self, lo: Reals, hi: Reals) -> tuple[tuple[Reals, Reals], tuple[Reals, Reals]]:
        """The part up to the threshold and the part from it on; NaN where there is none."""
        below, above = lo <= self.threshold, hi >= self.threshold
        return (
            (_where(below, lo), _where(below, np.minimum(hi, self.threshold))),
            (_where(above, np.maximum(lo, self.threshold)), _where(above, hi)),
        )

    def _charged(self, lo: Reals, hi: Reals, reset: int) -> tuple[Reals, Reals]:
        off = self.threshold if reset and self.made.neuron.reset == "subtract" else 0.0
        if reset and self.made.neuron.reset == "zero":
            lo, hi = lo * 0, hi * 0
        # a beta that the user lets round may become smaller: 0 is always within reach
        low = np.minimum(lo, 0) * self.beta + self.current.lo - off
        v = low, np.maximum(hi, 0) * self.beta + self.current.hi - off
        return self._seen(v)

    def _after(self, lo: Reals, hi: Reals, d: int) -> tuple[Reals, Reals]:
        if self.made.reset_delay or d == 0 or self.made.neuron.reset == "none":
            return lo, hi
        if self.made.neuron.reset == "subtract":
            return self._seen((lo - d * self.threshold, hi - d * self.threshold))
        return self._seen((lo - d * lo, hi - d * hi))

    def _seen(self, part: tuple[Reals, Reals]) -> tuple[Reals, Reals]:
        for end in part:
            self.peak = max(self.peak, float(np.nanmax(np.abs(end), initial=0)))
        return part


def _where(mask: NDArray[np.bool_], values: Reals) -> Reals:
    return np.where(mask, values, np.nan)


def _no(where: str, needed: str, found: str) -> BundleError:
    return BundleError(
        where,
        needed=needed,
        found=found,
        do=f"{EXACT_HINT} if that is missing. fwgen's neuron is snntorch.Leaky.",
    )
