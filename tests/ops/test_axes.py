"""Values with several axes: gathers, reductions, and what acts on each channel."""

from pathlib import Path

import numpy as np

from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Add,
    ArgMax,
    BatchNorm,
    Gather,
    LeakyRelu,
    Node,
    Quantise,
    Reduce,
    Reduction,
    Relu,
    SumSquares,
    Threshold,
)
from tests.ops.operation import Operation, const, dense, graph_of
from tests.ops.test_stateless import fmt
from tests.verify.hls_projects import made as projects
from tests.verify.test_reference import assert_interpreted, some_events


def gathered(name: str, source: str, indices: "list[int] | np.ndarray", *dims: int) -> Gather:
    """A gather with these axes."""
    return Gather(name, source, np.asarray(indices, dtype=np.intp), dims)


def reduced(name: str, source: str, function: str, count: int) -> Reduce:
    """A reduction of ``count`` elements each."""
    return Reduce(name, source, Reduction(function), count)


def axes() -> list[Node]:
    """Twelve inputs as 4 positions of 3 channels, and what is done with them."""
    return [
        gathered("g", "x", [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], 4, 3),
        gathered("some", "x", [5, 5, 0], 3),
        reduced("each_max", "g", "max", 3),
        reduced("each_min", "g", "min", 3),
        reduced("max", "each_max", "max", 4),
        reduced("min", "some", "min", 3),
        dense("d", "g", [[3, -1, 0], [2, 5, -7]], [1, -4], frac=1, bias_frac=3),
        BatchNorm("n", "d", const([3, -5], "fixed<4,2>"), const([1, 7], "fixed<5,2>")),
        LeakyRelu("l", "n", const([1, -1], "fixed<3,1>")),
        Threshold("t", "l", const([2, -3], "fixed<6,6>")),
        Relu("r", "d"),
        Quantise("q", "r", fmt("ufixed<5,4,RND_CONV,SAT>")),
        Add("a", "q", "n"),
        SumSquares("s", "a"),
        gathered("turned", "q", [0, 2, 4, 6, 1, 3, 5, 7], 2, 4),
        reduced("pooled", "turned", "max", 4),
        dense("apart", "pooled", [[1, 0], [1, 0], [-1, 2]], [0, 90, 0]),
        ArgMax("which", "g", 3),
        ArgMax("best", "each_max", 4),
        ArgMax("ties", "some", 3),  # two are the same input
        ArgMax("later", "apart", 3),
        reduced("known", "apart", "max", 3),  # the second is always the larger of the first two
    ]


class TestAxes(Operation):
    """Gathers, reductions and layers on the last axis."""

    @staticmethod
    def make() -> Graph:
        """Signed inputs."""
        return graph_of(12, "fixed<6,4>", axes())


class TestAxesAtAFastClock(TestAxes):
    """With registers inside of the trees."""

    clock_mhz = 600.0


def test_the_law_of_axes() -> None:
    """The reference gives what the fractions give."""
    graph = TestAxes.make()
    graph.shapes()
    assert_interpreted(graph, some_events(graph, 20, 1)[:40])


def test_hls4ml_gives_the_same_integers(tmp_path: Path) -> None:
    """Pools, matrices at each position and numbers a channel, layer by layer."""
    whole = projects(TestAxes.make(), tmp_path)
    assert set(whole.plan.outside) == {"which", "best", "ties", "later"}
    bench = whole.prove(2000)
    assert (bench.first, bench.mismatches) == (None, 0)
