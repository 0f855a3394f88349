"""``fwgen compare``: float model, firmware and a user's own outputs beside the reference."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import fwgen
from fwgen.emit.top import emit_rtl
from fwgen.errors import BundleError, MismatchError, OutputError
from fwgen.flow.benches import Stage
from fwgen.flow.prepare import Prepared, prepare
from fwgen.flow.writer import replace_text, scratch, write_files
from fwgen.ingest.files.outputs import MEMBRANE, Outputs, read_outputs
from fwgen.ingest.targets import catalogue
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.report.compare_tables import COMPARE_VERSION, first_lines
from fwgen.tools.plain import Json
from fwgen.verify.bench.prove import Subject
from fwgen.verify.layers.accuracy import random_sample
from fwgen.verify.layers.firmware import Firmware
from fwgen.verify.layers.layers import Layers


@dataclass(frozen=True, slots=True)
class Options:
    """What the user may choose: outputs to compare with, whether the firmware is simulated."""

    against: Path | None = None
    firmware: bool = True
    strict: bool = False
    json_file: Path | None = None
    targets: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """The events of a comparison, (events, size), where they come from, and values given."""

    x: NDArray[np.float64]
    source: str
    given: Mapping[str, NDArray[np.float64]]


def compare(model: Path, options: Options, stage: Stage) -> Json:
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
    if options.json_file is not None:
        _check_json(options.json_file, [*ready.bundle.files, options.against])
    layers = Layers(ready.bundle.graph, ready.reference)
    compared = {row.name for row in layers.rows if row.value is not None}
    nowhere = [name for name in events.given if name not in compared]
    if options.strict and nowhere:
        raise _no_counterpart(options.against, layers, nowhere)
    with ExitStack() as stack:
        firmware = None
        if options.firmware:
            work = stack.enter_context(scratch())
            firmware = _firmware(ready, options, work, stage)
        _run(layers, firmware, events, stage)
    return _found(ready, events, layers, firmware, nowhere)


def judge(found: Json, *, strict: bool) -> None:
    """Refuse firmware that differs from the reference and, if ``strict``, outputs that do.

    Raises
    ------
    MismatchError
        With the first difference.
    """
    lines = first_lines(found)
    if found["first"]["firmware"] is not None or found["firmware_faults"]:
        raise MismatchError(
            f"model '{found['model']}'",
            needed="the firmware to equal the integer reference on every event",
            found=lines["firmware"],
            do="This is a fault of fwgen; please report it with the model.",
        )
    if strict and found["first"]["given"] is not None:
        raise MismatchError(
            f"model '{found['model']}'",
            needed="your outputs to equal the integer reference, as --strict asks",
            found=lines["given"],
            do="Look at this layer's formats, equations and inputs first; later ones follow.",
        )


def write_json(found: Json, path: Path) -> None:
    """Write what was found.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        replace_text(path, json.dumps(found, indent=2, allow_nan=False) + "\n")
    except OutputError as error:
        raise _no_json(path, "a file that can be written", error.found) from None


def _check_json(path: Path, inputs: Sequence[Path | None]) -> None:
    """Refuse a file that cannot be, or that is read, before minutes are spent."""
    try:
        if path.is_dir() or not path.parent.is_dir():
            found = "a folder" if path.is_dir() else f"no folder {path.parent}"
            raise _no_json(path, "a file in a folder that exists", found)
        if path.exists() and any(path.samefile(other) for other in inputs if other):
            raise _no_json(path, "a file of its own", "a file that the comparison reads")
    except OSError as error:
        raise _no_json(path, "a file that can be written", str(error)) from None


def _no_json(path: Path, needed: str, found: str) -> OutputError:
    return OutputError(f"--json {path}", needed=needed, found=found, do="Give another file.")


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


def _firmware(ready: Prepared, options: Options, work: Path, stage: Stage) -> Firmware:
    settings = ready.bundle.settings
    device = catalogue(options.targets).device(settings.target)
    pace = Pace.of(device, settings.clock_mhz)
    with stage(f"lowering for {settings.clock_mhz:g} MHz, writing Verilog"):
        design = lower(ready.graph, pace, ready.reference.analysis)
        written = write_files(work / "rtl", emit_rtl(design, ready.graph))
    rtl = sorted(path for path in written if path.suffix == ".v")
    samples = ready.bundle.samples
    firmware = Firmware(Subject(ready.reference, design.interface, rtl, samples, work))
    with stage("compiling the simulator"):
        firmware.compile()
    return firmware


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
