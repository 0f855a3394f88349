"""Number formats in the report: every node with its formats, its bounds, and what follows."""

import numpy as np

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
from fwgen.ir.text import node_text
from fwgen.quantise.analysis import Analysis
from fwgen.quantise.check import can_wrap
from fwgen.quantise.fold import FoldBatchNorm
from fwgen.tools.plain import Json

WORTH_A_NOTE = 0.1  # share of weights lost to rounding


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
