"""``fwgen build``: from a bundle on disk to a verified build on disk, stage by stage."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fwgen.flow import DEFAULT_EVENTS
from fwgen.flow.benches import SEED, check_tools, lint, run_benches, subject_of
from fwgen.flow.findings import report_of
from fwgen.flow.prepare import Wishes, aim_of, lowered, prepare
from fwgen.flow.progress import Stage, silent
from fwgen.flow.sources import takes_hls, write_hls, write_sources
from fwgen.flow.synthesis import Synthesis, prove_netlist
from fwgen.flow.writer import check_output, manifest, publish, scratch, staging, write_report
from fwgen.hls.projects import plan
from fwgen.tools.plain import Json
from fwgen.verify.bench.prove import BACKENDS, BenchResult, Subject
from fwgen.verify.hls4ml.bench import HlsSubject, hls_notes, hls_subject


@dataclass(frozen=True, slots=True)
class Options(Wishes):
    """What the user may choose for a build; None takes the model's own value."""

    out: Path | None = None
    events: int = DEFAULT_EVENTS
    force: bool = False
    resources: bool = False


def build(
    model: Path, options: Options, stage: Stage = silent
) -> tuple[Path, Json, dict[str, BenchResult]]:
    """Build a model: folder written, its report, and what each bench found.

    Raises
    ------
    FwgenError
        If the model, the options or the machine will not do; nothing is left half-written.
    """
    check_tools()
    options.check()
    with stage("reading the model, fixing formats, checking ranges"):
        ready = prepare(model)
        projects = plan(ready.graph, ready.reference.analysis)
    settings, aim = ready.bundle.settings, aim_of(ready, options)
    out = options.out or Path("build") / settings.name
    check_output(out, settings.name, ready.bundle.files, force=options.force)
    synthesis = Synthesis.of(ready.graph, aim.device, aim.clock_mhz) if options.resources else None
    with staging(out) as folder, scratch() as work:
        with stage(f"lowering for {aim.clock_mhz:g} MHz, writing Verilog"):
            design, chosen = lowered(ready, aim.pace, options.schedule, explain=options.explain)
            write_sources(folder, ready, design, aim)
        if takes_hls(projects):
            with stage("hls4ml: writing its project"):
                write_hls(ready, projects, aim, folder, work / "hls")
        hls = hls_subject(projects, folder, needed=False)
        subject = subject_of(ready, design.interface, folder, work)
        with stage("lint: verilator --lint-only -Wall"):
            lint(subject.rtl, design.name)
        benches, physical = _measure(subject, hls, options.events, synthesis, stage)
        with stage("comparing with the float model"):
            report = report_of(ready, design, aim, benches)
        report["notes"] += hls_notes(projects, hls)
        report |= {"schedule": chosen.as_json(), **physical}
        write_report(folder, report)
        publish(folder, out, manifest(report, ready.bundle.files, folder))
    return out, report, benches


def _measure(
    subject: Subject,
    hls: HlsSubject | None,
    events: int,
    synthesis: Synthesis | None,
    stage: Stage,
) -> tuple[dict[str, BenchResult], Json]:
    """The benches; with ``synthesis`` also the netlist, its figures and its own bench."""
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
