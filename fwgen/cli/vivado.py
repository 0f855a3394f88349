"""The command ``fwgen implement``."""

from typing import Annotated

import typer

import fwgen
from fwgen.cli.shared import Folder, Strict, out, progress
from fwgen.flow import MAX_JOBS
from fwgen.report.console import show


def implement(
    folder: Folder,
    synth_only: Annotated[
        bool, typer.Option("--synth-only", help="Synthesise only: no placing and routing.")
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, max=MAX_JOBS, help="Threads that Vivado may use.")
    ] = 2,
    strict: Strict = False,
) -> None:
    """Synthesise and implement a build with Vivado, and report it.

    It runs out of context.
    """
    built = fwgen.load(folder).implement(synth_only=synth_only, jobs=jobs, progress=progress())
    show(built.report, out)
    built.judge(strict=strict)
