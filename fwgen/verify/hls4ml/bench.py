"""The proof of the hls4ml projects: their C simulation against the integer reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from fwgen.errors import OutputError
from fwgen.hls.projects import HlsPlan, HlsProject
from fwgen.ir.cast import Ints
from fwgen.verify.bench.events import make_events
from fwgen.verify.bench.prove import BenchResult, Subject
from fwgen.verify.hls4ml import run as hls4ml_run
from fwgen.verify.hls4ml.run import Doubles

MOST_EVENTS = 10_000  # a bench of arithmetic: nothing in a project outlives an event


@dataclass(frozen=True, slots=True, eq=False)
class HlsSubject:
    """The projects of a graph, and the folder that holds them."""

    plan: HlsPlan
    folder: Path


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


def prove_hls4ml(subject: Subject, hls: HlsSubject, events: int, seed: int) -> BenchResult:
    """Compile every project and compare each node's integers on the events.

    There are as many events as asked for, but at most 10,000: corners, samples, random ones. What
    enters a project after a spiking layer comes from the reference.
    """
    start = monotonic()
    graph, work = subject.reference.graph, subject.work / "hls4ml"
    projects = hls.plan.projects
    programs = [hls4ml_run.compiled(project, hls.folder, work) for project in projects]
    rng = np.random.default_rng([seed, 5])
    some = make_events(graph, subject.samples, min(events, MOST_EVENTS), rng)
    bench = BenchResult(_what(projects), counts=dict(some.counts), details=_details(hls.plan))
    for first in range(0, len(some.x), subject.chunk):
        x = some.x[first : first + subject.chunk]
        values = subject.reference.run(x, keep=_nodes(projects)).values
        for project, program in zip(projects, programs, strict=True):
            ranges = subject.reference.analysis.values
            place = work / project.name
            got = hls4ml_run.simulate(project, hls.folder, program, place, values, ranges)
            _compare(project.name, x, first, values, got, bench)
        bench.events += len(x)
    bench.seconds = monotonic() - start
    return bench


def _compare(
    project: str,
    x: Ints,
    first: int,
    values: Mapping[str, Ints],
    got: Mapping[str, Doubles],
    bench: BenchResult,
) -> None:
    """Count what differs; describe the first node that does in the first event that does."""
    wrong = {node: values[node].astype(np.float64) != got[node] for node in got}
    bench.comparisons += sum(array.size for array in wrong.values())
    bench.mismatches += sum(int(np.count_nonzero(array)) for array in wrong.values())
    events = {node: int(np.argmax(a.any(axis=1))) for node, a in wrong.items() if a.any()}
    if bench.first is not None or not events:
        return
    node = next(n for n in values if events.get(n) == min(events.values()))
    event = events[node]
    k = int(np.argmax(wrong[node][event]))
    bench.first = (
        f"event {first + event} layer '{node}'[{k}] in hls4ml's {project}: expected "
        f"{values[node][event, k]}, got {got[node][event, k]:.17g} "
        f"(input integers {x[event].tolist()})"
    )


def _nodes(projects: Sequence[HlsProject]) -> list[str]:
    """Nodes that enter a project or have their integers in it."""
    layers = (part for p in projects for part in (p.inputs, p.inside, p.outputs))
    return list(dict.fromkeys(node for part in layers for node in part.values()))


def _what(projects: Sequence[HlsProject]) -> str:
    layers = sum(len(p.inside) + len(p.outputs) for p in projects)
    names = " and ".join(f"{hls4ml_run.FOLDER}/{p.name}" for p in projects)
    return f"arithmetic: C simulation of {names}, every value of {layers} layers"


def _details(plan: HlsPlan) -> dict[str, object]:
    """For the report: what is in which project, and what stays outside."""
    projects = {
        p.name: {
            "inputs": list(p.inputs.values()),
            "inside": list(p.inside.values()),
            "outputs": list(p.outputs.values()),
        }
        for p in plan.projects
    }
    tool = f"hls4ml {hls4ml_run.version()}"
    return {"tool": tool, "projects": projects, "outside": dict(plan.outside)}
