"""The one oracle: an interpreter of integer graphs, exact and vectorised over events.

NumPy on int64 where the range analysis proves that every intermediate fits, on Python integers
(object arrays) otherwise; never on floats.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fwgen.ir.cast import SAFE_BITS, Ints, from_real, overflow, round_only
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    CubaLif,
    Dense,
    FirstSpike,
    Input,
    LastMembrane,
    LatencyEncoder,
    Lif,
    Maximum,
    Membrane,
    Node,
    Quantise,
    Reset,
    ShiftLeak,
    SpikeCount,
    Table,
)
from fwgen.ir.ranges import const, floor_to
from fwgen.quantise.accumulator import ACCUMULATOR, sum_frac
from fwgen.quantise.analysis import Analysis, analyse
from fwgen.quantise.latency import spike_step
from fwgen.quantise.lif_range import common_frac, recurrent_weights
from fwgen.verify.exact.stateless import Exact


@dataclass(slots=True)
class Trace:
    """Values by name.

    ``values[node]`` has shape (events, size), or (steps, events, size) for a node with one value
    per time step. A LIF node's value is its spikes; ``node.membrane`` holds u' likewise.
    ``overflows[node]`` counts the conversions in which the overflow mode acted.
    """

    values: dict[str, Ints] = field(default_factory=dict)
    overflows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """The interpreter for one integer graph.

    Parameters
    ----------
    graph
        Integer graph, as the quantise stage returns it.
    analysis
        Its range analysis.
    """

    graph: Graph
    analysis: Analysis

    @classmethod
    def of(cls, graph: Graph) -> "Reference":
        """The interpreter of a graph, with its own range analysis."""
        return cls(graph, analyse(graph))

    @property
    def dtype(self) -> Any:
        """int64 where it is proven to be wide enough, object otherwise."""
        return np.int64 if self.analysis.peak.bit_length() < SAFE_BITS else np.dtype(object)

    def run(self, events: Ints, keep: Collection[str] | None = None) -> Trace:
        """Evaluate events of shape (events, size), integers in the input's format.

        Spikes are rows of (events, steps * size), step after step.

        With ``keep``, only the values named there are returned, and others freed on the way.
        """
        trace = Trace()
        last_use = {n.name: n.name for n in self.graph}
        last_use |= {s: node.name for node in self.graph for s in node.sources}
        for node in self.graph:
            self._evaluate(node, events, trace)
            if keep is not None:
                done = (name for name in (*node.sources, node.name) if last_use[name] == node.name)
                for name in done:
                    for key in {name, f"{name}.membrane"} - set(keep):
                        trace.values.pop(key, None)
        return trace

    def _evaluate(self, node: Node, events: Ints, trace: Trace) -> None:
        values = trace.values
        match node:
            case Input():
                values[node.name] = by_step(np.asarray(events).astype(self.dtype), self.graph)
            case Lif():
                self._lif(node, trace)
            case LatencyEncoder():
                values[node.name] = self._latency(node, values[node.source])
            case LastMembrane():
                values[node.name] = values[f"{node.source}.membrane"][-1]
            case Maximum():
                values[node.name] = values[f"{node.source}.membrane"].max(axis=0)
            case Membrane():
                values[node.name] = _moved(
                    values[f"{node.source}.membrane"], previous=node.previous
                )
            case SpikeCount():
                values[node.name] = values[node.source].sum(axis=0)
            case FirstSpike():
                values[node.name] = self._first(values[node.source])
            case _:
                values[node.name] = self._stateless(node, trace)

    def _stateless(self, node: Node, trace: Trace) -> Ints:
        sources = [trace.values[name] for name in node.sources]
        fracs = tuple(self.analysis.values[name].frac for name in node.sources)
        if isinstance(node, Quantise):
            exact = round_only(sources[0], fracs[0], node.fmt)
            return _counted(exact, node.fmt, trace, node.name)
        exact = Exact(fracs, self._ints).result(node, sources)
        match node:
            case Table():
                return _counted(exact, node.fmt, trace, node.name)
            case Dense() if node.name in self._wrapping:
                fmt, frac = self._wrapping[node.name], sum_frac(node, fracs[0])
                return _counted(round_only(exact, frac, fmt), fmt, trace, node.name)
            case _:
                return exact

    @property
    def _wrapping(self) -> dict[str, Fixed]:
        """Accumulators whose wrap-around was accepted, by the dense layer's name."""
        return {c.node: c.fmt for c in self.analysis.conversions if c.what == ACCUMULATOR}

    def _lif(self, node: Lif, trace: Trace) -> None:
        step = self._lif_step(node, node.name, trace)
        drive = self._drive(node, trace)
        source = trace.values[node.source]
        static = source.ndim == 2  # noqa: PLR2004 - (events, size): the same at every step
        spike = u = np.zeros_like(source if static else source[0])
        total, syn = self._recurrent(node), u
        spikes, membranes = [], []
        for t in range(self.graph.steps):
            current, syn = drive(syn, total(source if static else source[t], spike))
            spike, u = step(u, current)
            spikes.append(spike)
            membranes.append(u)
        trace.values[node.name] = np.stack(spikes)
        trace.values[f"{node.name}.membrane"] = np.stack(membranes)

    def _drive(self, node: Lif, trace: Trace) -> Callable[[Ints, Ints], tuple[Ints, Ints]]:
        """What membranes see in a step, and the synaptic current after it."""
        if not isinstance(node, CubaLif):
            return lambda syn, total: (total, syn)
        step, previous = self._lif_step(node.integrators, node.name, trace), node.previous

        def drive(syn: Ints, total: Ints) -> tuple[Ints, Ints]:
            _, new = step(syn, total)
            return (syn if previous else new), new

        return drive

    def _lif_step(
        self, node: Lif, layer: str, trace: Trace
    ) -> Callable[[Ints, Ints], tuple[Ints, Ints]]:
        """The spike and the membrane after a step, from the membrane and the current."""
        fmt = node.membrane
        if fmt is None:
            raise TypeError("the reference works on integer graphs only")
        current_frac = self.analysis.currents[node.name].frac
        frac = common_frac(node, current_frac)
        lift = frac - current_frac
        limit, thr = self._ints(np.array(fmt.hi, dtype=object)), self._ints(np.array(0))
        if node.threshold is not None:
            thr_const = const(node.threshold)
            limit = self._ints(floor_to(thr_const, fmt.frac))
            thr = self._ints(thr_const.values << (frac - thr_const.fmt.frac))
        leak = self._leak(node, fmt, frac)

        def convert(n: Ints) -> Ints:
            return _counted(round_only(n, frac, fmt), fmt, trace, layer)

        def step(u: Ints, x: Ints) -> tuple[Ints, Ints]:
            r = self._bits(u > limit)
            kept = u * (1 - r) if node.reset is Reset.ZERO else u
            exact = leak(kept) + (x << lift)
            v = convert(exact - r * thr if node.reset is Reset.SUBTRACT else exact)
            s = self._bits(v > limit)
            if node.reset_delay or node.reset is Reset.NONE:
                return s, v
            d, lifted = s - r, v << (frac - fmt.frac)
            return s, convert(lifted - d * (thr if node.reset is Reset.SUBTRACT else lifted))

        return step

    def _latency(self, node: LatencyEncoder, x: Ints) -> Ints:
        """Spikes of all steps."""
        steps = self.graph.steps
        at = spike_step(node, x, self.analysis.values[node.source].frac, steps)
        return self._bits(at == np.arange(steps).reshape(steps, 1, 1))

    def _recurrent(self, node: Lif) -> Callable[[Ints, Ints], Ints]:
        """The current of a step from the source's value and the spikes of the step before."""
        if node.recurrent is None:
            return lambda x, _: x
        weight, _, lift = recurrent_weights(node, self.analysis.values[node.source].frac)
        across = self._ints(weight).T
        return lambda x, spikes: (x << lift) + spikes @ across

    def _first(self, spikes: Ints) -> Ints:
        """The first step with a spike; the number of steps where there is none."""
        fired = spikes != 0
        return self._ints(np.where(fired.any(axis=0), fired.argmax(axis=0), self.graph.steps))

    def _leak(self, node: Lif, fmt: Fixed, frac: int) -> Callable[[Ints], Ints]:
        if isinstance(node.beta, ShiftLeak):
            shift = node.beta.shift
            return lambda u: (u - (u >> shift)) << (frac - fmt.frac)
        beta = const(node.beta)
        factor = self._ints(beta.values << (frac - fmt.frac - beta.fmt.frac))
        return lambda u: np.asarray(u * factor)

    def _ints(self, values: Ints) -> Ints:
        return np.asarray(values).astype(self.dtype)

    def _bits(self, values: Ints) -> Ints:
        return np.asarray(values).astype(self.dtype)


def by_step(events: Any, graph: Graph) -> Any:
    """Rows of spikes as (steps, events, size); other events as they are."""
    if not graph.input.spikes:
        return events
    return np.moveaxis(events.reshape(len(events), *graph.event_shape), 1, 0)


def quantise_input(graph: Graph, values: "np.ndarray[Any, np.dtype[np.float64]]") -> Ints:
    """Real input values, shape (events, size), as integers in the input's format.

    The format's own rounding and overflow modes apply, as they would in front of the firmware.
    """
    fmt = graph.input.fmt
    grid = overflow(from_real(values, fmt), fmt)
    return grid.astype(np.int64) if fmt.width < SAFE_BITS else grid


def _moved(steps: Ints, *, previous: bool) -> Ints:
    """Values of all steps; with ``previous`` each step has those of the one before, the first 0."""
    return np.concatenate([np.zeros_like(steps[:1]), steps[:-1]]) if previous else steps


def _counted(exact: Ints, fmt: Fixed, trace: Trace, name: str) -> Ints:
    result = overflow(exact, fmt).astype(exact.dtype)  # bounds have chosen the type
    trace.overflows[name] = trace.overflows.get(name, 0) + int(np.count_nonzero(result != exact))
    return result
