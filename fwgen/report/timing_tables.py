"""Synthesis and timing in a report: the sentences and the path that a designer looks for."""

from collections.abc import Iterator

from fwgen.report.table import Table
from fwgen.tools.plain import Json


def path_tables(report: Json) -> list[Table]:
    """The longest path, where a timing model has found it."""
    timing = report.get("timing")
    if not timing:
        return []
    path = timing["path"]
    rows = [
        ("clock", closing(report) or ""),
        ("longest path", f"{path['ps'] / 1000:.3f} ns, {path['levels']} cells"),
        ("in", ", ".join(path["layers"])),
        ("from", path["from"]),
        ("to", path["to"]),
        ("through", " > ".join(path["cells"])),
    ]
    return [Table(f"Timing ({timing['kind']})", ("", ""), rows)]


def closing(report: Json) -> str | None:
    """Whether the wanted clock closes, in those words; None where no timing is known."""
    timing = report.get("timing")
    if not timing:
        return None
    low, high = timing["range_mhz"]
    answer = "yes" if timing["closes"] else "no"
    return (
        f"closes at {report['clock_mhz']:g} MHz: {answer} ({timing['fmax_mhz']:.0f} MHz modelled, "
        f"{low:.0f} to {high:.0f})"
    )


def physical_notes(report: Json) -> list[str]:
    """Sentences that explain the tables of resources and timing."""
    return list(_notes(report))


def _notes(report: Json) -> Iterator[str]:
    for block, key in (("resources", "note"), ("estimate", "model")):
        if text := (report.get(block) or {}).get(key):
            yield f"{block}: {text}"
    if timing := report.get("timing"):
        yield f"timing is {timing['kind']}: {timing['model']}"
    elif not (report.get("vendor") or {}).get("timing"):
        yield (
            "whether the wanted clock closes is not known, nothing was synthesised; ns and "
            "crossings are cycles at that clock"
        )
