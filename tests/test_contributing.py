"""CONTRIBUTING.md and the pages in docs: what they name exists, what they quote is what stands."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from fwgen.ir.nodes import ALL_NODES
from tests.module_map import FIRST, HEADING, PAGE, module_map
from tests.test_layout import PACKAGE
from tests.test_operations import STAGES

ROOT = PACKAGE.parent
CONTRIBUTING = PAGE.read_text(encoding="utf-8")
RECIPE = CONTRIBUTING.partition("\n## To add an operation\n")[2].partition("\n## ")[0]
PAGES = sorted({PAGE, ROOT / "README.md", *(ROOT / "docs").rglob("*.md")})
FAMILIES = sorted(p.stem for p in (PACKAGE / "ir" / "ops").glob("[!_]*.py"))
NAMED = re.compile(r"`((?:fwgen|tests|docs|templates|models|sim|vivado)/[\w./<>-]*|[A-Z]+\.md)`")
QUOTED = re.compile(r"^( *)```\w+\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def quotes() -> list[tuple[list[str], str]]:
    """Each piece of code in the recipe, with the files that its step names."""
    found = []
    for step in re.split(r"^(?=\d+\. |#)", RECIPE, flags=re.MULTILINE):
        files = [name for name in NAMED.findall(step) if (ROOT / name).is_file()]
        for indent, code in QUOTED.findall(step):
            lines = (line[len(indent) :] for line in code.splitlines())
            found.append((files, "".join(f"{line}\n" for line in lines)))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    """Of `<family>`, the module of at least one; of links, files of the repository."""
    text = page.read_text(encoding="utf-8")
    for name in NAMED.findall(text):
        assert any((ROOT / name.replace("<family>", f)).exists() for f in FAMILIES), name
    for target in re.findall(r"\]\((?!http|#)([^)#]+)(?:#[\w-]+)?\)", text):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", [*PAGES, PACKAGE], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_that_is_named_exists(page: Path) -> None:
    """In pages and in docstrings: ``fwgen.x.y`` is a module, or a name in one."""
    for path in page.rglob("*.py") if page.is_dir() else [page]:
        for name in re.findall(r"`(fwgen(?:\.\w+)+)`", path.read_text(encoding="utf-8")):
            module, left = PACKAGE, name.split(".")[1:]
            while left and ((module / left[0]).is_dir() or (module / f"{left[0]}.py").is_file()):
                module /= left.pop(0)
            file = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
            text = file.read_text(encoding="utf-8")
            assert all(re.search(rf"\b{part}\b", text) for part in left), f"{path}: {name}"


def test_the_module_map_is_that_of_the_modules() -> None:
    """Every module of fwgen and no other, with what its docstring says it is."""
    map_ = CONTRIBUTING.partition(HEADING)[2]
    assert FIRST + map_.partition(FIRST)[2] == module_map(), "run: python -m tests.module_map"


def test_the_recipe_names_the_families() -> None:
    """All of them, in the sentence that says what a family is."""
    sentence = re.search(r"\*\*Families\.\*\* .*?:(.*?)\.", CONTRIBUTING)
    assert sentence
    assert sorted(re.findall(r"`(\w+)`", sentence[1])) == FAMILIES


def test_the_recipe_names_every_table_of_rules() -> None:
    """Those that tests/test_operations.py walks, each with where its rules are written."""
    table = RECIPE.partition("| table | holds | written in |\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+?)` \| .+ \| (.+) \|$", table, re.MULTILINE)
    assert [name for name, _ in rows] == list(STAGES)
    for _, where in rows:
        assert NAMED.search(where), where


def test_the_code_of_the_recipe_stands_in_the_tree() -> None:
    """Each piece is part of a file that its step names, character by character."""
    assert len(quotes()) > 20
    for files, code in quotes():
        texts = [(ROOT / name).read_text(encoding="utf-8") for name in files]
        assert any(code in text for text in texts), f"{files}:\n{code}"


def test_the_examples_are_an_operation_of_each_kind() -> None:
    """The composite and the primitive of the recipe are nodes, quoted with their classes."""
    code = dedent("".join(text for _, text in quotes()))
    for op in ("reduce_max", "argmax"):
        node = next(n for n in ALL_NODES if n.op == op)
        assert f"class {node.__name__}(" in code


def test_the_recipe_lists_every_stage_of_its_examples() -> None:
    """A file of fwgen that knows an example's node by name is among the steps of its kind."""
    for kind, name in {"composite": "ReduceMax", "primitive": "ArgMax"}.items():
        steps = RECIPE.partition(f"\n### A {kind}\n")[2].partition("\n### ")[0]
        for path in PACKAGE.rglob("*.py"):
            if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8")):
                assert f"`{path.relative_to(ROOT)}`" in steps, path
