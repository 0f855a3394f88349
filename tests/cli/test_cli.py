"""The command line where nothing is wrong, and how errors become exit codes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fwgen
from fwgen import cli
from fwgen.errors import BudgetError, FitError, FwgenError, MismatchError, ToolError
from fwgen.ingest.targets import catalogue
from fwgen.tools.toolchain import tools
from tests.ingest.drafts import Draft
from tests.ingest.spiking.snn_files import nir_nodes, write_nir

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "build", "import", "check", "compare", "verify", "report", "implement", "targets", "doctor",
)  # fmt: skip
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


def test_help_names_every_command_and_the_first_one_to_try(run: Run) -> None:
    """A newcomer sees where to start."""
    code, said, _ = run("--help")
    assert code == 0
    assert "fwgen build models/snn_ae/model.yaml --target xcvu9p" in said
    for command in COMMANDS:
        assert f"\n  {command} " in said
    assert (
        "..." not in said.split("Commands:")[1]
    )  # every summary is short enough to be shown whole


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str, run: Run) -> None:
    """Ends with 0."""
    code, said, _ = run(command, "--help")
    assert code == 0
    assert f"fwgen {command}" in said


def test_version(run: Run) -> None:
    """One line."""
    assert run("--version") == (0, f"fwgen {fwgen.__version__}\n", "")


def test_targets_lists_devices_and_budgets(run: Run) -> None:
    """Every name that --target takes."""
    code, said, _ = run("targets")
    assert code == 0
    for name in (entry.name for entry in (*catalogue().devices, *catalogue().budgets)):
        assert name in said


def test_doctor_lists_every_tool(run: Run) -> None:
    """Found or missing; it ends with 2 only if a needed one is missing."""
    needed = all(tool.found for tool in tools() if not tool.optional)
    code, said, _ = run("doctor")
    assert code == (0 if needed else 2)
    for tool in tools():
        assert tool.name in said


def test_check_accepts_a_small_model(draft: Draft, tmp_path: Path, run: Run) -> None:
    """It prints the integer graph, every format, and what to do next."""
    code, said, complaint = run("check", str(draft.write(tmp_path / "demo")))
    assert code == 0
    assert complaint.splitlines()[-1].endswith("lowering for 240 MHz")
    assert said.startswith("graph demo steps=3\n  x = input() size=3 fmt=ufixed<8,0>\n")
    assert "demo is valid: latency " in said
    assert "one event every 3 cycles" in " ".join(said.split())


def test_check_accepts_the_model_that_ships(run: Run) -> None:
    """The README begins with it."""
    code, said, _ = run("check", str(ROOT / "models" / "snn_ae" / "model.yaml"))
    assert code == 0
    assert "snn_ae is valid" in said


def test_check_compares_the_schedule_with_budgets(draft: Draft, tmp_path: Path, run: Run) -> None:
    """The model's own and those known by name, in ns at the clock that was asked for."""
    draft.model["budgets"] = {"latency_ns": 1}
    _, said, _ = run("check", str(draft.write(tmp_path / "demo")), "--clock", "100")
    rows = [line.split() for line in said.splitlines() if "latency  " in line]
    cycles = int(said.split("valid: latency ")[1].split()[0])
    assert [*rows[0][:4], rows[0][-3], rows[0][-1]] == [
        "this", "model's", "latency", "(required)", f"{10 * cycles:.1f}", "MISSED",
    ]  # fmt: skip
    assert f"latency {cycles} cycles = {10 * cycles} ns = " in said
    assert any(row[:3] == ["CMS", "Level-1,", "today"] and row[-1] == "met" for row in rows)


def test_import_says_what_it_made_and_what_to_do_next(tmp_path: Path, run: Run) -> None:
    """Without answers it asks for them all; with them it names clock, device and next command."""
    source, out = write_nir(tmp_path / "net.nir", nir_nodes()), tmp_path / "net"
    command = ("import", str(source), "-o", str(out), "--producer", "snntorch")
    code, _, complaint = run(*command)
    keys = ("reset", "reset_delay", "readout", "steps", "input_format")
    assert code == 2
    assert all(f"--set {key}=" in complaint for key in keys)
    given = zip(keys, ("subtract", "true", "membrane", "4", "fixed<6,3>"), strict=True)
    code, said, _ = run(*command, *(w for k, v in given for w in ("--set", f"{k}={v}")))
    assert code == 0
    assert "3 layers written to" in said
    line = " ".join(said.split())
    assert line.endswith(f"for 240 MHz on xcvu9p; next: fwgen check {out}")


def test_a_slower_clock_does_not_take_more_cycles(draft: Draft, tmp_path: Path, run: Run) -> None:
    """``--clock`` reaches the schedule."""
    folder = str(draft.write(tmp_path / "demo"))
    slow, fast = (
        int(run("check", folder, "--clock", mhz)[1].split("latency ")[-1].split()[0])
        for mhz in ("1", "1000")
    )
    assert slow < fast


@pytest.mark.parametrize(
    ("kind", "code"),
    [(FwgenError, 2), (ToolError, 2), (MismatchError, 3), (BudgetError, 4), (FitError, 4)],
)
def test_each_kind_of_error_has_its_exit_code(
    kind: type[FwgenError], code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripts can tell bad input, a mismatch and a missed budget apart."""

    def fail(_: object, **_options: object) -> None:
        raise kind("here", needed="this", found="that", do="Do so.")

    monkeypatch.setattr(fwgen, "check", fail)
    assert run("check", "x") == (code, "", "error: here: needed this; found that. Do so.\n")


def test_an_interrupt_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells expect, with one line."""

    def stop(_: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fwgen, "check", stop)
    code, _, complaint = run("check", "x")
    assert code == 130
    assert "Traceback" not in complaint


def test_build_passes_every_option_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line is a thin layer on the Python face: each option is one of its keywords."""
    seen: list[Any] = []

    def build(model: Path, **options: Any) -> None:
        seen.append((model, options))
        raise ToolError("here", needed="this", found="that", do="Do so.")

    monkeypatch.setattr(fwgen, "build", build)
    words = "--target a --clock 5 --out b --events 7 --schedule c --targets d"
    assert run("build", "m", *words.split(), "--resources", "--explain")[0] == 2
    assert run("build", "m", "--force")[0] == 2
    for _, options in seen:
        assert callable(options.pop("progress"))
    given = {"target": "a", "clock_mhz": 5.0, "out": Path("b"), "events": 7, "schedule": "c"}
    given |= {"targets": Path("d"), "resources": True, "explain": True, "force": False}
    assert seen[0] == (Path("m"), given)
    nothing = dict.fromkeys(("target", "clock_mhz", "out", "schedule", "targets"))
    flags = {"resources": False, "explain": False, "force": True}
    assert seen[1] == (Path("m"), {**nothing, **flags, "events": 20_000})


def test_messages_cannot_steer_the_terminal() -> None:
    """Control characters from files are shown, not sent; line ends of tools stay."""
    error = FwgenError("a\x1b[31m", needed="\ud800", found="b\rc\nd", do="\u202e.")
    assert str(error) == "a\\x1b[31m: needed \\ud800; found b\\rc\nd. \\u202e."


def test_an_error_can_be_said_to_be_inside_a_file() -> None:
    """Kind and advice stay, the place grows."""
    error = MismatchError("layer", needed="a", found="b", do="C.").within("file")
    assert type(error) is MismatchError
    assert str(error) == "file: layer: needed a; found b. C."
