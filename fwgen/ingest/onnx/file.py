"""An ONNX file as plain data: nodes, attributes, constants. Nothing in it is understood yet.

Fields are numbered as in ``onnx.proto`` of the ONNX project. A field that may change the meaning
of a model and that is not read here is an error, as is one that is not known here.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.files.protobuf import (
    BYTES,
    Budget,
    WireError,
    as_bytes,
    as_float,
    as_floats,
    as_int,
    as_ints,
    as_text,
    fields,
    numbers,
)

MAX_FILE_BYTES = 128 * 1024 * 1024
MAX_FIELDS = 2_000_000
MAX_NODES = 4096
MAX_RANK = 8
HOW = "Export the model again, as one .onnx file that holds its own data."

Array = NDArray[np.generic]
Attribute = int | float | str | list[int] | list[float] | list[str] | Array

# element types by number: NumPy's name, and the field of the tensor that holds such elements
_TYPES = {
    1: ("<f4", "float_data"),
    2: ("u1", "int32_data"),
    3: ("i1", "int32_data"),
    6: ("<i4", "int32_data"),
    7: ("<i8", "int64_data"),
    9: ("?", "int32_data"),
    11: ("<f8", "double_data"),
}
FLOAT, DOUBLE = 1, 11


@dataclass(frozen=True, slots=True, eq=False)
class OnnxNode:
    """One node: an operation of a domain (empty for ONNX's own) on named tensors."""

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]

    @property
    def place(self) -> str:
        """How messages name the node."""
        return f"{self.op[:60]} node {self.name[:80]!r}"


@dataclass(frozen=True, slots=True, eq=False)
class Port:
    """An input or output of the graph; a dimension is None where the file leaves it open."""

    name: str
    shape: tuple[int | None, ...] | None
    kind: int


@dataclass(slots=True, eq=False)
class OnnxModel:
    """What an ``.onnx`` file says. ``opsets`` gives the version of each domain."""

    producer: str = ""
    version: str = ""
    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    steps: list[OnnxNode] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    graphs: int = 0


def read_onnx(path: Path) -> OnnxModel:
    """All that matters of a file.

    Raises
    ------
    BundleError
        If it is too large, damaged, keeps data in other files, or says something unknown.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise BundleError(
            str(path), needed=f"at most {MAX_FILE_BYTES:,} bytes", found=f"{size:,}", do=HOW
        )
    try:
        return _Reader(path).model(memoryview(path.read_bytes()))
    except WireError as error:
        raise BundleError(
            str(path), needed="a whole ONNX file", found=str(error)[:160], do=HOW
        ) from None


# what cannot change inference: texts, shapes that fwgen works out itself, annotations of types
_IDLE_OF_MODEL = {4: "domain", 5: "model_version", 6: "doc_string", 14: "metadata_props"}
_IDLE_OF_GRAPH = {
    2: "name",
    10: "doc_string",
    13: "value_info",
    14: "quantization_annotation",
    16: "metadata_props",
}
_IDLE_OF_NODE = {6: "doc_string", 9: "metadata_props"}
_IDLE_OF_ATTRIBUTE = {13: "doc_string"}
# types of an attribute: the field that holds such a value, and what it is where there is no field
_KINDS: dict[int, tuple[int, Attribute]] = {
    1: (2, 0.0),
    2: (3, 0),
    3: (4, ""),
    4: (5, []),
    6: (7, []),
    7: (8, []),
}
_IDLE_OF_TENSOR = {12: "doc_string", 16: "metadata_props"}
_REFUSED = {
    "model": {20: "training_info", 25: "functions", 26: "configuration"},
    "graph": {15: "sparse_initializer"},
    "node": {8: "overload", 10: "device_configurations"},
    "attribute": {
        6: "a subgraph",
        11: "subgraphs",
        14: "a type",
        15: "types",
        21: "a reference to another attribute",
        22: "a sparse tensor",
        23: "sparse tensors",
        9: "a text list",
        10: "tensors",
    },
    "tensor": {3: "segment", 6: "string_data", 13: "external_data"},
}


class _Reader:
    """Reads one file; counts fields on the way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._budget = Budget(MAX_FIELDS)

    def model(self, data: memoryview) -> OnnxModel:
        found = OnnxModel()
        for number, wire, value in self._fields(data, _IDLE_OF_MODEL):
            match number:
                case 1:
                    found.ir_version = as_int(wire, value)
                case 2:
                    found.producer = as_text(wire, value)
                case 3:
                    found.version = as_text(wire, value)
                case 7:
                    found.graphs += 1
                    if found.graphs > 1:
                        break
                    self._graph(found, as_bytes(wire, value))
                case 8:
                    self._opset(found, as_bytes(wire, value))
                case _ if number in _REFUSED["model"]:
                    raise self._unknown("model", number)
                case _:
                    raise WireError(f"field {number}, which no ONNX model has")
        if found.graphs != 1:
            raise WireError("two graphs in it" if found.graphs else "no graph in it")
        return found

    def _opset(self, model: OnnxModel, data: memoryview) -> None:
        domain, version = "", 0
        for number, wire, value in self._fields(data, {}):
            match number:
                case 1:
                    domain = as_text(wire, value)
                case 2:
                    version = as_int(wire, value)
                case _:
                    raise self._unknown("opset", number)
        domain = "" if domain == "ai.onnx" else domain
        if domain in model.opsets:
            raise self._no(f"opset of {domain!r}", "one version", "two")
        model.opsets[domain] = version

    def _graph(self, model: OnnxModel, data: memoryview) -> None:
        for number, wire, value in self._fields(data, _IDLE_OF_GRAPH):
            inner = as_bytes(wire, value)
            match number:
                case 1:
                    model.steps.append(self._node(inner, len(model.steps)))
                case 5:
                    name, array = self._tensor(inner, "an initialiser")
                    if name in model.constants:
                        raise self._no(f"initialiser {name!r}", "each name once", "two of it")
                    model.constants[name] = array
                case 11:
                    model.inputs.append(self._port(inner))
                case 12:
                    model.outputs.append(self._port(inner))
                case _:
                    raise self._unknown("graph", number)
            if max(len(model.steps), len(model.constants), len(model.inputs)) > MAX_NODES:
                raise self._no(
                    "graph", f"at most {MAX_NODES:,} nodes, inputs, initialisers", "more"
                )

    def _node(self, data: memoryview, index: int) -> OnnxNode:
        texts: dict[int, str] = {3: "", 4: "", 7: ""}
        ends: dict[int, list[str]] = {1: [], 2: []}
        attributes: dict[str, Attribute] = {}
        for number, wire, value in self._fields(data, _IDLE_OF_NODE):
            if number in texts:
                texts[number] = as_text(wire, value)
            elif number in ends:
                ends[number].append(as_text(wire, value))
            elif number == 5:  # noqa: PLR2004 - a field's number
                name, attribute = self._attribute(as_bytes(wire, value))
                if name in attributes:
                    raise self._no(f"node {index}: {name!r}", "each attribute once", "two of it")
                attributes[name] = attribute
            else:
                raise self._unknown("node", number)
        domain = "" if texts[7] == "ai.onnx" else texts[7]
        return OnnxNode(texts[4], domain, texts[3], tuple(ends[1]), tuple(ends[2]), attributes)

    def _attribute(self, data: memoryview) -> tuple[str, Attribute]:
        name, kind = "", 0
        one: list[Attribute] = []
        floats: list[float] = []
        ints: list[int] = []
        seen: set[int] = set()
        for number, wire, value in self._fields(data, _IDLE_OF_ATTRIBUTE):
            match number:
                case 1:
                    name = as_text(wire, value)
                    continue
                case 2:
                    one.append(as_float(wire, value))
                case 3:
                    one.append(as_int(wire, value))
                case 4:
                    one.append(as_text(wire, value))
                case 5:
                    one.append(self._tensor(as_bytes(wire, value), f"attribute {name!r}")[1])
                case 7:
                    floats += as_floats(wire, value, self._budget)
                case 8:
                    ints += as_ints(wire, value, self._budget)
                case 20:
                    kind = as_int(wire, value)
                    continue
                case _:
                    raise self._unknown("attribute", number)
            seen.add(number)
        home, empty = _KINDS.get(kind, (0, []))
        if len(seen) > 1 or len(one) > 1 or (kind and seen - {home}):
            raise self._no(f"attribute {name!r}", "one value, of its own type", "others")
        # an empty list leaves no trace in the file, and with some writers neither does a zero
        return name, (one[0] if one else floats or ints or empty)

    def _tensor(self, data: memoryview, where: str) -> tuple[str, Array]:
        name, dims, kind = "", [], 0
        held: dict[str, list[Array]] = {}
        for number, wire, value in self._fields(data, _IDLE_OF_TENSOR):
            match number:
                case 1:
                    dims += as_ints(wire, value, self._budget)
                case 2:
                    kind = as_int(wire, value)
                case 4:
                    self._keep(held, "float_data", self._reals(wire, value))
                case 5:
                    self._keep(held, "int32_data", self._whole(wire, value))
                case 7:
                    self._keep(held, "int64_data", self._whole(wire, value))
                case 8:
                    name = as_text(wire, value)
                case 9:
                    self._keep(held, "raw_data", np.frombuffer(as_bytes(wire, value), "u1"))
                case 10:
                    self._keep(held, "double_data", numbers(as_bytes(wire, value), "<f8"))
                case 14:
                    if as_int(wire, value):
                        raise self._no(
                            f"tensor {name!r}", "data in the file itself", "data kept in others"
                        )
                case _:
                    raise self._unknown("tensor", number)
        return name, self._array(f"tensor {name!r}" if name else where, dims, kind, held)

    def _reals(self, wire: int, value: int | memoryview) -> Array:
        if wire == BYTES:
            return numbers(as_bytes(wire, value), "<f4")
        return np.array([as_float(wire, value)], dtype="<f4")

    def _whole(self, wire: int, value: int | memoryview) -> Array:
        return np.array(as_ints(wire, value, self._budget), dtype="<i8")

    def _keep(self, held: dict[str, list[Array]], key: str, part: Array) -> None:
        held.setdefault(key, []).append(part)

    def _array(self, place: str, dims: list[int], kind: int, held: dict[str, list[Array]]) -> Array:
        if kind not in _TYPES:
            raise self._no(
                place, "elements of type float, double, bool or a whole number", f"type {kind}"
            )
        if len(dims) > MAX_RANK or min(dims, default=0) < 0:
            raise self._no(place, f"at most {MAX_RANK} dimensions, none below 0", f"{dims}"[:80])
        dtype, key = _TYPES[kind]
        count = math.prod(dims)
        if len(held) > 1 or not held.keys() <= {"raw_data", key}:
            raise self._no(place, f"raw_data or {key}", " and ".join(sorted(held)))
        parts = [part for found in held.values() for part in found] or [np.zeros(0, dtype)]
        data = np.concatenate(parts) if len(parts) != 1 else parts[0]
        if "raw_data" in held:
            data = numbers(np.ascontiguousarray(data).data, dtype)
        if len(data) != count:
            raise self._no(place, f"{count:,} elements, as its shape says", f"{len(data):,}")
        made = data.astype(np.dtype(dtype))
        if data.dtype.kind == "i" and (made != data).any():
            raise self._no(place, f"numbers of type {dtype}", "larger ones")
        return made.reshape(dims)

    def _port(self, data: memoryview) -> Port:
        name, shape, kind = "", None, 0
        for number, wire, value in self._fields(data, {3: "", 4: ""}):
            match number:
                case 1:
                    name = as_text(wire, value)
                case 2:
                    kind, shape = self._type(as_bytes(wire, value))
                case _:
                    raise self._unknown("input or output", number)
        return Port(name, shape, kind)

    def _type(self, data: memoryview) -> tuple[int, tuple[int | None, ...] | None]:
        kind, shape = 0, None
        for number, wire, value in self._fields(data, {6: "denotation"}):
            if number != 1:
                raise self._no("input or output", "a tensor", "a sequence, map or another type")
            for inner, w, v in self._fields(as_bytes(wire, value), {}):
                match inner:
                    case 1:
                        kind = as_int(w, v)
                    case 2:
                        shape = tuple(self._dimensions(as_bytes(w, v)))
                    case _:
                        raise self._unknown("tensor type", inner)
        return kind, shape

    def _dimensions(self, data: memoryview) -> Iterator[int | None]:
        for number, wire, value in self._fields(data, {}):
            if number != 1:
                raise self._unknown("shape", number)
            size = None
            for inner, w, v in self._fields(as_bytes(wire, value), {3: ""}):
                if inner == 1:
                    size = as_int(w, v)
                elif inner != 2:  # noqa: PLR2004 - a dimension's name
                    raise self._unknown("dimension", inner)
            yield size

    def _fields(
        self, data: memoryview, idle: Collection[int]
    ) -> Iterator[tuple[int, int, int | memoryview]]:
        for number, wire, value in fields(data, self._budget):
            if number not in idle:
                yield number, wire, value

    def _unknown(self, kind: str, number: int) -> BundleError:
        what = _REFUSED.get(kind, {}).get(number)
        if kind == "tensor" and number == 13:  # noqa: PLR2004 - external_data
            return self._no("a tensor", "data in the file itself", "data kept in other files")
        return self._no(f"{kind}", "what fwgen understands", what or f"a field of number {number}")

    def _no(self, place: str, needed: str, found: str) -> BundleError:
        return BundleError(f"{self._path}: {place[:200]}", needed=needed, found=found, do=HOW)
