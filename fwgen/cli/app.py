"""The commands that build, check and report; the entry point."""

import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

import fwgen
from fwgen.cli.compare import compare
from fwgen.cli.shared import (
    Explain,
    Model,
    Scheduled,
    Targets,
    err,
    interruptible,
    out,
    stage_lines,
)
from fwgen.devices.catalogue import check_clock
from fwgen.errors import BudgetError, FitError, FwgenError, MismatchError
from fwgen.flow import build as flow
from fwgen.flow.import_ import answers_of, import_model
from fwgen.flow.prepare import prepare, schedule_of, set_times
from fwgen.flow.synthesis import estimate_block
from fwgen.flow.vivado import MAX_JOBS, add_vendor
from fwgen.flow.vivado import implement as run_vivado
from fwgen.ingest.sources import Request
from fwgen.ingest.targets import catalogue
from fwgen.ir.text import to_text
from fwgen.lower.circuit.pace import Pace
from fwgen.report import console as terminal
from fwgen.report import document as reports
from fwgen.report.build_tables import (
    budget_table,
    clock_missed,
    format_table,
    missed,
    schedule_table,
    speed,
)
from fwgen.report.device_tables import target_tables
from fwgen.report.fit import does_not_fit
from fwgen.report.formats import format_list
from fwgen.report.table import Table
from fwgen.tools import toolchain
from fwgen.verify.bench.prove import BACKENDS

MAX_EVENTS = 1_000_000_000

app = typer.Typer(
    name="fwgen",
    help="Trigger firmware from trained networks, proven bit-exact before any vendor tool runs.\n\n"
    "Start, in a clone of the repository, with:\n\n"
    "fwgen build models/snn_ae/model.yaml --target xcvu9p",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Build = Annotated[Path, typer.Argument(help="A folder that 'fwgen build' has written.")]
Events = Annotated[int, typer.Option("--events", min=1, max=MAX_EVENTS, help="Events to simulate.")]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="End with 4 if a budget of the model is missed, the device is too small, or a loop "
        "too long for the clock.",
    ),
]


@app.command()
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
    events: Events = flow.DEFAULT_EVENTS,
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
    options = flow.Options(
        target, clock, folder, events, force, targets_file, resources, schedule, explain
    )
    with interruptible():
        place, report = flow.build(model, options, stage_lines(events))
    terminal.show(report, out)
    out.print(Text(f"written to {place}"))
    _judge(report, strict)


@app.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(help="A trained model's file: NIR, snnTorch, Keras, QKeras, HGQ2, ONNX."),
    ],
    folder: Annotated[Path, typer.Option("--out", "-o", help="Folder for the bundle.")],
    producer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Who wrote a .nir file; answers for it: snntorch, norse, sinabs."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An answer to what the file leaves open; may stand several times.",
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="Number format of what the file gives none, for example fixed<16,6,RND_CONV,SAT>.",
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(
            metavar="NPZ", help="Events, array x, for formats that follow from their range."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model. Default: -o's.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the bundle in a folder that holds files.")
    ] = False,
) -> None:
    """Make a model of a trained network's file.

    What is written serves fwgen check, build and compare. The training framework is not needed.
    Begin without --set: what the file leaves open is asked for in one message. docs/import.md
    explains every format.
    """
    answers = answers_of(settings or [])
    title = name or folder.resolve().name
    request = Request(source, title, answers, producer, precision, samples)
    bundle = import_model(request, folder, force=force)
    for note in filter(None, [bundle.settings.provenance.notes]):
        out.print(Text(note))
    model = bundle.settings
    out.print(
        Text(
            f"{len(bundle.graph.nodes) - 1} layers written to {folder / 'model.yaml'}, for "
            f"{model.clock_mhz:g} MHz on {model.target}; next: fwgen check {folder}"
        )
    )


@app.command()
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
    known, stage = catalogue(targets_file), stage_lines(0)
    with interruptible(), stage("reading the model, fixing formats, checking ranges"):
        ready = prepare(model)
    given = clock if clock is not None else ready.bundle.settings.clock_mhz
    device = known.device(target or ready.bundle.settings.target)
    pace = Pace.of(device, check_clock(given))
    with interruptible(), stage(f"lowering for {given:g} MHz"):
        lowerings, chosen = schedule_of(ready, pace, schedule, explain=explain)
        design = lowerings.best(chosen.schedule)
        chosen = chosen.built(design)
    times: dict[str, Any] = {"clock_mhz": given}
    set_times(times, ready, design, {}, known.budgets)
    cost = estimate_block(design)
    rows = format_list(ready.graph, ready.reference.analysis, ready.bundle.graph)
    out.print(Text(to_text(ready.graph)), soft_wrap=True)
    out.print(terminal.rich_table(format_table(rows)))
    out.print(terminal.rich_table(budget_table(times)))
    if chosen.candidates and (explain or chosen.why != "asked for"):
        out.print(terminal.rich_table(schedule_table(chosen.as_json())))
    out.print(
        Text(
            f"{ready.graph.name} is valid: {speed(times)} at {given:g} MHz, as scheduled for "
            f"{device.name}; {cost['lut']:,} LUT, "
            f"{cost['ff']:,} FF, {cost['dsp']:,} DSP estimated; 'fwgen build' measures and proves",
            style="bold yellow" if clock_missed(times) else "bold green",
        )
    )


app.command()(compare)


@app.command()
def verify(
    folder: Build,
    events: Events = flow.DEFAULT_EVENTS,
    backend: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"{', '.join(BACKENDS)}. Default: all.")
    ] = None,
    strict: Strict = False,
) -> None:
    """Simulate a build again, with as many events as you like.

    Its report is brought up to date.
    """
    backends = (backend,) if backend else BACKENDS
    with interruptible():
        report, benches = flow.verify(folder, events, backends, stage_lines(events))
    terminal.show(report, out)
    for name, bench in benches.items():
        speed = f", {bench.events_per_second:,.0f} events a second" if name == "native" else ""
        out.print(Text(f"{name}: {bench.events:,} events in {bench.seconds:.1f} s{speed}"))
    _judge(report, strict)


@app.command()
def report(
    folder: Build,
    vivado: Annotated[
        Path | None,
        typer.Option(
            metavar="REPORTS", help="Read Vivado's text reports in this folder into the report."
        ),
    ] = None,
    strict: Strict = False,
) -> None:
    """Show the report of a build, with every number format."""
    loaded = reports.load(folder / "report.json") if vivado is None else add_vendor(folder, vivado)
    edited = [f"{note}: the figures above are of the build" for note in flow.edits(folder)]
    terminal.show(loaded | {"notes": loaded["notes"] + edited}, out, formats=True)
    if strict:
        _judge(loaded, strict)


@app.command()
def implement(
    folder: Build,
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
    found = run_vivado(folder, synth_only=synth_only, jobs=jobs, stage=stage_lines(0))
    terminal.show(found, out)
    _judge(found, strict)


@app.command()
def targets(
    targets_file: Targets = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also say where each figure comes from.")
    ] = False,
) -> None:
    """List the devices, boards and budgets that fwgen knows by name."""
    for table in target_tables(catalogue(targets_file), sources=verbose):
        out.print(terminal.rich_table(table))


@app.command()
def doctor() -> None:
    """Say which tools are here or missing, and how to get them."""
    tools = toolchain.tools()
    rows = [
        (
            tool.name,
            "optional" if tool.optional else "needed",
            tool.version if tool.found else "MISSING",
            tool.needed_for,
            "" if tool.found else tool.how_to_get,
        )
        for tool in tools
    ]
    head = ("tool", "", "version", "needed for", "how to get it")
    out.print(terminal.rich_table(Table("Tools", head, rows)))
    toolchain.require(*(tool.name for tool in tools if not tool.optional))
    out.print(Text("all that 'fwgen build' needs is here", style="bold green"))


def _version(wanted: bool) -> None:
    if wanted:
        out.print(Text(f"fwgen {fwgen.__version__}"))
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def _terminated(_signal: int, _frame: object) -> None:
    """A batch system's SIGTERM: leave as after Ctrl-C, so that temporary folders go."""
    raise KeyboardInterrupt


def _judge(report: dict[str, Any], strict: bool) -> None:
    verification = report["verification"]
    if verification["mismatches"]:
        firsts = [b["first_mismatch"] for b in verification["backends"].values()]
        raise MismatchError(
            f"model '{report['model']}'",
            needed="every implementation to equal the integer reference on every event",
            found=f"{verification['mismatches']:,} mismatches; first: "
            f"{next((f for f in firsts if f), 'none described')}",
            do="If rtl/ and hls/ were not edited this is a fault of fwgen; please report it.",
        )
    over = does_not_fit(report)
    if strict and over:
        raise FitError(
            f"model '{report['model']}'",
            needed=f"a design that fits {report['target']}",
            found="; ".join(map(str, over)),
            do="Choose a larger device, narrower formats, or a schedule that shares hardware.",
        )
    if strict and clock_missed(report):
        raise BudgetError(
            f"model '{report['model']}'",
            needed=f"loops that fit into a cycle of {report['loop']['cycle_ns']:g} ns",
            found=f"{report['loop']['ns']:g} ns for that of '{report['loop']['layer']}'",
            do="Choose a slower clock, fewer steps a clock, or narrower membranes.",
        )
    if strict and missed(report):
        raise BudgetError(
            f"model '{report['model']}'",
            needed="every budget of the model to be met",
            found=f"missed: {', '.join(missed(report))}",
            do="Choose a faster clock, fewer steps, or a wider budget in model.yaml.",
        )


def main() -> None:
    """Entry point: run the command line and turn errors into exit codes."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app(prog_name="fwgen")
    except FwgenError as error:
        err.print(Text(f"error: {error}", style="bold red"), soft_wrap=True)
        sys.exit(error.exit_code)
