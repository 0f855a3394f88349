"""What the command line and the Python face load: nothing heavy before it is used."""

import resource
import subprocess
import sys

import pytest

from fwgen.verify.bench.prove import BACKENDS
from tests.test_layout import loaded_with

HEAVY = {"alkaid", "cocotb", "h5py", "hls4ml", "jinja2", "numpy", "pydantic", "yaml"}
BOUND = 0.4  # seconds of CPU for 'fwgen --help', Python's own start included


def cpu(*words: str) -> float:
    """Seconds of user and system time that a Python process needs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_command_line_loads_nothing_heavy() -> None:
    """Neither to parse its arguments nor to show its help."""
    assert not loaded_with("fwgen.cli") & HEAVY


def test_the_python_face_loads_nothing_at_all() -> None:
    """Not even a console: ``import fwgen`` stands in scripts that may never build."""
    assert not loaded_with("fwgen") & (HEAVY | {"rich", "typer"})


def test_help_is_there_at_once() -> None:
    """At most 0.4 s of CPU; on a slow or busy machine, as many times what a bare Python needs."""
    bare = min(cpu("-c", "import typing, pathlib, dataclasses, enum, inspect") for _ in range(5))
    help_ = min(cpu("-m", "fwgen", "--help") for _ in range(5))
    assert help_ < max(BOUND, 8 * bare)


@pytest.mark.parametrize("backend", BACKENDS)
def test_help_names_every_bench(backend: str) -> None:
    """The help has them as text, since their module is not loaded for it."""
    done = subprocess.run(
        [sys.executable, "-m", "fwgen", "verify", "--help"], check=True, capture_output=True
    )
    assert backend in done.stdout.decode()
