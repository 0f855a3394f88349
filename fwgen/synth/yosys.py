"""Runs Yosys, from the Python package ``pyosys``, in a subprocess of this Python."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fwgen.assets import asset_dir
from fwgen.errors import ToolError
from fwgen.synth import worker
from fwgen.synth.settings import Settings, script

HOW_TO_GET = "Run 'pip install \"fwgen[synth]\"', or 'pip install \"pyosys>=0.70\"'."
_STEM = "netlist"
_LOG = "yosys.log"
_TWINS = ("fwgen_sum.v",)  # no model has a name that begins so
_LAST_LINES = 12
_LOOP = "no_loops"  # what Yosys says of a netlist that ABC has closed to a loop


@dataclass(frozen=True, slots=True)
class Mapped:
    """Files of a mapped netlist: the same cells as JSON and as Verilog, and Yosys' log.

    ``settings`` are those that it was made with.
    """

    json: Path
    verilog: Path
    log: Path
    settings: Settings


def synthesise(top: str, rtl: Sequence[Path], settings: Settings, work: Path) -> Mapped:
    """Map a design to the cells of an FPGA; everything is written into ``work``.

    Parameters
    ----------
    rtl
        Verilog files; copied into ``work``, so that neither their place nor its name reaches
        a command or the netlist.

    Raises
    ------
    ToolError
        If pyosys is missing or refuses the design; the message ends with Yosys' last words.
    """
    share_folder()
    work.mkdir(parents=True, exist_ok=True)
    ours = asset_dir("templates") / "synth"
    adders = ours / "adders.v"
    names = [f"rtl_{path.name}" for path in rtl]
    # cells that stand in for those of the same name
    twins = [ours / path.name if path.name in _TWINS else path for path in rtl]
    for source, name in zip([*twins, adders], [*names, adders.name], strict=True):
        shutil.copyfile(source, work / name)
    try:
        run(work, script(settings, top, names, adders.name, _STEM))
    except ToolError as error:
        if _LOOP not in error.found or settings == settings.cautious:
            raise
        settings = settings.cautious
        run(work, script(settings, top, names, adders.name, _STEM))
    return Mapped(work / f"{_STEM}.json", work / f"{_STEM}.v", work / _LOG, settings)


def share_folder() -> Path:
    """Yosys' own data files, simulation models of cells among them.

    Raises
    ------
    ToolError
        If pyosys is not installed.
    """
    spec = importlib.util.find_spec("pyosys")
    if spec is None or not spec.submodule_search_locations:
        raise ToolError(
            "the Python package 'pyosys'",
            needed="Yosys, for resources and timing",
            found="no such package",
            do=HOW_TO_GET,
        )
    return Path(next(iter(spec.submodule_search_locations))) / "share"


def cell_models() -> list[Path]:
    """Models of the cells in a netlist: Yosys' own, and fwgen's of what it lacks.

    A file of settings comes first, which tells Verilator how to read Yosys' models.
    """
    place = asset_dir("sim") / "cells"
    yosys = share_folder() / "xilinx" / "cells_sim.v"
    return [*sorted(place.glob("*.vlt")), yosys, *sorted(place.glob("*.v"))]


def version() -> str:
    """Version of Yosys; ``unknown`` if its package does not say."""
    try:
        return importlib.metadata.version("pyosys")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def run(work: Path, commands: Sequence[str]) -> None:
    """Run Yosys commands in ``work``; its log is written there.

    Raises
    ------
    ToolError
        If a command fails; the message ends with Yosys' last words.
    """
    (work / "job.json").write_text(json.dumps({"commands": commands}), encoding="utf-8")
    # -P: the folder of the worker must not shadow modules of the standard library
    command = [sys.executable, "-P", str(Path(worker.__file__)), "job.json"]
    with (work / _LOG).open("w", encoding="utf-8") as log:
        done = subprocess.run(  # noqa: S603 - a list of words, no shell
            command,
            cwd=work,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        said = (work / _LOG).read_text(encoding="utf-8", errors="replace")
        raise ToolError(
            f"Yosys in {work}",
            needed="a mapped netlist",
            found=f"exit code {done.returncode}:\n{_last_words(said)}\n",
            do="If rtl/ was not edited this is a fault of fwgen; please report it.",
        )


def _last_words(said: str) -> str:
    lines = said.strip().splitlines()
    errors = [line for line in lines if line.startswith("ERROR")]
    return "\n".join(errors[-1:] or lines[-_LAST_LINES:])
