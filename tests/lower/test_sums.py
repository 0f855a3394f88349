"""The weights that a comment shows are those that the circuit adds."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from fwgen.ir.ranges import Range, filled
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.spiking.recurrent import recurrent_current
from fwgen.lower.spiking.synapses import SpikedLayer, synapses
from fwgen.lower.spiking.table_groups import GATED, forms_for
from fwgen.lower.static import feed_forward
from fwgen.quantise.analysis import analyse
from tests.lower.evaluate import outputs
from tests.ops.operation import const, dense, graph_of, ints, lif

RNG = np.random.default_rng(3)
WEIGHT = RNG.integers(-20, 21, (4, 9)) * (RNG.random((4, 9)) < 0.8)
BIAS = [5, 0, -7, 2]
PACE = Pace(240.0)


def assert_sums(c: Circuit, given: dict[str, Sequence[int]]) -> None:
    """The first output is what the circuit says of itself."""
    assert c.sums is not None
    parts = (part.weight @ ints(given[part.port]) for part in c.sums.parts)
    wanted = sum(parts, start=c.sums.bias)
    assert outputs(c, {port: list(row) for port, row in given.items()})[0] == wanted.tolist()


@pytest.mark.parametrize("form", [*forms_for(9), GATED], ids=str)
def test_sums_of_spikes(form) -> None:
    """In every form of the accumulators, with biases finer than the weights."""
    node = dense("d", "s", WEIGHT, BIAS, bias_frac=2)
    spikes = Range(filled(0, 9), filled(1, 9), 0)
    sums = Range(filled(-1000, 4), filled(1000, 4), 2)
    circuit = synapses(SpikedLayer(node, spikes, sums, PACE), form)
    for _ in range(20):
        assert_sums(circuit, {"spike_i": RNG.integers(0, 2, 9).tolist()})


def test_sums_of_numbers() -> None:
    """As an adder graph."""
    node = dense("d", "x", WEIGHT, BIAS, bias_frac=1)
    values = analyse(graph_of(9, "fixed<5,5>", [node])).values
    circuit = feed_forward.circuit(node, values, PACE)
    for _ in range(20):
        assert_sums(circuit, {"x_i": RNG.integers(-16, 16, 9).tolist()})


def test_sums_with_recurrent_weights() -> None:
    """Spikes of the step before, and what the source brings, on a coarser grid."""
    core = lif("l", "d", beta=1, threshold=const(9, "fixed<8,8>"), membrane="fixed<9,9>")
    node = replace(core, recurrent=const(WEIGHT[:, :4], "fixed<6,4>"))
    bounds = {"current_i": (-50, 50), "spike_i": (0, 1)}
    sources = {port: Range(filled(lo, 4), filled(hi, 4), 0) for port, (lo, hi) in bounds.items()}
    circuit = recurrent_current(node, sources, dict.fromkeys(bounds, ()), PACE, lambda _: 0)
    for _ in range(20):
        drawn = {port: RNG.integers(lo, hi + 1, 4).tolist() for port, (lo, hi) in bounds.items()}
        assert_sums(circuit, drawn)
