"""The module map of CONTRIBUTING.md: every module of fwgen with the first line of its docstring.

``python -m tests.module_map`` writes it anew.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.test_layout import ORDER, PACKAGE

PAGE = PACKAGE.parent / "CONTRIBUTING.md"
HEADING = "\n## Module map\n"
FIRST = "\n### `fwgen/`"


def module_map() -> str:
    """Packages in the order of dependence, each with its modules and then its folders."""
    alone = [PACKAGE / f"{name}.py" for name in ORDER]
    top = [PACKAGE / "__init__.py", PACKAGE / "__main__.py", *(p for p in alone if p.is_file())]
    parts = [_section(PACKAGE, top)]
    for name in ORDER:
        parts += _sections(PACKAGE / name)
    return "".join(parts)


def _sections(folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        return
    yield _section(folder, [p for p in sorted(folder.glob("*.py")) if p.name != "__init__.py"])
    for inner in sorted(p.parent for p in folder.glob("*/__init__.py")):
        yield from _sections(inner)


def _section(folder: Path, modules: list[Path]) -> str:
    about = "" if folder == PACKAGE else f": {first_line(folder / '__init__.py')}"
    name = folder.relative_to(PACKAGE.parent).as_posix()
    lines = (f"- `{path.name}`: {first_line(path)}\n" for path in modules)
    return f"\n### `{name}/`{about}\n\n{''.join(lines)}"


def first_line(path: Path) -> str:
    """The first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return (text or "").partition("\n")[0].replace("``", "`").rstrip(".")


def main() -> None:
    """Write the map into the page, in place of the one that stands there."""
    before, found, after = PAGE.read_text(encoding="utf-8").partition(HEADING)
    about = after.partition(FIRST)[0].rstrip()
    PAGE.write_text(f"{before}{found}{about}\n{module_map()}", encoding="utf-8")


if __name__ == "__main__":
    main()
