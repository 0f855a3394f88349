"""The command ``fwgen compare``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

import fwgen
from fwgen.cli.shared import Model, Targets, err, interruptible, out, progress
from fwgen.report.compare_tables import agrees, difference_table, first_lines, notes
from fwgen.report.console import rich_table


def compare(
    model: Model,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="OUTPUTS.npz",
            help="Inputs 'x' and layers' outputs of your framework. Default: the model's samples.",
        ),
    ] = None,
    firmware: Annotated[
        bool,
        typer.Option("--firmware/--no-firmware", help="Simulate the Verilog too; about a minute."),
    ] = True,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 3 if an array of yours differs.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures there too.")
    ] = None,
    targets_file: Targets = None,
) -> None:
    """Compare layer by layer; find the first layer that differs.

    Compared with the integer reference are the float model, your framework's outputs, and the
    firmware: its Verilog, simulated on the same events. Only a model's outputs leave the firmware.

    OUTPUTS.npz holds 'x' (events, size), the inputs as the network sees them: scaled already, not
    yet rounded to the input's format. Every other array bears a layer's name and holds that
    layer's output, (events, size), or (events, steps, size) for what has a value a time step;
    NAME.membrane is the membrane of the spiking layer NAME after each step. Leave out what you do
    not have. Write it with numpy.savez; docs/compare.md has an example.

    Numbers of yours are equal if they are exactly the reference's: there is no tolerance. A
    float model's outputs cannot be, so a difference is reported and ends with 0.

    Ends with 0 when compared, 2 for bad input or a missing tool, 3 when the firmware differs from
    the reference, or with --strict when an array of yours does.
    """
    if json_file is not None:
        _check_json(json_file, model, against)
    with interruptible():
        found = fwgen.compare(
            model,
            against,
            firmware=firmware,
            strict=strict,
            targets=targets_file,
            progress=progress(),
        )
    out.print(rich_table(difference_table(found.report)))
    for line in notes(found.report):
        out.print(Text(f"note: {line}", style="yellow"))
    for key, line in first_lines(found.report).items():
        style = "bold green" if agrees(found.report, key) else "bold"
        out.print(Text(line, style=style), soft_wrap=True)
    if json_file is not None:
        found.save(json_file)
        err.print(Text(f"written to {json_file}", style="dim"))
    found.judge(strict=strict)


def _check_json(path: Path, model: Path, against: Path | None) -> None:
    """Refuse a file that cannot be, or that is read, before minutes are spent."""
    from fwgen.flow.writer import check_json

    folder = model if model.is_dir() else model.parent
    check_json(path, [*folder.glob("*.yaml"), *folder.glob("*.npz"), *filter(None, [against])])
