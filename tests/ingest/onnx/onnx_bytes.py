"""ONNX files written by hand, field by field: broken ones too, and without the package onnx."""

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

FLOAT, INT64 = 1, 7


def varint(value: int) -> bytes:
    """A whole number as the wire has it."""
    value %= 1 << 64
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def field(number: int, value: int | float | str | bytes) -> bytes:
    """One field; text and bytes with their length."""
    match value:
        case int():
            return varint(number << 3) + varint(value)
        case float():
            return varint(number << 3 | 5) + struct.pack("<f", value)
        case str():
            return field(number, value.encode())
        case _:
            return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name: str, values: Any, dtype: str = "<f4", **changes: Any) -> bytes:
    """A TensorProto with raw data."""
    array = np.asarray(values, dtype=dtype)
    kind = {"f4": FLOAT, "f8": 11, "i8": INT64, "i4": 6}[array.dtype.str[1:]]
    dims: Sequence[int] = changes.get("dims", array.shape)
    body = b"".join(field(1, d) for d in dims) + field(2, changes.get("kind", kind))
    return body + field(8, name) + field(9, changes.get("raw", array.tobytes()))


def attribute(name: str, value: Any) -> bytes:
    """An AttributeProto."""
    head = field(1, name)
    match value:
        case int():
            return head + field(3, value) + field(20, 2)
        case float():
            return head + field(2, value) + field(20, 1)
        case str():
            return head + field(4, value) + field(20, 3)
        case bytes():
            return head + field(5, value) + field(20, 4)
        case _:
            return head + b"".join(field(8, v) for v in value) + field(20, 7)


def node(
    op: str,
    inputs: Iterable[str],
    outputs: str,
    domain: str = "",
    name: str | None = None,
    **keys: Any,
) -> bytes:
    """A NodeProto; its name is that of its output."""
    body = b"".join(field(1, i) for i in inputs)
    body += b"".join(field(2, o) for o in outputs.split())
    body += field(
        3, outputs.split(maxsplit=1)[0] if name is None and outputs else name or ""
    ) + field(4, op)
    body += b"".join(field(5, attribute(k, v)) for k, v in keys.items())
    return body + (field(7, domain) if domain else b"")


def port(name: str, shape: Iterable[int | str], kind: int = FLOAT) -> bytes:
    """A ValueInfoProto of a tensor."""
    dims = b"".join(field(1, field(1 if isinstance(d, int) else 2, d)) for d in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def model(
    nodes: Iterable[bytes],
    constants: Iterable[bytes] = (),
    inputs: Iterable[bytes] = (port("event", (1, 2)),),
    outputs: Iterable[bytes] = (port("y", (1, 2)),),
    **changes: Any,
) -> bytes:
    """A ModelProto of opset 13, with version 1 of QONNX's operations."""
    graph = b"".join(field(1, n) for n in nodes) + field(2, "graph")
    graph += b"".join(field(5, c) for c in constants)
    graph += b"".join(field(11, p) for p in inputs) + b"".join(field(12, p) for p in outputs)
    graph += changes.get("in_graph", b"")
    opsets = changes.get("opsets", {"": 13, QONNX: 1})
    body = field(1, changes.get("ir", 8)) + field(2, "hand") + field(7, graph)
    body += b"".join(field(8, field(1, d) + field(2, v)) for d, v in opsets.items())
    return body + changes.get("extra", b"")


QONNX = "qonnx.custom_op.general"
ONE = tensor("one", 1.0)
WEIGHT = tensor("w", [[1, -1], [0.5, 2]])


def quant(x: str, y: str, **keys: Any) -> bytes:
    """A Quant node whose parameters are the constants s, z and b."""
    keys = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"} | keys
    return node("Quant", [x, "s", "z", "b"], y, QONNX, **keys)


def parameters(scale: Any = 0.25, zero: Any = 0.0, bits: Any = 4.0) -> list[bytes]:
    """Those constants."""
    return [tensor("s", scale), tensor("z", zero), tensor("b", bits)]
