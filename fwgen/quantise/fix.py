"""Pass: every parameter becomes an integer, every open format is decided.

A format that the user gives is taken as it is; a value that it cannot hold is an error. Where
none is given:

- weight: 8 bits signed, as many fraction bits as its largest value leaves (at most 16);
- bias: on the exact grid of the products, as wide as needed;
- beta: the fewest fraction bits (at most 16) that change ``1 - beta`` by at most 1/16 of itself;
- membrane: the grid of its current, as wide as the range analysis needs;
- threshold: the grid of what it is compared with, as wide as needed;
- scale of a batch normalisation: as a weight, but 16 bits and at most 24 of them fraction bits;
- offset of a batch normalisation: on the exact grid of the products, as wide as needed;
- alpha: the fewest fraction bits (at most 16) that change no alpha by more than 1/128 of itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from fwgen.errors import FormatError
from fwgen.ir.cast import Ints, from_real, to_grid
from fwgen.ir.fixed import MAX_WIDTH, Fixed, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    BatchNorm,
    Const,
    CubaLif,
    Dense,
    LeakyRelu,
    Lif,
    Node,
    Param,
    Real,
    ShiftLeak,
    Table,
    Threshold,
)
from fwgen.ir.ranges import Range, roomy, widened
from fwgen.quantise.analysis import Analysis, add
from fwgen.quantise.lif_range import lif_current, lif_range, synapse_range
from fwgen.quantise.tables import fix_table

WEIGHT_BITS = 8
MAX_FRAC = 16
SCALE_BITS = 16
SCALE_MAX_FRAC = 24

_L = TypeVar("_L", bound=Lif)
Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class FixFormats:
    """Real graph -> integer graph.

    Raises
    ------
    FormatError
        If a parameter lies outside the format asked for, or a table's function has no value at an
        input that it can get; the message names the layer, the value, and what would do.
    """

    name = "fix-formats"

    def run(self, graph: Graph) -> Graph:
        """The same graph with integer parameters and every format set."""
        analysis = Analysis()
        fixed: dict[str, Node] = {}
        for node in graph:
            try:
                fixed[node.name] = _fix(node, analysis, graph.steps)
            except FormatError as error:  # a format that fwgen chose itself knows no layer
                known = error.where.startswith("layer")
                raise error if known else error.within(f"layer '{node.name}' ({node.op})") from None
            add(fixed[node.name], graph.steps, analysis)
        return graph.with_nodes(fixed)


def _fix(node: Node, analysis: Analysis, steps: int) -> Node:
    match node:
        case Dense():
            return _fix_dense(node, analysis.values[node.source])
        case BatchNorm():
            return _fix_batch_norm(node, analysis.values[node.source])
        case LeakyRelu():
            return replace(node, alpha=_fix_near(node, "alpha", node.alpha, _alpha_room, False))
        case Table():
            return fix_table(node, analysis.values[node.source])
        case CubaLif():
            return _fix_cuba(node, analysis.values[node.source], steps)
        case Lif():
            source = analysis.values[node.source]
            return _fix_lif(node, source.frac, lambda fixed: lif_current(fixed, source), steps)
        case Threshold():
            frac = analysis.values[node.source].frac
            # on the source's grid, above the number is above its floor: the decision is exact
            value = _on_grid(node, "value", node.value, frac, Rounding.TRN)
            return replace(node, value=value)
        case _:
            return node


def _fix_dense(node: Dense, source: Range) -> Dense:
    weight = _widest(node, "weight", node.weight, WEIGHT_BITS, MAX_FRAC)
    bias = _on_grid(node, "bias", node.bias, weight.fmt.frac + source.frac)
    return replace(node, weight=weight, bias=bias)


def _fix_batch_norm(node: BatchNorm, source: Range) -> BatchNorm:
    scale = _widest(node, "scale", node.scale, SCALE_BITS, SCALE_MAX_FRAC)
    offset = _on_grid(node, "offset", node.offset, scale.fmt.frac + source.frac)
    return replace(node, scale=scale, offset=offset)


def _widest(node: Node, key: str, param: Param, bits: int, max_frac: int) -> Const:
    """As asked for, else ``bits`` signed bits with the most fraction bits that hold all values."""
    if isinstance(param, Const):
        return param
    fmt = param.fmt or _widest_fraction(param.values, bits, max_frac)
    return _to_const(node, key, param.values, fmt)


def _widest_fraction(values: Values, bits: int, max_frac: int) -> Fixed:
    largest = float(np.abs(values).max(initial=0.0))
    # one bit more than the largest value needs, in case it is a power of two or rounds up to one
    start = bits - int(np.frexp(largest)[1]) if largest else max_frac
    for frac in range(min(max_frac, max(start, bits - MAX_WIDTH - 1)), -2 * MAX_WIDTH, -1):
        fmt = Fixed(True, bits, bits - frac, Rounding.RND_CONV)
        grid = from_real(values, fmt)
        if fmt.holds(int(grid.min(initial=0)), int(grid.max(initial=0))):
            return fmt
    raise AssertionError("a finite double lies below 2**1024")  # pragma: no cover


def _fix_cuba(node: CubaLif, source: Range, steps: int) -> CubaLif:
    """The currents first, as leaky integrators are."""
    alpha = node.alpha
    if not isinstance(alpha, ShiftLeak):
        alpha = _fix_near(node, "alpha", alpha, _beta_room, True)
    inner = replace(replace(node, alpha=alpha).integrators, name=node.name)
    inner = _fix_lif(inner, source.frac, lambda fixed: lif_current(fixed, source), steps)
    fixed = replace(node, alpha=alpha, syn=inner.membrane, recurrent=inner.recurrent)
    currents = synapse_range(fixed, source, steps)[0].membrane
    return _fix_lif(fixed, currents.frac, lambda _: currents, steps)


def _fix_lif(node: _L, grid: int, current: Callable[[Lif], Range], steps: int) -> _L:
    """``grid`` are the fraction bits of the source, ``current`` is what the membrane sees.

    An open membrane has the grid of its current, recurrent weights included.
    """
    beta: Const | ShiftLeak
    if isinstance(node.beta, ShiftLeak):
        beta = node.beta
    else:
        beta = _fix_near(node, "beta", node.beta, _beta_room, True)
    fixed = replace(node, beta=beta)
    if node.recurrent is not None and not isinstance(node, CubaLif):
        recurrent = _widest(node, "recurrent", node.recurrent, WEIGHT_BITS, MAX_FRAC)
        fixed, grid = replace(fixed, recurrent=recurrent), max(grid, recurrent.fmt.frac)
    frac = node.membrane.frac if node.membrane else grid
    if node.threshold is not None:
        threshold = _on_grid(node, "threshold", node.threshold, frac)
        fixed = replace(fixed, threshold=threshold)
    if node.membrane is None:
        roomier = replace(fixed, membrane=roomy(frac))
        _, conversion = lif_range(roomier, current(fixed), steps)
        fixed = replace(fixed, membrane=conversion.needed.fmt)
    return fixed


def _beta_room(beta: Fraction) -> Fraction:
    return (1 - beta) / 16


def _alpha_room(alpha: Fraction) -> Fraction:
    return abs(alpha) / 128


def _fix_near(
    node: Node, key: str, param: Param, room: Callable[[Fraction], Fraction], unit: bool
) -> Const:
    """As asked for, else the fewest fraction bits that change no value by more than its room.

    With ``unit`` the format is unsigned with one integer bit, so that 1 can be said.
    """
    if isinstance(param, Const):
        return param
    if param.fmt is not None:
        return _to_const(node, key, param.values, param.fmt)
    for frac in range(MAX_FRAC + 1):
        grid = to_grid(param.values, frac, Rounding.RND_CONV)
        near = (
            abs(Fraction(n, 2**frac) - Fraction(x)) <= room(Fraction(x))
            for n, x in zip(grid.ravel().tolist(), param.values.ravel().tolist(), strict=True)
        )
        if all(near) or frac == MAX_FRAC:
            fmt = Fixed.holding(int(grid.min()), int(grid.max()), frac)
            chosen = Fixed(False, frac + 1, 1) if unit else fmt
            return Const(grid, replace(chosen, rounding=Rounding.RND_CONV))
    raise AssertionError("the loop returns")  # pragma: no cover


def _on_grid(
    node: Node, key: str, param: Param, frac: int, rounding: Rounding = Rounding.RND_CONV
) -> Const:
    if isinstance(param, Const):
        return param
    if param.fmt is not None:
        return _to_const(node, key, param.values, param.fmt)
    grid = to_grid(param.values, frac, rounding)
    fmt = Fixed.holding(int(grid.min()), int(grid.max()), frac)
    return Const(grid, replace(fmt, rounding=rounding))


def _to_const(node: Node, key: str, values: Values, fmt: Fixed) -> Const:
    grid = from_real(values, fmt)
    lo, hi = int(grid.min(initial=0)), int(grid.max(initial=0))
    if not fmt.holds(lo, hi):
        raise _outside(node, key, Real(values, fmt), grid, fmt)
    return Const(grid, fmt)


def _outside(node: Node, key: str, param: Real, grid: Ints, fmt: Fixed) -> FormatError:
    lowest = fmt.lo + (not fmt.holds(fmt.lo, fmt.lo))
    worst = int(np.argmax(np.maximum(lowest - grid, grid - fmt.hi)))
    index = [int(i) for i in np.unravel_index(worst, grid.shape)]
    place = f"{key}{index or ''}"
    enough = widened(fmt, int(grid.min(initial=0)), int(grid.max(initial=0)))
    return FormatError(
        f"layer '{node.name}' ({node.op}): {place}",
        needed=f"values from {lowest * 2.0**-fmt.frac:g} to {fmt.hi * 2.0**-fmt.frac:g}, "
        f"the range of {fmt}",
        found=f"{float(param.values.ravel()[worst]):g}",
        do=f"Use {enough} (parameters never saturate or wrap), or retrain with a clipped {key}.",
    )
