"""What was found of a model, as its report: times, budgets, formats, notes, accuracy, proof."""

from collections.abc import Sequence
from dataclasses import asdict

import fwgen
from fwgen.devices.catalogue import Budget
from fwgen.flow.prepare import Aim, Prepared
from fwgen.lower.design import Design, LifBlock
from fwgen.lower.estimate import design as cost
from fwgen.report import document as reports
from fwgen.report.device_tables import device_block
from fwgen.report.formats import format_list
from fwgen.tools import toolchain
from fwgen.tools.plain import Json
from fwgen.verify.bench.prove import BACKENDS, BenchResult, measured
from fwgen.verify.layers.accuracy import compare, random_sample


def report_of(ready: Prepared, design: Design, aim: Aim, benches: dict[str, BenchResult]) -> Json:
    """The report of a build, but for what synthesis finds."""
    settings = ready.bundle.settings
    report: Json = {
        "report_version": reports.REPORT_VERSION,
        "fwgen": fwgen.__version__,
        "model": settings.name,
        "description": settings.description.strip(),
        "target": aim.device.name,
        "device": device_block(aim.device),
        "clock_mhz": aim.clock_mhz,
    }
    set_times(report, ready, design, benches, aim.budgets)
    samples = ready.bundle.samples or (random_sample(ready.graph),)
    return report | {
        "resources": None,
        "timing": None,
        "estimate": estimate_block(design),
        "accuracy": compare(ready.quantised.folded, ready.reference, samples),
        "interface": reports.interface_block(design.interface),
        "formats": format_rows(ready),
        "notes": notes(ready, design, benches),
        "verification": verification_block(benches),
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
    report["loop"] = _loop_block(design)
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


def format_rows(ready: Prepared) -> list[Json]:
    """Every node with its formats, its bounds, and notes."""
    return format_list(ready.quantised)


def notes(ready: Prepared, design: Design, benches: dict[str, BenchResult]) -> list[str]:
    """What a designer should know of formats, overflows reached, and the longest loop."""
    said = [f"{row['name']}: {note}" for row in format_rows(ready) for note in row["notes"]]
    reached = {k: n for b in benches.values() for k, n in b.overflows.items() if n}
    said += [f"{name}: its overflow mode acted {n:,} times here" for name, n in reached.items()]
    loop = _loop_block(design)
    if loop:
        said.append(
            f"the longest path that cannot be pipelined is the loop of '{loop['layer']}': about "
            f"{loop['ns']:.1f} ns of the cycle's {loop['cycle_ns']:.1f} ns before "
            "mapping (estimated, by the delay model)"
        )
    return said


def _loop_block(design: Design) -> Json | None:
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


def estimate_block(design: Design) -> Json:
    """The report's ``estimate``: LUTs, flip-flops and DSPs without synthesis."""
    rows = cost.estimate(design)
    total = sum(rows.values(), cost.Cost())
    layers = [{"name": name or "event control", **asdict(row)} for name, row in rows.items()]
    return {**asdict(total), "kind": "estimated", "model": cost.MODEL, "layers": layers}


def verification_block(benches: dict[str, BenchResult], kept: Json | None = None) -> Json:
    """The report's ``verification``; ``kept`` are rows of benches that did not run this time.

    ``events`` counts those of the volume bench: the other benches repeat some of them.
    """
    rows: Json = (kept or {}) | {name: b.as_json() for name, b in benches.items()}
    rows = {name: rows[name] for name in (*BACKENDS, "netlist") if name in rows}
    return {
        "kind": "simulated",
        "events": next(iter(rows.values()))["events"] if rows else 0,
        "mismatches": sum(row["mismatches"] for row in rows.values()),
        "comparisons": sum(row["comparisons"] for row in rows.values()),
        "implementations": _implementations(rows),
        "backends": rows,
        "simulator": f"Verilator {toolchain.verilator_version()}",
    }


def _implementations(rows: Json) -> list[str]:
    of = {"hls4ml": "hls4ml", "native": "verilog", "cocotb": "verilog", "netlist": "netlist"}
    return ["reference", *dict.fromkeys(name for bench, name in of.items() if bench in rows)]
