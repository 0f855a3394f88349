"""``fwgen verify``: the benches once more on a build's Verilog as it stands."""

from collections.abc import Sequence
from pathlib import Path

from fwgen.flow.benches import check_backends, check_tools, run_benches, subject_of
from fwgen.flow.findings import notes, set_times, verification_block
from fwgen.flow.prepare import lowered, prepare
from fwgen.flow.progress import Stage, silent
from fwgen.flow.writer import edits, scratch, write_report
from fwgen.hls.projects import plan
from fwgen.report import document as reports
from fwgen.report.device_tables import built_pace, built_schedule, named_budgets
from fwgen.tools.plain import Json
from fwgen.verify.bench.prove import BenchResult
from fwgen.verify.hls4ml.bench import hls_notes, hls_subject


def verify(
    folder: Path, events: int, backends: Sequence[str], stage: Stage = silent
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
    pace = built_pace(report)
    check_tools()
    edited = edits(folder)
    with stage("reading the build"):
        ready = prepare(folder / "model" / "model.yaml")
        projects = plan(ready.graph, ready.reference.analysis)
        design, _ = lowered(ready, pace, built_schedule(report))
    hls = hls_subject(projects, folder, needed=list(backends) == ["hls4ml"])
    with scratch() as work:
        subject = subject_of(ready, design.interface, folder, work)
        benches = run_benches(subject, hls, events, backends, stage)
    kept = {} if edited else report["verification"]["backends"]
    report["verification"] = verification_block(benches, kept)
    report["notes"] = [*edited, *notes(ready, design, benches), *hls_notes(projects, hls)]
    set_times(report, ready, design, benches, named_budgets(report))
    write_report(folder, report)
    return report, benches
