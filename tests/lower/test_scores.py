"""Scores, and thresholds that are decided beside them."""

import numpy as np
import pytest

from fwgen.ir.graph import Graph
from fwgen.ir.nodes import KlDivergence, Node, SquaredError, SumSquares, Threshold
from fwgen.lower import lowering
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import CircuitBlock, Design
from fwgen.lower.lowering import decisions, lower
from fwgen.lower.static import feed_forward
from fwgen.lower.static.scores import Score
from fwgen.quantise.analysis import analyse
from fwgen.verify.reference import Reference
from tests.lower.evaluate import outputs
from tests.ops.operation import const, dense, graph_of, ints

EYE = np.eye(3, dtype=int)
SCORES: dict[str, Score] = {
    "sum_squares": SumSquares("s", "x"),
    "squared_error": SquaredError("s", "x", "d"),
    "kl_divergence": KlDivergence("s", "d", "x", "e"),
}


def graph(score: Score, *limits: int) -> Graph:
    """A score of three numbers and what it reads, with a threshold for each limit."""
    maps = [dense("d", "x", EYE[::-1] * 3, frac=1), dense("e", "x", EYE * 2 - 1)]
    read = [node for node in maps if node.name in score.sources]
    bits = [Threshold(f"t{i}", "s", const(n, "fixed<20,20>")) for i, n in enumerate(limits)]
    return graph_of(3, "fixed<4,4>", [*read, score, *bits])


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_a_decision_is_that_of_the_reference(score: Score) -> None:
    """On all events of three numbers of four bits: above, at and below each limit."""
    made = graph(score, 0, 1, 17, 40, -5)
    reference = Reference.of(made)
    values = reference.analysis.values
    x = np.stack(np.meshgrid(*[np.arange(-8, 8)] * 3), axis=-1).reshape(-1, 3)[::5]
    trace = reference.run(ints(x)).values
    limits = decisions(made, values)["s"]
    assert len(limits) == 5
    circuit = feed_forward.score(score, values, Pace(240.0), {}, limits)
    ports = feed_forward.ports(score)
    for event in range(len(x)):
        given = {port: trace[name][event].tolist() for name, port in ports.items()}
        found = [vector[0] for vector in outputs(circuit, given)]
        wanted = [int(trace[name][event, 0]) for name in ("s", *limits)]
        assert found == wanted
    assert all(0 < trace[name].mean() < 1 for name in ("t1", "t2", "t3"))


def test_a_limit_out_of_reach_is_a_constant() -> None:
    """A score that is always above a limit, or never, needs no logic to say so."""
    made = graph(SCORES["sum_squares"], -1, 500)
    values = analyse(made).values
    limits = decisions(made, values)["s"]
    circuit = feed_forward.score(SCORES["sum_squares"], values, Pace(240.0), {}, limits)
    assert [port.words[0].constant for port in circuit.outputs] == [False, True, True]
    assert [port.words[0].lo for port in circuit.outputs[1:]] == [1, 0]


def long_path(*more: Node) -> Graph:
    """A score at whose end no time is left for a comparison at this clock."""
    weight = np.random.default_rng(1).integers(-127, 128, (8, 16))
    limit = const(999999, "fixed<40,40>")
    last: list[Node] = [SumSquares("s", "d"), Threshold("t", "s", limit), *more]
    return graph_of(16, "fixed<8,8>", [dense("d", "x", weight), *last])


def with_decisions(design: Design) -> list[str]:
    """Thresholds that have no block of their own."""
    blocks = (b for b in design.blocks if isinstance(b, CircuitBlock))
    return [signal.net for block in blocks for _, signal in block.outputs[1:]]


def test_it_saves_a_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somewhere between two clocks the decision behind the score costs a cycle more."""
    made = long_path()
    clocks = [Pace(clock) for clock in (150.0, 175.0, 300.0, 400.0)]
    beside = [lower(made, pace) for pace in clocks]
    monkeypatch.setattr(lowering, "decisions", lambda *_: {})
    behind = [lower(made, pace) for pace in clocks]
    assert all(with_decisions(d) == [] for d in behind)
    pairs = list(zip(beside, behind, strict=True))
    assert all(a.last <= b.last for a, b in pairs)
    assert any(a.last < b.last and with_decisions(a) == ["t"] for a, b in pairs)
