"""Progress on a terminal, in a notebook, and where nobody looks on."""

import builtins
import io
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from fwgen.flow import progress
from fwgen.flow.progress import cell_text, silent, stage_lines, stages


class Handle:
    """What IPython gives for something displayed that will change."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, bundle: Mapping[str, str], *, raw: bool) -> None:
        """Show another text in the same place."""
        assert raw
        self.shown.append(bundle["text/plain"])


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Handle:
    """As in a kernel of Jupyter: IPython is there, and no terminal."""
    handle, module = Handle(), ModuleType("IPython.display")

    def display(bundle: Mapping[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        assert bundle == {"text/plain": ""}
        return handle

    module.display = display  # type: ignore[attr-defined]
    package = ModuleType("IPython")
    package.display = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    return handle


def run(stage: progress.Stage) -> None:
    """Two stages, the second of which counts events."""
    with stage("first"):
        pass
    with stage("10 events") as advance:
        advance(4)
        advance(6)


def test_nothing_is_shown_where_nobody_looks_on(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe or a batch system is neither terminal nor notebook."""
    assert stages(None) is silent
    run(stages(None))
    assert capsys.readouterr() == ("", "")


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for, each stage is a line with its time, without any control sequence."""
    run(stages(True, 10))
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(" s  ")[1] for line in said.err.splitlines()] == ["first", "10 events"]
    assert "\x1b" not in said.err


def test_a_terminal_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """There progress is the default, and can be refused."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert stages(None) is not silent
    assert stages(False) is silent


def test_a_bar_counts_events_on_a_terminal() -> None:
    """The bar goes when the stage is done; its line stays."""
    stream = io.StringIO()
    run(stage_lines(Console(file=stream, force_terminal=True, width=80), 10))
    assert "10/10" in stream.getvalue()
    assert "s  10 events" in stream.getvalue().splitlines()[-1]


def test_a_notebook_has_one_text_that_grows(
    notebook: Handle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the default there, says what is under way and how far it is, and needs no widgets."""
    monkeypatch.setattr(progress, "_PAUSE", -1.0)
    run(stages(None, 10))
    lines = [text.splitlines() for text in notebook.shown]
    assert lines[0] == ["      .. first"]
    assert "      .. 10 events: 4 of 10" in [shown[-1] for shown in lines]
    assert [line.split(" s  ")[1] for line in lines[-1]] == ["first", "10 events"]
    assert capsys.readouterr() == ("", "")


def test_a_notebook_can_be_silent(notebook: Handle) -> None:
    """With ``progress=False`` nothing is displayed."""
    run(stages(False, 10))
    assert notebook.shown == []


def test_a_failing_stage_is_no_finished_one(notebook: Handle) -> None:
    """A stage that an error ends gets no time."""
    with pytest.raises(ValueError, match="x"), cell_text(0)("first"):
        raise ValueError("x")
    assert notebook.shown == ["      .. first"]


def test_a_function_of_the_caller_is_taken_as_it_is() -> None:
    """Whatever shows progress elsewhere."""

    def mine(text: str, /) -> Any:
        return silent(text)

    assert stages(mine) is mine
