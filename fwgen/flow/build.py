"""From a bundle on disk to a verified build on disk: the stages in order, with progress."""

import platform
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import fwgen
from fwgen.assets import asset_dir
from fwgen.devices.catalogue import Device, check_clock
from fwgen.emit.top import emit_rtl
from fwgen.emit.vivado import VivadoRun, check_words, emit_vivado, period_ps
from fwgen.errors import OutputError, ToolError
from fwgen.flow.benches import (
    SEED,
    Stage,
    check_backends,
    hls_notes,
    hls_subject,
    run_benches,
    verification_block,
    write_hls,
)
from fwgen.flow.prepare import Prepared, notes, prepare, report_of, schedule_of, set_times
from fwgen.flow.synthesis import Synthesis, estimate_block, prove_netlist
from fwgen.flow.writer import (
    MANIFEST,
    OWN,
    check_output,
    publish,
    replace_text,
    scratch,
    sha256,
    staging,
    write_files,
)
from fwgen.ingest.targets import catalogue
from fwgen.ir.ports import Interface
from fwgen.ir.schedule import Schedule
from fwgen.ir.text import to_text
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import Design
from fwgen.report import document as reports
from fwgen.report.device_tables import built_schedule, delays_of, named_budgets
from fwgen.report.markdown import to_markdown
from fwgen.tools import toolchain
from fwgen.tools.plain import Json
from fwgen.verify.bench import interface_json
from fwgen.verify.bench.events import vectors
from fwgen.verify.bench.prove import BACKENDS, BenchResult, Subject
from fwgen.verify.hls4ml import run as hls4ml_run
from fwgen.verify.hls4ml.bench import HlsSubject

DEFAULT_EVENTS = 20_000
_NEEDED_TOOLS = ("verilator", "g++", "make", "perl")


def _silent(_text: str) -> AbstractContextManager[Any]:
    return nullcontext(lambda _count: None)


@dataclass(frozen=True, slots=True)
class Options:
    """What the user may choose for a build; None takes the model's own value."""

    target: str | None = None
    clock_mhz: float | None = None
    out: Path | None = None
    events: int = DEFAULT_EVENTS
    force: bool = False
    targets: Path | None = None
    resources: bool = False
    schedule: str | None = None
    explain: bool = False

    def check(self) -> None:
        """Refuse an unknown device or a clock that is none, before anything is read.

        Raises
        ------
        TargetError
            See `fwgen.devices.catalogue`.
        """
        if self.target is not None:
            catalogue(self.targets).device(self.target)
        if self.clock_mhz is not None:
            check_clock(self.clock_mhz)
        if self.schedule is not None:
            Schedule.parse(self.schedule, "--schedule")


def build(model: Path, options: Options, stage: Stage = _silent) -> tuple[Path, Json]:
    """Build a model: folder written, and its report.

    Raises
    ------
    FwgenError
        If the model, the options or the machine will not do; nothing is left half-written.
    """
    toolchain.require(*_NEEDED_TOOLS)
    options.check()
    with stage("reading the model, fixing formats, checking ranges"):
        ready = prepare(model)
    settings = ready.bundle.settings
    known = catalogue(options.targets)
    target = known.device(options.target or settings.target)
    clock = settings.clock_mhz if options.clock_mhz is None else options.clock_mhz
    out = options.out or Path("build") / settings.name
    check_output(out, settings.name, ready.bundle.files, force=options.force)
    synthesis = Synthesis.of(ready.graph, target, clock) if options.resources else None
    with staging(out) as folder, scratch() as work:
        with stage(f"lowering for {clock:g} MHz, writing Verilog"):
            pace = Pace.of(target, clock)
            lowerings, chosen = schedule_of(ready, pace, options.schedule, explain=options.explain)
            design = lowerings.best(chosen.schedule)
            chosen = chosen.built(design)
            _write_sources(folder, ready, design)
            write_files(folder / "vivado", _vivado_scripts(folder, design, target, clock))
        if ready.hls.projects and hls4ml_run.installed():
            with stage("hls4ml: writing its project"):
                _write_hls(ready, target, clock, folder, work / "hls")
        hls = hls_subject(ready.hls, folder, needed=False)
        subject = _subject(ready, design.interface, folder, work)
        with stage("lint: verilator --lint-only -Wall"):
            _lint(subject.rtl, design.name)
        benches, physical = _measure(subject, hls, options.events, synthesis, stage)
        with stage("comparing with the float model"):
            report = report_of(ready, design, target, benches, known.budgets)
            report["verification"] = verification_block(benches)
            report["notes"] += hls_notes(ready.hls, hls)
        report |= {"schedule": chosen.as_json(), "estimate": estimate_block(design), **physical}
        write_files(folder, {"report.json": reports.dump(report)})
        write_files(folder, {"report.md": to_markdown(report)})
        publish(folder, out, _manifest(ready, target.name, clock, folder))
    return out, report


def verify(
    folder: Path, events: int, backends: Sequence[str], stage: Stage = _silent
) -> tuple[Json, dict[str, BenchResult]]:
    """Run the benches again on a build's Verilog as it stands; its report is brought up to date.

    The model, its ports and its timing are worked out anew from the build's own bundle.

    Raises
    ------
    FwgenError
        If the folder is no build, a file of it is missing, or a tool is.
    """
    check_backends(backends)
    report = reports.load(folder / "report.json")
    clock = check_clock(report["clock_mhz"])
    toolchain.require(*_NEEDED_TOOLS)
    edited = edits(folder)
    with stage("reading the build"):
        ready = prepare(folder / "model" / "model.yaml")
        pace = Pace(clock, delays_of(report))
        lowerings, chosen = schedule_of(ready, pace, built_schedule(report))
        design = lowerings.best(chosen.schedule)
    hls = hls_subject(ready.hls, folder, needed=list(backends) == ["hls4ml"])
    with scratch() as work:
        subject = _subject(ready, design.interface, folder, work)
        benches = run_benches(subject, hls, events, backends, stage)
    kept = {} if edited else report["verification"]["backends"]
    report["verification"] = verification_block(benches, kept)
    report["notes"] = [*edited, *notes(ready, design, benches), *hls_notes(ready.hls, hls)]
    set_times(report, ready, design, benches, named_budgets(report))
    replace_text(folder / "report.json", reports.dump(report))
    replace_text(folder / "report.md", to_markdown(report))
    return report, benches


def edits(folder: Path) -> list[str]:
    """Files of a build that are no longer what was built, by the manifest's hashes; sentences.

    Raises
    ------
    OutputError
        If a file of the build is missing.
    """
    manifest = reports.load_manifest(folder / MANIFEST)
    for name in manifest["files"]:
        if not (folder / name).is_file():
            raise OutputError(
                str(folder / name),
                needed="every file that the build wrote",
                found="no such file",
                do="Build again.",
            )
    changed = [n for n, digest in manifest["files"].items() if sha256(folder / n) != digest]
    return [f"{name} is not what was built" for name in changed]


def _measure(
    subject: Subject,
    hls: HlsSubject | None,
    events: int,
    synthesis: Synthesis | None,
    stage: Stage,
) -> tuple[dict[str, BenchResult], Json]:
    """The benches; with ``synthesis`` beside them the netlist, its figures and its own bench."""
    with ExitStack() as stack:
        work = subject.work / "synth"
        mapped = stack.enter_context(synthesis.running(subject.rtl, work)) if synthesis else None
        benches = run_benches(subject, hls, events, BACKENDS, stage)
        if synthesis is None or mapped is None:
            return benches, {}
        with stage("Yosys: mapping to the device's cells"):
            netlist = mapped()
        with stage("resources and timing of the netlist"):
            physical = synthesis.figures(netlist)
        with stage("Verilator: the mapped netlist against the reference"):
            benches["netlist"] = prove_netlist(subject, netlist, SEED)
    return benches, physical


# ---- parts ----


def _write_sources(folder: Path, ready: Prepared, design: Design) -> None:
    write_files(folder / "rtl", emit_rtl(design, ready.graph))
    files = {
        path.name: path.read_text(encoding="utf-8")
        for path in asset_dir("sim").iterdir()
        if path.suffix in {".py", ".cpp"}
    }
    files["interface.json"] = interface_json.to_json(design.interface)
    files["graph.txt"] = to_text(ready.graph)
    files |= vectors(ready.reference, design.interface, ready.bundle.samples)
    write_files(folder / "sim", files)
    (folder / "model").mkdir()
    names = ("model.yaml", *(path.name for path in ready.bundle.files[1:]))
    for path, name in zip(ready.bundle.files, names, strict=True):
        shutil.copyfile(path, folder / "model" / name)


def _vivado_scripts(folder: Path, design: Design, target: Device, clock: float) -> dict[str, str]:
    sources = tuple(sorted(path.name for path in (folder / "rtl").iterdir()))
    return emit_vivado(VivadoRun(design.name, sources, target.part, target.family, clock))


def _write_hls(ready: Prepared, target: Device, clock: float, folder: Path, work: Path) -> None:
    check_words([target.part])
    chosen = hls4ml_run.HlsTarget(target.part, period_ps(clock))
    write_hls(ready.hls, ready.reference, ready.bundle.samples, chosen, folder, work)


def _subject(ready: Prepared, interface: Interface, folder: Path, work: Path) -> Subject:
    """What the benches prove: a copy of the Verilog, since make refuses spaces in a path."""
    shutil.copytree(folder / "rtl", work / "rtl")
    rtl = sorted((work / "rtl").glob("*.v"))
    return Subject(ready.reference, interface, rtl, ready.bundle.samples, work)


def _lint(rtl: Sequence[Path], top: str) -> None:
    messages = toolchain.lint(rtl, top)
    if messages:
        raise ToolError(
            "generated Verilog",
            needed="no messages from verilator --lint-only -Wall",
            found=messages[:2000],
            do="This is a fault of fwgen; please report it with the model.",
        )


def _manifest(ready: Prepared, target: str, clock: float, folder: Path) -> Json:
    files = [p for part in OWN for p in sorted((folder / part).rglob("*"))]
    return {
        "model": ready.bundle.settings.name,
        "target": target,
        "clock_mhz": clock,
        "inputs": {path.name: sha256(path) for path in ready.bundle.files},
        "files": {str(p.relative_to(folder)): sha256(p) for p in files if p.is_file()},
        "versions": {
            "fwgen": fwgen.__version__,
            "python": platform.python_version(),
            "verilator": toolchain.verilator_version(),
            **{name: version(name) for name in ("alkaid", "cocotb", "numpy")},
            **({"hls4ml": hls4ml_run.version()} if hls4ml_run.installed() else {}),
        },
    }
