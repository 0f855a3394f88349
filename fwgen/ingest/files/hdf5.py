"""Reading HDF5 files from strangers: bounded, no links out of the file, no objects.

HDF5 can name other files, run decompressors, and claim sizes that it does not hold. Nothing is
read here before its size is known and allowed.
"""

import contextlib
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_BYTES = 256 * 1024 * 1024
MAX_OBJECTS = 20_000
MAX_DEPTH = 32
MAX_TEXT = 16 * 1024 * 1024
MAX_TEXTS = 100_000
_MAX_HEAPED = 250_000  # objects of global heaps, which hold the texts
_AT_ONCE = 2  # texts read at once that may each be as long as the file
_MAGIC = b"\x89HDF\r\n\x1a\n"
_HOW = "Save the model again, as one HDF5 file that holds its own data."
_DAMAGED = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    RuntimeError,
    MemoryError,
    OverflowError,
    zlib.error,
    struct.error,
)
# what may be done to a chunk, in this order: HDF5's own filters, and no other code
_FILTERS = (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32)
_DEFLATED = 1.01, 1024  # of one chunk: never larger than this share and so many bytes more

Hdf5Value = str | NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One group as plain data: ``place`` is its path in the file."""

    place: str
    groups: dict[str, "Group"] = field(default_factory=dict)
    arrays: dict[str, Hdf5Value] = field(default_factory=dict)
    attributes: dict[str, Hdf5Value] = field(default_factory=dict)


def read_hdf5(path: Path, raw: bytes | None = None) -> Group:
    """All groups, datasets and attributes of a file; texts as ``str``, numbers as arrays.

    ``raw`` are the bytes to read where they come from elsewhere, such as an archive; ``path`` then
    only names them.

    Raises
    ------
    BundleError
        If the file is damaged, too large, too deep, names other files, holds anything but
        numbers and texts, or claims more data than is allowed.
    """
    try:
        size = path.stat().st_size if raw is None else len(raw)
        if size > MAX_FILE_BYTES:
            raise _refusal(path, f"at most {MAX_FILE_BYTES:,} bytes", "a larger file")
        _check_heaps(path, path.read_bytes() if raw is None else raw)
        with h5py.File(path if raw is None else BytesIO(raw), "r") as file:
            return _Reader(path, size).group(file, "/", 0)
    except _DAMAGED as error:
        said = (str(error).splitlines() or [""])[0][:160] or type(error).__name__
        raise _refusal(path, "a readable HDF5 file", said) from None


def _check_heaps(path: Path, data: bytes) -> None:
    """Refuse global heaps in which libhdf5 (2.0 still) would look for the next object for ever.

    A collection is ``GCOL``, a version, its size, and objects with an index and a size; index 0 is
    free space, whose size counts its header too (HDF5 file format 3.0, section III.E).
    """
    sizes = data[13:15] if data[8:9] in {b"\0", b"\1"} else data[9:11]
    if data[: len(_MAGIC)] != _MAGIC or sizes != b"\x08\x08":
        raise _refusal(path, "a readable HDF5 file", "one that begins like none")
    heap, objects = data.find(b"GCOL\1"), 0
    while heap >= 0:
        place, end = heap + 16, heap + int.from_bytes(data[heap + 8 : heap + 16], "little")
        while place + 16 <= end and objects <= _MAX_HEAPED:
            index, size = struct.unpack_from("<H6xQ", data, place)
            step = 16 + -(-size // 8) * 8 if index else size
            if step < 16 or place + step > end:  # noqa: PLR2004 - the header's bytes
                raise _refusal(path, "a readable HDF5 file", "a damaged heap of texts")
            place, objects = place + step, objects + 1
        if objects > _MAX_HEAPED:
            raise _refusal(path, f"at most {_MAX_HEAPED:,} texts", "more")
        heap = data.find(b"GCOL\1", heap + 1)


class _Reader:
    """Walks one file; counts objects and bytes on the way."""

    def __init__(self, path: Path, size: int) -> None:
        self._path, self._size = path, size
        self._objects = 0
        self._bytes = 0
        self._letters = 0
        self._open: set[object] = set()

    def group(self, source: h5py.Group, place: str, depth: int) -> Group:
        found = Group(place)
        if depth > MAX_DEPTH:
            raise self._no(place, f"at most {MAX_DEPTH} levels of groups", "more")
        with self._entered(source, place):
            for name in source:
                self._count(place)
                inner = f"{place.rstrip('/')}/{name}"
                if not isinstance(source.get(name, getlink=True), h5py.HardLink):
                    raise self._no(inner, "data in the file itself", "a link to elsewhere")
                item = source[name]
                if isinstance(item, h5py.Dataset):
                    found.arrays[name] = self._dataset(item, inner)
                elif isinstance(item, h5py.Group):
                    found.groups[name] = self.group(item, inner, depth + 1)
                else:
                    raise self._no(inner, "groups and arrays", "a named type")
            found.attributes.update(self._attributes(source, place))
        return found

    @contextlib.contextmanager
    def _entered(self, source: h5py.Group, place: str) -> Iterator[None]:
        key = source.id
        if key in self._open:
            raise self._no(place, "a tree of groups", "a group inside itself")
        self._open.add(key)
        yield
        self._open.remove(key)

    def _dataset(self, item: h5py.Dataset, place: str) -> Hdf5Value:
        if item.external or item.is_virtual:
            raise self._no(place, "data in the file itself", "data kept in other files")
        self._check(item.shape, item.dtype, place)
        self._check_chunks(item, place)
        if item.shape and h5py.check_string_dtype(item.dtype) is not None:
            return self._texts(item, place)
        return self._plain(item[()], place)

    def _check_chunks(self, item: h5py.Dataset, place: str) -> None:
        """Refuse chunks that are larger than the data, or than they say once unpacked."""
        pipeline = item.id.get_create_plist()
        filters = [pipeline.get_filter(k)[0] for k in range(pipeline.get_nfilters())]
        if filters != [code for code in _FILTERS if code in filters]:
            found = f"filter {item.compression or filters}"[:80]
            raise self._no(place, "plain data, or shuffle and gzip in this order", found)
        if item.chunks is None:
            return
        size = math.prod(item.chunks) * int(item.id.get_type().get_size())
        count = item.id.get_num_chunks()
        self._count(place, count)
        self._claim(size * max(1, count), place)
        chunks: list[h5py.h5d.StoreInfo] = []
        item.id.chunk_iter(chunks.append)
        for chunk in chunks:
            share, more = _DEFLATED
            if chunk.size > share * size + more:
                raise self._no(place, f"chunks of {size:,} bytes", f"one of {chunk.size:,}")
            # a bit of the mask for each filter that was left out of this chunk
            applied = [c for k, c in enumerate(filters) if not chunk.filter_mask >> k & 1]
            if h5py.h5z.FILTER_DEFLATE in applied:
                # HDF5 unpacks a chunk to wherever it ends: here no further than it says
                raw = item.id.read_direct_chunk(chunk.chunk_offset)[1]
                if len(zlib.decompressobj().decompress(raw, size + 1)) > size:
                    raise self._no(place, f"chunks of {size:,} bytes", "one that unpacks to more")

    def _texts(self, item: h5py.Dataset, place: str) -> Hdf5Value:
        """Texts, a few rows at a time: many elements may name the same long text of the file."""
        if math.prod(item.shape) > MAX_TEXTS:
            raise self._no(place, f"at most {MAX_TEXTS:,} texts", "more")
        row = max(1, math.prod(item.shape[1:]))
        self._check_named(item, row, place)
        rows = max(1, MAX_BYTES // (row * self._size))
        texts, longest = [], 1
        for start in range(0, item.shape[0], rows):
            texts += [_text(text) for text in item[start : start + rows].ravel()]
            longest = max(longest, *map(len, texts[-rows * row :]))
            self._check_letters(longest * math.prod(item.shape), place)
        self._letters += longest * math.prod(item.shape)
        return np.array(texts, dtype=str).reshape(item.shape)

    def _check_named(self, item: h5py.Dataset | h5py.h5a.AttrID, count: int, place: str) -> None:
        """Refuse texts that are read at once where each may be all of the file."""
        info = h5py.check_string_dtype(item.dtype)
        if info is None or count <= _AT_ONCE:
            return
        letters = self._size if info.length is None else info.length
        if count * letters > MAX_BYTES:
            raise self._no(place, f"at most {MAX_BYTES // letters:,} texts in a row", f"{count:,}")

    def _attributes(self, source: h5py.Group, place: str) -> Iterator[tuple[str, Hdf5Value]]:
        for name in source.attrs:
            self._count(place)
            at = f"{place}@{name}"
            handle = source.attrs.get_id(name)
            self._check(handle.shape, handle.dtype, at)
            self._check_named(handle, math.prod(handle.shape), at)
            yield name, self._plain(source.attrs[name], at)

    def _check(
        self, shape: tuple[int, ...] | None, dtype: np.dtype[np.generic], place: str
    ) -> None:
        if shape is None:
            raise self._no(place, "data", "an empty dataspace")
        text = h5py.check_string_dtype(dtype) is not None
        if not text and dtype.kind not in "fiub":
            raise self._no(place, "numbers or text", f"elements of type {dtype}"[:120])
        self._claim(math.prod(shape) * max(8, dtype.itemsize), place)

    def _claim(self, size: int, place: str) -> None:
        self._bytes += size
        if self._bytes > MAX_BYTES:
            raise self._no(place, f"at most {MAX_BYTES:,} bytes in all", "a claim of more")

    def _plain(self, value: object, place: str) -> Hdf5Value:
        if isinstance(value, bytes):
            value = value.decode("utf-8", errors="replace")
        if isinstance(value, str):
            self._check_letters(len(value), place)
            self._letters += len(value)
            return value
        array = np.asarray(value)
        if array.dtype.kind in "OSU":
            texts = [_text(item) for item in array.ravel()]
            letters = max(map(len, texts), default=0) * len(texts)
            self._check_letters(letters, place)
            self._letters += letters
            return np.array(texts, dtype=str).reshape(array.shape)
        return array

    def _check_letters(self, letters: int, place: str) -> None:
        """Refuse more text than is allowed: names of one long text take no room in the file."""
        if self._letters + letters > MAX_TEXT:
            raise self._no(place, f"at most {MAX_TEXT:,} characters of text in all", "more")

    def _count(self, place: str, objects: int = 1) -> None:
        self._objects += objects
        if self._objects > MAX_OBJECTS:
            raise self._no(place, f"at most {MAX_OBJECTS:,} objects", "more")

    def _no(self, place: str, needed: str, found: str) -> BundleError:
        return _refusal(f"{self._path}: {place[:120]!r}", needed, found)


def _text(item: object) -> str:
    return item.decode("utf-8", errors="replace") if isinstance(item, bytes) else str(item)


def _refusal(where: Path | str, needed: str, found: str) -> BundleError:
    return BundleError(str(where), needed=needed, found=found, do=_HOW)
