"""The comparison with the float model: ranks, ROC, decisions, and what is called the score."""

from dataclasses import replace

import numpy as np
import pytest

from fwgen.ingest.bundle.samples import SampleEvents
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    BatchNorm,
    Dense,
    Input,
    KlDivergence,
    Node,
    Quantise,
    Real,
    SquaredError,
    SumSquares,
    Threshold,
)
from fwgen.quantise.fold import FoldBatchNorm
from fwgen.quantise.passes import quantise
from fwgen.verify.float_model import evaluate
from fwgen.verify.layers.accuracy import (
    auc,
    compare,
    random_sample,
    rank_correlation,
    ranks,
    score_of,
)
from fwgen.verify.reference import Reference


def dense(name: str, source: str, weight: list[list[float]], fmt: str | None = None) -> Dense:
    """A dense layer without bias."""
    array = np.array(weight)
    wanted = Fixed.parse(fmt) if fmt else None
    return Dense(name, source, Real(array, wanted), Real(np.zeros(len(array))))


def network(value: float = 0.5) -> Graph:
    """One input pair, a clipped sum, a trigger on it."""
    nodes = (
        Input("x", 2, Fixed.parse("fixed<8,2>")),
        dense("sum", "x", [[1.0, 1.0]]),
        Quantise("clipped", "sum", Fixed.parse("ufixed<8,1,RND,SAT>")),
        Threshold("bit", "clipped", Real(np.array(value))),
    )
    return Graph("net", 1, nodes, ("clipped", "bit"))


def sample(name: str, label: str | None, x: list[list[float]]) -> SampleEvents:
    """Sample events called a toy."""
    return SampleEvents(name, "toy", label, "made here", np.array(x))


def test_ranks_share_ties() -> None:
    """Equal values share their mean rank."""
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_rank_correlation_of_an_order_and_its_reverse() -> None:
    """It is 1 for any monotone map, -1 for the reverse, and absent where one side is constant."""
    a = np.array([0.1, 5.0, 2.0, 7.0])
    assert rank_correlation(a, a**3) == 1.0
    assert rank_correlation(a, -a) == -1.0
    assert rank_correlation(a, np.ones(4)) is None


@pytest.mark.parametrize(
    ("background", "signal", "area"),
    [([1, 2], [3, 4], 1.0), ([3, 4], [1, 2], 0.0), ([1, 2], [1, 2], 0.5), ([1, 3], [2], 0.5)],
)
def test_auc(background: list[int], signal: list[int], area: float) -> None:
    """It counts how often a signal event lies above a background event, ties by half."""
    assert auc(np.array(background, float), np.array(signal, float)) == area


def test_the_score_is_what_the_trigger_reads() -> None:
    """The last threshold of one element names the score; without one the squared error does."""
    graph = network()
    assert score_of(graph) == "clipped"
    error = SquaredError("error", "x", "x")
    plain = replace(graph, nodes=(*graph.nodes[:1], error), outputs=("error",))
    assert score_of(plain) == "error"
    assert score_of(replace(graph, nodes=graph.nodes[:3], outputs=("clipped",))) is None


@pytest.mark.parametrize(
    "score",
    [SumSquares("s", "x"), KlDivergence("s", "x", "x", "x"), SquaredError("s", "x", "x")],
    ids=lambda node: node.op,
)
def test_scores_are_found(score: Node) -> None:
    """Without a threshold of one element, the last score ranks events."""
    graph = network()
    plain = replace(graph, nodes=(*graph.nodes[:3], score), outputs=("clipped", "s"))
    assert score_of(plain) == "s"


def test_a_score_behind_batch_normalisation() -> None:
    """Both models are compared layer by layer, whatever was folded into what."""
    norm = BatchNorm("norm", "sum", Real(np.array([0.5])), Real(np.array([0.25])))
    bit = Threshold("bit", "norm", Real(np.array(0.5)))
    graph = Graph("net", 1, (*network().nodes[:2], norm, bit), ("bit",))
    events = (sample("noise", None, [[0.0, 0.0], [0.25, 0.0], [0.75, 0.5]]),)
    result = compare(FoldBatchNorm().run(graph), Reference.of(quantise(graph)), events)
    assert result is not None
    assert result["score"] == "sum"
    assert result["sets"]["noise"]["score_largest_difference"] == 0.0
    assert result["sets"]["noise"]["triggers"]["bit"]["rate_float"] == 1 / 3


def test_the_float_model_clips_as_the_graph_says() -> None:
    """A saturating format is part of the function; its rounding is not."""
    x = np.array([[-1.0, 0.5], [1.5, 1.5], [0.25, 0.0625]])
    values = evaluate(network(), x)["clipped"][:, 0]
    assert values.tolist() == [0.0, 255 / 128, 0.3125]


def test_decisions_and_roc() -> None:
    """Rates of both models, their agreement, and the ROC of every background-signal pair."""
    graph = network()
    events = (
        sample("noise", "background", [[0.0, 0.0], [0.25, 0.0], [0.5, 0.001]]),
        sample("new", "signal", [[1.0, 0.5], [0.75, 0.0]]),
    )
    result = compare(FoldBatchNorm().run(graph), Reference.of(quantise(graph)), events)
    assert result is not None
    noise = result["sets"]["noise"]["triggers"]["bit"]
    # 0.501 passes in float; on the input's grid it is 0.5, which is not above the threshold
    assert noise == {"rate_float": 1 / 3, "rate_fixed": 0.0, "agreement": 2 / 3}
    assert result["auc"] == [
        {"background": "noise", "signal": "new", "float": 1.0, "fixed": 1.0, "difference": 0.0}
    ]


def test_random_events_stand_in_for_samples() -> None:
    """A model without samples is compared on random events, and the report calls them so."""
    made = random_sample(network(), 50)
    assert (made.kind, made.x.shape) == ("random", (50, 2))
    grid = made.x * 2.0**6
    assert np.array_equal(grid, np.round(grid))
