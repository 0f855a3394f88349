"""What all nodes of a graph are made of: parameters, names, and fields that say what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.fixed import Fixed

SOURCE: Mapping[str, Any] = {"role": "source"}
"""Metadata of a field that names the node, or the nodes, that this one reads."""
PARAMETER: Mapping[str, Any] = {"role": "parameter"}
"""Metadata of a field whose numbers have a format: it is fixed by the quantise stage."""
FORMAT: Mapping[str, Any] = {"role": "format"}
"""Metadata of a field that is a format itself."""
VALUE_FORMAT: Mapping[str, Any] = {**FORMAT, "label": "value"}
"""Metadata of a field that is the format of the node's own value."""
OPTIONAL: Mapping[str, Any] = {"optional": True}
"""Metadata of a field that may be None for good: nothing is chosen in its place."""
SWITCH: Mapping[str, Any] = {"switch": True}
"""Metadata of a field that is only worth a word where it is True."""


@dataclass(frozen=True, slots=True, eq=False)
class Real:
    """Real-valued parameter: float64 array, and the format asked for (None lets fwgen choose)."""

    values: NDArray[np.float64]
    fmt: Fixed | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.values.shape


@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """Integer parameter in a fixed format: object array of Python integers."""

    values: NDArray[Any]
    fmt: Fixed

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.values.shape


Param = Real | Const


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One named operation, described by its fields; it never computes.

    The metadata of a field say what it is: `SOURCE`, `PARAMETER`, `FORMAT`. What a node reads, its
    text form and the formats that a report shows follow from them.
    """

    op: ClassVar[str]
    name: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the nodes that this one reads, in the order of its fields."""
        found: list[str] = []
        for key in _keys(type(self), "source"):
            value = getattr(self, key)
            found += [value] if isinstance(value, str) else value
        return tuple(found)

    def reading(self, renamed: Mapping[str, str]) -> Self:
        """The node with its sources of these names under their new ones."""
        changed: dict[str, Any] = {}
        for key in _keys(type(self), "source"):
            value = getattr(self, key)
            one = isinstance(value, str)
            names = [renamed.get(name, name) for name in ((value,) if one else value)]
            changed[key] = names[0] if one else tuple(names)
        return replace(self, **changed) if changed else self

    @property
    def formats(self) -> dict[str, Any]:
        """What has a format: parameters, and formats themselves, by what each is of; none absent.

        The format of the node's own value stands under ``value``.
        """
        held = {
            f.metadata.get("label", f.name): getattr(self, f.name)
            for f in fields(self)
            if f.metadata.get("role") in {"parameter", "format"}
        }
        return {key: value for key, value in held.items() if value is not None}


_KEYS: dict[tuple[Any, str], tuple[str, ...]] = {}


def _keys(kind: Any, role: str) -> tuple[str, ...]:
    """Names of the fields of a kind of node that have a role; looked up once."""
    if (kind, role) not in _KEYS:
        _KEYS[kind, role] = tuple(f.name for f in fields(kind) if f.metadata.get("role") == role)
    return _KEYS[kind, role]


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """A node that reads one other node."""

    source: str = field(metadata=SOURCE)


@dataclass(frozen=True, slots=True, eq=False)
class Pair(Node):
    """A node that reads two values."""

    left: str = field(metadata=SOURCE)
    right: str = field(metadata=SOURCE)


class Composite(Node):
    """A node that other operations say exactly: the quantise stage puts them in its place.

    Its law is that expansion (`fwgen.quantise.expand`); integer graphs hold none.
    """

    __slots__ = ()


class Derived(Node):
    """A node that only expansions make: no file says it, and graphs of real numbers hold none."""

    __slots__ = ()
