"""State dicts from ``.pt``, ``.safetensors`` and ``.npz`` files, bounded, without PyTorch.

A ``.pt`` file of ``torch.save`` is a zip archive of uncompressed members: ``data.pkl`` says which
tensors there are, ``data/KEY`` holds the numbers of one storage each. Safetensors are a length, a
JSON header and numbers (format 0.x, huggingface.co/docs/safetensors).
"""

import json
import math
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.exact import Reals
from fwgen.ingest.files.arrays import MAX_BYTES, MAX_MEMBERS, read_arrays
from fwgen.ingest.files.torch_pickle import (
    MAX_DIMENSIONS,
    MAX_NUMBER,
    Machine,
    Mapping,
    NotAllowedError,
    Storage,
    Tensor,
)

MAX_PICKLE = 16 * 1024 * 1024
MAX_HEADER = 16 * 1024 * 1024
_ZIP = b"PK\x03\x04"
_HOW = "Save it with torch.save(net.state_dict(), file), and nothing beside it."
_DAMAGED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    StopIteration,
    RecursionError,
    OverflowError,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_SAFE = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "bf16",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


@dataclass(frozen=True, slots=True, eq=False)
class StateDict:
    """Arrays by key. ``modules`` are all modules of the network, if the file lists them."""

    arrays: dict[str, Reals]
    modules: tuple[str, ...] | None


def read_state_dict(path: Path) -> StateDict:
    """The state dict of a file, by its name's ending.

    Raises
    ------
    BundleError
        If the file is damaged, too large, or holds anything but numbers by name.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _no(path, f"at most {MAX_BYTES:,} bytes", "a larger file")
        match path.suffix.lower():
            case ".npz":
                return StateDict(dict(read_arrays(path)), None)
            case ".safetensors":
                return StateDict(_finite(path, _safetensors(path)), None)
            case _:
                return _torch(path)
    except NotAllowedError as error:
        found = f"{error.args[0]} {error.args[1]}"
        raise _no(f"{path}: data.pkl", "tensors by name, and no other objects", found) from None
    except _DAMAGED as error:
        said = (str(error).splitlines() or [""])[0][:120] or type(error).__name__
        raise _no(path, "a readable state dict", said) from None


def _finite(path: Path, arrays: dict[str, NDArray[np.generic]]) -> dict[str, Reals]:
    total, reals = 0, {}
    for key, values in arrays.items():
        total += values.size * 8
        if total > MAX_BYTES:
            raise _no(path, f"at most {MAX_BYTES:,} bytes as float64", "more")
        reals[key] = np.asarray(values, dtype=np.float64)
        if not np.isfinite(reals[key]).all():
            raise _no(f"{path}: {key[:80]!r}", "finite numbers", "a NaN or infinity")
    return reals


def _numbers(dtype: str, raw: bytes) -> NDArray[np.generic]:
    if dtype == "bf16":  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(raw, dtype)


def _width(dtype: str) -> int:
    return 2 if dtype == "bf16" else np.dtype(dtype).itemsize


# ---- torch.save ----


def _torch(path: Path) -> StateDict:
    with path.open("rb") as stream:
        if stream.read(len(_ZIP)) != _ZIP:
            raise _no(path, "the zip format of torch.save since PyTorch 1.6", "another file")
    with zipfile.ZipFile(path) as archive:
        reader = _Archive(path, archive)
        made = Machine().run(reader.pickle())
        pairs = made.pairs if isinstance(made, Mapping) else []
        if not pairs or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in pairs):
            found = f"a {type(made).__name__.lower()} of other things"
            raise _no(f"{path}: data.pkl", "a state dict, tensors by name", found)
        if len({key for key, _ in pairs}) < len(pairs):
            raise _no(f"{path}: data.pkl", "each name once", "one twice")
        arrays = {key: reader.tensor(key, value) for key, value in pairs}
    return StateDict(_finite(path, arrays), _modules(made.metadata))


def _modules(metadata: Mapping | None) -> tuple[str, ...] | None:
    """PyTorch notes a version for every module, those without arrays included."""
    if metadata is None:
        return None
    return tuple(name for name, _ in metadata.pairs if isinstance(name, str))


class _Archive:
    """The members of one ``.pt`` file."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive
        members = archive.infolist()
        if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_BYTES:
            needed = f"at most {MAX_MEMBERS} members and {MAX_BYTES:,} bytes"
            raise _no(path, needed, "more")
        self._members = {member.filename: member for member in members}
        if any(name.endswith("/constants.pkl") for name in self._members):
            raise _no(path, "a state dict", "a TorchScript program")
        if len(self._members) < len(members) or any(m.compress_type for m in members):
            raise _no(path, "members without compression, each once", "others")
        self._root = self._find_root()
        self._storages: dict[str, tuple[Storage, NDArray[np.generic]]] = {}
        self._bytes = 0

    def _find_root(self) -> str:
        roots = {name.partition("/")[0] for name in self._members}
        odd = [n for n in self._members if ".." in n.split("/") or "\\" in n or n.startswith("/")]
        if len(roots) != 1 or odd:
            raise _no(self._path, "members in one folder", repr((odd or sorted(roots))[0])[:60])
        root = roots.pop()
        if f"{root}/data.pkl" not in self._members:
            raise _no(self._path, "a member data.pkl", "none")
        order = f"{root}/byteorder"
        if order in self._members and self._archive.read(order)[:8] != b"little":
            raise _no(self._path, "little-endian numbers", "others")
        return root

    def pickle(self) -> bytes:
        """The bytes of ``data.pkl``."""
        member = self._members[f"{self._root}/data.pkl"]
        if member.file_size > MAX_PICKLE:
            raise _no(self._path, f"at most {MAX_PICKLE:,} bytes of data.pkl", "more")
        return self._archive.read(member)

    def tensor(self, key: str, tensor: Tensor) -> NDArray[np.generic]:
        """The numbers of a tensor.

        Raises
        ------
        BundleError
            If it claims more than its storage holds, or all together too much.
        """
        where = f"{self._path}: {key[:80]!r}"
        values, count = self._storage(where, tensor), math.prod(tensor.size)
        self._bytes += count * 8
        if self._bytes > MAX_BYTES:
            raise _no(where, f"at most {MAX_BYTES:,} bytes as float64", "more")
        reach = sum((n - 1) * step for n, step in zip(tensor.size, tensor.stride, strict=True))
        if count and tensor.offset + reach >= len(values):
            needed = f"{tensor.offset + reach + 1} numbers in its storage"
            raise _no(where, needed, f"{len(values)}")
        if not count:
            return np.zeros(tensor.size)
        strides = tuple(step * values.itemsize for step in tensor.stride)
        view = np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.size, strides)
        return view.copy()

    def _storage(self, where: str, tensor: Tensor) -> NDArray[np.generic]:
        storage = tensor.storage
        if storage.key not in self._storages:
            name = f"{self._root}/data/{storage.key}"
            member = self._members.get(name)
            if member is None or member.file_size != storage.count * _width(storage.dtype):
                found = f"{member.file_size if member else 0} bytes of {storage.key[:40]!r}"
                raise _no(where, f"{storage.count} numbers of {storage.dtype}", found)
            numbers = _numbers(storage.dtype, self._archive.read(member))
            self._storages[storage.key] = storage, numbers
        first, numbers = self._storages[storage.key]
        if first != storage:
            raise _no(where, f"{first.count} numbers of {first.dtype}, as before", "others")
        return numbers


# ---- safetensors ----


def _safetensors(path: Path) -> dict[str, NDArray[np.generic]]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    if length > min(MAX_HEADER, len(data) - 8):
        raise _no(path, f"a header of at most {min(MAX_HEADER, len(data) - 8):,} bytes", "more")
    header = json.loads(data[8 : 8 + length], object_pairs_hook=_once)
    body = memoryview(data)[8 + length :]
    header.pop("__metadata__", None)
    if len(header) > MAX_MEMBERS:
        raise _no(path, f"at most {MAX_MEMBERS} tensors", "more")
    arrays, end = {}, 0
    for key, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
        arrays[key] = _entry(f"{path}: {key[:80]!r}", entry, body, end)
        end = entry["data_offsets"][1]
    if end != len(body):
        raise _no(path, f"{end} bytes behind the header", f"{len(body)}")
    return {key: arrays[key] for key in header}


def _entry(where: str, entry: Any, body: memoryview, begin: int) -> NDArray[np.generic]:
    dtype = _SAFE.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    shape, (start, stop) = entry["shape"], entry["data_offsets"]
    if dtype is None:
        raise _no(where, f"one of {', '.join(_SAFE)}", repr(entry["dtype"])[:40])
    numbers = (*shape, start, stop)
    plain = all(type(n) is int and 0 <= n < MAX_NUMBER for n in numbers)
    if not plain or len(shape) > MAX_DIMENSIONS:
        raise _no(where, "a few whole numbers for shape and offsets", "others")
    if start != begin or stop > len(body) or stop - start != math.prod(shape) * _width(dtype):
        needed = f"{dtype} of shape {shape} from byte {begin} on"[:120]
        raise _no(where, needed, f"bytes {start} to {stop}"[:80])
    return _numbers(dtype, bytes(body[start:stop])).reshape(shape)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key that stands twice in the header")
    return found


def _no(where: Path | str, needed: str, found: str) -> BundleError:
    return BundleError(str(where), needed=needed, found=found, do=_HOW)
