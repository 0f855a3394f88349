"""The report on the terminal."""

from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from fwgen.report.build_tables import missed, tables, verdict
from fwgen.report.resource_tables import resource_notes
from fwgen.report.table import Table
from fwgen.report.timing_tables import closing, physical_notes
from fwgen.tools.plain import Json

_STYLES = {"met": "green", "CHOSEN": "bold green", "MISSED": "bold red"}


def show(report: Json, console: Console, *, formats: bool = False) -> None:
    """Print the tables, the notes and the verdict; the long table of formats only if asked."""
    for table in tables(report, formats=formats):
        console.print(rich_table(table))
    for line in [*report["notes"], *resource_notes(report), *physical_notes(report)]:
        console.print(Text(f"note: {line}", style="yellow"))
    if clock := closing(report):
        console.print(Text(clock, style="bold" if report["timing"]["closes"] else "bold yellow"))
    good = report["verification"]["mismatches"] == 0 and not missed(report)
    console.print(Text(verdict(report), style="bold green" if good else "bold red"))


def rich_table(table: Table) -> RichTable:
    """One table in the terminal's terms."""
    out = RichTable(title=table.title, title_justify="left", box=box.SIMPLE_HEAD, expand=False)
    for i, name in enumerate(table.head):
        justify: Literal["left", "right"] = "right" if i in table.numeric else "left"
        # only the last column may break: a broken name or format cannot be copied
        free = i == len(table.head) - 1 and i not in table.numeric
        out.add_column(name, justify=justify, no_wrap=not free, overflow="fold")
    for row in table.rows:
        out.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    return out
