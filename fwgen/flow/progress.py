"""Progress of what takes its time: lines on a terminal, a text that grows in a notebook."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

_PAUSE = 0.2  # seconds between two changes of a notebook's text


class Stage(Protocol):
    """Shows a stage's text and time; inside, it takes counts of events."""

    def __call__(self, text: str, /) -> AbstractContextManager[Any]:
        """Begin a stage."""


def silent(_text: str, /) -> AbstractContextManager[Any]:
    """A stage that shows nothing."""
    return nullcontext(lambda _count: None)


def stages(progress: "bool | Stage | None", total: int = 0) -> Stage:
    """What shows the progress that a caller wants.

    Parameters
    ----------
    progress
        True and False say whether to show it; None shows it where somebody looks on, in a
        notebook or on a terminal. A function of the caller's own is taken as it is.
    total
        Events of the stage that counts them.
    """
    if callable(progress):
        return progress
    console = Console(stderr=True)
    looked_at = console.is_jupyter or sys.stderr.isatty()
    if progress is False or (progress is None and not looked_at):
        return silent
    return cell_text(total) if console.is_jupyter else stage_lines(console, total)


def stage_lines(console: Console, total: int) -> Stage:
    """A line for each stage with its time, and on a terminal a bar where events are counted."""

    @contextmanager
    def stage(text: str) -> Iterator[Callable[[int], None]]:
        start = monotonic()
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
        )
        quiet = not console.is_terminal
        with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
            task = bar.add_task(text, total=total if "events" in text else None)
            yield lambda count: bar.update(task, advance=count)
        console.print(Text(_line(start, text), style="dim"))

    return stage


def cell_text(total: int) -> Stage:
    """One text below a notebook's cell that grows by a line a stage; needs no widgets."""
    from IPython.display import display  # noqa: PLC0415 - there where a notebook runs

    lines: list[str] = []
    handle = display({"text/plain": ""}, raw=True, display_id=True)

    def show(last: str) -> None:
        handle.update({"text/plain": "\n".join([*lines, last])}, raw=True)

    @contextmanager
    def stage(text: str) -> Iterator[Callable[[int], None]]:
        start = shown = monotonic()
        done = 0
        show(f"      .. {text}")

        def advance(count: int) -> None:
            nonlocal done, shown
            done += count
            if monotonic() - shown > _PAUSE:
                shown = monotonic()
                show(f"      .. {text}: {done:,} of {total:,}")

        yield advance
        show(_line(start, text))
        lines.append(_line(start, text))

    return stage


def _line(start: float, text: str) -> str:
    return f"{monotonic() - start:6.1f} s  {text}"
