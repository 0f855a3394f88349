"""Sums of weights whose inputs spiked: tables of a few spikes, fused into chains of additions.

A LUT of six inputs that feeds a carry bit adds one bit of a running sum and one bit of *any*
function of five spikes. So five synapses cost one LUT a bit of their table, where a tree of gated
weights needs about two. Weights are grouped so that tables are narrow, with what carries and the
first term of a chain take in for nothing (`fwgen.lower.spiking.table_groups`); constants go where
they cost least (`fwgen.lower.spiking.table_offsets`).

A negative weight counts its input's silence, so that tables are unsigned; a constant takes back
what that adds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Scaled, Truth, Word, trailing_zeros
from fwgen.lower.spiking.table_groups import Form, grouped
from fwgen.lower.spiking.table_offsets import First, SpikeTable, SpikeTables

QUICK, THOROUGH = 4, 300  # exchanges tried for each synapse


@dataclass(frozen=True, slots=True)
class Synapses:
    """Synapses of one neuron: spikes, and their integer weights.

    ``readers`` says how many cells will read a spike, by its name; ``swaps`` how hard small tables
    are looked for.
    """

    spikes: Sequence[Word]
    weights: Sequence[int]
    readers: Mapping[str, int]
    swaps: int = THOROUGH

    @property
    def live(self) -> list[int]:
        """The weights; 0 where a spike is constant."""
        return [0 if s.constant else w for s, w in zip(self.spikes, self.weights, strict=True)]

    def fixed(self) -> int:
        """What synapses whose spikes are constant add to the sum."""
        pairs = zip(self.spikes, self.weights, strict=True)
        return sum(w * spike.lo for spike, w in pairs if spike.constant)

    def stage(self, which: Sequence[int]) -> int:
        """The stage in which all these spikes are there."""
        return max((self.spikes[i].stage for i in which), default=0)

    def spike(self, c: Circuit, i: int, stage: int) -> Word:
        """The spike of a synapse in a stage."""
        word = self.spikes[i]
        return c.loaded(c.delay(word, stage), self.readers.get(word.name, 1))


def spike_sum(c: Circuit, name: str, synapses: Synapses, constant: int, form: Form) -> Word:
    """``constant`` plus the weights of the inputs that spiked, exactly.

    More chains are faster and larger; as many as there are tables are a tree of tables.
    """
    constant += synapses.fixed()
    live = synapses.live
    if not any(live):
        return c.constant(constant)
    low = min(trailing_zeros(weight) for weight in live if weight)
    found = grouped([weight >> low for weight in live], form, synapses.swaps)
    tables = SpikeTables.of(found, form.chains, constant >> low)
    ends = [
        _chain(c, f"{name}_c{k}", synapses, first, row)
        for k, (first, row) in enumerate(tables.chains)
    ]
    total = c.sum(name, [Scaled(end) for end in [*ends, c.constant(tables.rest)]])
    below = c.constant(constant & ((1 << low) - 1))
    return c.add(name, c.whole(name, total), below, a_shift=low)


def _chain(
    c: Circuit, name: str, synapses: Synapses, first: First | None, tables: Sequence[SpikeTable]
) -> Word:
    """One table after the other, each added in the LUTs that hold it."""
    if first is None:
        head, *tables = tables
        total = _alone(c, f"{name}_t0", synapses, head)
    else:
        total = _joined(c, f"{name}_f", synapses, first)
    for k, table in enumerate(tables, 1):
        stage = max(total.stage, synapses.stage(table.reads))
        terms = _terms(c, f"{name}_t{k}", synapses, table, stage)
        if not c.fits(total, *terms, shift=table.low):
            later = _terms(c, f"{name}_t{k}", synapses, table, stage + 1)
            # else the spikes' load leaves no room: the table gets its own LUTs and registers
            if c.fits(total, *later, shift=table.low):
                stage, terms = stage + 1, later
        added, *carry = terms
        total = c.add(
            f"{name}_s{k}",
            c.delay(total, stage),
            added,
            b_shift=table.low,
            carry=carry[0] if carry else None,
        )
    return total


def _terms(c: Circuit, name: str, synapses: Synapses, table: SpikeTable, stage: int) -> list[Word]:
    """A table's result, whose LUTs are those of the addition after it, and its carry."""
    values = [value >> table.low for value in table.values]
    words = [_truth(c, name, synapses, table, values, stage)]
    if table.share.carry is not None:
        words.append(synapses.spike(c, table.share.carry, stage))
    elif table.carry:
        words.append(c.constant(1))
    return words


def _truth(
    c: Circuit, name: str, synapses: Synapses, table: SpikeTable, values: Sequence[int], stage: int
) -> Word:
    spikes = tuple(synapses.spike(c, i, stage) for i, _ in table.share.parts)
    ready = max(spike.arrival for spike in spikes)
    word = c.word(name, min(values), max(values), stage, ready)
    c.ops.append(Truth(word, spikes, tuple(values)))
    return word


def _alone(c: Circuit, name: str, synapses: Synapses, table: SpikeTable) -> Word:
    """A table whose LUTs stand on their own."""
    if not table.share.parts:
        return c.constant(table.constant)
    stage, took = synapses.stage(table.reads), c.pace.lut()
    ready = max(
        synapses.spike(c, i, 0).arrival for i in table.reads if synapses.spikes[i].stage == stage
    )
    word = _truth(c, name, synapses, table, table.values, stage + c.late(ready, took))
    return replace(word, arrival=word.arrival + took, early=word.early + took)


def _joined(c: Circuit, name: str, synapses: Synapses, first: First) -> Word:
    """Spikes and constants side by side."""
    stage = synapses.stage([i for i in first.spikes if i is not None])
    bits = [
        c.constant(first.constant >> k & 1) if i is None else synapses.spike(c, i, stage)
        for k, i in enumerate(first.spikes)
    ]
    return c.joined(name, bits)
