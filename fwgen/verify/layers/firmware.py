"""The firmware on chosen events: each output of the simulated Verilog against the reference."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.verify.bench import checked as compare
from fwgen.verify.bench import native
from fwgen.verify.bench.prove import JOB_EVENTS, Subject, compiled
from fwgen.verify.layers.tally import Tally

SEED = 1


@dataclass(slots=True, eq=False)
class Firmware:
    """Compiled firmware, and what differed so far; ``outputs`` are tallies by output name.

    ``faults`` counts events that did not come, came late or came twice; ``fault`` describes the
    first. Values of a group with lost or additional events are not compared: they have no order.
    """

    subject: Subject
    outputs: dict[str, Tally] = field(init=False)
    events: int = 0
    faults: int = 0
    fault: str | None = None

    def __post_init__(self) -> None:
        graph, values = self.subject.reference.graph, self.subject.reference.analysis.values
        self.outputs = {name: Tally(values[name].frac) for name in graph.outputs}

    def compile(self) -> Path:
        """The simulation program; made at the first call."""
        return compiled(self.subject)

    def add(self, x: Ints, expected: Sequence[Ints]) -> None:
        """Run events back to back through the Verilog; ``expected`` has an array an output."""
        face = self.subject.interface
        rng = np.random.default_rng([SEED, self.events])
        gaps, resets = native.schedule(
            len(x), face.interval, rng, "back-to-back", latency=face.latency
        )
        jobs = min(os.cpu_count() or 1, 1 + len(x) // JOB_EVENTS)
        result = native.run(self.compile(), face, [x], gaps, resets, SEED + self.events, jobs=jobs)
        checked = compare.check(face, result, expected, resets)
        lost = checked.not_taken + checked.missing + checked.extra
        if lost or checked.wrong_latency or checked.too_close:
            self.faults += lost + checked.wrong_latency + checked.too_close
            self.fault = self.fault or self._described(checked)
        for tally, got, want in zip(self.outputs.values(), result.outputs, expected, strict=True):
            if lost:
                tally.skip(len(x))
            else:
                tally.add_integers(got, want)
        self.events += len(x)

    def _described(self, checked: compare.Checked) -> str:
        event = checked.first_event or 0
        text = (checked.first or "").removeprefix(f"event {event} ")
        return f"event {self.events + event} {text}"
