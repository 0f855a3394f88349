"""The wire format of protocol buffers, field by field, from files that strangers wrote.

Encoding as in the protocol buffers documentation, "Encoding". Nothing is built from a message but
what its reader asks for: a message of two bytes costs two bytes, which is not so with the general
library, where a file of empty messages takes eighty times its size in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_TEXT = 1000
_MAX_VARINT = 10
_SIGN, _WORD = 1 << 63, 1 << 64


class WireError(ValueError):
    """The bytes are no protocol buffer, or it has more fields than are allowed."""


@dataclass(slots=True)
class Budget:
    """Fields, and numbers in packed fields, that may still be read from one file."""

    left: int

    def spend(self, count: int = 1) -> None:
        """Count what is about to be read.

        Raises
        ------
        WireError
            If it is too much.
        """
        self.left -= count
        if self.left < 0:
            raise WireError("more fields than a model has")


Field = tuple[int, int, "int | memoryview"]


def fields(data: memoryview, budget: Budget) -> Iterator[Field]:
    """(number, wire type, value) of each field: an int for a varint, bytes for all else.

    Raises
    ------
    WireError
        If the message ends in the middle of a field, or has a wire type that is not in use.
    """
    at = 0
    while at < len(data):
        budget.spend()
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = _varint(data, at)
            yield number, wire, value
            continue
        size = {FIXED64: 8, FIXED32: 4}.get(wire)
        if wire == BYTES:
            size, at = _varint(data, at)
        if size is None or not number:
            raise WireError(f"field {number} of wire type {wire}")
        if size > len(data) - at:
            raise WireError(f"{size:,} bytes of field {number}, of which {len(data) - at:,} exist")
        yield number, wire, data[at : at + size]
        at += size


def as_bytes(wire: int, value: int | memoryview) -> memoryview:
    """The value of a field that holds bytes, a text or a message.

    Raises
    ------
    WireError
        If it holds something else; so do the others.
    """
    if wire != BYTES or isinstance(value, int):
        raise WireError(f"wire type {wire} where a message or text stands")
    return value


def as_text(wire: int, value: int | memoryview) -> str:
    """A text of at most `MAX_TEXT` bytes."""
    raw = as_bytes(wire, value)
    if len(raw) > MAX_TEXT:
        raise WireError(f"a name or text of {len(raw):,} bytes")
    try:
        return bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("a text that is no UTF-8") from None


def as_int(wire: int, value: int | memoryview) -> int:
    """A whole number with a sign."""
    if wire != VARINT or not isinstance(value, int):
        raise WireError(f"wire type {wire} where a whole number stands")
    return value - _WORD if value >= _SIGN else value


def as_ints(wire: int, value: int | memoryview, budget: Budget) -> list[int]:
    """Whole numbers: one, or those of a packed field."""
    if wire != BYTES:
        return [as_int(wire, value)]
    data, found, at = as_bytes(wire, value), [], 0
    while at < len(data):
        budget.spend()
        one, at = _varint(data, at)
        found.append(as_int(VARINT, one))
    return found


def as_float(wire: int, value: int | memoryview) -> float:
    """A float32."""
    if wire != FIXED32 or isinstance(value, int):
        raise WireError(f"wire type {wire} where a number stands")
    return float(numbers(value, "<f4")[0])


def as_floats(wire: int, value: int | memoryview, budget: Budget) -> list[float]:
    """Float32 numbers: one, or those of a packed field."""
    if wire != BYTES:
        return [as_float(wire, value)]
    found = numbers(as_bytes(wire, value), "<f4")
    budget.spend(len(found))
    return [float(v) for v in found]


def numbers(data: memoryview, dtype: str) -> NDArray[Any]:
    """The numbers of a packed field of fixed width.

    Raises
    ------
    WireError
        If it is no whole number of them.
    """
    if len(data) % np.dtype(dtype).itemsize:
        raise WireError(f"{len(data):,} bytes, no whole number of {dtype} numbers")
    return np.frombuffer(data, dtype=dtype)


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The integer at a place, and the place after it."""
    value = 0
    for k in range(_MAX_VARINT):
        if at + k >= len(data):
            raise WireError("the end in the middle of a number")
        byte = data[at + k]
        value |= (byte & 0x7F) << (7 * k)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value % _WORD, at + k + 1
    raise WireError("a number of more than ten bytes")
