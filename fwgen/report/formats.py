"""Number formats in the report: every node with its formats, its bounds, and what follows."""

import numpy as np

from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Const,
    Dense,
    Neurons,
    Node,
    Real,
    ShiftLeak,
    Threshold,
)
from fwgen.ir.text import node_text
from fwgen.quantise.analysis import Analysis
from fwgen.quantise.check import can_wrap
from fwgen.quantise.passes import Quantised
from fwgen.tools.plain import Json

WORTH_A_NOTE = 0.1  # share of weights lost to rounding


def format_list(quantised: Quantised) -> list[Json]:
    """Every node with its formats, its bounds, and notes on what a designer should know.

    Weights that quantisation has rounded to zero are counted.
    """
    graph, analysis, notes = quantised.graph, quantised.analysis, dict[str, list[str]]()
    for c in analysis.conversions:
        if c.overflows:
            verb = "can wrap (accepted)" if can_wrap(c) else "can saturate"
            notes.setdefault(c.node, []).append(
                f"{c.what} {c.fmt} {verb}; {c.sufficient_text} would hold every value"
            )
    for node in graph:
        if isinstance(node, Neurons) and node.fires and not any(analysis.lifs[node.name].can_fire):
            notes.setdefault(node.name, []).append("never fires; only its membrane is of use")
        if isinstance(node, Threshold):
            values = analysis.values[node.name]
            if min(values.lo) == max(values.hi):
                notes.setdefault(node.name, []).append("is constant: no event can change it")
        if isinstance(node, Dense) and (lost := _lost_weights(node, quantised.folded)):
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
        "formats": {key: str(_format_of(part)) for key, part in node.formats.items()},
        "notes": notes,
    }
    if isinstance(node, Neurons):
        membrane = analysis.lifs[node.name].membrane
        unit = 2.0**-membrane.frac
        row["membrane_lowest"] = float(min(membrane.lo)) * unit
        row["membrane_highest"] = float(max(membrane.hi)) * unit
    return row


def _format_of(part: object) -> object:
    match part:
        case Const():
            return part.fmt
        case ShiftLeak():
            return f"u - (u >> {part.shift})"
        case _:
            return part
