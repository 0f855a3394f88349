"""Rows of the report's tables, for every medium: headings and text cells, no layout."""

from collections.abc import Sequence

from fwgen.report.resource_tables import resource_tables
from fwgen.report.table import Table
from fwgen.report.timing_tables import path_tables
from fwgen.tools.plain import Json

_RIGHT_FROM_2 = frozenset(range(2, 8))


def tables(report: Json, *, formats: bool = True) -> list[Table]:
    """All tables of a report, in the order in which a trigger designer asks."""
    found = [
        _timing(report),
        budget_table(report),
        schedule_table(report.get("schedule") or {}),
        _verification(report),
        _triggers(report),
        *resource_tables(report),
        *path_tables(report),
        _accuracy(report),
        _auc(report),
        *([format_table(report["formats"])] if formats else []),
    ]
    return [table for table in found if table.rows]


def verdict(report: Json) -> str:
    """One sentence: what was built and whether it holds."""
    v = report["verification"]
    wrong = v["mismatches"]
    proof = (
        "bit-exact"
        if wrong == 0 and v["events"]
        else f"{wrong:,} MISMATCHES in {v['comparisons']:,} comparisons"
    )
    *others, last = v["backends"] or ["no bench"]
    benches = f"{', '.join(others)} and {last}" if others else last
    return (
        f"{report['model']} for {report['target']} at {report['clock_mhz']:g} MHz: {proof} over "
        f"{v['events']:,} events ({benches}); {speed(report)}"
    )


def speed(report: Json) -> str:
    """Latency and interval in words."""
    latency, interval = report["latency"], report["interval"]
    return (
        f"latency {_cycles(latency['cycles'])} = {latency['ns']:g} ns = "
        f"{latency['bx']:g} crossings, one event every {_cycles(interval['cycles'])} "
        f"({interval['ns']:g} ns){_too_slow(report)}"
    )


def _too_slow(report: Json) -> str:
    """What a loop says of the clock, if it does not fit."""
    loop: Json | None = report.get("loop")
    if not loop or loop["fits"]:
        return ""
    return (
        f"; AT A SLOWER CLOCK ONLY: the loop of '{loop['layer']}' takes {loop['ns']:g} ns of the "
        f"cycle's {loop['cycle_ns']:g} ns (estimated)"
    )


def clock_missed(report: Json) -> bool:
    """Whether a loop, which no register can cut, is too long for the clock by the delay model."""
    loop: Json | None = report.get("loop")
    return loop is not None and not loop["fits"]


def _cycles(count: int) -> str:
    return f"{count} cycle{'' if count == 1 else 's'}"


def missed(report: Json) -> list[str]:
    """Names of the model's own budgets that are not met."""
    return [b["name"] for b in report["budgets"] if b["required"] and not b["met"]]


def _timing(report: Json) -> Table:
    rows = [
        (name, f"{b['cycles']}", f"{b['ns']:.1f}", f"{b['bx']:.2f}", b["kind"])
        for name, b in (("latency", report["latency"]), ("interval", report["interval"]))
    ]
    head = (f"at {report['clock_mhz']:g} MHz", "cycles", "ns", "crossings", "kind")
    return Table("Latency and interval", head, rows, frozenset({1, 2, 3}))


def budget_table(report: Json) -> Table:
    """Every budget next to the time it is compared with."""
    rows = [
        (
            b["name"] + (" (required)" if b["required"] else ""),
            b["of"],
            f"{b['limit_ns']:,.1f}",
            f"{b['value_ns']:,.1f}",
            f"{b['margin_ns']:+,.1f}",
            "met" if b["met"] else "MISSED" if b["required"] else "not met",
        )
        for b in report["budgets"]
    ]
    head = ("budget", "of", "limit ns", "value ns", "margin ns", "")
    return Table("Budgets", head, rows, frozenset({2, 3, 4}))


def schedule_table(schedule: Json) -> Table:
    """The schedules to choose from, the cheapest first; empty where there was no choice."""
    rows = [
        (
            c["schedule"],
            f"{c['lut']:,}",
            f"{c['ff']:,}",
            f"{c['dsp']:,}",
            f"{c['latency_cycles']} = {c['latency_ns']:.1f} ns",
            f"{c['interval_cycles']} = {c['interval_ns']:.1f} ns",
            f"{c['loop_ns']:.2f}" if c["loop_ns"] else "-",
            _verdict(c, schedule["chosen"]),
        )
        for c in schedule.get("candidates", ())
    ]
    head = ("schedule", "LUT", "FF", "DSP", "latency", "interval", "loop ns", "")
    title = f"Schedules (estimated): {schedule['chosen']}, {schedule['why']}" if rows else ""
    return Table(title, head, rows, frozenset({1, 2, 3, 4, 5, 6}))


def _verdict(candidate: Json, chosen: str) -> str:
    said = ["CHOSEN"] * (candidate["schedule"] == chosen)
    if candidate["misses"]:
        said.append(f"misses {', '.join(candidate['misses'])}")
    return ", ".join(said)


def _verification(report: Json) -> Table:
    v = report["verification"]
    rows = [
        (
            name,
            f"{b['events']:,}",
            f"{b['comparisons']:,}",
            f"{b['mismatches']:,}",
            b["what"],
        )
        for name, b in v["backends"].items()
    ]
    title = f"Verification: {' == '.join(v['implementations'])}"
    return Table(
        title, ("bench", "events", "comparisons", "mismatches", "of"), rows, frozenset({1, 2, 3})
    )


def _triggers(report: Json) -> Table:
    accuracy = report["accuracy"] or {"sets": {}}
    rows = [
        (
            f"{name} ({s['sample_kind']})",
            bit,
            f"{s['events']:,}",
            f"{t['rate_float']:.2%}",
            f"{t['rate_fixed']:.2%}",
            f"{t['agreement']:.2%}",
        )
        for name, s in accuracy["sets"].items()
        for bit, t in s["triggers"].items()
    ]
    head = ("sample", "bit", "events", "passes, float", "passes, fixed", "same decision")
    return Table("Trigger decisions, float model and fixed point", head, rows, _RIGHT_FROM_2)


def _accuracy(report: Json) -> Table:
    accuracy = report["accuracy"] or {"sets": {}}
    rows = [
        (
            f"{name} ({s['sample_kind']})",
            f"{s['events']:,}",
            _figure(s.get("score_rank_correlation"), ".4f"),
            _figure(s.get("score_median_difference"), ".2g"),
            _figure(s.get("score_largest_difference"), ".2g"),
            f"{max(s['spikes_differ'].values()):.2%}" if s["spikes_differ"] else "-",
        )
        for name, s in accuracy["sets"].items()
    ]
    head = (
        "sample",
        "events",
        "score rank correlation",
        "median |difference|",
        "largest",
        "spikes that differ, worst layer",
    )
    return Table("Float model against fixed point", head, rows, frozenset({1, 2, 3, 4, 5}))


def _auc(report: Json) -> Table:
    accuracy = report["accuracy"] or {"auc": [], "sets": {}}
    kind = {name: s["sample_kind"] for name, s in accuracy["sets"].items()}
    rows = [
        (
            f"{a['background']} ({kind[a['background']]})",
            f"{a['signal']} ({kind[a['signal']]})",
            f"{a['float']:.4f}",
            f"{a['fixed']:.4f}",
            f"{a['difference']:+.4f}",
        )
        for a in accuracy["auc"]
    ]
    head = ("background", "signal", "AUC float", "AUC fixed", "difference")
    return Table("Area under the ROC curve of the score", head, rows, frozenset({2, 3, 4}))


def format_table(formats: Sequence[Json]) -> Table:
    """Formats and bounds of every layer."""
    rows = [
        (
            f["name"],
            f["op"],
            "\n".join(f"{key} {fmt}" for key, fmt in f["formats"].items()),
            f["value"],
            _bounds(f),
            "\n".join(f["notes"]),
        )
        for f in formats
    ]
    head = ("layer", "op", "formats", "value as", "bounds", "notes")
    return Table("Number formats and bounds", head, rows)


def _bounds(row: Json) -> str:
    text = f"{row['lowest']:.4g} to {row['highest']:.4g}"
    if "membrane_lowest" in row:
        text += f"\nmembrane {row['membrane_lowest']:.4g} to {row['membrane_highest']:.4g}"
    return text


def _figure(value: float | None, spec: str) -> str:
    return "-" if value is None else format(value, spec)
