"""What all nodes of a graph are made of: parameters, names, sources."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.fixed import Fixed


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
    """One named operation; ``sources`` are names of earlier nodes."""

    op: ClassVar[str]
    name: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the nodes that this one reads."""
        return ()

    def reading(self, renamed: Mapping[str, str]) -> Self:  # noqa: ARG002 - it reads nothing
        """The same node, with the sources of these names under their new ones."""
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """A node that reads one other node."""

    source: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Name of the node that this one reads."""
        return (self.source,)

    def reading(self, renamed: Mapping[str, str]) -> Self:
        """The same node, with its source under its new name."""
        return replace(self, source=renamed.get(self.source, self.source))


@dataclass(frozen=True, slots=True, eq=False)
class Pair(Node):
    """A node that reads two vectors."""

    left: str
    right: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the two vectors."""
        return (self.left, self.right)

    def reading(self, renamed: Mapping[str, str]) -> Self:
        """The same node, with its two vectors under their new names."""
        left, right = (renamed.get(name, name) for name in self.sources)
        return replace(self, left=left, right=right)
