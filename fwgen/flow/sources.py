"""The source files of a build: Verilog, vectors, Vivado scripts, hls4ml projects, the model."""

import shutil
from pathlib import Path

import numpy as np

from fwgen.assets import asset_dir
from fwgen.emit.top import emit_rtl
from fwgen.emit.vivado import VivadoRun, check_words, emit_vivado, period_ps
from fwgen.flow.prepare import Aim, Prepared
from fwgen.flow.writer import write_files
from fwgen.hls.projects import HlsPlan
from fwgen.ir.text import to_text
from fwgen.lower.design import Design
from fwgen.verify.bench import interface_json
from fwgen.verify.bench.events import make_events, vectors
from fwgen.verify.hls4ml import run as hls4ml_run

TB_EVENTS = 256  # that hls4ml's own test bench finds in a project


def write_sources(folder: Path, ready: Prepared, design: Design, aim: Aim) -> None:
    """Write ``rtl/``, ``sim/``, ``vivado/`` and ``model/`` of a build.

    Raises
    ------
    TargetError
        If a name from a user's file of devices may not stand in a script.
    """
    rtl = write_files(folder / "rtl", emit_rtl(design, ready.graph))
    write_files(folder / "sim", _bench_files(ready, design))
    names = tuple(sorted(path.name for path in rtl))
    run = VivadoRun(design.name, names, aim.device.part, aim.device.family, aim.clock_mhz)
    write_files(folder / "vivado", emit_vivado(run))
    _copy_model(ready, folder / "model")


def takes_hls(plan: HlsPlan) -> bool:
    """Whether a build gets ``hls/``: hls4ml is here, and takes some of the model's layers."""
    return bool(plan.projects) and hls4ml_run.installed()


def write_hls(ready: Prepared, plan: HlsPlan, aim: Aim, folder: Path, work: Path) -> None:
    """Write ``hls/`` of a build: hls4ml's projects, with some events for hls4ml's own bench.

    Raises
    ------
    TargetError
        If the part's name may not stand in a script.
    ToolError
        If hls4ml fails.
    """
    check_words([aim.device.part])
    place = folder / hls4ml_run.FOLDER
    chosen = hls4ml_run.HlsTarget(aim.device.part, period_ps(aim.clock_mhz))
    hls4ml_run.write_projects(plan.projects, chosen, place, work)
    reference = ready.reference
    x = make_events(ready.graph, ready.bundle.samples, TB_EVENTS, np.random.default_rng(0)).x
    values, ranges = reference.run(x).values, reference.analysis.values
    for project in plan.projects:
        texts = hls4ml_run.bench_data(project, values, ranges)
        write_files(place / project.name / "tb_data", texts)


def _bench_files(ready: Prepared, design: Design) -> dict[str, str]:
    files = {
        path.name: path.read_text(encoding="utf-8")
        for path in asset_dir("sim").iterdir()
        if path.suffix in {".py", ".cpp"}
    }
    files["interface.json"] = interface_json.to_json(design.interface)
    files["graph.txt"] = to_text(ready.graph)
    return files | vectors(ready.reference, design.interface, ready.bundle.samples)


def _copy_model(ready: Prepared, folder: Path) -> None:
    folder.mkdir()
    names = ("model.yaml", *(path.name for path in ready.bundle.files[1:]))
    for path, name in zip(ready.bundle.files, names, strict=True):
        shutil.copyfile(path, folder / name)
