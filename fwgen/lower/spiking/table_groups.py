"""Which spikes share a table: a search for narrow tables among the weights of one neuron.

A weight need not stand in a table whole. A power of two of it may be taken out and enter a chain of
additions for nothing: through the carry into the lowest bit of a table that is added, or as a bit
of the chain's first term. What is left of the weight is then shorter, or 0.

The search proposes exchanges and keeps those that make tables narrower, at first also those that
make them a little wider (threshold accepting: Dueck and Scheuer, J. Comput. Phys. 90, 1990). It has
a generator with a fixed seed, so the result is always the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from fwgen.devices.delays import LUT_INPUTS
from fwgen.lower.circuit.words import trailing_zeros

ALONE, FUSED = LUT_INPUTS, LUT_INPUTS - 1  # spikes of a table: that stands alone, that is added
_SEED, _FACTOR, _MODULUS = 1, 48_271, (1 << 31) - 1  # Park and Miller's generator
_BIT, _FILL = 64, 96  # what a bit of a table counts, and how full its highest one is
_PATIENCE = 6  # how much worse a proposal may be at first
_LOW_BITS = 3  # trailing zeros by which synapses are first sorted
_KEEP = 9  # of ten proposals for a carry, those that fill it
_MANY = 8  # tables, beyond which chains that begin with bits have nearly always narrower ones
_NOBODY = -1  # an empty place in a group; the last entry of the lists by synapse, always 0
_NEVER = 1 << 20


@dataclass(frozen=True, slots=True)
class Share:
    """What a table holds of each synapse's weight: pairs (synapse, part), and its carry.

    ``carry`` is the synapse of which ``1 << low`` has been taken, or None; ``low`` is the lowest
    bit of the table.
    """

    parts: tuple[tuple[int, int], ...]
    carry: int | None
    low: int

    @property
    def size(self) -> int:
        """The largest sum, where the smallest is 0."""
        return sum(abs(part) for _, part in self.parts)

    @property
    def width(self) -> int:
        """Bits of the table, from the lowest that is not always 0 on."""
        return max(0, self.size.bit_length() - self.low)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Tables, small sums first, and for each chain the synapses whose spikes are its first term.

    ``first[chain][k]`` is the synapse of which ``1 << k`` has been taken, or None. Where ``first``
    is empty, the first table of each chain stands alone; these come first.
    """

    tables: tuple[Share, ...]
    first: tuple[tuple[int | None, ...], ...] = ()

    @property
    def width(self) -> int:
        """Bits of all tables."""
        return sum(table.width for table in self.tables)


class Form(NamedTuple):
    """How a sum is built: ``chains`` of additions side by side, whose ends a tree adds.

    A chain begins with bits of weights, or with a table of up to six spikes: an addition less in a
    row. Where ``alone`` all do, else those of each neuron as its tables are narrower. No chain at
    all is a tree of gated weights.
    """

    chains: int
    alone: bool = False


GATED = Form(0)


def forms_for(count: int) -> Iterator[Form]:
    """Forms worth trying for so many synapses, the cheapest first; `GATED` apart."""
    most, tried = max(1, -(-count // ALONE)), 1
    while tried < most:
        yield from (Form(tried), Form(tried, alone=True))
        tried *= 2
    yield Form(most, alone=True)


def grouped(weights: Sequence[int], form: Form, swaps: int) -> Grouping:
    """The narrowest tables that are found for the synapses whose weight is not 0.

    Parameters
    ----------
    form
        Its chains are at most as many as there are tables.
    swaps
        Exchanges tried for each synapse.
    """
    return _grouped(tuple(weights), form, swaps)


@lru_cache(maxsize=1 << 14)  # schedules and clocks ask for the same again
def _grouped(weights: tuple[int, ...], form: Form, swaps: int) -> Grouping:
    ways = [_Search(weights, form.chains, alone=True)]
    tables = len(ways[0].groups)
    if not form.alone and tables > form.chains:
        ways.append(_Search(weights, form.chains, alone=False))
        ways = ways[tables > _MANY :]
    return min((way.improved(swaps) for way in ways), key=lambda found: found.width)


def forget() -> None:
    """Search again for what has been found: so that times can be compared."""
    _grouped.cache_clear()


@dataclass(slots=True)
class _Search:
    """Groups under improvement.

    ``parts`` is what a table holds of each synapse. ``taken`` are the carries of the groups, then
    the bits of the chains' first terms: the synapse and the power of two in each.
    """

    weights: Sequence[int]
    chains: int
    alone: bool
    groups: list[list[int]] = field(init=False)
    _live: list[int] = field(init=False)
    _bits: int = field(init=False)
    _parts: list[int] = field(init=False)
    _taken: list[tuple[int, int] | None] = field(init=False)
    _costs: list[int] = field(init=False)
    _where: list[int] = field(init=False)
    _state: int = _SEED

    def __post_init__(self) -> None:
        self._live = [i for i, weight in enumerate(self.weights) if weight]
        self._parts = [*self.weights, 0]
        self.groups = self._cut(sorted(self._live, key=self._order))
        self._bits = 0 if self.alone else max(abs(w) for w in self.weights).bit_length()
        self._taken = [None] * (len(self.groups) + self.chains * self._bits)
        self._costs = [self._cost(k) for k in range(len(self.groups))]
        self._where = [0] * len(self._parts)
        for k, group in enumerate(self.groups):
            self._settle(group, k)

    def _order(self, i: int) -> tuple[int, int, int]:
        size = abs(self.weights[i])
        return min(trailing_zeros(size), _LOW_BITS), size, i

    def _cut(self, row: Sequence[int]) -> list[list[int]]:
        """Neighbours together; a group has all its places, some of them empty."""
        groups: list[list[int]] = []
        start = 0
        while start < len(row):
            room = ALONE if self.alone and len(groups) < self.chains else FUSED
            group = list(row[start : start + room])
            groups.append(group + [_NOBODY] * (room - len(group)))
            start += room
        return groups

    # ---- proposals ----

    def improved(self, swaps: int) -> Grouping:
        """The groups after so many exchanges for each synapse."""
        tries = swaps * len(self._live)
        first = self.chains if self.alone else 0  # tables that stand alone have no carry
        carries, groups = len(self._taken) - first, len(self.groups)
        for left in range(tries, 0, -1):
            worse = _PATIENCE * left // tries
            if carries > 0 and self._pick(2):
                self._take(first + self._pick(carries), worse)
            elif groups > 1:
                self._swap(self._pick(groups), self._pick(groups), worse)
        return self._found()

    def _swap(self, a: int, b: int, worse: int) -> None:
        """What stands at two places of two groups changes places."""
        one, other = self.groups[a], self.groups[b]
        i, j = self._pick(len(one)), self._pick(len(other))
        if a == b:
            return
        one[i], other[j] = other[j], one[i]
        costs = self._cost(a), self._cost(b)
        if costs[0] + costs[1] > self._costs[a] + self._costs[b] + worse:
            one[i], other[j] = other[j], one[i]
            return
        self._costs[a], self._costs[b] = costs
        self._where[one[i]], self._where[other[j]] = a, b

    def _take(self, slot: int, worse: int) -> None:
        """Another synapse, or none, gives a power of two to a slot."""
        old = self._taken[slot]
        new = self._proposal(slot) if self._pick(_KEEP + 1) else None
        if new == old:
            return
        touched = [slot] if slot < len(self.groups) else []
        for given in (old, new):
            if given and self._where[given[0]] not in touched:
                touched.append(self._where[given[0]])
        before = [self._costs[k] for k in touched]
        self._exchange(slot, old, new)
        after = [self._cost(k) for k in touched]
        if sum(after) > sum(before) + worse:
            self._exchange(slot, new, old)
            return
        for k, cost in zip(touched, after, strict=True):
            self._costs[k] = cost

    def _exchange(
        self, slot: int, old: tuple[int, int] | None, new: tuple[int, int] | None
    ) -> None:
        if old:
            self._parts[old[0]] += 1 << old[1]
        if new:
            self._parts[new[0]] -= 1 << new[1]
        self._taken[slot] = new

    def _proposal(self, slot: int) -> tuple[int, int] | None:
        """Any synapse; a carry counts as much as its table's lowest bit."""
        i = self._live[self._pick(len(self._live))]
        if slot >= len(self.groups):
            return i, (slot - len(self.groups)) % self._bits
        some = 0
        for member in self.groups[slot]:
            if member != i:
                some |= self._parts[member]
        if not some:
            return None
        low = trailing_zeros(some)
        own = self._parts[i] if self._where[i] == slot else 0
        return i, min(low, trailing_zeros(own)) if own else low

    def _cost(self, k: int) -> int:
        """Bits of a table, and a little for sums that almost need one more."""
        total = some = 0
        parts = self._parts
        for i in self.groups[k]:
            part = parts[i]
            total += part if part > 0 else -part
            some |= part
        taken = self._taken[k]
        if not some:
            return _NEVER if taken else 0
        low = trailing_zeros(some)
        if taken:
            if taken[1] > low:
                return _NEVER
            low = taken[1]
        bits = total.bit_length()
        return _BIT * (bits - low) + (_FILL * total >> bits)

    def _pick(self, count: int) -> int:
        self._state = self._state * _FACTOR % _MODULUS
        return self._state % count

    # ---- result ----

    def _settle(self, group: Sequence[int], k: int) -> None:
        for i in group:
            self._where[i] = k

    def _found(self) -> Grouping:
        """Small sums first in each chain: they make what follows no wider."""
        shares = [self._share(k) for k in range(len(self.groups))]
        heads = sorted(shares[: self.chains], key=_size) if self.alone else []
        rest = sorted((share for share in shares[len(heads) :] if share.parts), key=_size)
        bits = self._bits or 1
        terms = [self._taken[k : k + bits] for k in range(len(shares), len(self._taken), bits)]
        first = tuple(tuple(t[0] if t else None for t in row) for row in terms)
        return Grouping((*heads, *rest), first)

    def _share(self, k: int) -> Share:
        parts = [(i, self._parts[i]) for i in self.groups[k] if self._parts[i]]
        some, taken = 0, self._taken[k]
        for _, part in parts:
            some |= part
        low = taken[1] if taken else trailing_zeros(some) if some else 0
        return Share(tuple(parts), taken[0] if taken else None, low)


def _size(table: Share) -> int:
    return table.size
