"""The commands ``fwgen targets`` and ``fwgen doctor``: what is known, and what is here."""

from typing import Annotated

import typer
from rich.text import Text

from fwgen.cli.shared import Targets, out
from fwgen.report.console import rich_table
from fwgen.report.table import Table


def targets(
    targets_file: Targets = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also say where each figure comes from.")
    ] = False,
) -> None:
    """List the devices, boards and budgets that fwgen knows by name."""
    from fwgen.ingest.targets import catalogue
    from fwgen.report.device_tables import target_tables

    for table in target_tables(catalogue(targets_file), sources=verbose):
        out.print(rich_table(table))


def doctor() -> None:
    """Say which tools are here or missing, and how to get them."""
    from fwgen.tools import toolchain

    tools = toolchain.tools()
    rows = [
        (
            tool.name,
            "optional" if tool.optional else "needed",
            tool.version if tool.found else "MISSING",
            tool.needed_for,
            "" if tool.found else tool.how_to_get,
        )
        for tool in tools
    ]
    head = ("tool", "", "version", "needed for", "how to get it")
    out.print(rich_table(Table("Tools", head, rows)))
    toolchain.require(*(tool.name for tool in tools if not tool.optional))
    out.print(Text("all that 'fwgen build' needs is here", style="bold green"))
