"""A wide sweep: random graphs in all implementations, a new seed each time it is started.

``FWGEN_TEST_SEED`` repeats a run; the seed of a failing graph stands in its output.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from fwgen.tools import toolchain
from tests.ops.operation import assert_bounded, implement, pick, random_graph, simulate, some_events

GRAPHS = 24
SEED = int(os.environ.get("FWGEN_TEST_SEED") or int.from_bytes(os.urandom(4), "little"))


@pytest.mark.slow
@pytest.mark.parametrize("index", range(GRAPHS))
def test_random_graph(index: int, tmp_path: Path) -> None:
    """A random graph at a random clock: bounds hold, lint is clean, the Verilog is exact."""
    seed = SEED + index
    print(f"FWGEN_TEST_SEED={seed}, index 0")  # noqa: T201 - repeats a failure
    graph = random_graph(seed)
    assert_bounded(graph, some_events(graph, 5000, seed))
    clock = pick(np.random.default_rng(seed), [20.0, 40.0, 160.0, 240.0, 360.0, 480.0])
    made = implement(graph, clock, tmp_path)
    assert toolchain.lint(made.files, made.interface.top) == ""
    for kind in ("back-to-back", "gaps", "resets"):
        assert simulate(made, some_events(graph, 5000, seed), kind, seed).first is None
