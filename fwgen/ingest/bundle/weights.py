"""The arrays of ``model.yaml`` and its layers' keys that are numbers or formats."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError, FormatError
from fwgen.ingest.bundle.base import Layer, shown
from fwgen.ingest.files.arrays import Arrays
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Real


class Weights:
    """The weights file; remembers what was read, since an array nobody reads is an error."""

    def __init__(self, path: Path, arrays: Arrays) -> None:
        self.path = path
        self._arrays = arrays
        self._read: set[str] = set()

    def take(
        self, key: str, layer: str, do: str = "Add the array, or correct the layer's name."
    ) -> NDArray[np.float64]:
        """The array ``key``, for the layer named.

        Raises
        ------
        BundleError
            If there is none; ``do`` is its advice.
        """
        if key not in self._arrays:
            raise BundleError(
                f"{self.path}: layer '{layer}'",
                needed=f"an array {key[:80]!r}",
                found=f"arrays {', '.join(map(shown, sorted(self._arrays))) or 'none'}"[:300],
                do=do,
            )
        self._read.add(key)
        return self._arrays[key]

    def check_all_read(self) -> None:
        """Refuse arrays that belong to no layer: something was left out of model.yaml."""
        unread = sorted(set(self._arrays) - self._read)
        if unread:
            raise BundleError(
                str(self.path),
                needed="only arrays that a layer of model.yaml reads",
                found=f"{unread[0][:80]!r}, which no layer reads",
                do="Describe the layer in model.yaml, or remove the array.",
            )


def number(value: float | str | None, layer: str, arrays: Weights) -> NDArray[np.float64]:
    """A number, or the array of that name."""
    if isinstance(value, str):
        return arrays.take(value, layer, "Add the array, or give a number without quotes.")
    return np.array(value, dtype=float)


def parameter(
    where: str,
    key: str,
    value: float | str,
    layer: Layer,
    arrays: Weights,
    fmt: str | None,
) -> Real:
    """A number or an array, in the format that the file gives for it, if any."""
    values = number(value, layer.name, arrays)
    return Real(values, format_of(where, f"{key}_format", fmt))


def read_format(text: str, where: str) -> Fixed:
    """A number format from the file.

    Raises
    ------
    FormatError
        If it is none; the message begins with ``where``.
    """
    try:
        return Fixed.parse(text)
    except FormatError as error:
        raise error.within(where) from None


def format_of(where: str, key: str, text: str | None) -> Fixed | None:
    """A number format that may be left open."""
    return None if text is None else read_format(text, f"{where}: {key}")
