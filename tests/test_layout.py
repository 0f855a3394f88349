"""The house: which stage may import which, and what leaves the library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "fwgen"
ORDER = (
    "errors",
    "assets",
    "devices",
    "tools",
    "ir",
    "ingest",
    "quantise",
    "lower",
    "hls",
    "emit",
    "synth",
    "verify",
    "report",
    "flow",
    "results",
    "cli",
)
"""Every package and module at the top, each importing itself and those before it only."""
MAX_MODULES = 15  # in one folder
MAX_IMPORTS = 12  # of fwgen's own modules, by one module


def imported(path: Path) -> set[str]:
    """The modules of fwgen that a module imports, by their full names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if _is_module(name) else node.module for name in whole}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] == "fwgen"}


def _is_module(name: str) -> bool:
    path = PACKAGE.parent / Path(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def top(name: str) -> str:
    """The second part of ``fwgen.X...``; empty for the package itself."""
    return [*name.split("."), ""][1]


def modules() -> list[Path]:
    """Every module of fwgen."""
    return sorted(PACKAGE.rglob("*.py"))


def test_everything_at_the_top_has_its_place_in_the_order() -> None:
    """No package and no module stands outside the order of dependence."""
    there = {p.stem for p in PACKAGE.glob("*.py")} | {p.parent.name for p in PACKAGE.glob("*/*.py")}
    assert there - {"__init__", "__main__"} == set(ORDER)


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_itself_and_earlier_ones(package: str) -> None:
    """Data flows one way: nothing reaches to what stands after it in the order."""
    allowed = {*ORDER[: ORDER.index(package) + 1], ""}
    for path in modules():
        if (
            top(f"fwgen.{path.relative_to(PACKAGE).with_suffix('').as_posix()}".replace("/", "."))
            == package
        ):
            wrong = {name for name in imported(path) if top(name) not in allowed}
            assert not wrong, f"{path.relative_to(PACKAGE)} imports {wrong}"


def test_no_folder_is_a_drawer() -> None:
    """A folder has at most 15 modules, `__init__` aside."""
    for folder in {path.parent for path in modules()}:
        inside = [p.name for p in folder.glob("*.py") if p.name != "__init__.py"]
        assert len(inside) <= MAX_MODULES, f"{folder.relative_to(PACKAGE)}: {len(inside)}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_few_others(path: Path) -> None:
    """At most 12 of fwgen's own modules: more is a module that does several things."""
    found = imported(path)
    assert len(found) <= MAX_IMPORTS, f"{len(found)}: {sorted(found)}"


def loaded_with(module: str) -> set[str]:
    """Every module that a fresh interpreter holds after importing one."""
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_lowering_reaches_no_reader_of_files_and_no_console() -> None:
    """What lowers a graph depends neither on how models are written nor on how they are shown."""
    loaded = loaded_with("fwgen.lower.lowering")
    assert not loaded & {"pydantic", "yaml", "h5py", "typer", "rich", "jinja2", "hls4ml", "cocotb"}


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
