"""Sums of weights whose inputs spiked: every form gives the definition's integers."""

import numpy as np
import pytest

from fwgen.ir.nodes import Dense
from fwgen.lower.cost import circuit_cost
from fwgen.lower.ops import Truth
from fwgen.lower.pace import Pace
from fwgen.lower.spike_sum import chains_for, grouped
from fwgen.lower.synapses import GATED, accumulators, synapses
from fwgen.quantise.bounds import Range, filled
from fwgen.quantise.ranges import Analysis, add
from tests.lower.evaluate import outputs
from tests.verify.operations import dense

KINDS = {
    "uniform": lambda rng, shape: rng.integers(-128, 128, shape),
    "normal": lambda rng, shape: np.round(rng.normal(0, 32, shape)).astype(int),
    "binary": lambda rng, shape: rng.integers(0, 2, shape) * 2 - 1,
    "ternary": lambda rng, shape: rng.integers(-1, 2, shape),
    "sparse": lambda rng, shape: rng.integers(-9, 10, shape) * (rng.random(shape) < 0.1),
    "powers": lambda rng, shape: 1 << rng.integers(0, 7, shape),
}


def layer(kind: str, units: int, inputs: int) -> tuple[Dense, Range, Range]:
    """A layer, its source and its result."""
    rng = np.random.default_rng(3)
    node = dense("d", "s", KINDS[kind](rng, (units, inputs)), rng.integers(-99, 99, units))
    source = Range(filled(0, inputs), filled(1, inputs), 0)
    analysis = Analysis({"s": source})
    add(node, 1, analysis)
    return node, source, analysis.values["d"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 4, 6, 7, 13, 40])
@pytest.mark.parametrize("clock", [40.0, 240.0, 480.0])
def test_every_form(kind: str, size: int, clock: float) -> None:
    """Corner and random spikes, in every form and at every depth of pipelining."""
    node, source, result = layer(kind, 3, size)
    rng = np.random.default_rng(5)
    events = [np.zeros(size, int), np.ones(size, int), *rng.integers(0, 2, (20, size))]
    weight, bias = node.weight.values, node.bias.values
    for form in accumulators(node, source, result, Pace(clock)):
        for event in events:
            expected = [int(n) for n in weight @ event + bias]
            assert outputs(form.circuit, {"spike_i": event.tolist()}) == [expected], form.chains


def test_late_spikes_wait_for_a_register() -> None:
    """Logic before the spikes counts, and no stage holds more than a cycle."""
    node, source, result = layer("uniform", 3, 24)
    pace = Pace(360.0)
    for chains in (1, 2, 4, GATED):
        soon = synapses(node, source, result, pace, chains)
        late = synapses(node, source, result, pace, chains, [pace.room - 100] * 24)
        assert late.latency in (soon.latency, soon.latency + 1)
        assert all(op.word.arrival <= pace.room for op in late.ops if op.word.stage)


def test_five_spikes_a_table_and_six_where_one_stands_alone() -> None:
    """Each chain begins with six."""
    node, source, result = layer("uniform", 1, 26)
    for chains, sizes in ((1, [6, 5, 5, 5, 5]), (2, [6, 6, 5, 5, 4]), (5, [6, 6, 6, 6, 2])):
        circuit = synapses(node, source, result, Pace(240.0), chains)
        found = [len(op.bits) for op in circuit.ops if isinstance(op, Truth)]
        assert sorted(found, reverse=True) == sizes


def test_groups_hold_each_synapse_once() -> None:
    """Whatever is swapped."""
    rng = np.random.default_rng(1)
    sizes = [int(n) for n in rng.integers(0, 128, 50)]
    live = [i for i, n in enumerate(sizes) if n]
    for chains in chains_for(len(live)):
        groups = grouped(sizes, live, chains)
        assert sorted(i for group in groups for i in group) == live
        assert groups == grouped(sizes, live, chains)


def test_tables_are_smaller_than_gates() -> None:
    """Less than half of a tree of gated weights by the estimate, and binary weights less still."""
    for kind, most in (("uniform", 0.5), ("normal", 0.5), ("binary", 0.4)):
        node, source, result = layer(kind, 4, 40)
        forms = accumulators(node, source, result, Pace(40.0))
        luts = {form.chains: form.luts for form in forms}
        assert luts[1] == min(luts.values())
        assert luts[1] < most * luts[GATED]


def test_a_layer_of_six_spikes_is_one_level() -> None:
    """One LUT a bit, and nothing is added."""
    node, source, result = layer("uniform", 4, 6)
    (form, *_) = accumulators(node, source, result, Pace(240.0))
    assert form.chains == 1
    assert {type(op) for op in form.circuit.ops[6:]} == {Truth}
    assert circuit_cost(form.circuit).lut <= sum(w.width for w in form.circuit.outputs[0].words)
