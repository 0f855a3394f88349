"""The commands ``fwgen build``, ``check``, ``verify`` and ``report``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

import fwgen
from fwgen.cli.shared import (
    Explain,
    Folder,
    Model,
    Scheduled,
    Strict,
    Targets,
    interruptible,
    out,
    progress,
)
from fwgen.flow import DEFAULT_EVENTS
from fwgen.report.build_tables import clock_missed
from fwgen.report.console import rich_table, show

MAX_EVENTS = 1_000_000_000

Events = Annotated[int, typer.Option("--events", min=1, max=MAX_EVENTS, help="Events to simulate.")]


def build(
    model: Model,
    target: Annotated[
        str | None,
        typer.Option(help="Device, board or full part number; 'fwgen targets' lists them."),
    ] = None,
    clock: Annotated[
        float | None, typer.Option(metavar="MHZ", help="Clock in MHz. Default: the model's.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Output folder. Default: build/<model name>.")
    ] = None,
    events: Events = DEFAULT_EVENTS,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that holds other files.")
    ] = False,
    targets_file: Targets = None,
    resources: Annotated[
        bool,
        typer.Option("--resources", help="Synthesise with Yosys: LUTs, DSPs, timing; minutes."),
    ] = False,
    schedule: Scheduled = None,
    explain: Explain = False,
    strict: Strict = False,
) -> None:
    """Build a model: Verilog, benches, proof and report.

    Ends with 0 when built and verified, 2 for bad input or a missing tool, 3 when an
    implementation differs from the reference, 4 when a budget is missed, the device is too
    small or a loop too long for the clock, and --strict was given.
    """
    with interruptible():
        built = fwgen.build(
            model,
            target=target,
            clock_mhz=clock,
            out=folder,
            events=events,
            schedule=schedule,
            resources=resources,
            force=force,
            explain=explain,
            targets=targets_file,
            progress=progress(events),
        )
    show(built.report, out)
    out.print(Text(f"written to {built.folder}"))
    built.judge(strict=strict)


def check(
    model: Model,
    clock: Annotated[
        float | None, typer.Option(metavar="MHZ", help="Clock in MHz. Default: the model's.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Device, board or full part number. Default: the model's.")
    ] = None,
    targets_file: Targets = None,
    schedule: Scheduled = None,
    explain: Explain = False,
) -> None:
    """Validate a model; estimate its latency and LUTs in seconds.

    Schema, shapes, formats, ranges, lowering; nothing is built. Budgets are compared with the
    scheduled latency and interval.
    """
    with interruptible():
        found = fwgen.check(
            model,
            target=target,
            clock_mhz=clock,
            schedule=schedule,
            explain=explain,
            targets=targets_file,
            progress=progress(),
        )
    out.print(Text(found.text), soft_wrap=True)
    for table in found.tables:
        out.print(rich_table(table))
    slow = clock_missed(found.report)
    out.print(Text(str(found), style="bold yellow" if slow else "bold green"))


def verify(
    folder: Folder,
    events: Events = DEFAULT_EVENTS,
    backend: Annotated[
        str | None, typer.Option(metavar="NAME", help="native, cocotb, hls4ml. Default: all.")
    ] = None,
    strict: Strict = False,
) -> None:
    """Simulate a build again, with as many events as you like.

    Its report is brought up to date.
    """
    from fwgen.flow.benches import check_backends

    check_backends([backend] if backend else [])  # before it is said that the folder is no build
    with interruptible():
        built = fwgen.load(folder).verify(events, backend=backend, progress=progress(events))
    show(built.report, out)
    for name, bench in built.benches.items():
        speed = f", {bench.events_per_second:,.0f} events a second" if name == "native" else ""
        out.print(Text(f"{name}: {bench.events:,} events in {bench.seconds:.1f} s{speed}"))
    built.judge(strict=strict)


def report(
    folder: Folder,
    vivado: Annotated[
        Path | None,
        typer.Option(
            metavar="REPORTS", help="Read Vivado's text reports in this folder into the report."
        ),
    ] = None,
    strict: Strict = False,
) -> None:
    """Show the report of a build, with every number format."""
    built = fwgen.load(folder)
    if vivado is not None:
        built = built.read_vivado(vivado)
    edited = [f"{note}: the figures above are of the build" for note in built.edits()]
    show(built.report | {"notes": [*built.notes, *edited]}, out, formats=True)
    if strict:
        built.judge(strict=True)
