"""The report as Markdown."""

from fwgen.report.build_tables import tables, verdict
from fwgen.report.fit import BLOCKS, totals
from fwgen.report.resource_tables import resource_notes
from fwgen.report.table import Table
from fwgen.report.timing_tables import closing, physical_notes
from fwgen.tools.plain import Json

_KINDS = (
    "Kinds of figures: *simulated* is measured by running the generated Verilog in a simulator, or "
    "in the comparison with the float model the integer reference; "
    "*synthesised* comes from a synthesis tool, *estimated* from a named model, *vendor* from "
    "Vivado. A figure that no tool gave is absent."
)


def to_markdown(report: Json) -> str:
    """The whole report; ends in a newline."""
    parts = [f"# {report['model']}", verdict(report) + ".", _KINDS]
    if clock := closing(report):
        parts.append(clock[0].upper() + clock[1:] + ".")
    notes = [*report["notes"], *resource_notes(report), *physical_notes(report)]
    parts += [f"Note: {line}" for line in notes]
    parts += [table_text(table) for table in tables(report)]
    if not any(totals(report.get(block)) for block in BLOCKS):
        parts.append("## Resources\n\nNot synthesised.")
    return "\n\n".join(parts) + "\n"


def table_text(table: Table) -> str:
    """One table under its title as heading."""
    rule = ["---:" if i in table.numeric else "---" for i in range(len(table.head))]
    lines = [table.head, rule, *table.rows]
    body = "\n".join(f"| {' | '.join(_cell(c) for c in line)} |" for line in lines)
    return f"## {table.title}\n\n{body}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")
