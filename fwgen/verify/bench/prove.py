"""The proof: the generated Verilog against the integer reference, as integers, on every event."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import numpy as np

from fwgen.ingest.bundle.samples import SampleEvents
from fwgen.ir.cast import Ints
from fwgen.ir.ports import Interface
from fwgen.tools import toolchain
from fwgen.verify.bench import checked as compare
from fwgen.verify.bench import cocotb_run, native
from fwgen.verify.bench.events import make_events, random_events
from fwgen.verify.reference import Reference

BACKENDS = ("native", "cocotb", "hls4ml")
CHUNK = 50_000
CHUNK_BYTES = 1 << 30
FEWEST_EVENTS = 64  # enough to measure latency and interval
JOB_EVENTS = 10_000  # events that are worth a process
PROTOCOL_EVENTS = 240
_KINDS: tuple[Literal["back-to-back", "gaps"], ...] = ("back-to-back", "gaps")

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is proven: a reference, the ports, the Verilog files, and sample events."""

    reference: Reference
    interface: Interface
    rtl: Sequence[Path]
    samples: Sequence[SampleEvents]
    work: Path
    effort: toolchain.Effort | None = None  # how to compile; None follows from the size
    job_events: int = JOB_EVENTS

    def expected(self, x: Ints) -> tuple[list[Ints], Mapping[str, int]]:
        """The reference's integers of every output port, (events, elements), and its overflows."""
        names = self.reference.graph.outputs
        trace = self.reference.run(x, keep=names)
        return [trace.values[name] for name in names], trace.overflows

    @property
    def chunk(self) -> int:
        """Events that the reference can hold in memory at once, with every time step."""
        elements = sum(len(r) for r in self.reference.analysis.values.values())
        return max(1, min(CHUNK, CHUNK_BYTES // (16 * elements * self.reference.graph.steps)))


@dataclass(slots=True)
class BenchResult:
    """What one bench compared; ``first`` describes the first mismatch.

    ``details`` stand in the report next to the figures.
    """

    what: str
    events: int = 0
    comparisons: int = 0
    mismatches: int = 0
    first: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    overflows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    latencies: set[int] = field(default_factory=set)
    intervals: set[int] = field(default_factory=set)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def events_per_second(self) -> float:
        """Events compared a second of wall time, reference included."""
        return self.events / self.seconds if self.seconds else 0.0

    def add(self, checked: compare.Checked, elements: int, x: Ints) -> None:
        """Count what one simulation of ``x`` compared: every output element, and the latency."""
        self.events += checked.delivered
        self.comparisons += checked.delivered * (1 + elements)
        self.mismatches += sum(checked.wrong_values) + checked.not_taken + checked.missing
        self.mismatches += checked.extra + checked.wrong_latency + checked.too_close
        if self.first is None and checked.first is not None:
            event = x[checked.first_event or 0].tolist()
            self.first = f"{checked.first} (input integers {event})"

    def see_interval(self, measured: int | None, promised: int) -> None:
        """Note the spacing of events that came as close as ``ready_o`` allowed."""
        if measured is None:
            return
        self.intervals.add(measured)
        if measured != promised:
            self.mismatches += 1
            self.first = self.first or f"interval: expected {promised} cycles, got {measured}"

    def as_json(self) -> dict[str, Any]:
        """The figures of the report; no wall times, which change from run to run."""
        return {
            "kind": "simulated",
            "what": self.what,
            "events": self.events,
            "comparisons": self.comparisons,
            "mismatches": self.mismatches,
            "first_mismatch": self.first,
            "events_by_kind": self.counts,
            "overflows_reached": {k: n for k, n in self.overflows.items() if n},
            **self.details,
        }


def prove_native(
    subject: Subject, events: int, seed: int, progress: Progress = lambda _: None
) -> BenchResult:
    """At least ``events`` events through the Verilator harness: volume.

    Events come back to back and with gaps, from random power-up states; a share on top meets
    resets at random moments.
    """
    events = max(events, FEWEST_EVENTS)
    exe = compiled(subject)
    bench = BenchResult("volume: back to back, gaps, resets, any power-up state")
    start = monotonic()
    for index, x in enumerate(_chunks(subject, events, seed, bench)):
        kind = _KINDS[index % len(_KINDS)]
        _run(subject, exe, x, kind, seed + index, bench)
        progress(len(x))
    share = min(events, subject.chunk) // 5 + 1
    extra = random_events(subject.reference.graph, share, _rng(seed, 2))
    _run(subject, exe, extra, "resets", seed, bench)
    bench.counts["random, with resets under way"] = len(extra)
    bench.seconds = monotonic() - start
    return bench


def compiled(subject: Subject) -> Path:
    """The simulation program; made at the first call."""
    work = subject.work / "native"
    return native.build(subject.interface, subject.rtl, work, subject.effort)


def _chunks(subject: Subject, events: int, seed: int, bench: BenchResult) -> Iterator[Ints]:
    graph = subject.reference.graph
    # two chunks at least, so that both kinds of spacing occur
    first = make_events(graph, subject.samples, min(events, subject.chunk), _rng(seed, 0))
    bench.counts = dict(first.counts)
    half = (len(first.x) + 1) // 2
    yield first.x[:half]
    if half < len(first.x):
        yield first.x[half:]
    rng = _rng(seed, 1)
    left = events - len(first.x)
    while left > 0:
        size = min(subject.chunk, left)
        bench.counts["random"] = bench.counts.get("random", 0) + size
        yield random_events(graph, size, rng)
        left -= size


def _run(
    subject: Subject,
    exe: Path,
    x: Ints,
    kind: Literal["back-to-back", "gaps", "resets"],
    seed: int,
    bench: BenchResult,
) -> None:
    face = subject.interface
    gaps, reset_after = native.schedule(
        len(x), face.interval, _rng(seed, 3), kind, latency=face.latency
    )
    jobs = min(os.cpu_count() or 1, 1 + len(x) // subject.job_events)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(native.run, exe, face, [x], gaps, reset_after, seed, jobs=jobs)
        expected, overflows = subject.expected(x)
        result = running.result()
    checked = compare.check(face, result, expected, reset_after)
    bench.add(checked, sum(p.count for p in face.outputs), x)
    for name, count in overflows.items():
        bench.overflows[name] = bench.overflows.get(name, 0) + count
    if kind == "back-to-back" and len(result.taken) == len(result.shown):
        bench.latencies |= set((result.shown - result.taken).tolist())
        bench.see_interval(checked.smallest_interval, face.interval)


def prove_cocotb(subject: Subject, seed: int) -> BenchResult:
    """Some hundred events through the cocotb benches: protocol."""
    events = make_events(subject.reference.graph, subject.samples, PROTOCOL_EVENTS, _rng(seed, 4))
    start = monotonic()
    result = cocotb_run.run(
        subject.interface,
        subject.rtl,
        subject.work / "cocotb",
        [events.x],
        subject.expected(events.x)[0],
    )
    checked = result.events_checked
    return BenchResult(
        what=f"protocol: {result.tests - result.failures} of {result.tests} cocotb tests passed",
        events=checked,
        comparisons=checked * (1 + sum(p.count for p in subject.interface.outputs)),
        mismatches=result.failures if result.tests else 1,
        first="; ".join(result.messages)[:500] or None,
        counts={f"drawn from {len(events.x)} corner, sample and random events": checked},
        seconds=monotonic() - start,
    )


def measured(benches: Sequence[BenchResult]) -> tuple[int, int] | None:
    """Latency and interval in cycles as the harness saw them; None if nothing could be measured."""
    latencies = set().union(*(b.latencies for b in benches))
    intervals = set().union(*(b.intervals for b in benches))
    return (max(latencies), max(intervals)) if latencies and intervals else None


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream])
