"""What every command shares: the two consoles, common arguments, progress, Ctrl-C."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from fwgen.flow.progress import Stage, stage_lines

INTERRUPTED = 130

# tables need room: piped or on a narrow terminal they keep their lines whole
out = Console(width=max(Console().width, 120 if Console().is_terminal else 160))
err = Console(stderr=True)

Model = Annotated[Path, typer.Argument(help="A model.yaml, or the folder that holds one.")]
Folder = Annotated[Path, typer.Argument(help="A folder that 'fwgen build' has written.")]
Targets = Annotated[
    Path | None,
    typer.Option(
        "--targets", envvar="FWGEN_TARGETS", help="Your own devices and budgets; docs/targets.md."
    ),
]
Scheduled = Annotated[
    str | None,
    typer.Option(
        "--schedule",
        metavar="TEXT",
        help="auto, wavefront or unrolled; ,steps=N ,copies=N ,small. Default: the model's.",
    ),
]
Explain = Annotated[
    bool,
    typer.Option("--explain", help="Show every schedule to choose from, and what it costs."),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="End with 4 if a budget of the model is missed, the device is too small, or a loop "
        "too long for the clock.",
    ),
]


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end with one line and 130, once temporary folders are gone."""
    try:
        yield
    except KeyboardInterrupt:
        err.print(Text("interrupted", style="bold red"))
        raise typer.Exit(INTERRUPTED) from None


def progress(total: int = 0) -> Stage:
    """A line for each stage, and a bar where ``total`` events are counted."""
    return stage_lines(err, total)
