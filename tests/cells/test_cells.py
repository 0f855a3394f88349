"""The hand-written cells, each by itself: what they do, and which parameters they refuse."""

import random
import re
from pathlib import Path

import pytest

from fwgen.assets import asset_dir
from fwgen.tools import toolchain
from tests.cells.bench import CASES, Case, compiled, simulate, stimulus
from tests.cells.models import CELLS, Parameters, Trace

FOLDER = asset_dir("templates") / "cells"
CYCLES, SEEDS = 1500, (1, 2, 3)
REFUSED = [Case(name, bad) for name, cell in CELLS.items() for bad in cell.refused]


def test_every_cell_is_here() -> None:
    """No cell is without a model."""
    assert sorted(CELLS) == sorted(path.stem for path in FOLDER.glob("*.v"))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cells with all parameters as one simulation."""
    return compiled(CASES, tmp_path_factory.mktemp("cells"))


@pytest.fixture(scope="module", params=SEEDS)
def run(request: pytest.FixtureRequest, program: Path) -> tuple[list[Trace], list[Trace]]:
    """What was given to each case, and what it showed, from one power-up state."""
    draw = random.Random(request.param)  # noqa: S311 - stimulus
    given = [stimulus(case, CYCLES, draw) for case in CASES]
    return given, simulate(CASES, given, program, request.param)


@pytest.mark.parametrize("index", range(len(CASES)), ids=[str(case) for case in CASES])
def test_a_cell_does_what_its_model_does(run: tuple[list[Trace], list[Trace]], index: int) -> None:
    """From any power-up state, in every cycle in which the cell promises something."""
    case, (given, shown) = CASES[index], run
    wanted = CELLS[case.cell].model(case.parameters, given[index])
    for port, values in wanted.items():
        pairs = list(zip(values, shown[index][port], strict=True))
        assert sum(value is not None for value in values) > CYCLES // 8
        wrong = [(t, *pair) for t, pair in enumerate(pairs) if pair[0] not in (None, pair[1])]
        assert not wrong, f"{port}: (cycle, wanted, shown) {wrong[:3]}"


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_cell_refuses_bad_parameters(case: Case) -> None:
    """Elaboration stops, and the message says which cell needs what."""
    done = toolchain.run_tool(_lint(case.cell, case.parameters), toolchain.environment())
    assert done.returncode
    found = re.search(r"Cannot find file containing module: '(\w+)'", done.stdout)
    assert found, done.stdout
    assert found[1] == CELLS[case.cell].refusal


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_cell_is_clean_with_good_parameters(case: Case) -> None:
    """Verilator has no objection to a set that is allowed."""
    done = toolchain.run_tool(_lint(case.cell, case.parameters), toolchain.environment())
    assert not done.returncode, done.stdout


def _lint(cell: str, parameters: Parameters) -> list[str]:
    sizes = [f"-G{name}={value}" for name, value in parameters.items()]
    options = ["--lint-only", "-Wall", "--no-timing", "--top-module", cell]
    return ["verilator", *options, *sizes, str(FOLDER / f"{cell}.v")]
