"""What `fwgen.build` and `fwgen.load` return."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from fwgen.flow import DEFAULT_EVENTS
from fwgen.report.build_tables import verdict
from fwgen.report.document import load as load_report
from fwgen.report.markdown import to_markdown
from fwgen.results.figures import Figures

if TYPE_CHECKING:
    from fwgen.flow.progress import Stage
    from fwgen.verify.bench.prove import BenchResult


@dataclass(frozen=True, slots=True)
class Build(Figures):
    """A build in its folder.

    ``benches`` are those that ran in this process, with their wall times; a build that was opened
    has none. As a string it is its verdict; in a notebook it shows the whole report.
    """

    folder: Path
    benches: "Mapping[str, BenchResult]" = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, folder: str | PathLike[str]) -> "Build":
        """The build in a folder.

        Raises
        ------
        OutputError
            If the folder is none, or its report is damaged.
        """
        place = Path(folder)
        return cls(load_report(place / "report.json"), place)

    @property
    def mismatches(self) -> int:
        """Integers that differ from the reference, over all benches."""
        return int(self.report["verification"]["mismatches"])

    @property
    def events(self) -> int:
        """Events of the volume bench."""
        return int(self.report["verification"]["events"])

    @property
    def exact(self) -> bool:
        """Whether events were simulated and every integer was the reference's."""
        return self.events > 0 and self.mismatches == 0

    def edits(self) -> list[str]:
        """What in the folder is no longer as it was built; sentences.

        Raises
        ------
        OutputError
            If a file of the build is missing.
        """
        from fwgen.flow.writer import edits

        return edits(self.folder)

    def verify(
        self,
        events: int = DEFAULT_EVENTS,
        *,
        backend: str | None = None,
        progress: "bool | Stage | None" = None,
    ) -> "Build":
        """Simulate what is in the folder again; the build with its report brought up to date.

        Parameters
        ----------
        events
            Events for the volume bench.
        backend
            ``native``, ``cocotb`` or ``hls4ml``; None runs all.
        progress
            See `fwgen.build`.

        Raises
        ------
        FwgenError
            If the folder is no build any more, or a tool is missing. Mismatches are found, not
            raised.
        """
        from fwgen.flow.progress import stages
        from fwgen.flow.verify import verify
        from fwgen.verify.bench.prove import BACKENDS

        backends = BACKENDS if backend is None else (backend,)
        report, benches = verify(self.folder, events, backends, stages(progress, events))
        return Build(report, self.folder, benches)

    def implement(
        self, *, synth_only: bool = False, jobs: int = 2, progress: "bool | Stage | None" = None
    ) -> "Build":
        """Run Vivado on the build, out of context; the build with Vivado's figures.

        Parameters
        ----------
        synth_only
            Synthesise only: no placing and routing.
        jobs
            Threads that Vivado may use.
        progress
            See `fwgen.build`.

        Raises
        ------
        ToolError
            If Vivado is missing, or fails.
        OutputError
            If the folder holds no scripts for it.
        """
        from fwgen.flow.progress import stages
        from fwgen.flow.vivado import implement

        stage = stages(progress)
        report = implement(self.folder, synth_only=synth_only, jobs=jobs, stage=stage)
        return Build(report, self.folder)

    def read_vivado(self, reports: str | PathLike[str]) -> "Build":
        """The build with what Vivado's text reports say; ``reports`` is their folder.

        Raises
        ------
        OutputError
            If there is no report of Vivado's to be read.
        """
        from fwgen.flow.vivado import add_vendor

        return Build(add_vendor(self.folder, Path(reports)), self.folder)

    def judge(self, *, strict: bool = False) -> None:
        """Refuse a build that is not exact; with ``strict``, one that misses what it should meet.

        Raises
        ------
        MismatchError
            If an implementation differs from the reference.
        BudgetError, FitError
            If ``strict``: where a budget of the model is missed, a loop too long for the clock or
            the device too small.
        """
        from fwgen.flow.verdict import judge_build

        judge_build(self.report, strict=strict)

    def __str__(self) -> str:
        return verdict(self.report)

    def _repr_markdown_(self) -> str:
        return to_markdown(self.report)
