"""All benches of a build, side by side, and what the report says about them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fwgen.errors import BundleError, OutputError
from fwgen.flow.writer import write_files
from fwgen.hls.projects import HlsPlan
from fwgen.ingest.bundle.reader import SampleEvents
from fwgen.tools import toolchain
from fwgen.tools.plain import Json
from fwgen.verify.bench.events import make_events
from fwgen.verify.bench.prove import (
    BACKENDS,
    BenchResult,
    Subject,
    compiled,
    prove_cocotb,
    prove_native,
)
from fwgen.verify.hls4ml import run as hls4ml_run
from fwgen.verify.hls4ml.bench import HlsSubject, prove_hls4ml
from fwgen.verify.reference import Reference

SEED = 1
TB_EVENTS = 256  # that hls4ml's own test bench finds in a project


class Stage(Protocol):
    """Shows a stage's text and time; inside, it takes counts of events."""

    def __call__(self, text: str, /) -> AbstractContextManager[Any]:
        """Begin a stage."""


def check_backends(names: Sequence[str]) -> None:
    """Refuse a bench that does not exist.

    Raises
    ------
    BundleError
        With its name.
    """
    unknown = [name for name in names if name not in BACKENDS]
    if unknown:
        raise BundleError(
            "--backend",
            needed=f"one of {', '.join(BACKENDS)}",
            found=repr(unknown[0][:40]),
            do="Leave it out to run all.",
        )


def write_hls(
    plan: HlsPlan,
    reference: Reference,
    samples: Sequence[SampleEvents],
    target: hls4ml_run.HlsTarget,
    folder: Path,
    work: Path,
) -> None:
    """Write a build's hls4ml projects, with some events for hls4ml's own test bench."""
    hls4ml_run.write_projects(plan.projects, target, folder / hls4ml_run.FOLDER, work)
    x = make_events(reference.graph, samples, TB_EVENTS, np.random.default_rng(0)).x
    values, ranges = reference.run(x).values, reference.analysis.values
    for project in plan.projects:
        texts = hls4ml_run.bench_data(project, values, ranges)
        write_files(folder / hls4ml_run.FOLDER / project.name / "tb_data", texts)


def hls_subject(plan: HlsPlan, folder: Path, *, needed: bool) -> HlsSubject | None:
    """The hls4ml projects that a build holds; None if it holds none.

    Raises
    ------
    OutputError
        If it holds none and they are ``needed``.
    """
    place = folder / hls4ml_run.FOLDER
    if plan.projects and place.is_dir():
        return HlsSubject(plan, place)
    if needed:
        raise OutputError(
            str(place),
            needed="an hls4ml project in the build",
            found="none" if plan.projects else "no layer that hls4ml could take",
            do=f"Build again with hls4ml. {hls4ml_run.HOW_TO_GET}"
            if plan.projects
            else "Leave --backend out.",
        )
    return None


def hls_notes(plan: HlsPlan, found: HlsSubject | None) -> list[str]:
    """What of a model hls4ml does not prove, and why; sentences."""
    if plan.projects and found is None:
        return [f"hls4ml's C simulation is not compared: the build has no {hls4ml_run.FOLDER}/"]
    reasons: dict[str, list[str]] = {}
    for node, reason in plan.outside.items():
        reasons.setdefault(reason, []).append(f"'{node}'")
    return [f"outside hls4ml: {', '.join(nodes)} ({reason})" for reason, nodes in reasons.items()]


def run_benches(
    subject: Subject, hls: HlsSubject | None, events: int, backends: Sequence[str], stage: Stage
) -> dict[str, BenchResult]:
    """Run the benches side by side, in the order of ``BACKENDS``."""
    results: dict[str, BenchResult] = {}
    with ThreadPoolExecutor(2) as pool:
        protocol = pool.submit(prove_cocotb, subject, SEED) if "cocotb" in backends else None
        wanted = hls if "hls4ml" in backends else None
        simulation = pool.submit(prove_hls4ml, subject, wanted, events, SEED) if wanted else None
        if "native" in backends:
            with stage("compiling the simulator"):
                compiled(subject)
            with stage(f"{events:,} events through Verilator against the reference") as advance:
                results["native"] = prove_native(subject, events, SEED, advance)
        if protocol:
            with stage("cocotb: protocol benches"):
                results["cocotb"] = protocol.result()
        if simulation:
            with stage("hls4ml: C simulation against the reference"):
                results["hls4ml"] = simulation.result()
    return results


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
