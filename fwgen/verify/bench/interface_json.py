"""What crosses to a simulator: the interface as JSON, the values of a port as 32-bit words."""

import json
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from fwgen.errors import BundleError, FormatError
from fwgen.ir.fixed import Fixed
from fwgen.ir.ports import Interface, Port

WORD = 32
_MASK = (1 << WORD) - 1

Words = npt.NDArray[np.uint32]
Integers = npt.NDArray[Any]


def to_json(interface: Interface) -> str:
    """Write an interface as JSON text, one line a port."""
    ports = {
        side: [{"name": p.name, "format": str(p.fmt), "count": p.count} for p in group]
        for side, group in (("inputs", interface.inputs), ("outputs", interface.outputs))
    }
    facts = {"top": interface.top, "latency": interface.latency, "interval": interface.interval}
    return json.dumps(facts | ports, indent=1) + "\n"


def from_json(text: str, where: str = "interface") -> Interface:
    """Read what ``to_json`` wrote.

    Raises
    ------
    BundleError
        If the text is no such JSON; the message names ``where``.
    """
    try:
        data = json.loads(text)
        return Interface(
            top=str(data["top"]),
            inputs=tuple(map(_port, data["inputs"])),
            outputs=tuple(map(_port, data["outputs"])),
            latency=int(data["latency"]),
            interval=int(data["interval"]),
        )
    except (ValueError, KeyError, TypeError, FormatError) as error:
        raise BundleError(
            where,
            needed="an interface as fwgen writes it",
            found=f"{type(error).__name__}: {error}",
            do="Build the firmware again.",
        ) from error


def _port(data: dict[str, Any]) -> Port:
    return Port(str(data["name"]), Fixed.parse(data["format"]), int(data["count"]))


def word_count(port: Port) -> int:
    """32-bit words that hold one value of the packed port."""
    return -(-port.width // WORD)


def pack(port: Port, values: Integers) -> Words:
    """Integers of shape (n, count) to the packed port's words, shape (n, word_count), low first.

    Values are two's complement when the format is signed; bits above the port's width are 0.

    Raises
    ------
    ValueError
        If the shape is wrong or a value is none of the format's.
    """
    array = _checked(port, values)
    words = np.zeros((len(array), *_groups(port)), np.uint32)
    for lane, limb, word, shift, bits in _places(port):
        part = _limb(array[:, lane :: _period(port)], limb, bits)
        used = slice(0, part.shape[1])
        words[:, used, word] |= ((part << shift) & _MASK).astype(np.uint32)
        if shift + bits > WORD:
            words[:, used, word + 1] |= (part >> (WORD - shift)).astype(np.uint32)
    return np.ascontiguousarray(_flat(words)[:, : word_count(port)])


def unpack(port: Port, words: Words) -> Integers:
    """Inverse of ``pack``: int64 of shape (n, count), or object if elements exceed 63 bits."""
    padded = np.zeros((len(words), *_groups(port)), np.uint32)
    _flat(padded)[:, : word_count(port)] = words
    kind = _kind(port.fmt)
    values: Integers = np.zeros((len(words), port.count), kind)
    for lane, limb, word, shift, bits in _places(port):
        view = values[:, lane :: _period(port)]
        used = slice(0, view.shape[1])
        part = padded[:, used, word].astype(np.uint64) >> np.uint64(shift)
        if shift + bits > WORD:
            part |= padded[:, used, word + 1].astype(np.uint64) << np.uint64(WORD - shift)
        view |= (part & np.uint64((1 << bits) - 1)).astype(np.int64).astype(kind) << WORD * limb
    return _signed(port.fmt, values)


def _kind(fmt: Fixed) -> type:
    """Element type that holds the format's integers and the steps of packing them."""
    return np.int64 if fmt.width <= 63 else object  # noqa: PLR2004 - int64 less its sign


def _flat(words: Words) -> Words:
    return words.reshape(words.shape[0], words.shape[1] * words.shape[2])


def _signed(fmt: Fixed, values: Integers) -> Integers:
    if not fmt.signed:
        return values
    sign = 1 << (fmt.width - 1)
    return (values ^ sign) - sign


def _checked(port: Port, values: Integers) -> Integers:
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[1] != port.count:  # noqa: PLR2004 - events by elements
        raise ValueError(f"{port.name}: shape {array.shape} is not (n, {port.count})")
    if array.dtype != object and array.dtype.kind not in "biu":
        raise ValueError(f"{port.name}: {array.dtype} is no integer type")
    if array.size and not (port.fmt.lo <= array.min() and array.max() <= port.fmt.hi):
        raise ValueError(f"{port.name}: a value is beyond {port.fmt.lo}..{port.fmt.hi}")
    return array.astype(_kind(port.fmt))


def _limb(values: Integers, limb: int, bits: int) -> npt.NDArray[np.uint64]:
    """Bits 32*limb and up of two's complement values, at most ``bits`` of them."""
    return ((values >> WORD * limb) & ((1 << bits) - 1)).astype(np.uint64)


def _period(port: Port) -> int:
    """Elements after which the layout in words repeats: each such lane is one NumPy step."""
    return WORD // gcd(port.fmt.width, WORD)


def _groups(port: Port) -> tuple[int, int]:
    """Periods in the port, and words in a period."""
    return -(-port.count // _period(port)), port.fmt.width * _period(port) // WORD


def _places(port: Port) -> list[tuple[int, int, int, int, int]]:
    """(lane, limb, word in the period, shift in the word, bits) of every piece of a lane."""
    width = port.fmt.width
    return [
        (lane, limb, *divmod(lane * width + WORD * limb, WORD), min(WORD, width - WORD * limb))
        for lane in range(min(_period(port), port.count))
        for limb in range(-(-width // WORD))
    ]
