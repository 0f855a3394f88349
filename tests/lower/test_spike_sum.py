"""Sums of weights whose inputs spiked: every form gives the definition's integers."""

import numpy as np
import pytest

from fwgen.lower.cost import circuit_cost
from fwgen.lower.ops import Truth
from fwgen.lower.pace import Pace
from fwgen.lower.spike_sum import chains_for, grouped
from fwgen.lower.synapses import GATED, SpikedLayer, accumulators, best_form, synapses
from fwgen.quantise.bounds import Range, const, filled
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


def layer(kind: str, units: int, inputs: int, clock: float = 240.0, late: int = 0) -> SpikedLayer:
    """A layer on spikes that are there after so many picoseconds."""
    rng = np.random.default_rng(3)
    node = dense("d", "s", KINDS[kind](rng, (units, inputs)), rng.integers(-99, 99, units))
    source = Range(filled(0, inputs), filled(1, inputs), 0)
    analysis = Analysis({"s": source})
    add(node, 1, analysis)
    arrivals = (late,) * inputs * bool(late)
    return SpikedLayer(node, source, analysis.values["d"], Pace(clock), arrivals)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 4, 6, 7, 13, 40])
@pytest.mark.parametrize("clock", [40.0, 240.0, 480.0])
def test_every_form(kind: str, size: int, clock: float) -> None:
    """Corner and random spikes, in every form and at every depth of pipelining."""
    made = layer(kind, 3, size, clock)
    rng = np.random.default_rng(5)
    events = [np.zeros(size, int), np.ones(size, int), *rng.integers(0, 2, (20, size))]
    weight, bias = const(made.node.weight).values, const(made.node.bias).values
    for form in accumulators(made):
        for event in events:
            expected = [int(n) for n in weight @ event + bias]
            assert outputs(form.circuit, {"spike_i": event.tolist()}) == [expected], form.chains


def test_late_spikes_wait_for_a_register() -> None:
    """Logic before the spikes counts, and no stage holds more than a cycle."""
    pace = Pace(360.0)
    for chains in (1, 2, 4, GATED):
        soon = synapses(layer("uniform", 3, 24, 360.0), chains)
        late = synapses(layer("uniform", 3, 24, 360.0, pace.room - 100), chains)
        assert late.latency in (soon.latency, soon.latency + 1)
        assert all(op.word.arrival <= pace.room for op in late.ops if op.word.stage)


def test_five_spikes_a_table_and_six_where_one_stands_alone() -> None:
    """Each chain begins with six."""
    for chains, sizes in ((1, [6, 5, 5, 5, 5]), (2, [6, 6, 5, 5, 4]), (5, [6, 6, 6, 6, 2])):
        circuit = synapses(layer("uniform", 1, 26), chains)
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
        forms = accumulators(layer(kind, 4, 40, 40.0))
        luts = {form.chains: form.luts for form in forms}
        assert luts[1] == min(luts.values())
        assert luts[1] < most * luts[GATED]


def test_a_layer_of_six_spikes_is_one_level() -> None:
    """One LUT a bit, and nothing is added."""
    (form, *_) = accumulators(layer("uniform", 4, 6))
    assert form.chains == 1
    assert {type(op) for op in form.circuit.ops[6:]} == {Truth}
    assert circuit_cost(form.circuit).lut <= sum(w.width for w in form.circuit.outputs[0].words)


@pytest.mark.parametrize("kind", ["uniform", "sparse"])
@pytest.mark.parametrize("size", [3, 9, 30])
def test_the_best_form(kind: str, size: int) -> None:
    """The smallest of all; where ranks count, the smallest of those of the lowest rank."""
    made = layer(kind, 3, size, 360.0)
    every = accumulators(made)
    assert best_form(made, None).luts == every[0].luts
    fastest = min(form.circuit.latency for form in every)
    found = best_form(made, lambda circuit: circuit.latency)
    assert found.circuit.latency == fastest
    assert found.luts <= min(f.luts for f in every if f.circuit.latency == fastest) * 1.02
