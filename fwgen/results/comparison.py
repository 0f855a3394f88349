"""What `fwgen.compare` returns."""

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from fwgen.report.compare_tables import difference_table, first_lines, notes
from fwgen.report.markdown import table_text
from fwgen.tools.plain import Json


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model layer by layer: float model, firmware and outputs of yours against the reference.

    ``report`` holds all that was found, as ``fwgen compare --json`` writes it. As a string it says
    in a line each where they first differ; in a notebook it shows the table.
    """

    report: Json = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the model."""
        return str(self.report["model"])

    @property
    def events(self) -> int:
        """Events compared."""
        return int(self.report["events"])

    @property
    def layers(self) -> list[Json]:
        """A row for each layer, in the model's order: tallies by what it was compared with."""
        return list(self.report["layers"])

    @property
    def first(self) -> dict[str, str | None]:
        """The first layer that differs in ``float``, ``given`` and ``firmware``; None if none."""
        return dict(self.report["first"])

    @property
    def exact(self) -> bool:
        """Whether nothing of the firmware or of your outputs differs from the reference.

        What was not compared does not differ; see ``report["not_compared"]``.
        """
        faults = self.report["firmware_faults"] or 0
        return faults == 0 and self.first["firmware"] is None and self.first["given"] is None

    def judge(self, *, strict: bool = False) -> None:
        """Refuse firmware that differs from the reference and, if ``strict``, outputs that do.

        Raises
        ------
        MismatchError
            With the first difference.
        """
        from fwgen.flow.verdict import judge_comparison

        judge_comparison(self.report, strict=strict)

    def save(self, path: str | PathLike[str]) -> None:
        """Write ``report`` as JSON.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        from fwgen.flow.writer import write_json

        write_json(self.report, Path(path))

    def __str__(self) -> str:
        return "\n".join(first_lines(self.report).values())

    def _repr_markdown_(self) -> str:
        said = [*(f"Note: {line}" for line in notes(self.report)), *str(self).splitlines()]
        return "\n\n".join([table_text(difference_table(self.report)), *said]) + "\n"
