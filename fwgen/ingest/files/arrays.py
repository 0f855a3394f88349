"""Reading ``.npz`` files from strangers: no pickle, bounded memory, plain finite numbers."""

import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fwgen.errors import BundleError

MAX_BYTES = 256 * 1024 * 1024
MAX_MEMBERS = 4096
_ELEMENT_BYTES = 8  # everything becomes float64
_HOW = "Write it with numpy.savez(file, **arrays) from plain float arrays."

# whatever zipfile, its decompressors and NumPy's header parser raise on damaged bytes
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    SyntaxError,
    RuntimeError,
    MemoryError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)

Arrays = Mapping[str, NDArray[np.float64]]


def read_arrays(path: Path) -> Arrays:
    """All arrays of an ``.npz`` file as float64, by name.

    Raises
    ------
    BundleError
        If the file is missing, damaged, too large, holds pickled objects, anything but real
        numbers, or a NaN or infinity; the message names the array.
    """
    try:
        if not path.is_file():
            raise BundleError(
                str(path),
                needed="an .npz file beside model.yaml",
                found="something that is no file" if path.exists() else "no such file",
                do=_HOW,
            )
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive.infolist())
            return _read_all(path, archive)
    except _DAMAGED as error:
        raise BundleError(
            str(path), needed="a readable .npz archive", found=_reason(error), do=_HOW
        ) from None


def unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of a member, no further than the archive's directory says.

    `zipfile` unpacks all that there is and cuts it off then, unless it is told how much to read;
    bzip2 and LZMA it cannot stop at all.

    Raises
    ------
    ValueError
        If the member is packed in another way than NumPy's and Keras' archives are.
    """
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ValueError("a member that is neither plain nor deflated")
    with archive.open(info) as stream:
        return stream.read(info.file_size)


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    total = sum(info.file_size for info in members)
    if total > MAX_BYTES or len(members) > MAX_MEMBERS:
        raise _too_large(path, f"{len(members)} arrays and {total:,} bytes")
    seen = set()
    for name in (info.filename for info in members):
        if not name.endswith(".npy") or "/" in name or "\\" in name or name in seen:
            raise BundleError(
                f"{path}: {name[:80]!r}",
                needed="members NAME.npy, each once, without folders",
                found="this name",
                do=_HOW,
            )
        seen.add(name)


def _read_all(path: Path, archive: zipfile.ZipFile) -> Arrays:
    arrays = {}
    total = 0
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        where = f"{path}: {name[:80]!r}"
        try:
            raw = _read(where, archive, info)
        except _DAMAGED as error:
            raise BundleError(
                where, needed="a plain array of numbers", found=_reason(error), do=_HOW
            ) from None
        total += raw.size * _ELEMENT_BYTES
        if total > MAX_BYTES:  # bytes in the file may be eight times as many in memory
            raise _too_large(path, f"{total:,} bytes of float64 or more")
        arrays[name] = _finite(where, raw)
    return arrays


def _read(where: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[np.generic]:
    whole = unpack(archive, info)
    with BytesIO(whole) as stream:
        shape, fortran, dtype = _header(stream)
        if dtype.hasobject:
            raise BundleError(
                where, needed="a plain array of numbers", found="pickled objects", do=_HOW
            )
        if dtype.kind not in "fiub":
            raise BundleError(
                where, needed="real numbers", found=f"elements of type {dtype}"[:120], do=_HOW
            )
        # the header's shape is a claim: nothing is allocated for more than the file holds
        claimed, held = math.prod(shape) * dtype.itemsize, len(whole) - stream.tell()
        if min(shape, default=0) < 0 or claimed != held:
            raise BundleError(
                where,
                needed=f"{claimed:,} bytes for {dtype} of shape {shape}"[:160],
                found=f"{held:,} bytes",
                do=_HOW,
            )
        values = np.frombuffer(whole, dtype, offset=stream.tell()) if held else np.empty(0, dtype)
    return values.reshape(shape, order="F" if fortran else "C")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, whether in Fortran order, and type of a ``.npy`` stream."""
    version = npy.read_magic(stream)
    if version == (1, 0):
        return npy.read_array_header_1_0(stream)
    if version == (2, 0):
        return npy.read_array_header_2_0(stream)
    raise ValueError(f"version {version} of the .npy format, which plain numbers do not need")


def _finite(where: str, raw: NDArray[np.generic]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):  # a long double may exceed float64: reported as infinite
        values = np.ascontiguousarray(raw, dtype=np.float64).reshape(raw.shape)
    if not np.isfinite(values).all():
        worst = [int(i) for i in np.argwhere(~np.isfinite(values))[0]]
        raise BundleError(
            f"{where}{worst or ''}",
            needed="finite numbers",
            found=str(values[tuple(worst)]),
            do="Look for a diverged training or a division by zero.",
        )
    return values


def _too_large(path: Path, found: str) -> BundleError:
    return BundleError(
        str(path),
        needed=f"at most {MAX_MEMBERS} arrays and {MAX_BYTES:,} bytes unpacked",
        found=found,
        do="Ship only the arrays that the model reads.",
    )


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
