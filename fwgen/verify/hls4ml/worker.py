"""Has hls4ml write projects, or runs a compiled one: a separate program.

So hls4ml's chatter, and crashes of compiled code, stay outside. Started as a file with one
argument, a JSON file in whose folder it works, ``{"write": [project, ...]}`` or
``{"run": program}``; imports nothing of fwgen. Arrays come and go as ``.npy`` files of float64.
"""

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

Json = dict[str, Any]

# hls4ml would import these if it found them; none is needed here
_FRAMEWORKS = ("keras", "onnx", "qkeras", "qonnx", "tensorflow", "torch")
# The part of hls4ml's own flow that turns layers into C++. Left out is what fuses or removes layers
# and infers types: where every type is given it could only change one.
_FLOWS = {
    "fwgen_init": ("vivado:init_base_layer", "vivado:init_dense"),
    "fwgen_types": (
        "vivado:transform_types",
        "vivado:apply_resource_strategy",
        "vivado:set_pipeline_style",
    ),
    "fwgen_templates": (),
}
_TEMPLATES = ("vitis:apply_templates", "vivado:apply_templates")
_WRITER = {
    "Namespace": None,
    "WriteWeightsTxt": True,
    "WriteTar": False,
    "TBOutputStream": "both",
    "WriteEmulationConstants": False,
}
_DOUBLE = ctypes.sizeof(ctypes.c_double)


# ---- writing ----


def write(projects: list[Json]) -> None:
    """Write each project into a folder of its name in the working folder."""
    for name in _FRAMEWORKS:
        sys.modules[name] = None  # type: ignore[assignment]  # forbids the import
    from hls4ml.model.flow import get_flow, register_flow  # noqa: PLC0415 - only in this process

    templates = dict.fromkeys(step for flow in _TEMPLATES for step in get_flow(flow).optimizers)
    for name, steps in _FLOWS.items():
        register_flow(name, list(steps or templates), requires=[])
    for project in projects:
        _write(project)


def _write(project: Json) -> None:
    from hls4ml.model.graph import ModelGraph  # noqa: PLC0415 - only in this process

    layers = [_attributes(layer) for layer in project["layers"]]
    config = _config(project)
    model = ModelGraph.from_layer_list(config, layers, project["inputs"], project["outputs"])
    _check(model, project["layers"], layers)
    # the stamp names the compiled library, and hls4ml draws it at random; the flows are ours
    model.config.config["Stamp"] = "fwgen"
    del model.config.config["HLSConfig"]["Flows"]
    model.config.backend.writer.write_hls(model)


def _attributes(layer: Json) -> Json:
    arrays = {f"{key}_data": np.load(file) for key, file in layer["arrays"].items()}
    names = {"name": layer["name"], "class_name": layer["kind"], "inputs": layer["inputs"]}
    return {**names, **layer["options"], **arrays}


def _config(project: Json) -> Json:
    layers = {
        layer["name"]: {"Precision": layer["precision"], "Trace": layer["traced"]}
        for layer in project["layers"]
    }
    model = {"Precision": {}, "ReuseFactor": 1, "Strategy": "Latency"}  # no type by default
    return {
        "OutputDir": project["name"],
        "ProjectName": project["name"],
        "Backend": "Vitis",
        "Part": project["part"],
        "ClockPeriod": project["period_ns"],
        "ClockUncertainty": "27%",  # hls4ml's own choice for Vitis
        "IOType": "io_parallel",
        "TraceOutput": True,
        "HLSConfig": {"Model": model, "LayerName": layers, "Flows": list(_FLOWS)},
        "WriterConfig": dict(_WRITER),
    }


def _check(model: Any, wanted: list[Json], given: list[Json]) -> None:
    """Stop if hls4ml's layers, types or parameters are not the ones that it was given."""
    convert = model.config.backend.convert_precision_string
    if list(model.graph) != [layer["name"] for layer in wanted]:
        sys.exit(f"hls4ml changed the layers to {list(model.graph)}")
    for layer, data in zip(wanted, given, strict=True):
        node = model.graph[layer["name"]]
        for key, text in layer["precision"].items():
            found = node.types[f"{key}_t"].precision
            if str(found) != str(convert(text)):
                sys.exit(f"hls4ml changed the type {key} of '{node.name}' from {text} to {found}")
        for key in layer["arrays"]:
            if not np.array_equal(node.weights[key].data, data[f"{key}_data"]):
                sys.exit(f"hls4ml changed the {key} of '{node.name}'")


# ---- running ----


class _Trace(ctypes.Structure):
    """``trace_data`` of hls4ml's bridge: a layer's name and its latest values."""

    _fields_ = (("name", ctypes.c_char_p), ("data", ctypes.c_void_p))


def run(job: Json) -> None:
    """Feed events to a project's top function; write its outputs, and layers on the way."""
    library = ctypes.CDLL(job["library"])
    inputs = [np.ascontiguousarray(np.load(file), dtype=np.float64) for file in job["inputs"]]
    events = len(inputs[0])
    outputs = {name: np.zeros((events, size)) for name, size in job["outputs"].items()}
    traced = {name: np.zeros((events, size)) for name, size in job["traced"].items()}
    buffers = _buffers(library, traced)
    top = getattr(library, job["function"])
    top.restype, top.argtypes = None, [ctypes.c_void_p] * (len(inputs) + len(outputs))
    arguments = [*inputs, *outputs.values()]
    for event in range(events):
        top(*(_row(array, event) for array in arguments))
        for name, array in traced.items():
            ctypes.memmove(_row(array, event), buffers[name], array.strides[0])
    for name, array in (outputs | traced).items():
        np.save(job["results"][name], array, allow_pickle=False)


def _row(array: Any, event: int) -> int:
    """Address of an event's values."""
    return int(array.ctypes.data + event * array.strides[0])


def _buffers(library: ctypes.CDLL, traced: Json) -> dict[str, int]:
    """Where hls4ml's bridge keeps the latest values of each traced layer."""
    library.allocate_trace_storage.argtypes = [ctypes.c_size_t]
    library.allocate_trace_storage(_DOUBLE)
    found = (_Trace * len(traced))()
    library.collect_trace_output(found)
    return {trace.name.decode(): trace.data for trace in found}


if __name__ == "__main__":
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if "write" in task:
        write(task["write"])
    else:
        run(task["run"])
