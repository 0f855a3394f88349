"""Small ``.nir``, ``.pt``, ``.safetensors`` and ``.npz`` files, written without any framework."""

import json
import struct
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

ONES = np.ones(2, np.float32)

# ---- NIR ----


def nir_nodes() -> dict[str, dict[str, Any]]:
    """3 inputs, an affine map, 2 neurons."""
    return {
        "input": {"type": "Input", "shape": [3]},
        "fc": {
            "type": "Affine",
            "weight": np.array([[0.5, -0.25, 1.0], [0.25, 0.5, 0.0]]),
            "bias": np.array([0.25, 0.0]),
        },
        "lif": {
            "type": "LIF",
            "tau": ONES * 2,
            "r": ONES * 2,
            "v_leak": ONES * 0,
            "v_threshold": ONES,
        },
        "output": {"type": "Output", "shape": [2]},
    }


def chain(names: Iterable[str]) -> list[tuple[str, str]]:
    """Edges along a list of names."""
    listed = list(names)
    return list(pairwise(listed))


def write_nir(
    path: Path,
    nodes: Mapping[str, Any],
    edges: list[tuple[str, str]] | None = None,
    version: str | None = "1.0",
) -> Path:
    """A ``.nir`` file; a node with ``nodes`` is a graph inside the graph."""
    with h5py.File(path, "w") as file:
        if version is not None:
            file["version"] = version
        _graph(file.create_group("node"), nodes, chain(nodes) if edges is None else edges)
    return path


def _graph(group: h5py.Group, nodes: Mapping[str, Any], edges: list[tuple[str, str]]) -> None:
    group["type"] = "NIRGraph"
    inside = group.create_group("nodes")
    for name, node in nodes.items():
        child = inside.create_group(name)
        if "nodes" in node:
            _graph(child, node["nodes"], node.get("edges") or chain(node["nodes"]))
            continue
        for key, value in node.items():
            child[key] = value
    kind = h5py.string_dtype()
    group.create_dataset("edges", data=np.array(edges, dtype=object).reshape(-1, 2), dtype=kind)


# ---- torch.save ----


class Pickled:
    """Opcodes of a pickle of protocol 2, one method for each thing in a state dict."""

    def __init__(self) -> None:
        self.raw = b"\x80\x02"

    def add(self, *parts: bytes) -> "Pickled":
        """Append opcodes."""
        self.raw += b"".join(parts)
        return self

    @staticmethod
    def text(value: str) -> bytes:
        """A text."""
        raw = value.encode()
        return b"X" + struct.pack("<I", len(raw)) + raw

    @staticmethod
    def whole(value: int) -> bytes:
        """A number."""
        return b"J" + struct.pack("<i", value)

    @staticmethod
    def name(module: str, name: str) -> bytes:
        """A name that is imported."""
        return f"c{module}\n{name}\n".encode()

    @staticmethod
    def numbers(values: Iterable[int]) -> bytes:
        """A tuple of numbers."""
        return b"(" + b"".join(map(Pickled.whole, values)) + b"t"


ORDERED = Pickled.name("collections", "OrderedDict") + b")R"


def tensor(
    key: str,
    shape: tuple[int, ...],
    *,
    count: int | None = None,
    stride: tuple[int, ...] | None = None,
    kind: str = "FloatStorage",
    rebuild: str = "_rebuild_tensor_v2",
    offset: int = 0,
) -> bytes:
    """A tensor of that shape in the storage ``key``."""
    size = int(np.prod(shape))
    if stride is None:
        stride = tuple(int(np.prod(shape[k + 1 :])) for k in range(len(shape)))
    return b"".join(
        [
            Pickled.name("torch._utils", rebuild),
            b"((",
            Pickled.text("storage"),
            Pickled.name("torch", kind),
            Pickled.text(key),
            Pickled.text("cpu"),
            Pickled.whole(size if count is None else count),
            b"tQ",
            Pickled.whole(offset),
            Pickled.numbers(shape),
            Pickled.numbers(stride),
            b"\x89",
            ORDERED,
            b"tR",
        ]
    )


def state_dict() -> dict[str, np.ndarray]:
    """3 inputs, a linear map, 2 neurons."""
    return {
        "fc.weight": np.array([[0.5, -0.25, 1.0], [0.25, 0.5, 0.0]], np.float32),
        "fc.bias": np.array([0.25, 0.0], np.float32),
        "lif.threshold": np.array(1.0, np.float32),
        "lif.graded_spikes_factor": np.array(1.0, np.float32),
        "lif.reset_mechanism_val": np.array(0, np.int64),
        "lif.beta": np.array([0.5, 0.75], np.float32),
    }


def pickle_of(
    state: Mapping[str, np.ndarray],
    modules: Iterable[str] | None = None,
    changed: Mapping[str, bytes] | None = None,
) -> bytes:
    """``data.pkl`` of a state dict; ``changed`` replaces tensors by other opcodes."""
    made = Pickled().add(ORDERED, b"(")
    for index, (name, values) in enumerate(state.items()):
        kind = {"f": "FloatStorage", "i": "LongStorage"}[values.dtype.kind]
        made.add(Pickled.text(name))
        made.add((changed or {}).get(name) or tensor(str(index), values.shape, kind=kind))
    made.add(b"u")
    if modules is not None:
        made.add(b"}", Pickled.text("_metadata"), ORDERED, b"(")
        for module in modules:
            made.add(Pickled.text(module), b"}")
        made.add(b"usb")
    return made.add(b".").raw


def write_pt(
    path: Path,
    state: Mapping[str, np.ndarray] | None = None,
    *,
    pickled: bytes | None = None,
    modules: Iterable[str] | None = None,
    more: Mapping[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> Path:
    """A ``.pt`` file as `torch.save` writes it; all modules have arrays unless ``modules`` says."""
    state = state_dict() if state is None else state
    if modules is None:
        modules = dict.fromkeys(["", *(name.rpartition(".")[0] for name in state)])
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("net/data.pkl", pickle_of(state, modules) if pickled is None else pickled)
        for index, values in enumerate(state.values()):
            archive.writestr(f"net/data/{index}", values.tobytes())
        for name, raw in (more or {}).items():
            archive.writestr(name, raw)
    return path


# ---- safetensors, npz ----


def write_safetensors(
    path: Path, header: Any = None, body: bytes | None = None, length: int | None = None
) -> Path:
    """A ``.safetensors`` file; the state dict above unless a header is given."""
    if header is None:
        header, body = {"__metadata__": {"format": "pt"}}, b""
        for name, values in state_dict().items():
            kind = {"f": "F32", "i": "I64"}[values.dtype.kind]
            ends = [len(body), len(body) + values.nbytes]
            header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": ends}
            body += values.tobytes()
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = struct.pack("<Q", len(raw) if length is None else length)
    path.write_bytes(size + raw + (body or b""))
    return path


def write_npz(path: Path, state: Mapping[str, Any] | None = None) -> Path:
    """An ``.npz`` file; objects are pickled, as a careless writer would."""
    stream = BytesIO()
    np.savez(stream, **(state_dict() if state is None else state))
    path.write_bytes(stream.getvalue())
    return path
