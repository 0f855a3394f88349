"""The table and the sentences of ``fwgen compare``, from its plain data."""

from collections.abc import Iterator

from fwgen.report.table import Table
from fwgen.tools.plain import Json

COMPARE_VERSION = 1
_WHO = {"float": "float model", "given": "your outputs", "firmware": "firmware"}


def difference_table(found: Json) -> Table:
    """A row a layer: the float model, what was given, and the firmware, each against the reference.

    Columns of what was not compared are left out.
    """
    head = ["layer", "op", "value as", "float: max", "mean"]
    if found["given"]:
        head += ["yours: differ", "at most, LSB", "from float: max"]
    if _simulated(found):
        head.append("firmware")
    rows = [tuple(_cells(row, found)) for row in found["layers"]]
    title = f"Layers of {found['model']} beside the integer reference, {found['events']:,} events"
    return Table(title, tuple(head), rows, frozenset(range(3, len(head))))


def first_lines(found: Json) -> dict[str, str]:
    """One sentence a comparison: the first layer that differs, by how much, or that none does."""
    lines = {"float": _first_line(found, "float")}
    if found["given"]:
        lines["given"] = _first_line(found, "given")
    if _simulated(found):
        lines["firmware"] = _first_line(found, "firmware")
    return lines


def agrees(found: Json, key: str) -> bool:
    """Whether something was compared there, and nothing differs."""
    faults = key == "firmware" and found["firmware_faults"]
    return bool(_compared(found, key)) and found["first"][key] is None and not faults


def notes(found: Json) -> list[str]:
    """What a reader should know of the inputs, of folded layers, and of overflows."""
    said = [f"events are {found['source']}"]
    for key, what in (("rounded", "lie between numbers"), ("beyond", "lie beyond the range")):
        if count := found["input"][key]:
            where = "the float model and your framework see them as they are"
            said.append(f"{count:,} input elements {what} of the input's format; {where}")
    for row in found["layers"]:
        if row["note"]:
            given = " (yours is given, but not compared)" if _unmatched(row, found) else ""
            said.append(f"'{row['name']}' ({row['op']}) is {row['note']}{given}")
        if row["overflows"] and not row["name"].endswith(".membrane"):
            said.append(f"'{row['name']}': its overflow mode acted {row['overflows']:,} times")
    return said


def _simulated(found: Json) -> bool:
    return found["firmware_faults"] is not None


def _unmatched(row: Json, found: Json) -> bool:
    return row["name"] in found["not_compared"]


def _cells(row: Json, found: Json) -> Iterator[str]:
    yield from (row["name"], row["op"], row["format"] or ("folded" if row["node"] else "removed"))
    yield from _float_cells(row)
    if found["given"]:
        yield from _given_cells(row, found)
    if _simulated(found):
        yield _differ(row["firmware"])


def _float_cells(row: Json) -> tuple[str, str]:
    tally = row["float"]
    if tally is None:
        return "-", "-"
    if row["bits"]:
        return f"{tally['differing']:,} differ", _share(tally)
    return _number(tally["largest"]), _number(tally["mean"])


def _given_cells(row: Json, found: Json) -> tuple[str, str, str]:
    tally = row["given"]
    if tally is None:
        return ("not compared" if _unmatched(row, found) else "-"), "-", _apart(row)
    return _differ(tally), _number(tally["largest_lsb"]), _apart(row)


def _apart(row: Json) -> str:
    """What was given against the float model: rounding has no part in it."""
    found = row["given_from_float"]
    if found is None:
        return "-"
    return f"{found['differing']:,} differ" if row["bits"] else _number(found["largest"])


def _differ(tally: Json | None) -> str:
    if tally is None:
        return "-"
    if not tally["differing"]:
        return "equal" if tally["events"] else "lost"
    return f"{tally['differing']:,} ({_share(tally)})"


def _share(tally: Json) -> str:
    return f"{100 * tally['differing'] / max(1, tally['elements']):.3g}%"


def _number(value: float | None) -> str:
    return "infinite" if value is None else f"{value:.4g}"


def _first_line(found: Json, key: str) -> str:
    start = f"{_WHO[key]} and reference: "
    if key == "firmware" and found["firmware_faults"]:
        start += (
            f"{found['firmware_faults']:,} faults of timing, first: {found['firmware_fault']}; "
        )
    row = next((r for r in found["layers"] if r["name"] == found["first"][key]), None)
    if row is None:
        return start + _all_equal(key, found)
    tally = row[key]
    lsb = "" if row["bits"] or key == "float" else f" ({_number(tally['largest_lsb'])} LSB)"
    off = f", {tally['off_grid']:,} of them no numbers of its grid" if _off(tally, key) else ""
    return (
        f"{start}first layer that differs: '{row['name']}' ({row['op']}): "
        f"{tally['differing']:,} of {tally['elements']:,} elements in "
        f"{tally['events_differing']:,} of {tally['events']:,} events{off}, by at most "
        f"{_number(tally['largest'])}{lsb}; {_place(tally['first'])}"
    )


def _off(tally: Json, key: str) -> bool:
    return key != "float" and bool(tally["off_grid"])


def _compared(found: Json, key: str) -> list[Json]:
    return [row[key] for row in found["layers"] if row[key] and row[key]["events"]]


def _all_equal(key: str, found: Json) -> str:
    compared = _compared(found, key)
    if not compared:
        return "nothing was compared" + (
            ": none of the layers given has a value in the firmware" if key == "given" else ""
        )
    what = {"float": "layer", "given": "array", "firmware": "output"}[key]
    count = f"{len(compared)} {what}{'' if len(compared) == 1 else 's'}"
    return f"no layer differs: {count} compared on {compared[0]['events']:,} events"


def _place(first: Json) -> str:
    step = "" if first["step"] is None else f", step {first['step']}"
    return (
        f"first at event {first['event']}{step}, element {first['element']}: "
        f"{_exact(first['found'])} where the reference has {_exact(first['reference'])}"
    )


def _exact(value: float | None) -> str:
    """Short where that is exact, else every digit: two numbers that differ must look so."""
    if value is None:
        return "an infinite number"
    short = f"{value:.9g}"
    return short if float(short) == value else repr(value)
