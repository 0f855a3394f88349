"""What every command shares: the two consoles, common arguments, progress, Ctrl-C."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from fwgen.flow.benches import Stage

INTERRUPTED = 130

# tables need room: piped or on a narrow terminal they keep their lines whole
out = Console(width=max(Console().width, 120 if Console().is_terminal else 160))
err = Console(stderr=True)

Model = Annotated[Path, typer.Argument(help="A model.yaml, or the folder that holds one.")]
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


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end with one line and 130, once temporary folders are gone."""
    try:
        yield
    except KeyboardInterrupt:
        err.print(Text("interrupted", style="bold red"))
        raise typer.Exit(INTERRUPTED) from None


def stage_lines(total: int) -> Stage:
    """Progress: a line for each stage with its time, and a bar where events are counted."""

    @contextmanager
    def stage(text: str) -> Iterator[Callable[[int], None]]:
        start = monotonic()
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
        )
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
            task = bar.add_task(text, total=total if "events" in text else None)
            yield lambda count: bar.update(task, advance=count)
        err.print(Text(f"{monotonic() - start:6.1f} s  {text}", style="dim"))

    return stage
