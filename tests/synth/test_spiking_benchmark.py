"""The benchmark of spike-gated accumulators: one small layer always, the others when asked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.synth.spiking_benchmark import LAYERS, Row, prove, rows
from tests.synth.spiking_curves import Point, exponent, measure

SMALL = np.random.default_rng(0).integers(-128, 128, (4, 12))
NAIVE, SOLVER = 0.41, 0.50  # LUTs over those of the plain tree and of the best solver, at most


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the small layer is synthesised."""
    return tmp_path_factory.mktemp("small")


@pytest.fixture(scope="module")
def found(work: Path) -> list[Row]:
    """The small layer, 12 inputs and 4 neurons."""
    return rows(SMALL, work, ("tree", "solvers", "chosen"))


def test_small_layer_takes_fewer_luts_than_others(found: list[Row]) -> None:
    """The form chosen takes fewer LUTs than the plain tree by Yosys alone and than all solvers."""
    own, others = found[-1], [found[0], *(row for row in found if row.side.solver)]
    assert own.side.name.startswith("fwgen")
    assert len(others) >= 3
    for row in others:
        assert own.used.lut < row.used.lut, row.side.name


def test_wrong_weight_is_noticed(found: list[Row], work: Path) -> None:
    """Netlists of other weights are refused."""
    other = SMALL.copy()
    other[3, 11] += 1
    with pytest.raises(ValueError, match="does not give NumPy's integers"):
        prove(found, other, work)


def test_build_time_has_the_slope_of_its_figures() -> None:
    """Seconds that grow as the square of the synapses have an exponent of 2."""
    figures = measure(Point(4, 4))
    points = [Point(n, n) for n in (16, 32, 64)]
    squares = {p: replace(figures, seconds=float(p.synapses) ** 2) for p in points}
    assert round(exponent(squares), 6) == 2.0


@pytest.mark.benchmark
@pytest.mark.parametrize("name", ["64-32", "64-32-normal"])
def test_ratios_of_the_page(name: str, tmp_path: Path) -> None:
    """The LUTs over those of others are no worse than the page on performance states."""
    found = rows(LAYERS[name], tmp_path, ("tree", "solvers", "chosen"))
    own, solved = found[-1].used.lut, [row.used.lut for row in found if row.side.solver]
    assert own <= NAIVE * min(row.used.lut for row in found[:2])
    assert own <= SOLVER * min(solved)
