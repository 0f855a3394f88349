"""Reading ``.npz`` files from strangers: no pickle, bounded sizes, plain finite numbers."""

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fwgen.errors import BundleError

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_MEMBERS = 4096
_HOW = "Write it with numpy.savez(file, **arrays) from plain float arrays."

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
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive.infolist())
            return {
                info.filename.removesuffix(".npy"): _read(path, archive, info)
                for info in archive.infolist()
            }
    except FileNotFoundError:
        raise BundleError(
            str(path), needed="an .npz file beside model.yaml", found="no such file", do=_HOW
        ) from None
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise BundleError(
            str(path), needed="a readable .npz archive", found=str(error)[:200], do=_HOW
        ) from None


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    total = sum(info.file_size for info in members)
    if total > MAX_FILE_BYTES or len(members) > MAX_MEMBERS:
        raise BundleError(
            str(path),
            needed=f"at most {MAX_MEMBERS} arrays and {MAX_FILE_BYTES:,} bytes unpacked",
            found=f"{len(members)} arrays and {total:,} bytes",
            do="Ship only the arrays that the model reads.",
        )
    names = [info.filename for info in members]
    for name in names:
        if not name.endswith(".npy") or "/" in name or "\\" in name or names.count(name) > 1:
            raise BundleError(
                f"{path}: '{name[:80]}'",
                needed="members NAME.npy, each once, without folders",
                found="this name",
                do=_HOW,
            )


def _read(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[np.float64]:
    where = f"{path}: '{info.filename.removesuffix('.npy')[:80]}'"
    try:
        with archive.open(info) as stream:
            raw = np.asarray(npy.read_array(stream, allow_pickle=False))
    except (
        ValueError,
        TypeError,
        SyntaxError,
        struct.error,
        zipfile.BadZipFile,
        EOFError,
        MemoryError,
    ) as error:
        raise BundleError(
            where, needed="a plain array of numbers", found=str(error)[:200], do=_HOW
        ) from None
    if raw.dtype.kind not in "fiub":
        raise BundleError(
            where, needed="real numbers", found=f"elements of type {raw.dtype}", do=_HOW
        )
    values = raw.astype(np.float64)
    if not np.isfinite(values).all():
        worst = [int(i) for i in np.argwhere(~np.isfinite(values))[0]]
        raise BundleError(
            f"{where}{worst or ''}",
            needed="finite numbers",
            found=str(values[tuple(worst)]),
            do="Look for a diverged training or a division by zero.",
        )
    return values
