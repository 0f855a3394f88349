"""Broken and hostile ONNX files: one message, exit code 2, nothing written, little memory and time.

A message that ends in a full stop is compared whole; any other is the message's beginning.
"""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from fwgen import cli
from tests.cpu import cpu_within
from tests.ingest.onnx.bad_onnx import BAD, GOOD, bomb

SECONDS = 5
MEGABYTES = 400  # of the whole process, of which Python with fwgen takes about a third


@pytest.mark.parametrize(("raw", "message"), [case[1:] for case in BAD], ids=[c[0] for c in BAD])
def test_it_is_refused_in_one_sentence(
    raw: bytes,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The message says where, what was needed, what was found and what to do."""
    monkeypatch.chdir(tmp_path)
    Path("bad.onnx").write_bytes(raw)
    command = ["fwgen", "import", "bad.onnx", "-o", "out", "--set", "input_format=fixed<6,3>"]
    monkeypatch.setattr("sys.argv", command)
    with cpu_within(SECONDS), pytest.raises(SystemExit) as end:
        cli.main()
    said = " ".join(capfd.readouterr().err.split())
    assert end.value.code == 2
    assert said.startswith(f"error: {message}")
    if message.endswith("."):
        assert said == f"error: {message}"
    assert [path.name for path in Path().iterdir()] == ["bad.onnx"]


@pytest.mark.parametrize("raw", [bomb(8_000_000), GOOD[:-5] + b"\x00" * 5], ids=["bomb", "zeros"])
def test_a_small_file_takes_little_memory(raw: bytes, tmp_path: Path) -> None:
    """Sixteen megabytes of empty nodes do not become a gigabyte of objects."""
    path = tmp_path / "bad.onnx"
    path.write_bytes(raw)
    command = [sys.executable, "-m", "fwgen", "import", str(path), "-o", str(tmp_path / "out")]
    limit = MEGABYTES * 1_000_000
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
