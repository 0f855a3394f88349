"""The report as Markdown."""

from fwgen.report.physical import closing, physical_notes, physical_tables
from fwgen.report.tables import Json, Table, tables, verdict

_KINDS = (
    "Kinds of figures: *simulated* is measured in simulation of the generated Verilog, "
    "*synthesised* comes from a synthesis tool, *estimated* from a named model, *vendor* from "
    "Vivado. A figure that no tool gave is absent."
)


def to_markdown(report: Json) -> str:
    """The whole report; ends in a newline."""
    parts = [f"# {report['model']}", verdict(report) + ".", _KINDS]
    if clock := closing(report):
        parts.append(clock[0].upper() + clock[1:] + ".")
    parts += [f"Note: {line}" for line in [*report["notes"], *physical_notes(report)]]
    parts += [_table(table) for table in [*tables(report), *physical_tables(report)]]
    if report["resources"] is None:
        parts.append("## Resources\n\nNot synthesised.")
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    rule = ["---:" if i in table.numeric else "---" for i in range(len(table.head))]
    lines = [table.head, rule, *table.rows]
    body = "\n".join(f"| {' | '.join(_cell(c) for c in line)} |" for line in lines)
    return f"## {table.title}\n\n{body}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
