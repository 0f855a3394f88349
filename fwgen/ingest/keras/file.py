"""The files that Keras writes: the configuration as plain JSON, and the weights by layer.

Three forms are read: ``.h5`` of Keras 2 or 3 (configuration and weights in one file), a JSON file
with ``NAME_weights.h5`` next to it, and ``.keras`` (an archive of both). They name weights in two
ways: by the layer's name and the weight's own (``d1/kernel:0``), or by the layer's class and a
number (``layers/dense_1/vars/0``).
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.files.arrays import unpack
from fwgen.ingest.files.hdf5 import MAX_FILE_BYTES, Group, read_hdf5

Config = dict[str, Any]
Floats = NDArray[np.float64]

MAX_JSON = 16 * 1024 * 1024
_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"
_AGAIN = "Save the model again, with model.save()."
_DAMAGED = (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
_BY_PRUNING = frozenset({"mask", "threshold", "pruning_step"})


class Weights(Protocol):
    """The weights of a model, asked for layer by layer."""

    def take(self, layer: "LayerPlace", names: Sequence[str]) -> dict[str, Floats]:
        """The arrays of one layer: exactly those that ``names`` lists, in Keras' order.

        Raises
        ------
        BundleError
            If the file holds others.
        """

    def quantiser(self, layer: "LayerPlace", key: str) -> list[Floats]:
        """The arrays of a quantiser inside a layer (HGQ), in their order."""


@dataclass(frozen=True, slots=True)
class LayerPlace:
    """Where a layer's weights lie: its name, its key among its class, and its wrapper, if any."""

    name: str
    where: str
    key: str
    wrapped: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class KerasFile:
    """One saved model as plain data; ``notes`` say where its parts come from."""

    path: Path
    model: Config
    weights: Weights
    version: str
    notes: list[str] = field(default_factory=list)


def read_keras_file(path: Path) -> KerasFile:
    """Any of the forms, by its first bytes.

    Raises
    ------
    BundleError
        If the file is damaged, too large, incomplete, or holds anything but these parts.
    """
    with path.open("rb") as stream:
        first = stream.read(2)
    if first == b"PK":
        return _archive(path)
    if first.startswith((b"{", b" ", b"\n")):
        return _pair(path)
    group = read_hdf5(path)
    if "model_config" not in group.attributes or "model_weights" not in group.groups:
        raise BundleError(
            str(path),
            needed="a model: an attribute model_config and a group model_weights",
            found="weights only" if "layer_names" in group.attributes else "neither",
            do="Save it with model.save(), or give the JSON file of model.to_json() that has "
            "these weights beside it.",
        )
    model = parse_json(f"{path}: model_config", group.attributes["model_config"])
    version = str(group.attributes.get("keras_version", ""))
    return KerasFile(path, model, _weights(path, group.groups["model_weights"]), version)


def _pair(path: Path) -> KerasFile:
    if path.stat().st_size > MAX_JSON:
        raise _large(path, MAX_JSON)
    model = parse_json(str(path), path.read_bytes())
    weights = path.with_name(f"{path.stem}_weights.h5")
    if not weights.is_file():
        raise BundleError(
            str(path),
            needed=f"the weights in '{weights.name}' beside it",
            found="no such file",
            do="Save them there with model.save_weights().",
        )
    group = read_hdf5(weights)
    with weights.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    note = f"Weights from {weights.name} (SHA-256 {digest})."
    version = str(model.get("keras_version", ""))
    return KerasFile(path, model, _weights(weights, group), version, [note])


def _archive(path: Path) -> KerasFile:
    parts = {_CONFIG: MAX_JSON, _METADATA: MAX_JSON, _WEIGHTS: MAX_FILE_BYTES}
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive, parts)
            raw = {name: unpack(archive, archive.getinfo(name)) for name in parts}
    except _DAMAGED as error:
        said = (str(error).splitlines() or [""])[0][:160] or type(error).__name__
        raise BundleError(str(path), needed="a readable archive", found=said, do=_AGAIN) from None
    model = parse_json(f"{path}: {_CONFIG}", raw[_CONFIG])
    version = str(parse_json(f"{path}: {_METADATA}", raw[_METADATA]).get("keras_version", ""))
    place = path / _WEIGHTS
    return KerasFile(path, model, _weights(place, read_hdf5(place, raw[_WEIGHTS])), version)


def _check_members(path: Path, archive: zipfile.ZipFile, parts: Mapping[str, int]) -> None:
    names = [info.filename for info in archive.infolist()]
    if sorted(names) != sorted(parts):
        found = ", ".join(name[:60] for name in names[:5])
        raise BundleError(
            str(path),
            needed=f"an archive of {', '.join(parts)} and nothing else",
            found=f"{len(names)} files: {found!r}" if names else "an empty one",
            do=_AGAIN,
        )
    for info in archive.infolist():
        if info.file_size > parts[info.filename]:
            raise _large(path / info.filename, parts[info.filename])


def _large(path: Path, limit: int) -> BundleError:
    return BundleError(
        str(path), needed=f"at most {limit:,} bytes", found="more", do="Save the model alone."
    )


def parse_json(where: str, text: object) -> Config:
    """A JSON object, each of its keys once.

    Raises
    ------
    BundleError
        If the text is none.
    """
    if isinstance(text, str | bytes) and len(text) <= MAX_JSON:
        try:
            found = json.loads(text, object_pairs_hook=_once)
        except RecursionError:
            raise _no_json(where, "one nested too deeply") from None
        except ValueError as error:
            raise _no_json(where, str(error)[:120]) from None
        if isinstance(found, dict):
            return found
    raise _no_json(where, "none")


def _once(pairs: list[tuple[str, Any]]) -> Config:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key that stands twice")
    return made


def _no_json(where: str, found: str) -> BundleError:
    return BundleError(where, needed="a JSON object", found=found, do=_AGAIN)


def _weights(path: Path, group: Group) -> Weights:
    if "layer_names" in group.attributes:
        return _ByName(path, group)
    return _ByClass(path, group.groups.get("layers", Group("/layers")))


class _ByName:
    """Weights under their layer's name, each with its own name."""

    def __init__(self, path: Path, group: Group) -> None:
        self._path = path
        self._group = group

    def take(self, layer: LayerPlace, names: Sequence[str]) -> dict[str, Floats]:
        group = _walk(self._group, layer.name)
        listed = group.attributes.get("weight_names", np.array([])) if group else np.array([])
        found: dict[str, Floats] = {}
        for name in np.atleast_1d(np.asarray(listed)).tolist():
            key = re.sub(r":\d+$", "", str(name)).rsplit("/", 1)[-1]
            if key in found:
                raise _other(layer, names, f"two of the name {key}")
            if group is not None:
                found[key] = self._array(group, str(name))
        by_pruning = {k: found.pop(k) for k in _BY_PRUNING & set(found)} if layer.wrapped else {}
        if set(found) != set(names):
            raise _other(layer, names, ", ".join(found) or "none")
        return _masked(layer, found, by_pruning.values())

    def _array(self, group: Group, name: str) -> Floats:
        *parents, last = name.split("/")
        inner = _walk(group, "/".join(parents)) if parents else group
        value = inner.arrays.get(last) if inner else None
        if value is None or isinstance(value, str) or value.dtype.kind not in "fiub":
            raise BundleError(
                f"{self._path}: {group.place[:120]!r}",
                needed=f"an array '{name[:80]}'",
                found="none",
                do=_AGAIN,
            )
        return np.asarray(value, dtype=np.float64)

    def quantiser(self, layer: LayerPlace, key: str) -> list[Floats]:
        raise BundleError(
            f"{self._path}: layer '{layer.name}'",
            needed=f"its quantiser '{key}' as a .keras file holds it",
            found="an HDF5 model",
            do="Save the model as .keras.",
        )


class _ByClass:
    """Weights under their layer's class and number, each with a number."""

    def __init__(self, path: Path, group: Group) -> None:
        self._path = path
        self._group = group

    def take(self, layer: LayerPlace, names: Sequence[str]) -> dict[str, Floats]:
        group = _walk(self._group, layer.key + "/layer" * layer.wrapped)
        if not layer.wrapped:
            self._check_name(group, layer)
        arrays = self._vars(group)
        if len(arrays) != len(names):
            raise _other(layer, names, f"{len(arrays)} arrays")
        found = dict(zip(names, arrays, strict=True))
        by_pruning = self._vars(_walk(self._group, layer.key)) if layer.wrapped else []
        kernel = found.get("kernel")
        if kernel is not None and by_pruning and np.array_equal(by_pruning[0], kernel):
            by_pruning = by_pruning[1:]  # the wrapper lists the kernel as its own too
        return _masked(layer, found, by_pruning)

    def quantiser(self, layer: LayerPlace, key: str) -> list[Floats]:
        path = "/".join(filter(None, [layer.key, key, "quantizer"]))
        return self._vars(_walk(self._group, path))

    def _check_name(self, group: Group | None, layer: LayerPlace) -> None:
        """Keras 3 writes the layer's name next to its weights."""
        inner = group.groups.get("vars") if group else None
        name = inner.attributes.get("name", layer.name) if inner else layer.name
        if inner is not None and name != layer.name:
            raise BundleError(
                f"{self._path}: {inner.place[:120]!r}",
                needed=f"the weights of layer '{layer.name}'",
                found=f"those of '{str(name)[:80]}'",
                do=_AGAIN,
            )

    def _vars(self, group: Group | None) -> list[Floats]:
        inner = group.groups.get("vars") if group else None
        if inner is None:
            return []
        keys = [str(i) for i in range(len(inner.arrays))]
        values = [inner.arrays.get(key) for key in keys]
        if any(v is None or isinstance(v, str) or v.dtype.kind not in "fiub" for v in values):
            raise BundleError(
                f"{self._path}: {inner.place[:120]!r}",
                needed="arrays of numbers 0, 1, ...",
                found=", ".join(inner.arrays)[:120],
                do=_AGAIN,
            )
        return [np.asarray(value, dtype=np.float64) for value in values]


def _masked(
    layer: LayerPlace, found: dict[str, Floats], by_pruning: Iterable[Floats]
) -> dict[str, Floats]:
    """A pruning wrapper multiplies the kernel by its mask, in inference too."""
    for mask in (array for array in by_pruning if array.ndim):
        if mask.shape != found.get("kernel", np.zeros(())).shape:
            raise BundleError(
                layer.where,
                needed="a pruning mask of its kernel",
                found=f"one of shape {mask.shape}",
                do="Take the wrapper off with strip_pruning() and save the model again.",
            )
        product = found["kernel"].astype(np.float32) * mask.astype(np.float32)
        found["kernel"] = product.astype(np.float64)
    return found


def _walk(group: Group, path: str) -> Group | None:
    found: Group | None = group
    for part in path.split("/"):
        found = found.groups.get(part) if found else None
    return found


def _other(layer: LayerPlace, names: Sequence[str], found: str) -> BundleError:
    return BundleError(
        layer.where,
        needed=f"the weights {', '.join(names) or 'none'}",
        found=found[:200],
        do=_AGAIN,
    )
