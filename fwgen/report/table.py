"""A table of the report, for every medium: headings and text cells, no layout."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; ``numeric`` are the columns that want right alignment."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numeric: frozenset[int] = field(default_factory=frozenset)
