"""Vivado on a build: running its scripts, and taking its reports into the build's own."""

import os
import re
import shutil
from pathlib import Path

from fwgen.errors import OutputError, ToolError
from fwgen.flow.progress import Stage, silent
from fwgen.flow.writer import write_report
from fwgen.report import document as reports
from fwgen.report.vendor import vendor_block
from fwgen.tools import toolchain
from fwgen.tools.plain import Json

_MAX_BYTES = 20_000_000
_MAX_FILES = 200
_LAST_ERRORS = 5


def implement(folder: Path, *, synth_only: bool, jobs: int, stage: Stage = silent) -> Json:
    """Run Vivado out of context on a build; its report with Vivado's figures in it.

    Raises
    ------
    OutputError
        If the folder is no build, or holds no Vivado scripts.
    ToolError
        If Vivado is not on the PATH, or fails; its log stays next to the script.
    """
    reports.load(folder / "report.json")
    place = folder / "vivado"
    program = _vivado()
    shutil.rmtree(place / "reports", ignore_errors=True)  # never an earlier run's for this one's
    with stage("Vivado: out-of-context synthesis"):
        _run(program, place, "synth.tcl", jobs)
    if not synth_only:
        with stage("Vivado: placing and routing"):
            _run(program, place, "impl.tcl", jobs)
    return add_vendor(folder, place / "reports")


def add_vendor(folder: Path, reports_dir: Path) -> Json:
    """Put what Vivado's text reports say into a build's ``report.json`` and ``report.md``.

    Raises
    ------
    OutputError
        If the folder is no build, or there is no report of Vivado's to be read.
    """
    report = reports.load(folder / "report.json")
    report["vendor"] = vendor_block(_texts(reports_dir), report)
    write_report(folder, report)
    return report


def _vivado() -> str:
    found = shutil.which("vivado")
    if found is None:
        raise ToolError(
            "vivado",
            needed="AMD Vivado on the PATH",
            found="no such program",
            do="Install it from AMD and source its settings64.sh; or run the build's vivado/ "
            "scripts where it is, and read the reports with 'fwgen report DIR --vivado REPORTS'.",
        )
    return str(Path(found).absolute())  # it is started in another folder


def _run(program: str, place: Path, script: str, jobs: int) -> None:
    if not (place / script).is_file():
        raise OutputError(
            str(place / script),
            needed="the script that 'fwgen build' writes",
            found="no such file",
            do="Build again with this version of fwgen.",
        )
    log = Path(script).with_suffix(".log").name
    command = [program, "-mode", "batch", "-nojournal", "-log", log, "-source", script]
    done = toolchain.run_tool([*command, "-tclargs", str(jobs)], dict(os.environ), cwd=place)
    if done.returncode:
        raise ToolError(
            f"vivado {script}",
            needed="exit code 0",
            found=f"exit code {done.returncode}{_complaints(done.stdout)}",
            do=f"The whole log is {place / log}.",
        )


def _complaints(said: str) -> str:
    """The errors among what Vivado said, or its last lines."""
    lines = said.strip().splitlines()
    errors = [line for line in lines if re.match(r"(ERROR|CRITICAL WARNING):", line)]
    shown = (errors or lines)[-_LAST_ERRORS:]
    return ":\n" + "\n".join(shown) + "\n" if shown else " and no message"


def _texts(folder: Path) -> dict[str, str]:
    """Vivado's reports by name: every .rpt and .txt file of a folder, or the one file given."""
    try:
        found = [folder] if folder.is_file() else sorted(folder.iterdir())
        texts = [path for path in found if path.suffix in {".rpt", ".txt"} and path.is_file()]
        return {path.name: _read(path) for path in texts[:_MAX_FILES]}
    except OSError as error:
        raise OutputError(
            str(folder),
            needed="a folder with Vivado's text reports (.rpt)",
            found="no such folder" if not folder.exists() else str(error),
            do="Give the folder that report_utilization and report_timing_summary wrote to.",
        ) from None


def _read(path: Path) -> str:
    with path.open("rb") as stream:
        return stream.read(_MAX_BYTES).decode(errors="replace")
