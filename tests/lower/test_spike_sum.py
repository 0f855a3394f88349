"""Sums of weights whose inputs spiked: every form gives the definition's integers."""

import numpy as np
import pytest

from fwgen.ir.ranges import Range, const, filled
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.words import Addition, Truth
from fwgen.lower.estimate.design import circuit_cost
from fwgen.lower.spiking.spike_sum import Synapses, spike_sum
from fwgen.lower.spiking.synapses import SpikedLayer, accumulators, best_form, synapses
from fwgen.lower.spiking.table_groups import ALONE, GATED, Form, Grouping, Share, forms_for, grouped
from fwgen.lower.spiking.table_offsets import SpikeTable, SpikeTables
from fwgen.quantise.analysis import Analysis, add
from tests.lower.evaluate import outputs
from tests.ops.operation import dense

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
            assert outputs(form.circuit, {"spike_i": event.tolist()}) == [expected], form.form


@pytest.mark.parametrize("count", [7, 8, 11, 20])
def test_first_terms_may_take_all(count: int) -> None:
    """Distinct powers of two need no table; the sum is right all the same."""
    c, weights = Circuit(Pace(40.0)), [1 << k for k in range(count)]
    spikes = c.input("spike_i", Range(filled(0, count), filled(1, count), 0))
    for chains in (1, 2):
        total = spike_sum(c, f"n{chains}", Synapses(spikes, weights, {}), -5, Form(chains))
        c.output(
            f"sum{chains}_o", [total], Range(filled(-5, 1), filled(1 << count, 1), 0), more=True
        )
    for event in ([0] * count, [1] * count, [k % 2 for k in range(count)]):
        expected = [sum(w * s for w, s in zip(weights, event, strict=True)) - 5]
        assert outputs(c, {"spike_i": event}) == [expected] * 2


def test_late_spikes_wait_for_a_register() -> None:
    """Logic before the spikes counts, and no stage holds more than a cycle."""
    pace = Pace(360.0)
    for form in (Form(1), Form(1, alone=True), Form(2), Form(4, alone=True), GATED):
        soon = synapses(layer("uniform", 3, 24, 360.0), form)
        late = synapses(layer("uniform", 3, 24, 360.0, pace.room - 100), form)
        assert late.latency in (soon.latency, soon.latency + 1)
        assert all(op.word.arrival <= pace.room for op in late.ops)


def test_a_first_table_waits_where_its_spikes_come_late() -> None:
    """Its LUTs, and nothing else, would not fit any more."""
    pace = Pace(360.0)
    soon, late = (
        synapses(layer("uniform", 3, 6, 360.0, ready), Form(1)) for ready in (1, pace.room - 100)
    )
    assert (soon.latency, late.latency) == (0, 1)


@pytest.mark.parametrize(("clock", "most"), [(480.0, 8), (640.0, 14), (810.0, 15)])
def test_an_addition_takes_a_cycle_at_most(clock: float, most: int) -> None:
    """However many cells read the spikes: 13 tables behind one another."""
    assert synapses(layer("uniform", 64, 64, clock), Form(1)).latency <= most


def test_five_spikes_a_table_and_six_where_one_stands_alone() -> None:
    """Six where nothing is added, or where the form says so."""
    for form in (Form(1, alone=True), Form(2, alone=True), Form(5, alone=True)):
        circuit = synapses(layer("uniform", 1, 30), form)
        found = sorted(len(op.bits) for op in circuit.ops if isinstance(op, Truth))
        assert found[-1] == 6
        assert all(bits <= 5 for bits in found[: -form.chains])
    added = grouped([3 * k for k in range(1, 31)], Form(1), 40).tables
    assert max(len(table.parts) for table in added) == 5


@pytest.mark.parametrize(("inputs", "clock"), [(26, 240.0), (16, 400.0)])
def test_six_spikes_alone_save_an_addition(inputs: int, clock: float) -> None:
    """So that form takes a cycle less here, for more LUTs."""
    made = {f: synapses(layer("uniform", 3, inputs, clock), f) for f in forms_for(inputs)}
    alone, fused = made[Form(1, alone=True)], made[Form(1)]
    added = [sum(isinstance(op, Addition) for op in circuit.ops) for circuit in (alone, fused)]
    assert added[0] < added[1]
    assert alone.latency < fused.latency
    assert circuit_cost(fused).lut < circuit_cost(alone).lut


@pytest.mark.parametrize(("inputs", "clock"), [(42, 240.0), (30, 300.0), (26, 240.0), (12, 480.0)])
def test_no_form_takes_fewer_cycles_than_the_chosen_one(inputs: int, clock: float) -> None:
    """Also once its tables are narrower than those by which it was chosen."""
    made = layer("uniform", 3, inputs, clock)
    best = best_form(made, lambda circuit: circuit.latency)
    assert best.circuit.latency == min(one.circuit.latency for one in accumulators(made))


@pytest.mark.parametrize("kind", KINDS)
def test_groups_hold_each_weight_once(kind: str) -> None:
    """In a table, in carries and in first terms, whatever is exchanged; always the same."""
    weights = [int(n) for n in KINDS[kind](np.random.default_rng(1), 50)]
    for form in forms_for(np.count_nonzero(weights)):
        found = grouped(weights, form, 40)
        held = [0] * len(weights)
        for table in found.tables:
            assert len(table.parts) <= ALONE - bool(found.first)
            for i, part in table.parts:
                held[i] += part
                assert part % (1 << table.low) == 0
            if table.carry is not None:
                held[table.carry] += 1 << table.low
        for first in found.first:
            for k, i in enumerate(first):
                if i is not None:
                    held[i] += 1 << k
        assert held == weights
        assert found == grouped(weights, form, 40)


def test_carries_and_first_terms_make_tables_narrower() -> None:
    """More exchanges find narrower tables; most carries and first bits are used."""
    weights = [int(n) for n in np.random.default_rng(1).integers(-128, 128, 64)]
    few, many = (grouped(weights, Form(1), swaps) for swaps in (4, 100))
    assert many.width < few.width < sum(abs(w).bit_length() for w in weights) // 3
    assert sum(table.carry is not None for table in many.tables) >= len(many.tables) - 2
    assert sum(i is not None for i in many.first[0]) >= 6


@pytest.mark.parametrize("constant", [-9000, -2048, -700, -1, 0, 1, 77, 4096])
@pytest.mark.parametrize("chains", [1, 3])
def test_constants_are_spread(constant: int, chains: int) -> None:
    """What the tables, carries and first terms hold adds up; nothing is left for an addition."""
    weights = [int(n) for n in np.random.default_rng(1).integers(-128, 128, 40)]
    found = grouped(weights, Form(chains), 40)
    made = SpikeTables.of(found, chains, constant)
    assert made.rest == 0
    least = sum(min(table.values) for _, row in made.chains for table in row)
    least += sum(table.carry << table.low for _, row in made.chains for table in row)
    least += sum(first.constant for first, _ in made.chains if first)
    # with the spikes silent where that is less: negative weights count, positive ones do not
    parts = [part for table in found.tables for _, part in table.parts]
    assert least == constant + sum(part for part in parts if part < 0)
    spread = sum(table.luts(12) for _, row in made.chains for table in row)
    beside = constant + sum(part for part in parts if part < 0)
    *others, last = found.tables
    assert spread <= sum(table.width for table in others) + SpikeTable(last, beside).luts(12)
    assert spread <= found.width + 6


def test_a_constant_that_no_table_takes_is_added_at_the_end() -> None:
    """Tables of even sums, all with a carry."""
    share = Share(((0, 4), (1, 6)), 2, 1)
    made = SpikeTables.of(Grouping((share,), ((None,),)), 1, 0)
    assert made.rest == 0
    made = SpikeTables.of(Grouping((share,), ((3,),)), 1, 5)
    assert made.rest % 2 == 1


def test_tables_are_smaller_than_gates() -> None:
    """Less than half of a tree of gated weights by the estimate, and binary weights less still."""
    for kind, most in (("uniform", 0.5), ("normal", 0.5), ("binary", 0.4)):
        forms = accumulators(layer(kind, 4, 40, 40.0))
        luts = {form.form: form.luts for form in forms}
        assert luts[Form(1)] == min(luts.values())
        assert luts[Form(1)] < most * luts[GATED]


def test_a_layer_of_six_spikes_is_one_level() -> None:
    """One LUT a bit, and nothing is added."""
    (form, *_) = accumulators(layer("uniform", 4, 6))
    assert form.form == Form(1, alone=True)
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
