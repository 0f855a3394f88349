"""The command line. Errors of the input or the machine end here, as one message each."""

import signal
import sys
from typing import Annotated

import typer
from rich.text import Text

import fwgen
from fwgen.cli.build import build, check, report, verify
from fwgen.cli.compare import compare
from fwgen.cli.import_ import import_
from fwgen.cli.info import doctor, targets
from fwgen.cli.shared import err, out
from fwgen.cli.vivado import implement
from fwgen.errors import FwgenError

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
app.command()(build)
app.command("import")(import_)
for _command in (check, compare, verify, report, implement, targets, doctor):
    app.command()(_command)


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


def main() -> None:
    """Entry point: run the command line and turn errors into exit codes."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app(prog_name="fwgen")
    except FwgenError as error:
        err.print(Text(f"error: {error}", style="bold red"), soft_wrap=True)
        sys.exit(error.exit_code)
