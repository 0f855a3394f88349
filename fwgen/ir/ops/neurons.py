"""Spiking neurons: layers with a state and a value for each time step.

The equations follow snnTorch 1.0 (``snntorch.Leaky``); u is the membrane potential.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar

from fwgen.ir.fixed import Fixed
from fwgen.ir.node import FORMAT, OPTIONAL, PARAMETER, Const, Node, Param, Unary
from fwgen.ir.shape import Earlier, Shape, ShapeRules, misfit, one_axis


class Reset(StrEnum):
    """What a spike does to the membrane."""

    SUBTRACT = "subtract"
    ZERO = "zero"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ShiftLeak:
    """Leak by shift and subtract: ``u - (u >> shift)``, floored in the membrane's last bit."""

    shift: int


@dataclass(frozen=True, slots=True, eq=False)
class Neurons(Unary):
    """A membrane and a spike for each element of the source, run for all time steps.

    With u the membrane after the step before (0 at an event's first step) and x the current::

        r = u > threshold
        subtract: v = beta*u + x - r*threshold
        zero:     v = beta*((1-r)*u) + x
        none:     v = beta*u + x
        s = v > threshold                       # the spike, this node's value
        reset_delay:      u' = v
        no reset_delay:   d = s - r
            subtract: u' = v - d*threshold;  zero: u' = v - d*v;  none: u' = v

    v and u' are converted to ``membrane``. ``beta`` and ``threshold`` have shape () or (size,).
    Where ``threshold`` is None the neurons are leaky integrators: they never fire, and only their
    membranes are read. A ``beta`` of 1 makes integrate-and-fire neurons. ``recurrent`` is
    a matrix (to, from) for the spikes of the step before.
    """

    beta: Param | ShiftLeak = field(metadata=PARAMETER)
    threshold: Param | None = field(metadata={**PARAMETER, **OPTIONAL})
    membrane: Fixed | None = field(metadata=FORMAT)
    reset: Reset
    reset_delay: bool
    recurrent: Param | None = field(default=None, metadata={**PARAMETER, **OPTIONAL})

    @property
    def fires(self) -> bool:
        """Whether there is a threshold at all."""
        return self.threshold is not None


@dataclass(frozen=True, slots=True, eq=False)
class Lif(Neurons):
    """Leaky integrate-and-fire neurons, whose current is the source's value.

    With ``recurrent`` weights V it is that and V times the spikes of the step before, of which an
    event's first step has none.
    """

    op: ClassVar[str] = "lif"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CubaLif(Neurons):
    """Neurons whose recurrent spikes, with the source, go into a current that leaks.

    With x the current of a `Lif` that has these ``recurrent`` weights, and syn 0 at first::

        syn' = alpha*syn + x            # converted to the format ``syn``

    The current of the membrane is syn', or with ``previous`` syn.
    """

    op: ClassVar[str] = "cuba_lif"
    alpha: Param | ShiftLeak = field(metadata=PARAMETER)
    syn: Fixed | None = field(metadata=FORMAT)
    previous: bool

    @property
    def integrators(self) -> Lif:
        """What the currents are: leaky integrators into which the neurons' spikes go."""
        return Lif(
            f"{self.name}__syn",
            self.source,
            self.alpha,
            None,
            self.syn,
            Reset.NONE,
            reset_delay=True,
            recurrent=self.recurrent,
        )


def _lif(node: Lif, known: Earlier) -> Shape:
    return _neurons(node, known, {"beta": node.beta})


def _cuba_lif(node: CubaLif, known: Earlier) -> Shape:
    if node.recurrent is None:
        raise misfit(node, "recurrent weights: li, membrane and lif do without", "none")
    return _neurons(node, known, {"beta": node.beta, "alpha": node.alpha})


def _neurons(node: Neurons, known: Earlier, leaks: Mapping[str, Param | ShiftLeak]) -> Shape:
    one_axis(node, known)
    source = known.source(node)
    params: dict[str, Param] = {} if node.threshold is None else {"threshold": node.threshold}
    if not node.fires and node.reset is not Reset.NONE:
        raise misfit(node, "no reset where there is no threshold", f"reset {node.reset}")
    square = (source.size, source.size)
    if node.recurrent is not None and not node.fires:
        raise misfit(node, "no recurrent weights where there are no spikes", "some")
    if node.recurrent is not None and node.recurrent.shape != square:
        found = f"shape {node.recurrent.shape}"
        raise misfit(node, f"recurrent weights of shape {square}, a matrix (to, from)", found)
    params |= {key: leak for key, leak in leaks.items() if isinstance(leak, Param)}
    for key, param in params.items():
        if param.shape not in {(), (source.size,)}:
            raise misfit(
                node,
                f"one {key}, or one for each of the {source.size} neurons",
                f"shape {param.shape}",
            )
    for key, leak in leaks.items():
        if isinstance(leak, ShiftLeak):
            if leak.shift < 0:
                raise misfit(node, "a leak shift of at least 0", f"{leak.shift}")
        elif not _within_0_and_1(leak):
            raise misfit(node, f"every {key} from 0 to 1", "one outside")
    return Shape(source.dims, temporal=True)


def _within_0_and_1(param: Param) -> bool:
    one = Fraction(2) ** param.fmt.frac if isinstance(param, Const) else 1
    return all(0 <= value <= one for value in param.values.ravel())


NODES: tuple[type[Node], ...] = (Lif, CubaLif)
SHAPES: ShapeRules = {Lif: _lif, CubaLif: _cuba_lif}
