"""What a build found, as its report: times, notes, accuracy; and the model that was built."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import fwgen
from fwgen.devices.catalogue import Budget, Device
from fwgen.errors import FwgenError
from fwgen.hls.projects import HlsPlan, plan
from fwgen.ingest.bundle.reader import Bundle, read_bundle
from fwgen.ir.graph import Graph
from fwgen.ir.schedule import Schedule
from fwgen.lower.choose import Chosen, Limits, check_possible, choose
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import Design, LifBlock
from fwgen.lower.lowering import Lowerings
from fwgen.quantise.passes import quantise
from fwgen.report import document as reports
from fwgen.report.device_tables import device_block
from fwgen.report.formats import format_list
from fwgen.tools.plain import Json
from fwgen.verify.bench.prove import BenchResult, measured
from fwgen.verify.layers.accuracy import compare, random_sample
from fwgen.verify.reference import Reference


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A model after the quantise stage, and what of it hls4ml takes."""

    bundle: Bundle
    graph: Graph
    reference: Reference
    hls: HlsPlan


def prepare(model: Path) -> Prepared:
    """Read a model and fix every format.

    Raises
    ------
    FwgenError
        For whatever is wrong with it.
    """
    bundle = read_bundle(model)
    try:
        graph = quantise(bundle.graph)
    except FwgenError as error:
        raise error.within(str(bundle.files[0])) from None
    reference = Reference.of(graph)
    return Prepared(bundle, graph, reference, plan(graph, reference.analysis))


def schedule_of(
    ready: Prepared, pace: Pace, asked: str | None, *, explain: bool = False
) -> tuple[Lowerings, Chosen]:
    """The schedule asked for on the command line or in the model, or the cheapest that will do.

    Raises
    ------
    FwgenError
        If the text is no schedule, or none for so many time steps.
    """
    settings = ready.bundle.settings
    text, where = (settings.schedule, "schedule") if asked is None else (asked, "--schedule")
    wanted = Schedule.parse(text, where)
    if wanted:
        check_possible(wanted, ready.graph.steps)
    lowerings = Lowerings(ready.graph, pace, ready.reference.analysis)
    limits = Limits(settings.budgets.latency_ns, settings.budgets.interval_ns)
    return lowerings, choose(lowerings, wanted, limits, every=explain)


def report_of(
    ready: Prepared,
    design: Design,
    target: Device,
    benches: dict[str, BenchResult],
    budgets: Sequence[Budget],
) -> Json:
    """The report of a build, but for its verification and its resources."""
    settings = ready.bundle.settings
    report: Json = {
        "report_version": reports.REPORT_VERSION,
        "fwgen": fwgen.__version__,
        "model": settings.name,
        "description": settings.description.strip(),
        "target": target.name,
        "device": device_block(target),
        "clock_mhz": design.pace.clock_mhz,
    }
    set_times(report, ready, design, benches, budgets)
    samples = ready.bundle.samples or (random_sample(ready.graph),)
    return report | {
        "resources": None,
        "timing": None,
        "accuracy": compare(ready.bundle.graph, ready.reference, samples),
        "interface": reports.interface_block(design.interface),
        "formats": format_list(ready.graph, ready.reference.analysis, ready.bundle.graph),
        "notes": notes(ready, design, benches),
    }


def set_times(
    report: Json,
    ready: Prepared,
    design: Design,
    benches: dict[str, BenchResult],
    budgets: Sequence[Budget],
) -> None:
    """Latency and interval as measured; if no event came through, as scheduled, and called so."""
    limits = ready.bundle.settings.budgets
    report["loop"] = loop_block(design)
    found = measured(list(benches.values()))
    if found is None and "latency" in report and "native" not in benches:
        return  # this run did not measure; an earlier one did
    face = design.interface
    latency, interval = found or (face.latency, face.interval)
    kind = "simulated" if found else "estimated"
    report["latency"] = reports.time_block(latency, report["clock_mhz"], kind)
    report["interval"] = reports.time_block(interval, report["clock_mhz"], kind)
    own = reports.own_budgets(limits.latency_ns, limits.interval_ns)
    every = [*own, *budgets]
    report["budgets"] = reports.budget_list(report["latency"], report["interval"], every)


def notes(ready: Prepared, design: Design, benches: dict[str, BenchResult]) -> list[str]:
    """What a designer should know of formats, overflows reached, and the longest loop."""
    rows = format_list(ready.graph, ready.reference.analysis, ready.bundle.graph)
    said = [f"{row['name']}: {note}" for row in rows for note in row["notes"]]
    reached = {k: n for b in benches.values() for k, n in b.overflows.items() if n}
    said += [f"{name}: its overflow mode acted {n:,} times here" for name, n in reached.items()]
    loop = loop_block(design)
    if loop:
        said.append(
            f"the longest path that cannot be pipelined is the loop of '{loop['layer']}': about "
            f"{loop['ns']:.1f} ns of the cycle's {loop['cycle_ns']:.1f} ns before "
            "mapping (estimated, by the delay model)"
        )
    return said


def loop_block(design: Design) -> Json | None:
    """The longest path that no register can cut, if there is one; the delay model's estimate."""
    pace = design.pace
    loops = {b.name: pace.loop(b.loop_ps) for b in design.blocks if isinstance(b, LifBlock)}
    if not loops:
        return None
    name = max(loops, key=lambda n: loops[n])
    return {
        "layer": name,
        "ns": round(loops[name] / 1000, 3),
        "cycle_ns": round(1000 / pace.clock_mhz, 3),
        "fits": loops[name] <= 1e6 / pace.clock_mhz,
        "kind": "estimated",
    }
