"""Imports by `fwgen import` in a process that cannot import any training framework."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fwgen.ingest.bundle.reader import read_bundle
from fwgen.ingest.bundle.schema import FORMAT_VERSION
from fwgen.ir.graph import Graph
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference, quantise_input

FRAMEWORKS = ("torch", "snntorch", "nir", "nirtorch", "norse", "sinabs", "safetensors", "pickle5")
_RUN = """
import json, sys
from fwgen.cli import app
for arguments in json.load(sys.stdin):
    app(["import", *arguments], standalone_mode=False)
for name in {names!r}:
    assert name not in sys.modules, name
"""
assert FORMAT_VERSION == 1


def answers(given: dict[str, Any]) -> list[str]:
    """``--set`` flags."""
    return [part for key, value in given.items() for part in ("--set", f"{key}={value}")]


def import_all(work: Path, commands: Iterable[Sequence[str | Path]]) -> None:
    """Run ``fwgen import`` with each of the argument lists, in one process without frameworks."""
    block = work / "no_frameworks"
    block.mkdir(exist_ok=True)
    for name in FRAMEWORKS:
        (block / f"{name}.py").write_text(f"raise ImportError('{name} is hidden')\n")
    given = json.dumps([[str(part) for part in command] for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(names=FRAMEWORKS)],
        input=given,
        text=True,
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(block)},
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-2000:]


def integers(folder: Path, x: np.ndarray) -> tuple[Graph, dict[str, np.ndarray]]:
    """The imported bundle as an integer graph, and its values on events."""
    graph = quantise(read_bundle(folder).graph)
    return graph, dict(Reference.of(graph).run(quantise_input(graph, x)).values)
