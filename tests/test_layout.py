"""The house: which stage may import which, and what leaves the library."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "fwgen"
STAGES = ("ir", "ingest", "quantise", "lower", "emit", "synth", "verify", "report")
SHARED = {"errors", "assets", "targets", "__init__", ""}


def imports(path: Path) -> Iterator[str]:
    """The second part of every 'fwgen.X...' that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] == "fwgen":
                yield [*name.split("."), ""][1]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_itself_and_earlier_ones(stage: str) -> None:
    """Data flows one way: a stage knows the stages before it, errors and shared tables only."""
    allowed = SHARED | set(STAGES[: STAGES.index(stage) + 1])
    for path in (PACKAGE / stage).rglob("*.py"):
        wrong = {name for name in imports(path) if name not in allowed}
        wrong -= {"__version__"}
        assert not wrong, f"{path.relative_to(PACKAGE)} imports {wrong}"


def test_only_the_command_line_prints() -> None:
    """Library code returns values; the command line shows them."""
    for path in PACKAGE.rglob("*.py"):
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"print", "eval", "exec"}
        ]
        assert not calls, f"{path.relative_to(PACKAGE)} calls print, eval or exec"


def test_every_module_says_what_it_is_and_stays_small() -> None:
    """A module opens with a docstring and has at most 400 lines."""
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), path.name
        assert len(text.splitlines()) <= 400, path.name


def test_no_pickle_and_no_shell() -> None:
    """Input is untrusted: no pickle, no shell strings, no unsafe YAML loader."""
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for word in ("import pickle", "shell=True", "os.system", "allow_pickle=True"):
            assert word not in text, f"{path.name}: {word}"
