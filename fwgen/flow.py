"""From a bundle on disk to a verified build on disk: the stages in order, with progress."""

import platform
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import fwgen
from fwgen.assets import asset_dir
from fwgen.emit.rtl import emit_rtl
from fwgen.errors import BundleError, FwgenError, OutputError, ToolError
from fwgen.ingest.bundle import Bundle, read_bundle
from fwgen.ir.graph import Graph
from fwgen.ir.ports import Interface
from fwgen.ir.text import to_text
from fwgen.lower.design import Design
from fwgen.lower.lowering import lower
from fwgen.physical import Synthesis, estimate_block, prove_netlist
from fwgen.quantise.passes import quantise
from fwgen.report import report as reports
from fwgen.report.markdown import to_markdown
from fwgen.targets import check_clock, device
from fwgen.verify import interface_json, toolchain
from fwgen.verify.accuracy import compare
from fwgen.verify.prove import BACKENDS, BenchResult, Subject, measured, prove_cocotb, prove_native
from fwgen.verify.reference import Reference
from fwgen.writer import MANIFEST, check_output, publish, replace_text, sha256, staging, write_files

DEFAULT_EVENTS = 20_000
SEED = 1
_NEEDED_TOOLS = ("verilator", "g++", "make", "perl")

Stage = Callable[[str], AbstractContextManager[Any]]
Json = dict[str, Any]


def _silent(_text: str) -> AbstractContextManager[Any]:
    return nullcontext(lambda _count: None)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A model after the quantise stage."""

    bundle: Bundle
    graph: Graph
    reference: Reference


def prepare(model: Path) -> Prepared:
    """Read a model and fix every format.

    Raises
    ------
    FwgenError
        For whatever is wrong with it.
    """
    bundle = read_bundle(model)
    try:
        graph = quantise(bundle.graph)
    except FwgenError as error:
        raise error.within(str(bundle.files[0])) from None
    return Prepared(bundle, graph, Reference.of(graph))


@dataclass(frozen=True, slots=True)
class Options:
    """What the user may choose for a build; None takes the model's own value."""

    target: str | None = None
    clock_mhz: float | None = None
    out: Path | None = None
    events: int = DEFAULT_EVENTS
    force: bool = False
    resources: bool = False


def build(model: Path, options: Options, stage: Stage = _silent) -> tuple[Path, Json]:
    """Build a model: folder written, and its report.

    Raises
    ------
    FwgenError
        If the model, the options or the machine will not do; nothing is left half-written.
    """
    toolchain.require(*_NEEDED_TOOLS)
    with stage("reading the model, fixing formats, checking ranges"):
        ready = prepare(model)
    settings = ready.bundle.settings
    target = device(options.target or settings.target)
    given = options.clock_mhz if options.clock_mhz is not None else settings.clock_mhz
    clock = check_clock(given)
    out = options.out or Path("build") / settings.name
    check_output(out, settings.name, force=options.force)
    synthesis = Synthesis.of(ready.graph, target, clock) if options.resources else None
    with staging(out) as folder:
        design = _write_sources(folder, ready, clock, stage)
        interface = design.interface
        subject = _subject(ready, interface, folder)
        with stage("lint: verilator --lint-only -Wall"):
            _lint(subject.rtl, interface.top)
        benches, physical = _measure(subject, options.events, synthesis, stage)
        shutil.rmtree(subject.work / "cocotb", ignore_errors=True)  # large, and made again at need
        with stage("comparing with the float model"):
            report = _report(ready, interface, target.name, clock, benches)
        report |= {"estimate": estimate_block(design), **physical}
        write_files(folder, {"report.json": reports.dump(report)})
        write_files(folder, {"report.md": to_markdown(report)})
        publish(folder, out, _manifest(ready, target.name, clock, folder))
    return out, report


def verify(
    folder: Path, events: int, backends: Sequence[str], stage: Stage = _silent
) -> tuple[Json, dict[str, BenchResult]]:
    """Run the benches again on what stands in a build, and put the result into its report.

    Raises
    ------
    FwgenError
        If the folder is no build, or a tool is missing.
    """
    _check_backends(backends)
    report = reports.load(folder / "report.json")
    toolchain.require(*_NEEDED_TOOLS)
    with stage("reading the build"):
        ready = prepare(folder / "model" / "model.yaml")
        face = _read_interface(folder)
        subject = _subject(ready, face, folder)
    benches = run_benches(subject, events, backends, stage)
    report["verification"] = verification_block(benches)
    report["notes"] = [*_edited(folder), *_saturation_notes(ready)]
    if any(b.latencies for b in benches.values()):
        latency, interval = measured(list(benches.values()), face)
        _set_times(report, ready, latency, interval)
    replace_text(folder / "report.json", reports.dump(report))
    replace_text(folder / "report.md", to_markdown(report))
    return report, benches


def _measure(
    subject: Subject, events: int, synthesis: Synthesis | None, stage: Stage
) -> tuple[dict[str, BenchResult], Json]:
    """The benches; with ``synthesis`` beside them the netlist, its figures and its own bench."""
    with ExitStack() as stack:
        work = subject.work / "synth"
        mapped = stack.enter_context(synthesis.running(subject.rtl, work)) if synthesis else None
        benches = run_benches(subject, events, BACKENDS, stage)
        if synthesis is None or mapped is None:
            return benches, {}
        with stage("Yosys: mapping to the device's cells"):
            netlist = mapped()
        with stage("resources and timing of the netlist"):
            physical = synthesis.figures(netlist)
        with stage("Verilator: the mapped netlist against the reference"):
            benches["netlist"] = prove_netlist(subject, netlist, SEED)
        shutil.rmtree(work, ignore_errors=True)
    return benches, physical


def run_benches(
    subject: Subject, events: int, backends: Sequence[str], stage: Stage
) -> dict[str, BenchResult]:
    """Run the benches side by side, in the order of ``BACKENDS``."""
    results: dict[str, BenchResult] = {}
    with ThreadPoolExecutor(1) as pool:
        protocol = pool.submit(prove_cocotb, subject, SEED) if "cocotb" in backends else None
        if "native" in backends:
            text = f"Verilator: {events:,} events against the reference"
            with stage(text) as advance:
                results["native"] = prove_native(subject, events, SEED, advance)
        if protocol:
            with stage("cocotb: protocol benches"):
                results["cocotb"] = protocol.result()
    return results


def verification_block(benches: dict[str, BenchResult]) -> Json:
    """The report's ``verification``."""
    return {
        "kind": "simulated",
        "events": sum(b.events for b in benches.values()),
        "mismatches": sum(b.mismatches for b in benches.values()),
        "comparisons": sum(b.comparisons for b in benches.values()),
        "implementations": ["reference", "verilog", *(["netlist"] if "netlist" in benches else [])],
        "backends": {name: b.as_json() for name, b in benches.items()},
        "simulator": f"Verilator {toolchain.verilator_version()}",
    }


# ---- parts ----


def _check_backends(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in BACKENDS]
    if unknown:
        raise BundleError(
            "--backend",
            needed=f"one of {', '.join(BACKENDS)}",
            found=repr(unknown[0][:40]),
            do="Leave it out to run all.",
        )


def _write_sources(folder: Path, ready: Prepared, clock: float, stage: Stage) -> Design:
    with stage(f"lowering for {clock:g} MHz, writing Verilog"):
        design = lower(ready.graph, clock)
        write_files(folder / "rtl", emit_rtl(design, ready.graph))
        files = {
            path.name: path.read_text(encoding="utf-8")
            for path in asset_dir("sim").iterdir()
            if path.suffix in {".py", ".cpp"}
        }
        files["interface.json"] = interface_json.to_json(design.interface)
        files["graph.txt"] = to_text(ready.graph)
        write_files(folder / "sim", files)
        (folder / "model").mkdir()
        names = ("model.yaml", *(path.name for path in ready.bundle.files[1:]))
        for path, name in zip(ready.bundle.files, names, strict=True):
            shutil.copyfile(path, folder / "model" / name)
    return design


def _subject(ready: Prepared, interface: Interface, folder: Path) -> Subject:
    rtl = sorted((folder / "rtl").glob("*.v"))
    samples = ready.bundle.samples
    return Subject(ready.reference, interface, rtl, samples, folder / "sim" / "work")


def _lint(rtl: Sequence[Path], top: str) -> None:
    messages = toolchain.lint(rtl, top)
    if messages:
        raise ToolError(
            "generated Verilog",
            needed="no messages from verilator --lint-only -Wall",
            found=messages[:2000],
            do="This is a fault of fwgen; please report it with the model.",
        )


def _report(
    ready: Prepared,
    interface: Interface,
    target: str,
    clock: float,
    benches: dict[str, BenchResult],
) -> Json:
    settings = ready.bundle.settings
    latency, interval = measured(list(benches.values()), interface)
    report: Json = {
        "report_version": reports.REPORT_VERSION,
        "fwgen": fwgen.__version__,
        "model": settings.name,
        "description": settings.description.strip(),
        "target": target,
        "clock_mhz": clock,
    }
    _set_times(report, ready, latency, interval)
    return report | {
        "verification": verification_block(benches),
        "resources": None,
        "timing": None,
        "accuracy": compare(ready.bundle.graph, ready.reference, ready.bundle.samples),
        "interface": reports.interface_block(interface),
        "formats": reports.format_list(ready.graph, ready.reference.analysis),
        "notes": _saturation_notes(ready),
    }


def _set_times(report: Json, ready: Prepared, latency: int, interval: int) -> None:
    limits = ready.bundle.settings.budgets
    clock = report["clock_mhz"]
    report["latency"] = reports.time_block(latency, clock, "simulated")
    report["interval"] = reports.time_block(interval, clock, "simulated")
    own = reports.own_budgets(limits.latency_ns, limits.interval_ns)
    report["budgets"] = reports.budget_list(report["latency"], report["interval"], own)


def _saturation_notes(ready: Prepared) -> list[str]:
    rows = reports.format_list(ready.graph, ready.reference.analysis)
    return [f"{row['name']}: {note}" for row in rows for note in row["notes"]]


def _manifest(ready: Prepared, target: str, clock: float, folder: Path) -> Json:
    files = [p for part in ("rtl", "model") for p in sorted((folder / part).iterdir())]
    return {
        "model": ready.bundle.settings.name,
        "target": target,
        "clock_mhz": clock,
        "inputs": {path.name: sha256(path) for path in ready.bundle.files},
        "files": {str(p.relative_to(folder)): sha256(p) for p in files if p.exists()},
        "versions": {
            "fwgen": fwgen.__version__,
            "python": platform.python_version(),
            "verilator": toolchain.verilator_version(),
            **{name: version(name) for name in ("alkaid", "cocotb", "numpy")},
        },
    }


def _read_interface(folder: Path) -> Interface:
    path = folder / "sim" / "interface.json"
    try:
        return interface_json.from_json(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise OutputError(
            str(path), needed="the interface of a build", found=str(error), do="Build again."
        ) from None


def _edited(folder: Path) -> list[str]:
    """Files of the build that are no longer what was built, by the manifest's hashes."""
    manifest = reports.load_manifest(folder / MANIFEST)
    changed = [
        name
        for name, digest in manifest["files"].items()
        if not (folder / name).is_file() or sha256(folder / name) != digest
    ]
    return [f"{name} differs from what was built; verified as it stands" for name in changed]
