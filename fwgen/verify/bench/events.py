"""Events for a proof: the model's own samples, corner cases, and random ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from fwgen.ingest.bundle.samples import SampleEvents
from fwgen.ir.cast import Ints
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense
from fwgen.ir.ports import Interface, Port
from fwgen.ir.ranges import const
from fwgen.verify.reference import Reference, quantise_input

MAX_CORNER_NEURONS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Integer events of shape (events, size), and how many of each kind, in order."""

    x: Ints
    counts: Mapping[str, int]


def make_events(
    graph: Graph, samples: Sequence[SampleEvents], total: int, rng: np.random.Generator
) -> Events:
    """At most ``total`` events: corners first, then samples, random ones for the rest."""
    parts: dict[str, Ints] = {"corner": np.stack(list(islice(corners(graph), total)))}
    for sample in samples:
        parts[f"{sample.kind} '{sample.name}'"] = quantise_input(graph, sample.x)
    missing = total - sum(map(len, parts.values()))
    if missing > 0:
        parts["random"] = random_events(graph, missing, rng)
    counts, left = {}, total
    for name, part in parts.items():
        counts[name] = min(left, len(part))
        left -= counts[name]
    return Events(np.concatenate(list(parts.values()))[:total], counts)


def random_events(graph: Graph, count: int, rng: np.random.Generator) -> Ints:
    """Uniform over the input's whole format; in half of the events many elements are zero."""
    fmt, size = graph.input.fmt, graph.input.elements(graph.steps)
    values = rng.integers(fmt.lo, fmt.hi, (count, size), endpoint=True)
    sparse = rng.random((count, 1)) < 0.5  # noqa: PLR2004 - half of them
    keep = rng.random((count, size)) < rng.random((count, 1))
    return np.where(sparse & ~keep, 0, values)


def corners(graph: Graph) -> Iterator[Ints]:
    """All zero, all lowest, all highest, one element at a time, stripes, and each extreme.

    For every neuron (the first 256) of the dense layers that read the input, the two events that
    drive its sum to its largest and smallest value; of spikes, in every time step.
    """
    fmt, size = graph.input.fmt, graph.input.elements(graph.steps)
    lowest, highest = np.full(size, fmt.lo), np.full(size, fmt.hi)
    yield from (np.zeros(size, dtype=np.int64), lowest, highest, highest - 1)
    stripes = np.arange(size) % 2 == 0
    yield np.where(stripes, highest, lowest)
    yield np.where(stripes, lowest, highest)
    for i in range(size):
        yield np.where(np.arange(size) == i, highest, 0)
        yield np.where(np.arange(size) == i, fmt.lo + 1, 0)
    for node in graph:
        if isinstance(node, Dense) and node.source == graph.input.name:
            steps = size // graph.input.size
            for row in np.tile(const(node.weight).values[:MAX_CORNER_NEURONS], steps):
                yield np.where(row > 0, highest, lowest)
                yield np.where(row > 0, lowest, highest)


def vectors(
    reference: Reference, interface: Interface, samples: Sequence[SampleEvents], count: int = 256
) -> dict[str, str]:
    """Test vectors for any simulator: one hexadecimal line an event and port, for ``$readmemh``.

    Names are ``vectors_<port>.hex``; the events are corners, samples and random ones.
    """
    graph = reference.graph
    x = make_events(graph, samples, count, np.random.default_rng(0)).x
    values = reference.run(x, keep=graph.outputs).values
    ports = [*interface.inputs, *interface.outputs]
    arrays = [x, *(values[name] for name in graph.outputs)]
    return {
        f"vectors_{port.name}.hex": "".join(f"{_packed(port, row):x}\n" for row in array.tolist())
        for port, array in zip(ports, arrays, strict=True)
    }


def _packed(port: Port, row: Sequence[int]) -> int:
    mask = (1 << port.fmt.width) - 1
    return sum((value & mask) << (i * port.fmt.width) for i, value in enumerate(row))
