"""Hostile spiking files: one sentence, exit code 2, nothing written, bounded time and memory.

A message that ends in a full stop is compared as a beginning of whole words, as are all others.
"""

import tracemalloc
from pathlib import Path

import pytest

from fwgen import cli
from tests.cpu import cpu_within
from tests.ingest.spiking.bad_snn import ALL, BadFile

SECONDS = 5.0
BYTES = 100 * 1024 * 1024


def run(case: BadFile, monkeypatch: pytest.MonkeyPatch) -> int:
    """``fwgen import`` on the file of a case; its exit code."""
    flags = [
        part
        for text in case.settings
        for part in (text.split() if text.startswith("--") else ("--set", text))
    ]
    arguments = ["fwgen", "import", f"net{case.suffix}", "-o", "demo", *flags]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("case", [c for c in ALL if c.message], ids=lambda case: case.what)
def test_refused(
    case: BadFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The message says where, what was needed, what was found and what to do."""
    monkeypatch.chdir(tmp_path)
    case.write(Path(f"net{case.suffix}"))
    tracemalloc.start()
    with cpu_within(SECONDS):
        code = run(case, monkeypatch)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    said = capfd.readouterr().err
    assert said.startswith("error: ")
    assert said.removeprefix("error: ").startswith(case.message)
    assert said.count("\n") == 1
    assert (code, [path.name for path in tmp_path.iterdir()]) == (2, [f"net{case.suffix}"])
    assert peak < BYTES


def test_a_name_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters of shells and languages are left out of names."""
    monkeypatch.chdir(tmp_path)
    case = next(case for case in ALL if not case.message)
    case.write(Path("net.nir"))
    assert run(case, monkeypatch) == 0
    text = (tmp_path / "demo" / "model.yaml").read_text()
    assert "name: lif\n" in text
    assert "$(" not in text


def test_the_table_covers_what_was_promised() -> None:
    """At least 30 hostile files, each once."""
    names = [case.what for case in ALL]
    assert len(names) == len(set(names))
    assert len(names) >= 30
