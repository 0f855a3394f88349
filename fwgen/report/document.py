"""``report.json``: the one source of every figure that fwgen shows."""

import json
from collections.abc import Sequence
from pathlib import Path

from fwgen.devices.catalogue import BUNCH_CROSSING_NS, Budget
from fwgen.errors import OutputError
from fwgen.ir.ports import Interface
from fwgen.report.build_tables import missed, tables, verdict
from fwgen.tools.plain import Json

REPORT_VERSION = 1
_KEYS = {"report_version", "model", "target", "clock_mhz", "latency", "interval", "budgets"}
_KEYS |= {"verification", "accuracy", "formats", "notes"}


def time_block(cycles: int, clock_mhz: float, kind: str) -> Json:
    """A number of clock cycles in cycles, nanoseconds and bunch crossings."""
    ns = cycles * 1000.0 / clock_mhz
    return {
        "cycles": cycles,
        "ns": round(ns, 3),
        "bx": round(ns / BUNCH_CROSSING_NS, 3),
        "kind": kind,
    }


def budget_list(latency: Json, interval: Json, budgets: Sequence[Budget]) -> list[Json]:
    """Every budget with its value and margin in ns, in the order given."""
    values = {"latency": latency, "interval": interval}
    return [
        {
            "name": b.name,
            "of": b.of,
            "limit_ns": b.limit_ns,
            "value_ns": values[b.of]["ns"],
            "margin_ns": round(b.limit_ns - values[b.of]["ns"], 3),
            "met": values[b.of]["ns"] <= b.limit_ns,
            "required": b.required,
            "kind": values[b.of]["kind"],
        }
        for b in budgets
    ]


def own_budgets(latency_ns: float | None, interval_ns: float | None) -> list[Budget]:
    """What the model itself must meet."""
    limits = {"latency": latency_ns, "interval": interval_ns}
    return [
        Budget(f"this model's {of}", limit, of, required=True)
        for of, limit in limits.items()
        if limit is not None
    ]


def interface_block(interface: Interface) -> Json:
    """The ports of the top module."""
    return {
        "top": interface.top,
        "inputs": [_port(p.name, str(p.fmt), p.count) for p in interface.inputs],
        "outputs": [_port(p.name, str(p.fmt), p.count) for p in interface.outputs],
    }


def _port(name: str, fmt: str, count: int) -> Json:
    return {"name": name, "format": fmt, "elements": count}


def dump(report: Json) -> str:
    """The report as JSON text."""
    return json.dumps(report, indent=2, allow_nan=False) + "\n"


def load(path: Path) -> Json:
    """Read a report back.

    Raises
    ------
    OutputError
        If there is none, or it is not one of fwgen's.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OutputError(
            str(path.parent),
            needed="a folder that 'fwgen build' has written",
            found=f"no {path.name} in it" if path.parent.is_dir() else "no such folder",
            do="Give the build's folder, for example build/snn_ae.",
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise OutputError(
            str(path), needed="a readable report", found=str(error)[:200], do="Build again."
        ) from None
    whole = isinstance(data, dict) and data.keys() >= _KEYS
    if not whole or data["report_version"] != REPORT_VERSION:
        raise OutputError(
            str(path),
            needed=f"a whole report of version {REPORT_VERSION}",
            found="something else",
            do="Build again with this version of fwgen.",
        )
    try:
        tables(data), verdict(data), missed(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OutputError(
            str(path),
            needed="a report that can be shown",
            found=f"damaged values ({error})"[:200],
            do="Build again.",
        ) from None
    return dict(data)
