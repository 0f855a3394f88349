"""Constants of spike-gated sums: where they cost the fewest LUTs.

Tables are unsigned, so their sum is too large by what negative weights add up to. Taken back with
the last table alone, that makes it as wide as the result. Instead a multiple of a high power of two
stands there, above the table's own bits, and the positive rest is spread: over carries and bits of
first terms that no spike uses, and over tables up to what their highest bit allows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from fwgen.lower.circuit.words import trailing_zeros
from fwgen.lower.spiking.table_groups import Grouping, Share


@dataclass(frozen=True, slots=True)
class SpikeTable:
    """A table in a chain; ``carry`` is a constant 1 there, where no spike enters."""

    share: Share
    constant: int = 0
    carry: bool = False

    @property
    def reads(self) -> list[int]:
        """Synapses of the table and of its carry."""
        own = [i for i, _ in self.share.parts]
        return own if self.share.carry is None else [*own, self.share.carry]

    @property
    def values(self) -> list[int]:
        """The sum for each pattern of spikes, the constant included."""
        values = [self.constant - sum(part for _, part in self.share.parts if part < 0)]
        for _, part in self.share.parts:
            values += [value + part for value in values]
        return values

    @property
    def low(self) -> int:
        """The bit where the chain begins that adds the table."""
        if self.carry or self.share.carry is not None or not self.constant:
            return self.share.low
        return min(self.share.low, trailing_zeros(self.constant))

    def luts(self, span: int) -> int:
        """Bits below ``span`` that depend on the spikes, and ones among the others: inverters."""
        some, values = 0, self.values
        for value in values:
            some |= value ^ values[0]
        ones = values[0] & ~some & ((1 << span) - 1)
        return some.bit_count() + ones.bit_count()

    def takes(self, constant: int) -> bool:
        """Whether the constant lies on the grid of the table's carry."""
        free = self.share.carry is None and not self.carry
        return free or constant % (1 << self.share.low) == 0


@dataclass(frozen=True, slots=True)
class First:
    """The first term of a chain, bit by bit: a synapse's spike, or a bit of the constant."""

    spikes: tuple[int | None, ...]
    constant: int = 0


@dataclass(frozen=True, slots=True)
class SpikeTables:
    """All tables of a sum with their constants, chain by chain; ``rest`` is added at the end.

    A chain without a `First` begins with a table that stands alone.
    """

    chains: tuple[tuple[First | None, tuple[SpikeTable, ...]], ...]
    rest: int

    @classmethod
    def of(cls, found: Grouping, chains: int, constant: int) -> "SpikeTables":
        """The tables of a grouping, with ``constant`` and what takes the silences back."""
        parts = [part for share in found.tables for _, part in share.parts]
        constant += sum(part for part in parts if part < 0)
        tables, firsts = (
            [SpikeTable(share) for share in found.tables],
            [First(f) for f in found.first],
        )
        if not tables:  # first terms take all
            return cls(tuple((first, ()) for first in firsts), constant)
        span = sum(table.share.size for table in tables).bit_length()
        tops = [0, *range(tables[-1].share.size.bit_length(), span + 1)]
        alone = 0 if firsts else chains
        ways = [_Spread([*tables], [*firsts], alone, span).done(constant, top) for top in tops]
        best = min(ways, key=lambda way: way.luts)
        return cls(tuple(_dealt(best.tables, best.firsts, chains)), best.rest)


def _dealt(
    tables: Sequence[SpikeTable], firsts: Sequence[First], chains: int
) -> Iterator[tuple[First | None, tuple[SpikeTable, ...]]]:
    """An equal share of the tables for each chain, and the one that stands alone, if any."""
    heads = [] if firsts else tables[:chains]
    rest = tables[len(heads) :]
    count = len(firsts or heads)
    ends = [len(rest) * k // count for k in range(count + 1)]
    for k, (start, end) in enumerate(pairwise(ends)):
        if firsts:
            yield firsts[k], tuple(rest[start:end])
        else:
            yield None, (heads[k], *rest[start:end])


@dataclass(slots=True)
class _Spread:
    """Tables and first terms that take up a constant; ``rest`` is what none could.

    The first ``alone`` tables are not added to anything, so that they have no carry. ``luts`` are
    those that the constant takes; filling tables up takes hardly any, and is not counted.
    """

    tables: list[SpikeTable]
    firsts: list[First]
    alone: int
    span: int
    rest: int = 0
    luts: int = 0

    def done(self, constant: int, top: int) -> "_Spread":
        """A multiple of ``1 << top`` above the last table; the rest from coarse to fine."""
        left = constant & ((1 << top) - 1)
        self.rest = self._add(constant - left, [len(self.tables) - 1])
        for low, chain, k in sorted(self._slots(), reverse=True):
            left -= self._fill(low, chain, k, left)
        self.rest += self._add(left, range(len(self.tables)))
        self.luts += self.span * bool(self.rest)
        return self

    def _slots(self) -> Iterator[tuple[int, int, int]]:
        """What takes something for nothing: (its lowest bit, chain or -1, bit or table)."""
        yield from ((table.share.low, -1, k) for k, table in enumerate(self.tables))
        narrowest = self.tables[0].share.size.bit_length()
        for chain, first in enumerate(self.firsts):
            free = [k for k, i in enumerate(first.spikes) if i is None]
            yield from ((k, chain, k) for k in free if k < narrowest)

    def _fill(self, low: int, chain: int, k: int, left: int) -> int:
        """How much of what is left one of these takes."""
        if chain >= 0:
            taken = 1 << low if left >> low else 0
            first = self.firsts[chain]
            self.firsts[chain] = replace(first, constant=first.constant | taken)
            return taken
        table, taken = self.tables[k], 0
        if k >= self.alone and table.share.carry is None and left >> low:
            table, taken = replace(table, carry=True), 1 << low
        room = (1 << table.share.size.bit_length()) - 1 - table.share.size
        more = min(room, left - taken) >> low << low
        self.tables[k] = replace(table, constant=table.constant + more)
        return taken + more

    def _add(self, constant: int, among: Sequence[int]) -> int:
        """Put a constant into the table where it costs least; what is left if there is none."""
        if not constant:
            return 0
        found = [
            (table.luts(self.span) - self.tables[k].luts(self.span), k, table)
            for k in among
            if self.tables[k].takes(constant)
            for table in [replace(self.tables[k], constant=self.tables[k].constant + constant)]
        ]
        if not found:
            return constant
        more, k, self.tables[k] = min(found, key=lambda way: way[:2])
        self.luts += more
        return 0
