"""Resources and timing in a report: tables, and the sentences that a designer looks for."""

from collections.abc import Iterator
from typing import Any

from fwgen.report.tables import Table

Json = dict[str, Any]
_COLUMNS = ("lut", "ff", "dsp", "bram36", "uram", "carry", "srl")
_WIDE = 100.0  # percent


def physical_tables(report: Json) -> list[Table]:
    """Resources by layer; the estimate alone where nothing was synthesised."""
    if report.get("resources"):
        return [_resources(report), *_path(report)]
    return [_estimate(report["estimate"])] if report.get("estimate") else []


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


def too_large(report: Json) -> list[str]:
    """Resources of which the design needs more than the device has, with the factor."""
    used = report.get("resources")
    if not used:
        return []
    return [
        f"{used[name]:,} {name.upper()} of {used['available'][name]:,}: {share / _WIDE:.2f} times "
        f"what {report['target']} has"
        for name, share in used["percent"]["device"].items()
        if share > _WIDE
    ]


def physical_notes(report: Json) -> list[str]:
    """Sentences that belong beside the tables."""
    return list(_notes(report))


def _notes(report: Json) -> Iterator[str]:
    used, guessed = report.get("resources"), report.get("estimate")
    if used:
        yield f"resources: {used['note']}"
        if guessed:
            yield f"quick estimate: {_inline(guessed)} ({guessed['kind']})"
    yield from (f"does not fit: {text}" for text in too_large(report))
    timing = report.get("timing")
    if timing:
        yield f"timing is {timing['kind']}: {timing['model']}"


def _resources(report: Json) -> Table:
    used = report["resources"]
    rows = [_row(layer["name"], layer) for layer in used["layers"]]
    rows.append(_row("total", used))
    device, slr = used["percent"]["device"], used["percent"]["slr"]
    rows.append(_shares(f"% of {report['target']}", device))
    rows.append(_shares("% of one SLR", slr))
    head = ("layer", *(name.upper() for name in _COLUMNS[:5]), "carry", "shift LUTs")
    title = f"Resources ({used['kind']}, {used['tool']})"
    return Table(title, head, rows, frozenset(range(1, len(head))))


def _row(name: str, counts: Json) -> tuple[str, ...]:
    return (name, *(f"{counts[c]:,}" for c in _COLUMNS))


def _shares(name: str, shares: Json) -> tuple[str, ...]:
    return (name, *(f"{shares[c]:.2f}" if c in shares else "" for c in _COLUMNS))


def _path(report: Json) -> list[Table]:
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


def _estimate(guessed: Json) -> Table:
    rows = [
        (row["name"], *(f"{row[c]:,}" for c in ("lut", "ff", "dsp"))) for row in guessed["layers"]
    ]
    rows.append(("total", *(f"{guessed[c]:,}" for c in ("lut", "ff", "dsp"))))
    title = f"Resources ({guessed['kind']} without synthesis)"
    return Table(title, ("layer", "LUT", "FF", "DSP"), rows, frozenset({1, 2, 3}))


def _inline(counts: Json) -> str:
    return ", ".join(f"{counts[c]:,} {c.upper()}" for c in ("lut", "ff", "dsp"))
