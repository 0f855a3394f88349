"""Runs hls4ml and its C simulation: writes projects, compiles them, feeds them integers."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import ToolError
from fwgen.hls.layers import HlsLayer
from fwgen.hls.projects import HlsProject
from fwgen.ir.cast import Ints
from fwgen.ir.ranges import Range
from fwgen.tools import toolchain
from fwgen.verify.hls4ml import worker as hls4ml_worker

FOLDER = "hls"  # of a build, with a folder for each project
HOW_TO_GET = "Run 'pip install hls4ml'."
_JOB, _LOG = "job.json", "hls4ml.log"
_FAULT = "If hls/ was not edited this is a fault of fwgen; please report it with the model."
_FLOAT_BITS = 24
_SECONDS = 1800  # that g++ or a process of hls4ml may take
# hls4ml's own script has -O3, which compiles for twice as long and gives the same integers
_FLAGS = ("-Og", "-std=c++11", "-fPIC", "-shared")

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HlsTarget:
    """What the projects are written for: AMD's full part number, and the clock period in ps."""

    part: str
    period_ps: int


def installed() -> bool:
    """Whether hls4ml is installed."""
    return importlib.util.find_spec("hls4ml") is not None


def version() -> str:
    """Version of hls4ml; ``unknown`` if its package does not say."""
    try:
        return importlib.metadata.version("hls4ml")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def write_projects(
    projects: Sequence[HlsProject], target: HlsTarget, folder: Path, work: Path
) -> None:
    """Have hls4ml write each project into a folder of its name in ``folder``.

    Raises
    ------
    ToolError
        If hls4ml is missing, refuses a layer, or changes one that it was given.
    """
    if not installed():
        raise ToolError(
            "the Python package 'hls4ml'",
            needed="hls4ml, to write its projects",
            found="no such package",
            do=HOW_TO_GET,
        )
    work.mkdir(parents=True, exist_ok=True)
    job = [_description(project, target, work) for project in projects]
    _work(work, {"write": job}, "hls4ml", work)
    folder.mkdir(parents=True, exist_ok=True)
    for project in projects:
        shutil.copytree(work / project.name, folder / project.name)


def bench_data(
    project: HlsProject, values: Mapping[str, Ints], ranges: Mapping[str, Range]
) -> dict[str, str]:
    """Events for hls4ml's own test bench, as texts by file name; none if it would round them.

    That bench reads numbers as ``float``.

    Parameters
    ----------
    values
        Integers of the project's inputs and outputs by node, (events, size).
    """
    if any(ranges[node].peak.bit_length() > _FLOAT_BITS for node in project.inputs.values()):
        return {}
    ports = {"tb_input_features.dat": project.inputs, "tb_output_predictions.dat": project.outputs}
    return {
        name: _lines([_real(values[node], ranges[node].frac) for node in nodes.values()])
        for name, nodes in ports.items()
    }


def compiled(project: HlsProject, folder: Path, work: Path) -> Path:
    """The C simulation of a project as it stands in ``folder``, as a library.

    Raises
    ------
    ToolError
        If g++ is missing, refuses it, or takes longer than half an hour.
    """
    toolchain.require("g++")
    work.mkdir(parents=True, exist_ok=True)
    place, library = folder / project.name, (work / f"{project.name}.so").resolve()
    sources = (f"firmware/{project.name}.cpp", f"{project.name}_bridge.cpp")
    command = ["g++", *_FLAGS, "-Ifirmware/ap_types", *sources, "-o", str(library)]
    done = toolchain.run_tool(command, toolchain.environment(), place, _SECONDS)
    if done.returncode:
        raise toolchain.failure(f"g++ on the hls4ml project '{project.name}'", done, _FAULT)
    return library


def simulate(
    project: HlsProject,
    folder: Path,
    library: Path,
    work: Path,
    values: Mapping[str, Ints],
    ranges: Mapping[str, Range],
) -> dict[str, Doubles]:
    """What hls4ml's C simulation makes of events, at every node of a project.

    Parameters
    ----------
    values
        Integers of the project's inputs by node, (events, size).
    ranges
        Of all nodes: they say how many fraction bits an integer has.

    Returns
    -------
    dict
        By node, (events, size): integers, in doubles. None is rounded: what is no integer on the
        node's grid stays none.

    Raises
    ------
    ToolError
        If the compiled code crashes, or runs for longer than half an hour.
    """
    work.mkdir(parents=True, exist_ok=True)
    work = work.resolve()
    inputs = []
    for layer, node in project.inputs.items():
        inputs.append(str(work / f"{layer}.npy"))
        np.save(inputs[-1], _real(values[node], ranges[node].frac), allow_pickle=False)
    layers = {**project.inside, **project.outputs}
    job = {
        "library": str(library),
        "function": f"{project.name}_double",
        "inputs": inputs,
        "outputs": {layer: len(ranges[node]) for layer, node in project.outputs.items()},
        "traced": {layer: len(ranges[node]) for layer, node in project.inside.items()},
        "results": {layer: str(work / f"{layer}.npy") for layer in layers},
    }
    what = f"the C simulation of the hls4ml project '{project.name}'"
    # in firmware/: the simulation reads its weights from a folder there
    _work(work, {"run": job}, what, folder / project.name / "firmware")
    return {
        node: np.ldexp(np.load(work / f"{layer}.npy", allow_pickle=False), ranges[node].frac)
        for layer, node in layers.items()
    }


def _real(integers: Ints, frac: int) -> Doubles:
    """What integers of at most 52 bits, which the plan sees to, stand for; exact."""
    return np.asarray(np.ldexp(np.asarray(integers, dtype=np.float64), -frac))


def _lines(columns: Sequence[Doubles]) -> str:
    rows = np.concatenate(columns, axis=1).tolist()
    return "".join(" ".join(map(repr, row)) + "\n" for row in rows)


def _description(project: HlsProject, target: HlsTarget, work: Path) -> dict[str, Any]:
    folder = work / "arrays" / project.name
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "name": project.name,
        "part": target.part,
        "period_ns": target.period_ps / 1000,
        "inputs": list(project.inputs),
        "outputs": list(project.outputs),
        "layers": [_layer(layer, layer.name in project.inside, folder) for layer in project.layers],
    }


def _layer(layer: HlsLayer, traced: bool, folder: Path) -> dict[str, Any]:
    options = dict(layer.options)
    arrays = {}
    for key, param in layer.arrays.items():
        path = folder / f"{layer.name}.{key}.npy"
        np.save(path, _real(param.values, param.fmt.frac), allow_pickle=False)
        arrays[key] = str(path.resolve())
    shape = {"input_shape": [layer.size]} if layer.kind == "Input" else {}
    return {
        "name": layer.name,
        "kind": layer.kind,
        "inputs": list(layer.inputs),
        "precision": {key: str(fmt) for key, fmt in layer.precision.items()},
        "options": options | shape,
        "arrays": arrays,
        "traced": traced,
    }


def _work(work: Path, job: Mapping[str, Any], what: str, place: Path) -> None:
    """Run the worker in ``place``; its log and the job are kept in ``work``."""
    (work / _JOB).write_text(json.dumps(job), encoding="utf-8")
    # -P: the folder of the worker must not shadow modules of the standard library
    command = [sys.executable, "-P", str(Path(hls4ml_worker.__file__)), str(work.resolve() / _JOB)]
    done = toolchain.run_tool(command, dict(os.environ), place, _SECONDS)
    (work / _LOG).write_text(done.stdout, encoding="utf-8")
    if done.returncode:
        raise toolchain.failure(what, done, _FAULT)
