"""The report's ``vendor``: what Vivado found, read from its text reports."""

from collections.abc import Iterator, Mapping

from fwgen.errors import OutputError
from fwgen.report.vivado_text import (
    Head,
    Row,
    clock_periods,
    figures,
    head,
    number,
    ruled_tables,
    section,
)
from fwgen.tools.plain import Json

_STAGES = ("synthesised", "placed", "routed")
_LONGEST_PS = 10  # of a difference between two clock periods that is only rounding

# rows of report_utilization, as the families call them (7 series first); a blank is no figure
_ROWS = {
    "lut": ("Slice LUTs", "CLB LUTs"),
    "ff": ("Slice Registers", "CLB Registers"),
    "dsp": ("DSPs",),
    "bram36": ("Block RAM Tile",),
    "uram": ("URAM",),
}
# columns of report_utilization -hierarchical; two 18 Kb block RAMs make a tile
_COLUMNS = {
    "lut": {"Total LUTs": 1.0},
    "ff": {"FFs": 1.0},
    "dsp": {"DSP Blocks": 1.0, "DSP48 Blocks": 1.0},
    "bram36": {"RAMB36": 1.0, "RAMB18": 0.5},
    "uram": {"URAM": 1.0},
}
_RUN = "Run 'fwgen implement', or the scripts in the build's vivado/ folder."


def vendor_block(texts: Mapping[str, str], report: Json) -> Json:
    """What the reports in ``texts`` (by file name) say about a build, of the latest stage.

    Raises
    ------
    OutputError
        If none of them is a report of utilisation or of timing, or one is damaged.
    """
    utilisation = _latest(texts, "Utilization Design Information", "Site Type", report)
    hierarchy = _latest(texts, "Utilization by Hierarchy", "Total LUTs", report)
    timing = _latest(texts, "Timing Summary Report", "Design Timing Summary", report)
    named = utilisation or timing
    if named is None:
        raise OutputError(
            "Vivado's reports",
            needed="a report of report_utilization or report_timing_summary",
            found=f"{', '.join(sorted(texts)[:5]) or 'no .rpt file'}",
            do=_RUN,
        )
    found = head(texts[named])
    block: Json = {"kind": "vendor", "tool": found.tool, "device": found.device}
    block["stage"] = stage(texts[named])
    if utilisation:
        block |= _utilisation(utilisation, texts)
    if hierarchy:
        block["layers"] = _layers(texts[hierarchy])
    if timing:
        block["timing"] = _timing(timing, texts[timing], report["clock_mhz"])
    return block | {"notes": _notes(found, block, report)}


def stage(text: str) -> str:
    """``synthesised``, ``placed`` or ``routed``: how far the design was when reported."""
    state = head(text).state.lower()
    if "rout" in state:
        return "routed"
    if "plac" in state:
        return "placed"
    if state or "unplaced)" in text:
        return "synthesised"
    # older timing summaries do not say; their nets do
    return "placed" if "estimated)" in text else "routed"


def _latest(texts: Mapping[str, str], title: str, mark: str, report: Json) -> str | None:
    """The file of that kind of the latest stage; reports of the build's own design first."""
    top = report.get("interface", {}).get("top", report["model"])
    names = [name for name, text in texts.items() if title in text and mark in text]

    def rank(name: str) -> tuple[bool, int, str]:
        text = texts[name]
        return head(text).design == top, _STAGES.index(stage(text)), name

    return max(names, key=rank, default=None)


def _utilisation(name: str, texts: Mapping[str, str]) -> Json:
    used: Json = {}
    available: Json = {}
    rows = list(_site_rows(texts[name]))
    for key, titles in _ROWS.items():
        row = next((r for r in rows if r.cells["Site Type"].rstrip("*") in titles), None)
        used[key] = _whole(_cell(row, "Used"))
        available[key] = _whole(_cell(row, "Available"))
    if not used["lut"] and not available["lut"]:
        raise OutputError(
            name,
            needed="a row 'CLB LUTs' or 'Slice LUTs' with figures used and available",
            found="none",
            do="Give report_utilization's text for a 7 series, UltraScale or UltraScale+ device.",
        )
    percent = {k: round(100 * used[k] / available[k], 2) if available[k] else 0.0 for k in used}
    return used | {"available": available, "percent": percent}


def _site_rows(text: str) -> Iterator[Row]:
    for names, rows in ruled_tables(text):
        if "Site Type" in names and "Used" in names:
            yield from rows


def _cell(row: Row | None, column: str) -> float:
    return (number(row.cells.get(column, "")) or 0.0) if row else 0.0


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _layers(text: str) -> list[Json]:
    """One entry for every instance of the top module, and one for what stands in the top itself.

    The blocks of a build are instances called NAME__block.
    """
    names, rows = next((n, r) for n, r in ruled_tables(text) if "Total LUTs" in n)
    instance = names[0]
    return [
        {
            "name": row.cells[instance].strip("()").removesuffix("__block"),
            **{key: _sum(row, columns) for key, columns in _COLUMNS.items()},
        }
        for row in rows
        if row.depth == 1
    ]


def _sum(row: Row, columns: Mapping[str, float]) -> int | float:
    return _whole(sum(weight * _cell(row, name) for name, weight in columns.items()))


def _timing(name: str, text: str, clock_mhz: float) -> Json:
    clock, period = _clock(name, text)
    every = dict(figures(section(text, "Intra Clock Table")))
    whole = next((row for _, row in figures(section(text, "Design Timing Summary"))), {})
    row = whole if len(clock_periods(text)) == 1 else every.get(clock, {})
    if "WNS(ns)" not in row:
        raise OutputError(
            name,
            needed=f"a worst negative slack (WNS) of clock '{clock}'",
            found="none: no path was timed",
            do="Check that the constraints were read.",
        )
    fmax = 1000.0 / (period - row["WNS(ns)"])
    return {
        "kind": "vendor",
        "stage": stage(text),
        "clock": clock,
        "period_ns": period,
        "wns_ns": row["WNS(ns)"],
        "tns_ns": row.get("TNS(ns)"),
        "whs_ns": row.get("WHS(ns)"),
        "ths_ns": row.get("THS(ns)"),
        "fmax_mhz": round(fmax, 1),
        "closes": fmax >= clock_mhz and row.get("WHS(ns)", 0.0) >= 0,
    }


def _clock(name: str, text: str) -> tuple[str, float]:
    periods = clock_periods(text)
    if "clk" in periods:
        return "clk", periods["clk"]
    if len(periods) != 1:
        raise OutputError(
            name,
            needed="a timing summary with one clock, or with one called clk",
            found=", ".join(periods) or "no clock",
            do=_RUN,
        )
    return next(iter(periods.items()))


def _notes(found: Head, block: Json, report: Json) -> list[str]:
    notes = []
    top = report.get("interface", {}).get("top", report["model"])
    part = report.get("device", {}).get("part", report["target"])
    if found.design != top:
        notes.append(f"Vivado's reports are of design '{found.design}', the build is '{top}'")
    if not _same_device(found.device, report["target"]):
        notes.append(f"Vivado's reports are for {found.device}, the build is for {part}")
    period = block.get("timing", {}).get("period_ns")
    if period and abs(1000 * period - 10**6 / report["clock_mhz"]) > _LONGEST_PS:
        notes.append(
            f"Vivado was asked for {1000 / period:.1f} MHz, the build is for "
            f"{report['clock_mhz']:g} MHz"
        )
    return notes


def _same_device(reported: str, target: str) -> bool:
    # Vivado leaves out the xc of older families in some reports: 7z020clg400-1
    return reported.lower().removeprefix("xc").startswith(target.removeprefix("xc"))
