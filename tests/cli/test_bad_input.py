"""Bad input of every kind: one clear message, exit code 2, no traceback, nothing written.

A message that ends in a full stop or question mark is compared whole; any other is the message's
beginning, up to what depends on versions or is long.
"""
# ruff: noqa: E501 - messages stand as the user sees them

import os
import shutil
from pathlib import Path

import pytest

from fwgen import cli
from fwgen.tools import toolchain
from tests.ingest.bundle.bad_arrays import ARRAYS, PARAMETERS, SAMPLES
from tests.ingest.bundle.bad_files import FILES, SCHEMA, YAML
from tests.ingest.bundle.bad_models import FORMATS, NAMES, RANGES, WIRING
from tests.ingest.bundle.bad_vectors import VECTORS
from tests.ingest.drafts import Case, Draft, small_draft

CASES = [
    *FILES,
    *YAML,
    *SCHEMA,
    *NAMES,
    *FORMATS,
    *ARRAYS,
    *PARAMETERS,
    *VECTORS,
    *WIRING,
    *RANGES,
    *SAMPLES,
]

# ---- the command line itself ----

TARGET = "target: needed a device, board or full part number that fwgen knows; found"
CLOCK = "clock: needed a frequency from 1 to 1000 MHz; found"
MHZ = "Give --clock in MHz, for example 240 or 360."
OUT = "Give another folder with --out, or --force to write into it; other files stay."
NO_BUILD = "needed a folder that 'fwgen build' has written; found"
GIVE = "Give the build's folder, for example build/snn_ae."

COMMANDS = [
    ("check nowhere", "nowhere: needed a model.yaml file; found no such file."),
    ("check /dev/null", "/dev/null: needed a model.yaml file; found something that is no file."),
    ("check a_pipe", "a_pipe: needed a model.yaml file; found something that is no file."),
    ("check demo/weights.npz", "demo/weights.npz: needed a readable UTF-8 text file; found"),
    (f"check {'a' * 300}", f"{'a' * 300}: needed a readable UTF-8 text file; found [Errno"),
    ("check demo --clock 1e-320", f"{CLOCK} 9.99989e-321 MHz. {MHZ}"),
    ("build demo --target xcvu9", f"{TARGET} 'xcvu9'. Did you mean 'xcvu9p'?"),
    (
        "build demo --target arty",
        f"{TARGET} 'arty'. 'fwgen targets' lists them; --targets FILE adds your own.",
    ),
    ("build demo --clock 0", f"{CLOCK} 0 MHz. {MHZ}"),
    ("build demo --clock -1", f"{CLOCK} -1 MHz. {MHZ}"),
    ("build demo --clock nan", f"{CLOCK} nan MHz. {MHZ}"),
    ("build demo --clock inf", f"{CLOCK} inf MHz. {MHZ}"),
    (
        "build demo --out other",
        f"other: needed an empty folder, or an earlier build of 'demo'; found something else. {OUT}",
    ),
    (
        "build demo --out foreign",
        f"foreign: needed an empty folder, or an earlier build of 'demo'; found a build of 'another'. {OUT}",
    ),
    (
        "build demo --out a_file",
        "a_file: needed a folder, or nothing yet; found a file. Give another folder with --out.",
    ),
    ("build demo --out a_file/x", "a_file/x: needed a place where files can be written; found ["),
    ("report nowhere", f"nowhere: {NO_BUILD} no such folder. {GIVE}"),
    ("report demo", f"demo: {NO_BUILD} no report.json in it. {GIVE}"),
    ("verify nowhere", f"nowhere: {NO_BUILD} no such folder. {GIVE}"),
    ("verify demo", f"demo: {NO_BUILD} no report.json in it. {GIVE}"),
    (
        "verify demo --backend ghdl",
        "--backend: needed one of native, cocotb, hls4ml; found 'ghdl'. Leave it out to run all.",
    ),
]

WHOLE = "needed a whole report of version 1; found something else. Build again with this version"
REPORTS = [
    ("no JSON", b"{", "needed a readable report; found Expecting property name"),
    ("no UTF-8", b"\xff", "needed a readable report; found 'utf-8' codec can't decode byte 0xff"),
    ("too deep", b"[" * 100_000, "needed a readable report; found maximum recursion depth"),
    ("a list", b"[]", WHOLE),
    ("another version", b'{"report_version": 2}', WHOLE),
    ("keys missing", b'{"report_version": 1}', WHOLE),
]

USAGE = [
    ("build demo --events 0", "Invalid value for '--events'"),
    ("build demo --events many", "Invalid value for '--events'"),
    ("build demo --clock fast", "Invalid value for '--clock'"),
    ("build demo --taget xcvu9p", "--target"),
    ("build", "Missing argument"),
    ("build demo another", "unexpected extra argument"),
    ("builds demo", "Did you mean 'build'?"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own, where no tool is asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(toolchain, "require", lambda *_: None)
    return tmp_path


def refused(
    command: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """What ``fwgen`` says on refusing a command; that it does so without writing anything."""
    before = sorted(Path().rglob("*"))
    monkeypatch.setattr("sys.argv", ["fwgen", *command])
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capfd.readouterr()
    assert end.value.code == 2
    assert "Traceback" not in said.out + said.err
    assert said.out == ""
    assert sorted(Path().rglob("*")) == before
    return said.err


def the_error(said: str) -> str:
    """The one error after progress lines, without its prefix."""
    assert said.count("error: ") == 1
    return said.partition("error: ")[2].removesuffix("\n")


def compare(said: str, message: str) -> None:
    """A whole message equals; the beginning of one begins."""
    if message.endswith((".", "?")) and not said.startswith(message):
        assert said == message
    assert said.startswith(message)


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_a_bad_bundle_is_refused_with_one_message(
    case: Case,
    home: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message says where, what was needed, what was found and what to do; exit code 2."""
    draft = small_draft()
    case.change(draft)
    draft.write(home / "demo")
    said = the_error(refused(["check", "demo"], capfd, monkeypatch))
    compare(said, case.message)
    assert "\n" not in said


@pytest.mark.parametrize(("command", "message"), COMMANDS, ids=[c[:40] for c, _ in COMMANDS])
def test_a_bad_command_is_refused_with_one_message(
    command: str,
    message: str,
    home: Path,
    draft: Draft,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Targets, clocks, folders and backends are checked before anything is written."""
    draft.write(home / "demo")
    (home / "a_file").write_text("x")
    os.mkfifo(home / "a_pipe")
    (home / "other").mkdir()
    (home / "other" / "thesis.tex").write_text("x")
    (home / "foreign").mkdir()
    (home / "foreign" / "manifest.json").write_text('{"model": "another"}')
    compare(the_error(refused(command.split(), capfd, monkeypatch)), message)


@pytest.mark.parametrize("verb", ["report", "verify"])
@pytest.mark.parametrize(("what", "raw", "message"), REPORTS, ids=[what for what, *_ in REPORTS])
def test_a_damaged_report_is_refused(
    what: str,
    raw: bytes,
    message: str,
    verb: str,
    home: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither ``report`` nor ``verify`` shows half a report."""
    del what
    (home / "build").mkdir()
    (home / "build" / "report.json").write_bytes(raw)
    said = the_error(refused([verb, "build"], capfd, monkeypatch))
    compare(said, f"build/report.json: {message}")


@pytest.mark.parametrize(("command", "words"), USAGE, ids=[command for command, _ in USAGE])
def test_a_misspelt_command_is_explained(
    command: str,
    words: str,
    home: Path,
    draft: Draft,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Usage errors end with 2, name the option or command, and point to --help."""
    draft.write(home / "demo")
    said = refused(command.split(), capfd, monkeypatch)
    assert words in said
    assert "--help" in said


def test_a_misread_model_in_a_build_is_refused_before_simulating(
    home: Path, draft: Draft, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``build`` refuses what ``check`` refuses, with the same words."""
    draft.layer("enc")["op"] = "dens"
    draft.write(home / "demo")
    checked = the_error(refused(["check", "demo"], capfd, monkeypatch))
    assert the_error(refused(["build", "demo"], capfd, monkeypatch)) == checked


@pytest.mark.parametrize("tool", ["g++", "make", "perl"])
def test_a_missing_tool_is_named_with_the_way_to_get_it(
    tool: str,
    tmp_path: Path,
    draft: Draft,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``build`` asks for its tools first, before it reads or writes anything."""
    monkeypatch.chdir(tmp_path)
    draft.write(tmp_path / "demo")
    found = shutil.which
    hidden = {tool, "c++"}
    monkeypatch.setattr(
        shutil, "which", lambda name, **more: None if name in hidden else found(name, **more)
    )
    said = the_error(refused(["build", "demo"], capfd, monkeypatch))
    assert said.startswith(f"{tool}: needed ")
    assert f"found not installed. apt-get install {tool} (Debian, Ubuntu) or dnf install" in said


def test_a_missing_verilator_is_named_with_the_way_to_get_it(
    tmp_path: Path,
    draft: Draft,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A FWGEN_VERILATOR_ROOT without Verilator is said to be the cause."""
    monkeypatch.chdir(tmp_path)
    draft.write(tmp_path / "demo")
    monkeypatch.setenv("FWGEN_VERILATOR_ROOT", str(tmp_path))
    said = the_error(refused(["build", "demo"], capfd, monkeypatch))
    assert said.startswith("verilator: needed lint and simulation; found not installed.")
    assert "FWGEN_VERILATOR_ROOT" in said


def test_the_table_covers_what_was_promised() -> None:
    """At least 70 kinds of bad input, each once."""
    names = [case.what for case in CASES]
    assert len(names) == len(set(names))
    assert len(CASES) + len(COMMANDS) + len(REPORTS) + len(USAGE) >= 70
