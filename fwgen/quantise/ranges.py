"""Range analysis: exact integer bounds of every value of an integer graph.

Bounds come from the actual weights by interval arithmetic on Python integers, one interval per
element, with the input anywhere in its format. They are sound (no event leaves them) and, since
intervals forget how values hang together, sometimes wider than what events reach.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fwgen.ir.cast import cast, round_only
from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Dense,
    Input,
    LastMembrane,
    Lif,
    Node,
    Quantise,
    SpikeCount,
    SquaredError,
    Threshold,
)
from fwgen.quantise.bounds import Conversion, LifRange, Range, const, filled, floor_to
from fwgen.quantise.lif_range import lif_range


@dataclass(slots=True)
class Analysis:
    """Everything the range analysis knows, by node name."""

    values: dict[str, Range] = field(default_factory=dict)
    lifs: dict[str, LifRange] = field(default_factory=dict)
    conversions: list[Conversion] = field(default_factory=list)
    peak: int = 1  # largest magnitude of any intermediate, for the choice of integer type

    def note(self, *peaks: int) -> None:
        """Remember the magnitude of intermediates."""
        self.peak = max(self.peak, *peaks)


def analyse(graph: Graph) -> Analysis:
    """Bounds of every value of an integer graph."""
    analysis = Analysis()
    for node in graph:
        add(node, graph.steps, analysis)
    return analysis


def add(node: Node, steps: int, analysis: Analysis) -> None:
    """Add one node whose sources are known already."""
    known = analysis.values
    match node:
        case Input():
            known[node.name] = full(node.fmt, node.size)
        case Quantise():
            known[node.name] = _quantise(node, known[node.source], analysis)
        case Dense():
            known[node.name] = _dense(node, known[node.source], analysis)
        case Lif():
            _lif(node, steps, analysis)
        case LastMembrane():
            known[node.name] = analysis.lifs[node.source].membrane
        case SpikeCount():
            known[node.name] = _count(known[node.source], steps)
        case SquaredError():
            known[node.name] = _squared_error(known[node.left], known[node.right], analysis)
        case Threshold():
            known[node.name] = _threshold(node, known[node.source], analysis)
    analysis.note(known[node.name].peak)


def full(fmt: Fixed, size: int) -> Range:
    """The whole range of a format."""
    return Range(filled(fmt.lo, size), filled(fmt.hi, size), fmt.frac)


def _convert(needed: Range, fmt: Fixed) -> Range:
    """Bounds after the overflow mode of ``fmt`` has acted on values on its grid."""
    if fmt.holds(min(needed.lo), max(needed.hi)):
        return needed
    if fmt.overflow in {Overflow.SAT, Overflow.SAT_SYM}:
        return Range(cast(needed.lo, fmt.frac, fmt), cast(needed.hi, fmt.frac, fmt), fmt.frac)
    return full(fmt, len(needed))


def _quantise(node: Quantise, source: Range, analysis: Analysis) -> Range:
    lo = round_only(source.lo, source.frac, node.fmt)
    hi = round_only(source.hi, source.frac, node.fmt)
    needed = Range(lo, hi, node.fmt.frac)
    analysis.conversions.append(Conversion(node.name, "value", node.fmt, needed))
    analysis.note(needed.peak)
    return _convert(needed, node.fmt)


def _dense(node: Dense, source: Range, analysis: Analysis) -> Range:
    weight, bias = const(node.weight), const(node.bias)
    products = weight.fmt.frac + source.frac
    frac = max(products, bias.fmt.frac)
    w = weight.values << (frac - products)
    b = bias.values << (frac - bias.fmt.frac)
    analysis.note(int(np.abs(w).max(initial=0)))
    pos, neg = np.maximum(w, 0), np.minimum(w, 0)
    # any order of summation stays within the sum of magnitudes
    analysis.note(int(max(np.abs(w) @ np.maximum(np.abs(source.lo), np.abs(source.hi)) + abs(b))))
    return Range(pos @ source.lo + neg @ source.hi + b, pos @ source.hi + neg @ source.lo + b, frac)


def _lif(node: Lif, steps: int, analysis: Analysis) -> None:
    result, conversion = lif_range(node, analysis.values[node.source], steps)
    analysis.lifs[node.name] = result
    analysis.conversions.append(conversion)
    analysis.note(result.peak)
    size = len(result.can_fire)
    hi = np.array([int(fires) for fires in result.can_fire], dtype=object)
    analysis.values[node.name] = Range(filled(0, size), hi, 0)


def _count(spikes: Range, steps: int) -> Range:
    return Range(spikes.lo * steps, spikes.hi * steps, 0)


def _squared_error(left: Range, right: Range, analysis: Analysis) -> Range:
    frac = max(left.frac, right.frac)
    ls, rs = frac - left.frac, frac - right.frac
    analysis.note(left.peak << ls, right.peak << rs)
    lo = (left.lo << ls) - (right.hi << rs)
    hi = (left.hi << ls) - (right.lo << rs)
    near = np.where((lo <= 0) & (hi >= 0), 0, np.minimum(np.abs(lo), np.abs(hi)))
    far = np.maximum(np.abs(lo), np.abs(hi))
    return Range(filled(sum(near * near), 1), filled(sum(far * far), 1), 2 * frac)


def _threshold(node: Threshold, source: Range, analysis: Analysis) -> Range:
    limit = floor_to(const(node.value), source.frac)
    analysis.note(abs(int(limit)))
    always, possible = source.lo > limit, source.hi > limit
    return Range(always.astype(int).astype(object), possible.astype(int).astype(object), 0)


def bounds_by_name(values: Mapping[str, Range]) -> dict[str, tuple[float, float]]:
    """Real-valued bounds of every value, for reports."""
    return {
        name: (float(min(r.lo)) * 2.0**-r.frac, float(max(r.hi)) * 2.0**-r.frac)
        for name, r in values.items()
    }
