"""Adder graphs of other depths and orders: fewer LUTs, no cycle more, the same integers."""

from dataclasses import replace

import numpy as np
import pytest

from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense, Quantise
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import CircuitBlock, Design
from fwgen.lower.estimate.design import circuit_cost
from fwgen.lower.lowering import lower
from fwgen.lower.static import adder_graph, feed_forward, shrink
from fwgen.lower.static.adder_graph import SHALLOW, Variant
from fwgen.verify.reference import Reference
from tests.lower.evaluate import outputs
from tests.ops.operation import dense, graph_of

RNG = np.random.default_rng(5)
TWO = [
    dense("d", "x", RNG.integers(-128, 128, (12, 24)), RNG.integers(-99, 99, 12), frac=7),
    Quantise("q", "d", fmt=Fixed.parse("fixed<8,6,RND_CONV,SAT>")),
    dense("e", "q", RNG.integers(-128, 128, (6, 12)), frac=7),
]
GRAPH = graph_of(24, "fixed<6,6>", TWO)


def luts(design: Design) -> int:
    """LUTs of all circuits, each on its own."""
    blocks = (block for block in design.blocks if isinstance(block, CircuitBlock))
    return sum(circuit_cost(block.circuit).lut for block in blocks)


@pytest.mark.parametrize("clock", [200.0, 480.0])
def test_it_takes_fewer_luts_and_no_cycle_more(
    clock: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the shallowest adder graphs, those that are built are smaller and not later."""
    chosen = lower(GRAPH, Pace(clock))
    monkeypatch.setattr(shrink, "VARIANTS", ())
    shallow = lower(GRAPH, Pace(clock))
    assert luts(chosen) < luts(shallow)
    assert chosen.last <= shallow.last


def test_it_costs_no_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller graph that comes a cycle later is not taken, whatever it saves."""
    deepest = (Variant(extra_depth=-1),)
    layers = [node for node in GRAPH if isinstance(node, Dense)]
    small = lower(GRAPH, Pace(480.0))
    monkeypatch.setattr(shrink, "VARIANTS", ())
    shallow = lower(GRAPH, Pace(480.0))
    monkeypatch.setattr(shrink, "VARIANTS", deepest)
    asked = []

    def late(choice: shrink.Choice) -> Design:
        """A smaller design that is a cycle later as soon as a layer varies."""
        asked.append(dict(choice))
        return replace(small, last=shallow.last + 1) if choice else shallow

    assert shrink.shrink(layers, late) is shallow
    assert asked == [{}, {"d": deepest[0]}, {"e": deepest[0]}]


@pytest.mark.parametrize("variant", [SHALLOW, *shrink.VARIANTS])
def test_every_variant_is_the_same_matrix(variant: Variant) -> None:
    """Whatever the depth and the order, the circuit gives the reference's sums."""
    node = TWO[0]
    assert isinstance(node, Dense)
    graph = Graph("g", 1, (GRAPH.input, node), ("d",))
    reference = Reference.of(graph)
    values = reference.analysis.values
    x = np.random.default_rng(1).integers(-32, 32, (64, 24))
    circuit = feed_forward.circuit(node, values, Pace(240.0), variant=variant)
    found = [outputs(circuit, {"x_i": event})[0] for event in x.tolist()]
    assert found == reference.run(x).values["d"].tolist()


def test_orders_differ_and_lose_nothing() -> None:
    """Each order is a permutation of its own."""
    found = {tuple(Variant(0, order).places(30).tolist()) for order in range(4)}
    assert len(found) == 4
    assert all(sorted(places) == list(range(30)) for places in found)


def test_large_layers_are_solved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the solver takes long, it is not asked again."""
    monkeypatch.setattr(shrink, "_EFFORT", 24 * 12)
    seen: list[int] = []
    solve = adder_graph.cmvm_solve
    monkeypatch.setattr(
        adder_graph, "cmvm_solve", lambda k, **o: seen.append(k.size) or solve(k, **o)
    )
    adder_graph._programs.cache_clear()
    lower(graph_of(24, "fixed<6,6>", TWO[:1]), Pace(240.0))
    assert len(seen) == 1
