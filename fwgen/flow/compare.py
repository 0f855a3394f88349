"""``fwgen compare``: float model, firmware and a user's outputs against the reference."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import fwgen
from fwgen.errors import BundleError
from fwgen.flow.benches import firmware_of
from fwgen.flow.prepare import Prepared, Wishes, aim_of, prepare
from fwgen.flow.progress import Stage, silent
from fwgen.flow.writer import scratch
from fwgen.ingest.files.outputs import MEMBRANE, Outputs, read_outputs
from fwgen.report.compare_tables import COMPARE_VERSION
from fwgen.tools.plain import Json
from fwgen.verify.layers.accuracy import random_sample
from fwgen.verify.layers.firmware import Firmware
from fwgen.verify.layers.layers import Layers


@dataclass(frozen=True, slots=True)
class Options:
    """What the user may choose: outputs to compare with, whether the firmware is simulated."""

    against: Path | None = None
    firmware: bool = True
    strict: bool = False
    targets: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """The events of a comparison, (events, size), where they come from, and values given."""

    x: NDArray[np.float64]
    source: str
    given: Mapping[str, NDArray[np.float64]]


def compare(model: Path, options: Options, stage: Stage = silent) -> Json:
    """Compare a model layer by layer; what was found, as plain data.

    Raises
    ------
    FwgenError
        If the model, the outputs or the machine will not do. Differences are found, not raised.
    """
    if options.strict and options.against is None:
        raise BundleError(
            "--strict",
            needed="outputs of yours that must equal the reference",
            found="no --against",
            do="Give --against OUTPUTS.npz, or leave --strict out.",
        )
    with stage("reading the model, fixing formats, checking ranges"):
        ready = prepare(model)
        given = read_outputs(options.against, ready.bundle.graph) if options.against else None
    events = _events(ready, given)
    layers = Layers(ready.quantised, ready.reference)
    compared = {row.name for row in layers.rows if row.value is not None}
    nowhere = [name for name in events.given if name not in compared]
    if options.strict and nowhere:
        raise _no_counterpart(options.against, layers, nowhere)
    with ExitStack() as stack:
        firmware = None
        if options.firmware:
            work = stack.enter_context(scratch())
            aim = aim_of(ready, Wishes(targets=options.targets))
            firmware = firmware_of(ready, aim, work, stage)
        _run(layers, firmware, events, stage)
    return _found(ready, events, layers, firmware, nowhere)


def _no_counterpart(path: Path | None, layers: Layers, nowhere: Sequence[str]) -> BundleError:
    layer = nowhere[0].removesuffix(MEMBRANE)
    note = next(row.note for row in layers.rows if row.name == layer)
    return BundleError(
        f"{path}: '{nowhere[0]}'",
        needed="arrays of layers that have a value in the firmware, as --strict asks",
        found=f"a layer {note}",
        do="Leave this array out.",
    )


def _events(ready: Prepared, given: Outputs | None) -> _Events:
    if given is not None:
        return _Events(given.x, f"'x' of {given.path.name!r}", given.layers)
    samples = ready.bundle.samples or (random_sample(ready.graph),)
    source = ", ".join(f"{s.kind} sample {s.name!r}" for s in ready.bundle.samples)
    x = np.concatenate([s.x for s in samples])
    return _Events(x, source or "random: the model ships no samples", {})


def _run(layers: Layers, firmware: Firmware | None, events: _Events, stage: Stage) -> None:
    total, size = len(events.x), layers.group
    with stage("comparing layer by layer") as advance:
        for start in range(0, total, size):
            part = slice(start, start + size)
            given = {name: values[part] for name, values in events.given.items()}
            x, expected = layers.add(events.x[part], given)
            if firmware is not None:
                firmware.add(x, expected)
            advance(len(x))


def _found(
    ready: Prepared,
    events: _Events,
    layers: Layers,
    firmware: Firmware | None,
    nowhere: Sequence[str],
) -> Json:
    outputs = {} if firmware is None else firmware.outputs
    rows = [
        {
            "name": row.name,
            "op": row.op,
            "node": row.node,
            "format": row.fmt or None,
            "lsb": 2.0**-row.frac if row.value else None,
            "bits": row.bits,
            "note": row.note or None,
            "overflows": layers.overflows.get(row.node or "", 0) if row.value else 0,
            **layers.figures(row),
            "firmware": outputs[row.value].as_json() if row.value in outputs else None,
        }
        for row in layers.rows
    ]
    return {
        "compare_version": COMPARE_VERSION,
        "fwgen": fwgen.__version__,
        "kind": "simulated",
        "model": ready.graph.name,
        "events": layers.events,
        "source": events.source,
        "given": sorted(events.given) or None,
        "not_compared": list(nowhere),
        "input": {"rounded": layers.rounded, "beyond": layers.beyond},
        "firmware_faults": None if firmware is None else firmware.faults,
        "firmware_fault": None if firmware is None else firmware.fault,
        "layers": rows,
        "first": {key: _first(rows, key) for key in ("float", "given", "firmware")},
    }


def _first(rows: Sequence[Json], key: str) -> str | None:
    return next((r["name"] for r in rows if r[key] and r[key]["differing"]), None)
