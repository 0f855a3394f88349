"""Sums of weights whose inputs spiked: tables of a few spikes, fused into chains of additions.

A LUT of six inputs in front of a carry bit adds one bit of a running sum and one bit of *any*
function of five spikes. So five synapses cost one LUT a bit of their table, where a tree of gated
weights needs about two. Only the first table of a chain stands on its own; it takes six spikes.

Weights are grouped so that tables are narrow: those of like magnitude together, and those with the
same trailing zeros. A negative weight counts its input's silence, so that tables are unsigned and
the constant stands in one of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fwgen.lower.circuit import Circuit
from fwgen.lower.ops import GROUP_BITS, Scaled, Truth, Word

ALONE, FUSED = GROUP_BITS, GROUP_BITS - 1  # spikes of a table
QUICK, THOROUGH = 4, 150  # swaps tried for each synapse
_SEED, _FACTOR, _MODULUS = 1, 48_271, (1 << 31) - 1  # Park and Miller's generator

Group = list[int]


@dataclass(frozen=True, slots=True)
class Synapses:
    """Synapses of one neuron: spikes, and the integer weights beside them.

    ``readers`` says how many cells will read a spike, by its name; ``swaps`` how hard small tables
    are looked for.
    """

    spikes: Sequence[Word]
    weights: Sequence[int]
    readers: Mapping[str, int]
    swaps: int = THOROUGH


def spike_sum(c: Circuit, name: str, synapses: Synapses, constant: int, chains: int) -> Word:
    """``constant`` plus the weights of the inputs that spiked, exactly.

    Parameters
    ----------
    chains
        Chains of additions beside each other, whose ends a tree adds: more of them are faster and
        larger. As many as there are tables are a tree of tables.
    """
    pairs = list(zip(synapses.spikes, synapses.weights, strict=True))
    constant += sum(w * spike.lo for spike, w in pairs if spike.constant)
    live = [i for i, (spike, w) in enumerate(pairs) if w and not spike.constant]
    if not live:
        return c.constant(constant)
    groups = grouped([abs(w) for w in synapses.weights], live, chains, synapses.swaps)
    tables = [_Table.of(synapses, group) for group in groups]
    constant -= sum(table.offset for table in tables)
    rows = _dealt(tables, chains)
    ends = [
        _chain(c, f"{name}_c{k}", row, constant * (row is rows[-1]), synapses.readers)
        for k, row in enumerate(rows)
    ]
    return c.whole(name, c.sum(name, [Scaled(end) for end in ends]))


def _dealt(tables: Sequence["_Table"], chains: int) -> list[list["_Table"]]:
    """Tables in chains: one that stands alone each, and an equal share of the others."""
    first, rest = tables[:chains], tables[chains:]
    ends = [len(rest) * k // len(first) for k in range(len(first) + 1)]
    return [
        [table, *rest[start:end]]
        for table, start, end in zip(first, ends[:-1], ends[1:], strict=True)
    ]


# ---- tables ----


@dataclass(frozen=True, slots=True)
class _Table:
    """Some synapses: their spikes, and the sum for each pattern of them, 0 the smallest.

    The true sum is smaller by ``offset``.
    """

    spikes: tuple[Word, ...]
    values: tuple[int, ...]
    offset: int

    @classmethod
    def of(cls, synapses: Synapses, group: Group) -> "_Table":
        weights = [synapses.weights[i] for i in group]
        offset = -sum(w for w in weights if w < 0)
        values = [offset]
        for w in weights:
            values += [value + w for value in values]
        return cls(tuple(synapses.spikes[i] for i in group), tuple(values), offset)

    def word(
        self, c: Circuit, name: str, constant: int, stage: int, readers: Mapping[str, int]
    ) -> Word:
        """The table's result in a stage; its LUTs are those of the addition behind it."""
        spikes = tuple(c.loaded(c.delay(s, stage), readers.get(s.name, 1)) for s in self.spikes)
        values = tuple(value + constant for value in self.values)
        ready = max(s.arrival for s in spikes)
        word = c.word(name, min(values), max(values), spikes[0].stage, ready)
        c.ops.append(Truth(word, spikes, values))
        return word


def _chain(
    c: Circuit, name: str, tables: Sequence[_Table], constant: int, readers: Mapping[str, int]
) -> Word:
    """One table after the other; the constant is part of the last, where the sum is widest."""
    own = [0] * (len(tables) - 1) + [constant]
    total = _first(c, f"{name}_t0", tables[0], own[0], readers)
    for k, table in enumerate(tables[1:], 1):
        stage = max(total.stage, _stage(table))
        added = table.word(c, f"{name}_t{k}", own[k], stage, readers)
        if not c.fits(total, added):
            stage += 1
            added = table.word(c, f"{name}_t{k}", own[k], stage, readers)
        total = c.add(f"{name}_s{k}", c.delay(total, stage), added)
    return total


def _first(c: Circuit, name: str, table: _Table, constant: int, readers: Mapping[str, int]) -> Word:
    """A table whose LUTs stand on their own."""
    stage, took = _stage(table), c.pace.lut()
    ready = max(s.arrival for s in table.spikes if s.stage == stage)
    word = table.word(c, name, constant, stage + c.late(ready, took), readers)
    return replace(word, arrival=word.arrival + took, early=word.early + took)


def _stage(table: _Table) -> int:
    return max(s.stage for s in table.spikes)


# ---- groups ----


def chains_for(count: int) -> Iterator[int]:
    """Numbers of chains worth trying for so many synapses, the cheapest first."""
    most, tried = max(1, -(-count // ALONE)), 1
    while tried < most:
        yield tried
        tried *= 2
    yield most


def grouped(
    sizes: Sequence[int], live: Sequence[int], chains: int, swaps: int = THOROUGH
) -> list[Group]:
    """Groups of ``live``, small sums first: ``chains`` of up to six, the others of up to five.

    The groups' tables are about as narrow together as can be: neighbours by size first, then swaps
    that a generator of fixed seed proposes, kept where they widen nothing.
    """
    row = sorted(live, key=lambda i: (sizes[i], i))
    groups = _Grouping(sizes, _cut(row, chains))
    groups.improve(swaps * len(row))
    return sorted(groups.groups, key=lambda g: (len(g) <= FUSED, sum(sizes[i] for i in g)))


def _cut(row: Sequence[int], chains: int) -> list[Group]:
    groups: list[Group] = []
    start = 0
    while start < len(row):
        end = start + (ALONE if len(groups) < chains else FUSED)
        groups.append(list(row[start:end]))
        start = end
    return groups


class _Grouping:
    """Groups under improvement."""

    def __init__(self, sizes: Sequence[int], groups: list[Group]) -> None:
        self.groups, self._sizes = groups, sizes
        self._bits = [self._width(group) for group in groups]
        self._state = _SEED

    def improve(self, tries: int) -> None:
        """Swap members of two groups where that makes tables no wider."""
        if len(self.groups) > 1:
            for _ in range(tries):
                self._swap()

    def _swap(self) -> None:
        a, b = self._pick(len(self.groups)), self._pick(len(self.groups))
        if a == b:
            return
        one, other = self.groups[a], self.groups[b]
        i, j = self._pick(len(one)), self._pick(len(other))
        one[i], other[j] = other[j], one[i]
        bits = self._width(one), self._width(other)
        if sum(bits) > self._bits[a] + self._bits[b]:
            one[i], other[j] = other[j], one[i]
        else:
            self._bits[a], self._bits[b] = bits

    def _width(self, group: Group) -> int:
        """Bits of a table that are not constant."""
        total = some = 0
        for i in group:
            total += self._sizes[i]
            some |= self._sizes[i]
        return total.bit_length() - (some & -some).bit_length()

    def _pick(self, count: int) -> int:
        self._state = self._state * _FACTOR % _MODULUS
        return self._state % count
