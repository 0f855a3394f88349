"""hls4ml projects of a graph, written and proven as a build does it."""

from dataclasses import dataclass
from pathlib import Path

from fwgen.hls.projects import HlsPlan, plan
from fwgen.ir.graph import Graph
from fwgen.ir.ports import Interface
from fwgen.verify.bench.prove import BenchResult, Subject
from fwgen.verify.hls4ml import run as hls4ml_run
from fwgen.verify.hls4ml.bench import HlsSubject, prove_hls4ml
from fwgen.verify.reference import Reference

TARGET = hls4ml_run.HlsTarget("xcvu9p-flga2104-2L-e", 4166)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A graph, its reference, and a folder with its hls4ml projects."""

    reference: Reference
    plan: HlsPlan
    folder: Path
    work: Path

    def prove(self, events: int = 4000) -> BenchResult:
        """Run the bench of a build on what stands in the folder."""
        face = Interface("dut", (), (), 1, 1)
        subject = Subject(self.reference, face, (), (), self.work)
        return prove_hls4ml(subject, HlsSubject(self.plan, self.folder), events, 1)


def made(graph: Graph, folder: Path) -> Made:
    """Have hls4ml write the projects of a graph."""
    graph.shapes()
    reference = Reference.of(graph)
    found = plan(graph, reference.analysis)
    hls4ml_run.write_projects(found.projects, TARGET, folder / "hls", folder / "write")
    return Made(reference, found, folder / "hls", folder / "work")
