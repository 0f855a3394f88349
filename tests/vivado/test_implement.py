"""'fwgen implement' and 'fwgen report --vivado', with a Vivado that is a small Python program."""

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fwgen import cli
from tests.vivado.builds import FIXTURES, build_folder

FAKE = Path(__file__).with_name("fake_vivado.py")
Run = Callable[..., tuple[object, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """``run(*words)`` gives exit code, output and errors of one command."""

    def command(*words: str) -> tuple[object, str, str]:
        monkeypatch.setattr("sys.argv", ["fwgen", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capfd.readouterr()
        return end.value.code, said.out, said.err

    return command


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build in a folder of its own, where no Vivado is on the PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("COLUMNS", "160")
    return build_folder(tmp_path / "snn_ae")


@pytest.fixture
def vivado(build: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Vivado on the PATH; the file that its calls are noted in."""
    program = build.parent / "bin" / "vivado"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{FAKE.read_text(encoding='utf-8')}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    calls = build.parent / "calls"
    monkeypatch.setenv("FAKE_VIVADO", str(FIXTURES / "vu9p_2023.2_routed"))
    monkeypatch.setenv("FAKE_VIVADO_CALLS", str(calls))
    return calls


def report(build: Path) -> dict[str, Any]:
    """The build's report as it stands on disk."""
    data: dict[str, Any] = json.loads((build / "report.json").read_text(encoding="utf-8"))
    return data


def test_both_scripts_run_and_the_reports_are_read(build: Path, vivado: Path, run: Run) -> None:
    """Synthesis, implementation, then the routed figures in report.json, report.md, terminal."""
    code, said, progress = run("implement", str(build), "--jobs", "3")
    assert code == 0, progress
    line = "vivado -mode batch -nojournal -log {0}.log -source {0}.tcl -tclargs 3"
    assert vivado.read_text().splitlines() == [line.format("synth"), line.format("impl")]
    assert "out-of-context synthesis" in progress
    assert "placing and routing" in progress
    vendor = report(build)["vendor"]
    assert (vendor["kind"], vendor["stage"], vendor["lut"]) == ("vendor", "routed", 9120)
    assert vendor["timing"]["fmax_mhz"] == 273.7
    for text in (said, (build / "report.md").read_text()):
        assert "vendor (Vivado 2023.2, routed)" in text
        assert "9,120" in text
        assert "273.7" in text
    assert (build / "vivado" / "impl.log").read_text() == "the whole log\n"


def test_synthesis_alone(build: Path, vivado: Path, run: Run) -> None:
    """--synth-only stops there and says that the figures are synthesised."""
    code, _, _ = run("implement", str(build), "--synth-only")
    assert code == 0
    assert len(vivado.read_text().splitlines()) == 1
    vendor = report(build)["vendor"]
    assert (vendor["stage"], vendor["lut"]) == ("synthesised", 9876)
    assert vendor["timing"]["stage"] == "synthesised"


@pytest.mark.usefixtures("vivado")
def test_reports_of_an_earlier_run_are_gone(build: Path, run: Run) -> None:
    """After routing once, synthesis alone does not show routed figures."""
    run("implement", str(build))
    run("implement", str(build), "--synth-only")
    assert report(build)["vendor"]["stage"] == "synthesised"


@pytest.mark.usefixtures("vivado")
def test_a_failing_vivado(build: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its errors are shown, its log is named, and the report is left as it was."""
    before = report(build)
    monkeypatch.setenv("FAKE_VIVADO", "fail")
    code, _, said = run("implement", str(build))
    assert code == 2
    assert "vivado synth.tcl: needed exit code 0; found exit code 1:\nERROR: [Synth 8-439]" in said
    assert "The whole log is" in said
    assert "INFO" not in said
    assert report(build) == before


@pytest.mark.usefixtures("vivado")
def test_a_vivado_that_writes_nothing(
    build: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Success without reports is no success."""
    monkeypatch.setenv("FAKE_VIVADO", "silent")
    code, _, said = run("implement", str(build))
    assert code == 2
    assert "needed a folder with Vivado's text reports (.rpt); found no such folder." in said


def test_without_vivado(build: Path, run: Run) -> None:
    """The message says how to get it, and what can be done without."""
    code, _, said = run("implement", str(build))
    assert code == 2
    assert said == (
        "error: vivado: needed AMD Vivado on the PATH; found no such program. Install it from AMD "
        "and source its settings64.sh; or run the build's vivado/ scripts where it is, and read "
        "the reports with 'fwgen report DIR --vivado REPORTS'.\n"
    )


@pytest.mark.usefixtures("vivado")
def test_a_build_without_scripts(build: Path, run: Run) -> None:
    """A build of an earlier version is said to be one."""
    (build / "vivado" / "synth.tcl").unlink()
    code, _, said = run("implement", str(build))
    assert code == 2
    assert "synth.tcl: needed the script that 'fwgen build' writes; found no such file." in said


def test_a_folder_that_is_no_build(build: Path, run: Run) -> None:
    """Said before Vivado is looked for."""
    code, _, said = run("implement", str(build.parent / "nowhere"))
    assert code == 2
    assert "needed a folder that 'fwgen build' has written; found no such folder." in said


@pytest.mark.parametrize("jobs", ["0", "33", "many"])
def test_jobs_are_checked(build: Path, run: Run, jobs: str) -> None:
    """As many threads as Vivado takes."""
    code, _, said = run("implement", str(build), "--jobs", jobs)
    assert code == 2
    assert "Invalid value for '--jobs'" in said


def test_reports_from_elsewhere(build: Path, run: Run) -> None:
    """'fwgen report DIR --vivado REPORTS' reads a folder of reports into the build."""
    code, said, _ = run("report", str(build), "--vivado", str(FIXTURES / "vu9p_2023.2_routed"))
    assert code == 0
    assert "vendor (Vivado 2023.2, routed)" in said
    assert report(build)["vendor"]["lut"] == 9120
    assert run("report", str(build))[1] == said


def test_one_report_file(build: Path, run: Run) -> None:
    """A single file will do; what it does not tell is absent."""
    place = FIXTURES / "vu9p_2023.2_routed" / "route_timing.rpt"
    assert run("report", str(build), "--vivado", str(place))[0] == 0
    assert "lut" not in report(build)["vendor"]


@pytest.mark.parametrize("where", ["nowhere", "snn_ae/rtl", "snn_ae/rtl/snn_ae.v"])
def test_no_reports_there(build: Path, run: Run, where: str) -> None:
    """Neither a missing folder nor one without reports changes the build's report."""
    before = report(build)
    code, _, said = run("report", str(build), "--vivado", where)
    assert code == 2
    assert said.startswith("error: ")
    assert "report" in said
    assert report(build) == before


def test_a_design_larger_than_the_device(tmp_path: Path, build: Path, run: Run) -> None:
    """A note with resource and factor; exit code 4 under --strict."""
    small = str(build_folder(tmp_path / "small", "pynq-z2"))
    reports = str(FIXTURES / "z020_2019.2_synth")
    code, said, _ = run("report", small, "--vivado", reports)
    note = "does not fit xc7z020: 61,480 LUT (vendor), 1.16 times the 53,200 of the device"
    assert code == 0
    assert f"note: {note}" in said
    code, _, said = run("report", small, "--vivado", reports, "--strict")
    assert code == 4
    assert "needed a design that fits xc7z020; found 61,480 LUT (vendor), 1.16 times" in said
    assert run("report", str(build), "--strict")[0] == 0
