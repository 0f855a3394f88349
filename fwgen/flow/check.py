"""``fwgen check``: a model's formats, schedule, times and estimated cost, without building it."""

from pathlib import Path

from fwgen.flow.findings import estimate_block, format_rows, notes, set_times
from fwgen.flow.prepare import Wishes, aim_of, lowered, prepare
from fwgen.flow.progress import Stage, silent
from fwgen.ir.graph import Graph
from fwgen.report.device_tables import device_block
from fwgen.tools.plain import Json


def check(model: Path, wishes: Wishes, stage: Stage = silent) -> tuple[Graph, Json]:
    """The integer graph of a model, and the part of its report that needs no build.

    Latency and interval are those of the schedule; resources are estimated.

    Raises
    ------
    FwgenError
        If the model or a wish will not do.
    """
    wishes.check()
    with stage("reading the model, fixing formats, checking ranges"):
        ready = prepare(model)
    aim = aim_of(ready, wishes)
    with stage(f"lowering for {aim.clock_mhz:g} MHz"):
        design, chosen = lowered(ready, aim.pace, wishes.schedule, explain=wishes.explain)
    report: Json = {
        "model": ready.graph.name,
        "target": aim.device.name,
        "device": device_block(aim.device),
        "clock_mhz": aim.clock_mhz,
        "formats": format_rows(ready),
        "schedule": chosen.as_json(),
        "estimate": estimate_block(design),
        "notes": notes(ready, design, {}),
    }
    set_times(report, ready, design, {}, aim.budgets)
    return ready.graph, report
