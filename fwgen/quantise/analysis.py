"""Range analysis: exact integer bounds of every value of an integer graph.

Bounds come from the actual weights by interval arithmetic on Python integers, one interval per
element, with the input anywhere in its format. They are sound (no event leaves them) and, since
intervals forget how values hang together, sometimes wider than what events reach.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fwgen.errors import FormatError
from fwgen.ir.cast import cast, round_only
from fwgen.ir.fixed import MAX_WIDTH, Fixed, Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Add,
    BatchNorm,
    Concat,
    CubaLif,
    Dense,
    FirstSpike,
    Input,
    KlDivergence,
    LastMembrane,
    LatencyEncoder,
    LeakyRelu,
    Lif,
    Maximum,
    Membrane,
    Multiply,
    Node,
    Quantise,
    Relu,
    Slice,
    SpikeCount,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.ir.ranges import Conversion, LifRange, Range, const, filled, floor_to
from fwgen.quantise import elements
from fwgen.quantise.accumulator import ACCUMULATOR, wraps
from fwgen.quantise.latency import check_latency, latency_peak
from fwgen.quantise.lif_range import lif_current, lif_range, recurrent_weights, synapse_range

MAX_BITS = 4 * MAX_WIDTH


@dataclass(slots=True)
class Analysis:
    """Everything the range analysis knows, by node name.

    ``currents`` are what membranes see. The integrators of a `CubaLif` stand under their own name.
    """

    values: dict[str, Range] = field(default_factory=dict)
    lifs: dict[str, LifRange] = field(default_factory=dict)
    currents: dict[str, Range] = field(default_factory=dict)
    conversions: list[Conversion] = field(default_factory=list)
    peak: int = 1  # largest magnitude of any intermediate, for the choice of integer type

    def note(self, *peaks: int) -> None:
        """Remember the magnitude of intermediates."""
        self.peak = max(self.peak, *peaks)


def analyse(graph: Graph) -> Analysis:
    """Bounds of every value of an integer graph.

    Raises
    ------
    FormatError
        If numbers grow beyond all bounds; the message names the layer.
    """
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
        case Lif():
            _lif(node, steps, analysis)
        case LatencyEncoder():
            known[node.name] = _latency(node, steps, analysis)
        case LastMembrane() | Maximum() | Membrane():
            known[node.name] = analysis.lifs[node.source].membrane
        case SpikeCount():
            known[node.name] = _count(known[node.source], steps)
        case FirstSpike():
            known[node.name] = _first(known[node.source], steps)
        case _:
            known[node.name] = _feed_forward(node, analysis)
    _check_size(node, known[node.name])
    analysis.note(known[node.name].peak)


def _check_size(node: Node, values: Range) -> None:
    """Products of products have no end of bits: far beyond every format, they are refused."""
    bits = max(values.peak.bit_length(), abs(values.frac))
    if bits > MAX_BITS:
        raise FormatError(
            f"layer '{node.name}' ({node.op})",
            needed=f"values of at most {MAX_BITS} bits, and as many fraction bits",
            found=f"{bits}",
            do="Put a quantise layer in front of it.",
        )


def _feed_forward(node: Node, analysis: Analysis) -> Range:
    sources = [analysis.values[name] for name in node.sources]
    match node:
        case Quantise():
            return _quantise(node, sources[0], analysis)
        case Dense():
            return _dense(node, sources[0], analysis)
        case BatchNorm():
            return _batch_norm(node, sources[0], analysis)
        case Relu():
            return elements.relu(sources[0])
        case LeakyRelu():
            return _leaky_relu(node, sources[0], analysis)
        case Table():
            return converted(node.name, elements.table(node, sources[0]), node.fmt, analysis)
        case Slice():
            lo, hi = (ends[node.start : node.stop] for ends in (sources[0].lo, sources[0].hi))
            return Range(lo, hi, sources[0].frac)
        case Threshold():
            return _threshold(node, sources[0], analysis)
        case _:
            return _several(node, sources, analysis)


def _several(node: Node, sources: list[Range], analysis: Analysis) -> Range:
    """Operations that read several values, or all elements of one."""
    # terms on the common grid, whatever their order: below 2**3 of the largest together
    terms = elements.aligned(sources)
    analysis.note(*(t.peak for t in terms), 2 * max(t.peak for t in terms))
    match node:
        case Concat():
            return elements.concat(node, sources)
        case Add() | Subtract() | Multiply():
            return elements.pair(node, *sources)
        case SquaredError():
            return elements.squared_error(node, *sources)
        case SumSquares():
            return elements.total(elements.squares(sources[0]))
        case KlDivergence():
            result = elements.kl_divergence(node, sources)
            analysis.note(_kl_peak(sources, result.frac - 1))
            return result
        case _:
            raise TypeError(f"no bounds for {node.op}")


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


def converted(
    name: str, needed: Range, fmt: Fixed, analysis: Analysis, what: str = "value"
) -> Range:
    """Bounds behind a conversion that must hold ``needed``, which is noted."""
    analysis.conversions.append(Conversion(name, what, fmt, needed))
    analysis.note(needed.peak)
    return _convert(needed, fmt)


def _quantise(node: Quantise, source: Range, analysis: Analysis) -> Range:
    lo = round_only(source.lo, source.frac, node.fmt)
    hi = round_only(source.hi, source.frac, node.fmt)
    return converted(node.name, Range(lo, hi, node.fmt.frac), node.fmt, analysis)


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
    lo, hi = pos @ source.lo + neg @ source.hi + b, pos @ source.hi + neg @ source.lo + b
    exact = Range(lo, hi, frac)
    fmt = node.accumulator
    if fmt is None or not wraps(fmt, exact):
        return exact
    needed = Range(round_only(lo, frac, fmt), round_only(hi, frac, fmt), fmt.frac)
    return converted(node.name, needed, fmt, analysis, ACCUMULATOR)


def _batch_norm(node: BatchNorm, source: Range, analysis: Analysis) -> Range:
    result = elements.batch_norm(node, source)
    scale, offset = const(node.scale), const(node.offset)
    factor = scale.values << (result.frac - scale.fmt.frac - source.frac)
    moved = offset.values << (result.frac - offset.fmt.frac)
    analysis.note(int(np.abs(factor).max()), int(np.abs(moved).max()))
    analysis.note(int(np.abs(factor * source.lo).max()), int(np.abs(factor * source.hi).max()))
    return result


def _leaky_relu(node: LeakyRelu, source: Range, analysis: Analysis) -> Range:
    _, lift, alpha = elements.leaky_factors(node, source)
    peak = int(max(np.abs(alpha).max(), 1 << lift))
    analysis.note(peak * source.peak)  # both branches are computed for all values
    return elements.leaky_relu(node, source)


def _kl_peak(sources: list[Range], frac: int) -> int:
    """No partial sum of the divergence is larger, in any order."""
    mean, log_variance, variance = sources
    terms = [
        mean.peak**2 << (frac - 2 * mean.frac),
        log_variance.peak << (frac - log_variance.frac),
        variance.peak << (frac - variance.frac),
        1 << frac,
    ]
    return len(mean) * sum(terms)


def _lif(node: Lif, steps: int, analysis: Analysis) -> None:
    source = analysis.values[node.source]
    current = lif_current(node, source)
    if node.recurrent is not None:
        weight, _, lift = recurrent_weights(node, source.frac)
        analysis.note(int(np.abs(weight).sum(axis=1).max()) + (source.peak << lift))
    if isinstance(node, CubaLif):
        inner = node.integrators.name
        found, conversion = synapse_range(node, source, steps)
        analysis.lifs[inner], analysis.currents[inner] = found, current
        analysis.conversions.append(conversion)
        analysis.note(found.peak)
        current = found.membrane
    analysis.currents[node.name] = current
    result, conversion = lif_range(node, current, steps)
    analysis.lifs[node.name] = result
    analysis.conversions.append(conversion)
    analysis.note(result.peak)
    size = len(result.can_fire)
    hi = np.array([int(fires) for fires in result.can_fire], dtype=object)
    analysis.values[node.name] = Range(filled(0, size), hi, 0)


def _latency(node: LatencyEncoder, steps: int, analysis: Analysis) -> Range:
    source = analysis.values[node.source]
    check_latency(node, source)
    analysis.note(latency_peak(source, steps))
    silent = (source.hi == 0) & node.silent_zero
    return Range(filled(0, len(source)), (1 - silent.astype(int)).astype(object), 0)


def _count(spikes: Range, steps: int) -> Range:
    return Range(spikes.lo * steps, spikes.hi * steps, 0)


def _first(spikes: Range, steps: int) -> Range:
    """A neuron that cannot fire is known to have no first spike."""
    return Range(steps * (1 - spikes.hi), filled(steps, len(spikes)), 0)


def _threshold(node: Threshold, source: Range, analysis: Analysis) -> Range:
    limit = floor_to(const(node.value), source.frac)
    analysis.note(*(abs(int(n)) for n in np.ravel(limit)))
    always, possible = source.lo > limit, source.hi > limit
    return Range(always.astype(int).astype(object), possible.astype(int).astype(object), 0)


def bounds_by_name(values: Mapping[str, Range]) -> dict[str, tuple[float, float]]:
    """Real-valued bounds of every value, for reports."""
    return {
        name: (float(min(r.lo)) * 2.0**-r.frac, float(max(r.hi)) * 2.0**-r.frac)
        for name, r in values.items()
    }
