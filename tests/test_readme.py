"""The README: its commands exist, its figures are those of the build."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from fwgen import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_commands_in_the_table_exist_with_their_options() -> None:
    """Every command and option that the README's table names is one of the program's."""
    known = get_command(cli.app).commands  # type: ignore[attr-defined]  # a click group
    rows = re.findall(r"^\| `fwgen (\w+)([^`]*)`", README, re.MULTILINE)
    assert {name for name, _ in rows} == set(known)
    for name, rest in rows:
        options = {o for p in known[name].params for o in [*p.opts, *p.secondary_opts]}
        assert set(re.findall(r"--[\w-]+", rest)) <= options, name


def test_first_command_is_the_one_that_ci_runs() -> None:
    """The two commands stand in the README as written in the project's rules."""
    assert "pip install . && fwgen build models/snn_ae/model.yaml --target xcvu9p" in README
    assert 'pip install ".[test]" && pytest' in README
    ci = (ROOT / ".ci" / "run").read_text()
    assert 'fwgen" build models/snn_ae/model.yaml --target xcvu9p' in ci
    assert '".[test]"\npytest\n' in ci


@pytest.mark.parametrize(
    "command", ["build", "check", "compare", "verify", "report", "implement", "targets", "doctor"]
)
def test_help_teaches(command: str) -> None:
    """--help of every command ends with 0 and says what the command is for."""
    done = subprocess.run(
        [sys.executable, "-m", "fwgen", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert f"Usage: fwgen {command}" in done.stdout
    assert len(done.stdout.splitlines()) > 5


def test_links_lead_somewhere() -> None:
    """Every relative link of the README is a file of the repository."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
