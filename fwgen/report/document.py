"""``report.json``: the one source of every figure that fwgen shows."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fwgen.devices.catalogue import BUNCH_CROSSING_NS, Budget
from fwgen.errors import OutputError
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    BatchNorm,
    Const,
    CubaLif,
    Dense,
    LeakyRelu,
    Lif,
    Node,
    Quantise,
    Real,
    ShiftLeak,
    Table,
    Threshold,
)
from fwgen.ir.ports import Interface
from fwgen.ir.text import node_text
from fwgen.quantise.analysis import Analysis
from fwgen.quantise.check import can_wrap
from fwgen.quantise.fold import FoldBatchNorm
from fwgen.report.build_tables import missed, tables, verdict

REPORT_VERSION = 1
WORTH_A_NOTE = 0.1  # share of weights lost to rounding
_KEYS = {"report_version", "model", "target", "clock_mhz", "latency", "interval", "budgets"}
_KEYS |= {"verification", "accuracy", "formats", "notes"}
Json = dict[str, Any]


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


def format_list(graph: Graph, analysis: Analysis, real: Graph) -> list[Json]:
    """Every node with its formats, its bounds, and notes on what a designer should know.

    ``real`` is the graph before quantisation: weights that round to zero are counted.
    """
    notes: dict[str, list[str]] = {}
    real = FoldBatchNorm().run(real)  # so that both graphs have the same nodes
    for c in analysis.conversions:
        if c.overflows:
            verb = "can wrap (accepted)" if can_wrap(c) else "can saturate"
            notes.setdefault(c.node, []).append(
                f"{c.what} {c.fmt} {verb}; {c.sufficient_text} would hold every value"
            )
    for node in graph:
        if isinstance(node, Lif) and node.fires and not any(analysis.lifs[node.name].can_fire):
            notes.setdefault(node.name, []).append("never fires; only its membrane is of use")
        if isinstance(node, Threshold):
            values = analysis.values[node.name]
            if min(values.lo) == max(values.hi):
                notes.setdefault(node.name, []).append("is constant: no event can change it")
        if isinstance(node, Dense) and (lost := _lost_weights(node, real)):
            notes.setdefault(node.name, []).append(lost)
    return [_format_row(node, analysis, notes.get(node.name, [])) for node in graph]


def _lost_weights(node: Dense, real: Graph) -> str | None:
    before = real[node.name]
    if not (isinstance(before, Dense) and isinstance(before.weight, Real)):
        return None
    if not isinstance(node.weight, Const):
        return None
    lost = int(np.count_nonzero((before.weight.values != 0) & (node.weight.values == 0)))
    share = lost / max(1, int(np.count_nonzero(before.weight.values)))
    if share <= WORTH_A_NOTE:
        return None
    return f"{lost} of its weights ({share:.0%}) round to 0 in {node.weight.fmt}"


def _format_row(node: Node, analysis: Analysis, notes: list[str]) -> Json:
    value = analysis.values[node.name]
    unit = 2.0**-value.frac
    row: Json = {
        "name": node.name,
        "op": node.op,
        "text": node_text(node),
        "value": str(value.fmt),
        "lowest": float(min(value.lo)) * unit,
        "highest": float(max(value.hi)) * unit,
        "formats": {key: str(fmt) for key, fmt in _formats(node).items()},
        "notes": notes,
    }
    if isinstance(node, Lif):
        membrane = analysis.lifs[node.name].membrane
        unit = 2.0**-membrane.frac
        row["membrane_lowest"] = float(min(membrane.lo)) * unit
        row["membrane_highest"] = float(max(membrane.hi)) * unit
    return row


def _formats(node: Node) -> dict[str, object]:
    parts: dict[str, object] = {}
    match node:
        case Dense():
            parts = {"weight": node.weight, "bias": node.bias}
            parts |= {"accumulator": node.accumulator} if node.accumulator else {}
        case BatchNorm():
            parts = {"scale": node.scale, "offset": node.offset}
        case LeakyRelu():
            parts = {"alpha": node.alpha}
        case Lif():
            parts = {"beta": node.beta, "threshold": node.threshold, "membrane": node.membrane}
            parts |= {"recurrent": node.recurrent}
            if isinstance(node, CubaLif):
                parts |= {"alpha": node.alpha, "syn": node.syn}
            parts = {key: part for key, part in parts.items() if part is not None}
        case Threshold():
            parts = {"value": node.value}
        case Quantise() | Table():
            parts = {"value": node.fmt}
    return {key: _format_of(part) for key, part in parts.items()}


def _format_of(part: object) -> object:
    match part:
        case Const():
            return part.fmt
        case ShiftLeak():
            return f"u - (u >> {part.shift})"
        case _:
            return part


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


def load_manifest(path: Path) -> Json:
    """Read a build's manifest: what it was made from.

    Raises
    ------
    OutputError
        If there is none, or it is damaged.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {"files": {str(k): str(v) for k, v in data["files"].items()}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(
            str(path),
            needed="a finished build's manifest",
            found=str(error)[:200],
            do="Build again.",
        ) from None
