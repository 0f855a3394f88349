"""Composites: what files may say of axes, expanded, and the same in all implementations."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from fwgen.errors import GraphError
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Composite,
    Dense,
    LatencyEncoder,
    Node,
    Quantise,
    Real,
    ReduceMax,
    ReduceMin,
    Reshape,
    SpikeCount,
    Transpose,
)
from fwgen.quantise.expand import ExpandComposites
from fwgen.quantise.passes import quantise
from fwgen.verify.float_model import evaluate
from fwgen.verify.reference import Reference, quantise_input
from tests.ops.operation import Operation, const, graph_of, lif
from tests.ops.test_stateless import fmt
from tests.verify.hls_projects import made as projects

FORMAT = "fixed<6,5>"
X = np.arange(24.0)[None] - 12  # one event, exact in the format


def real(*nodes: Node) -> Graph:
    """A graph of real numbers on 24 inputs; what nobody reads is an output."""
    return graph_of(24, FORMAT, nodes)


def moved() -> list[Node]:
    """Transpositions of 2x3x4 and back."""
    nodes: list[Node] = [Reshape("r", "x", (2, 3, 4))]
    for axes in permutations(range(3)):
        name = "t" + "".join(map(str, axes))
        nodes += [Transpose(name, "r", axes), Reshape(f"{name}_flat", name, (24,))]
    return nodes


class TestMoved(Operation):
    """Every order of three axes."""

    @staticmethod
    def make() -> Graph:
        """The integer graph, composites expanded."""
        return quantise(real(*moved()))


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_a_transposition_is_numpys(axes: tuple[int, ...]) -> None:
    """Float model and reference give what numpy.transpose gives."""
    graph = real(Reshape("r", "x", (2, 3, 4)), Transpose("t", "r", axes))
    wanted = X.reshape(2, 3, 4).transpose(axes).reshape(1, -1)
    assert (evaluate(graph, X)["t"] == wanted).all()
    assert evaluate_exactly(graph)["t"].tolist() == wanted.tolist()


@pytest.mark.parametrize("op", [ReduceMax, ReduceMin])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_a_reduction_is_numpys(op: type[ReduceMax | ReduceMin], axis: int) -> None:
    """Float model and reference give what numpy.max and numpy.min give."""
    graph = real(Transpose("t", "r", (1, 2, 0)), op("m", "t", axis))
    graph = real(Reshape("r", "x", (2, 3, 4)), *graph.nodes[1:])
    x = X.reshape(2, 3, 4).transpose(1, 2, 0)
    wanted = (x.max(axis) if op is ReduceMax else x.min(axis)).reshape(1, -1)
    assert (evaluate(graph, X)["m"] == wanted).all()
    assert evaluate_exactly(graph)["m"].tolist() == wanted.tolist()


class TestReduced(Operation):
    """The largest and the smallest along each axis, one of them behind the other."""

    @staticmethod
    def make() -> Graph:
        """The integer graph, composites expanded."""
        nodes: list[Node] = [Reshape("r", "x", (2, 3, 4))]
        nodes += [ReduceMax(f"max{a}", "r", a) for a in range(3)]
        nodes += [ReduceMin(f"min{a}", "r", a) for a in range(3)]
        nodes += [ReduceMax("both", "min0", 0), ReduceMin("one", "both", -1)]
        return quantise(real(*nodes))


def evaluate_exactly(graph: Graph) -> dict[str, "np.ndarray"]:
    """Values of the event in real numbers, by the integer reference."""
    reference = Reference.of(quantise(graph))
    found = reference.run(quantise_input(reference.graph, X)).values
    fracs = {name: r.frac for name, r in reference.analysis.values.items()}
    return {name: value.astype(float) * 2.0 ** -fracs[name] for name, value in found.items()}


def test_expansion_leaves_no_composite() -> None:
    """The others keep their names, and so does the last of each expansion."""
    graph = real(*moved(), Quantise("q", "t012", fmt("fixed<4,3,RND,SAT>")))
    made = ExpandComposites().run(graph)
    assert {n.name for n in graph} <= {n.name for n in made}
    assert not any(isinstance(n, Composite) for n in made)
    assert made.shapes()["q"] == graph.shapes()["q"]


def test_neurons_read_vectors() -> None:
    """A layer with time steps refuses a value of several axes, and says what makes it a vector."""
    layers: list[Node] = [
        lif("l", "r", beta=1, threshold=const(2, "fixed<4,4>"), membrane="fixed<8,8,TRN,SAT>"),
        LatencyEncoder("l", "r", silent_zero=False),
    ]
    for layer in layers:
        graph = real(Reshape("r", "x", (4, 6)), layer, SpikeCount("n", "l"))
        with pytest.raises(GraphError, match="needed a vector; found 'r' of shape 4x6"):
            graph.shapes()


def test_a_matrix_at_many_positions_is_bounded() -> None:
    """However small the matrix is, its results have a limit."""
    size = 4096
    weight = Real(np.ones((5, 1)))
    layers = [Reshape("r", "x", (size, 1)), Dense("d", "r", weight, Real(np.zeros(5)))]
    with pytest.raises(GraphError, match="at most 16,384 elements; found 20,480, of shape 4096x5"):
        graph_of(size, FORMAT, layers).shapes()


REFUSED = {
    "transpose twice": (
        Transpose("t", "x", (0, 0)),
        "layer 't' (transpose): needed each of the axes 0 once; found [0, 0].",
    ),
    "an axis that is not there": (
        ReduceMax("m", "x", 1),
        "layer 'm' (reduce_max): needed an axis from -1 to 0; found 1.",
    ),
    "reshape to others": (
        Reshape("r", "x", (5, 5)),
        "layer 'r' (reshape): needed axes of 24 elements together, those of 'x' (24)",
    ),
}


@pytest.mark.parametrize(("node", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(node: Node, message: str) -> None:
    """Axes that are not there, in words."""
    with pytest.raises(GraphError) as found:
        real(node).shapes()
    assert str(found.value).startswith(message)


def test_hls4ml_gives_the_same_integers(tmp_path: Path) -> None:
    """What composites expand to, layer by layer."""
    whole = projects(TestMoved.make(), tmp_path)
    assert whole.plan.outside == {}
    bench = whole.prove(1000)
    assert (bench.first, bench.mismatches) == (None, 0)
