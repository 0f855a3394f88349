"""The command line where nothing is wrong, and how errors become exit codes."""

from collections.abc import Callable
from pathlib import Path

import pytest

import fwgen
from fwgen import cli
from fwgen.errors import BudgetError, FitError, FwgenError, MismatchError, ToolError
from fwgen.targets import BUDGETS, DEVICES
from fwgen.verify.toolchain import tools
from tests.ingest.drafts import Draft

ROOT = Path(__file__).parents[1]
COMMANDS = ("build", "check", "compare", "verify", "report", "implement", "targets", "doctor")
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
    for name in (*(d.name for d in DEVICES), *(b.name for b in BUDGETS)):
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
    assert (code, complaint) == (0, "")
    assert said.startswith("graph demo steps=3\n  x = input() size=3 fmt=ufixed<8,0>\n")
    assert "demo is valid: latency " in said
    assert "one event every 3 cycles" in " ".join(said.split())


def test_check_accepts_the_model_that_ships(run: Run) -> None:
    """The README begins with it."""
    code, said, complaint = run("check", str(ROOT / "models" / "snn_ae" / "model.yaml"))
    assert (code, complaint) == (0, "")
    assert "snn_ae is valid" in said


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

    def fail(_: object) -> None:
        raise kind("here", needed="this", found="that", do="Do so.")

    monkeypatch.setattr(cli, "prepare", fail)
    assert run("check", "x") == (code, "", "error: here: needed this; found that. Do so.\n")


def test_an_interrupt_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells expect, with one line."""

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "prepare", stop)
    code, _, complaint = run("check", "x")
    assert code == 130
    assert "Traceback" not in complaint


def test_messages_cannot_steer_the_terminal() -> None:
    """Control characters from files are shown, not sent; line ends of tools stay."""
    error = FwgenError("a\x1b[31m", needed="\ud800", found="b\rc\nd", do="\u202e.")
    assert str(error) == "a\\x1b[31m: needed \\ud800; found b\\rc\nd. \\u202e."


def test_an_error_can_be_said_to_be_inside_a_file() -> None:
    """Kind and advice stay, the place grows."""
    error = MismatchError("layer", needed="a", found="b", do="C.").within("file")
    assert type(error) is MismatchError
    assert str(error) == "file: layer: needed a; found b. C."
