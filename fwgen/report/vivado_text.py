"""Vivado's text reports: their heads, their ruled tables, their tables of clocks.

Layouts are those of Vivado 2015 to 2025 for the 7 series, UltraScale and UltraScale+; UG835
(``report_utilization``, ``report_timing_summary``) and UG906 describe them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

_HEAD = re.compile(
    r"^\| (Tool Version|Command|Design|Device|Design State) *: *(.*?) *$", re.MULTILINE
)
_VERSION = re.compile(r"Vivado v\.(\d{4}\.\d[\w.]*)")
_NUMBER = re.compile(r"<?(-?\d+(?:\.\d+)?)(?:\(.*\))?")
_HEADING = re.compile(r"\| [^-]")
_CLOCK = re.compile(r"^\s*(\S+)\s+\{[^}]*\}\s+(\d+\.\d+)\s+\d+\.\d+\s*$")


@dataclass(frozen=True, slots=True)
class Head:
    """What a report says of itself; empty where it does not.

    ``tool`` is ``Vivado 2023.2``; ``state`` is Vivado's word, for example ``Fully Placed``.
    """

    tool: str
    design: str
    device: str
    state: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a ruled table; ``depth`` is its indentation, one for every two blanks."""

    depth: int
    cells: dict[str, str]


def head(text: str) -> Head:
    """The lines between the rules at the top of every report."""
    found = dict(reversed(_HEAD.findall(text)))
    version = _VERSION.search(found.get("Tool Version", ""))
    return Head(
        tool=f"Vivado {version[1]}" if version else "Vivado",
        design=found.get("Design", ""),
        device=found.get("Device", ""),
        state=found.get("Design State", ""),
    )


def ruled_tables(text: str) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    """Column names and rows of every table drawn with ``+---+`` and ``|``."""
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.lstrip().startswith(("|", "+-")):
            block.append(line.strip())
            continue
        if block and block[0].startswith("+-"):
            yield from _table([row for row in block if row.startswith("|")])
        block = []


def _table(lines: Sequence[str]) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    if not lines:
        return
    names = tuple(cell.strip() for cell in lines[0][1:-1].split("|"))
    rows = []
    for line in lines[1:]:
        cells = line[1:-1].split("|")
        if len(cells) == len(names):
            blanks = len(cells[0]) - len(cells[0].lstrip())
            values = (cell.strip() for cell in cells)
            rows.append(Row(blanks // 2, dict(zip(names, values, strict=True))))
    yield names, rows


def number(cell: str) -> float | None:
    """A figure of a table: ``12``, ``40.5``, ``12(0.01%)``; None for a blank or ``NA``."""
    match = _NUMBER.fullmatch(cell.strip())
    return float(match[1]) if match else None


def section(text: str, title: str) -> list[str]:
    """Lines of a timing report after the heading ``| title``, up to the next heading."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip() == f"| {title}"), len(lines))
    return list(takewhile(lambda line: not _HEADING.match(line), lines[start + 1 :]))


def figures(lines: Sequence[str]) -> Iterator[tuple[str, dict[str, float]]]:
    """Rows of a table whose columns are underlined with dashes: name (or empty) and figures.

    Cells may be blank, so that figures are told apart by where they end: all are flush right.
    """
    for i, line in enumerate(lines):
        if i and line.strip() and set(line) <= {"-", " "} and "(ns)" in lines[i - 1]:
            spans = [(m.start(), m.end()) for m in re.finditer("-+", line)]
            names = [lines[i - 1][a:b].strip() for a, b in spans]
            ends = [b for _, b in spans]
            for row in lines[i + 1 :]:
                if not row.strip():
                    return
                yield _figures_of(row, names, ends)


def _figures_of(
    row: str, names: Sequence[str], ends: Sequence[int]
) -> tuple[str, dict[str, float]]:
    called, found = "", {}
    for match in re.finditer(r"\S+", row):
        value = number(match[0])
        if match.start() == len(row) - len(row.lstrip()) and value is None and match[0] != "NA":
            called = match[0]
        elif value is not None:
            nearest = min(range(len(ends)), key=lambda k: abs(ends[k] - match.end()))
            found[names[nearest]] = value
    return called, found


def clock_periods(text: str) -> dict[str, float]:
    """Every clock of a timing summary with its period in ns."""
    matches = (_CLOCK.match(line) for line in section(text, "Clock Summary"))
    return {match[1]: float(match[2]) for match in matches if match}
