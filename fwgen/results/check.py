"""What `fwgen.check` returns."""

from dataclasses import dataclass, field

from fwgen.ir.graph import Graph
from fwgen.ir.text import to_text
from fwgen.report.build_tables import budget_table, format_table, schedule_table, speed
from fwgen.report.markdown import table_text
from fwgen.report.table import Table
from fwgen.results.figures import Figures


@dataclass(frozen=True, slots=True)
class Check(Figures):
    """A valid model before it is built: its times as scheduled, its resources estimated.

    ``graph`` is the integer graph, in which every format is fixed. As a string it is one
    sentence; in a notebook it shows its tables.
    """

    graph: Graph = field(repr=False)

    @property
    def text(self) -> str:
        """The integer graph, a line a node."""
        return to_text(self.graph)

    @property
    def tables(self) -> list[Table]:
        """Formats, budgets and, where one was chosen or ``explain`` given, the schedules."""
        formats, budgets = format_table(self.report["formats"]), budget_table(self.report)
        schedules = schedule_table(self.report["schedule"])
        return [table for table in (formats, budgets, schedules) if table.rows]

    def __str__(self) -> str:
        cost = self.report["estimate"]
        return (
            f"{self.name} is valid: {speed(self.report)} at {self.clock_mhz:g} MHz, as scheduled "
            f"for {self.target}; {cost['lut']:,} LUT, {cost['ff']:,} FF, {cost['dsp']:,} DSP "
            "estimated; 'fwgen build' measures and proves"
        )

    def _repr_markdown_(self) -> str:
        return "\n\n".join([f"{self}.", *map(table_text, self.tables)]) + "\n"
