"""A network of bits, and the LUTs of six inputs that cover it.

A bit is a constant, the result of a function of other bits, or a source: what a port, a register, a
carry chain or a DSP delivers. Nothing costs anything until a needed bit asks for it, so that what
nobody reads is not built. A needed function becomes one LUT, which takes in the functions that it
reads as long as it has six inputs at most, as a mapper does with its cuts (Cong and Ding,
"FlowMap", IEEE Transactions on CAD 13, 1994). This looks at one cut a bit, without the search for
the best.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fwgen.devices.delays import LUT_INPUTS
from fwgen.lower.circuit.words import WIDEST_ROW, WIDEST_TREE, settled

WIDEST_WITHOUT_CARRY = 2  # bits of an addition that synthesis leaves to LUTs
_WEIGHTS = (0, 0, 2, 3, 5, 5, 5)  # of a LUT by its inputs, in Yosys' synth_xilinx (abc9 -luts)

Bit = int | tuple[str, int]  # 0, 1, or (signal, index)


@dataclass(frozen=True, slots=True)
class Cost:
    """LUTs (shift registers included), flip-flops and DSPs."""

    lut: int = 0
    ff: int = 0
    dsp: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.lut + other.lut, self.ff + other.ff, self.dsp + other.dsp)

    def __mul__(self, times: int) -> "Cost":
        return Cost(self.lut * times, self.ff * times, self.dsp * times)


FREE = Cost()
_FF, _LUT = Cost(ff=1), Cost(lut=1)


@dataclass(slots=True)
class Network:
    """Bits under construction; `build` says what the needed ones cost.

    ``read`` are the bits from outside that were asked for.
    """

    read: set[Bit] = field(default_factory=set)
    _functions: dict[Bit, tuple[Bit, ...]] = field(default_factory=dict)
    _sources: dict[Bit, tuple[Cost, tuple[Bit, ...]]] = field(default_factory=dict)
    _known: dict[tuple[object, ...], Bit] = field(default_factory=dict)
    _resets: dict[Bit, tuple[int, Bit, Bit]] = field(default_factory=dict)
    _readers: Counter[Bit] = field(default_factory=Counter)
    _cuts: dict[Bit, frozenset[Bit]] = field(default_factory=dict)
    _built: set[Bit] = field(default_factory=set)

    # ---- construction ----

    def function(self, what: str, *inputs: Bit) -> Bit:
        """A function of bits; equal ones are one. Constants among the inputs only shape it."""
        key = (what, *inputs)
        if key not in self._known:
            reads = tuple(dict.fromkeys(bit for bit in inputs if not isinstance(bit, int)))
            bit = (f"{what} {len(self._known)}", 0)
            self._functions[bit] = reads
            self._readers.update(reads)
            self._known[key] = bit
        return self._known[key]

    def source(self, bit: Bit, cost: Cost, needs: Iterable[Bit]) -> Bit:
        """A bit that something else than LUTs delivers, for that cost and from those bits."""
        reads = tuple(b for b in needs if not isinstance(b, int))
        self._sources[bit] = (cost, reads)
        self._readers.update(reads)
        return bit

    def register(self, name: str, index: int, bit: Bit) -> Bit:
        """A flip-flop; equal ones are one, and constants need none.

        Where conditions make it one constant, they are its synchronous reset or set: no LUT.
        """
        key = ("register", bit)
        if isinstance(bit, int):
            return bit
        if key not in self._known:
            self._known[key] = self.source((name, index), _FF, self._reset(bit))
        return self._known[key]

    def _reset(self, bit: Bit) -> list[Bit]:
        """What a register reads: whether it is reset or set, if it ever is, and else its value."""
        conditions: list[Bit] = []
        constant = self._resets[bit][0] if bit in self._resets else 0
        while bit in self._resets and self._resets[bit][0] == constant:
            _, condition, bit = self._resets[bit]
            conditions.append(condition)
        return [bit, *([self.tree("|", conditions)] if len(conditions) > 1 else conditions)]

    def tree(self, what: str, bits: Sequence[Bit]) -> Bit:
        """A function of many bits that splits into such functions of some: and, or."""
        row: list[Bit] = list(dict.fromkeys(bit for bit in bits if not isinstance(bit, int)))
        while len(row) > LUT_INPUTS:
            groups = [row[i : i + LUT_INPUTS] for i in range(0, len(row), LUT_INPUTS)]
            row = [self.function(what, *group) for group in groups]
        return self.function(what, *row)

    def choose(self, condition: Bit, yes: Bit, no: Bit) -> Bit:
        """``condition ? yes : no``."""
        if isinstance(condition, int):
            return yes if condition else no
        if yes == no:
            return yes
        if (yes, no) == (1, 0):
            return condition
        chosen = self.function("?", condition, yes, no)
        if isinstance(yes, int) and not isinstance(no, int):
            self._resets[chosen] = (yes, condition, no)
        elif isinstance(no, int) and not isinstance(yes, int):
            self._resets[chosen] = (no, condition, yes)
        return chosen

    def add(
        self,
        name: str,
        a: Sequence[Bit],
        b: Sequence[Bit],
        *,
        minus: bool = False,
        carry: Bit = 0,
    ) -> list[Bit]:
        """``a + b + carry`` or ``a - b`` as many bits wide: one LUT a bit before a carry chain.

        A multiplexer of the chain reads the bit of ``a`` itself, so that only what stands before
        ``b`` can share the LUT. A bit that meets a constant goes into the chain without one.
        """
        zeros = 0 if carry else _passed(a, b, minus=minus)
        pairs = zip(a[:zeros], b[:zeros], strict=True)
        out: list[Bit] = [x if y == 0 else y for x, y in pairs]
        if len(a) - zeros <= WIDEST_WITHOUT_CARRY:
            what = f"sum{'-' if minus else '+'}{len(out)}"
            ends = range(zeros + 1, len(a) + 1)
            out += [self.function(what, *a[zeros:end], *b[zeros:end], carry) for end in ends]
            return out
        before = carry
        for i in range(zeros, len(a)):
            half = self.function("^", *sorted((a[i], b[i]), key=str))
            before = self.source((name, i), FREE, [half, a[i], before])
            out.append(before)
        return out

    def above(self, name: str, bits: Sequence[Bit], limit: int) -> Bit:
        """``bits > limit``; low ones of the limit, and the bits at their places, decide nothing.

        Narrow comparisons are LUTs in a row, wider ones a tree of groups, as `ops.Above` has them.
        The widest are carry chains. Each group is compared for greater and for equal.
        """
        pairs = [(bit, limit >> i & 1) for i, bit in enumerate(bits)]
        wide = len(pairs) > WIDEST_ROW
        if wide and len(pairs) - settled(limit, len(pairs)) > WIDEST_TREE:
            return self._chain(name, pairs)
        while pairs and pairs[0][1] == 1:
            pairs.pop(0)
        if wide:
            return self._tree(pairs)
        row, rest = [b for b, _ in pairs], limit & ((1 << len(bits)) - 1)
        done = self.function(f">{rest}", *row[:LUT_INPUTS])
        for i in range(LUT_INPUTS, len(row), LUT_INPUTS - 1):
            done = self.function(f">{rest}", done, *row[i : i + LUT_INPUTS - 1])
        return done

    def _tree(self, pairs: list[tuple[Bit, int]]) -> Bit:
        done: list[Bit] = []
        for start in range(0, len(pairs), LUT_INPUTS):
            greater, equal = self._group(pairs[start : start + LUT_INPUTS])
            done = [greater, equal, *done] if done else [greater]
        return self.function(">", *done)

    def _group(self, pairs: list[tuple[Bit, int]]) -> tuple[Bit, Bit]:
        """Whether the bits are greater than the constant, and whether equal."""
        value = sum(bit << i for i, (_, bit) in enumerate(pairs))
        bits = [bit for bit, _ in pairs]
        greater = 0 if value == (1 << len(bits)) - 1 else self.function(f">{value}", *bits)
        return greater, self.function(f"={value}", *bits)

    def _chain(self, name: str, pairs: list[tuple[Bit, int]]) -> Bit:
        before: Bit = 0
        first = len(pairs) % LUT_INPUTS
        starts = [0] * bool(first) + list(range(first, len(pairs), LUT_INPUTS))
        for start, end in zip(starts, [*starts[1:], len(pairs)], strict=True):
            greater, equal = self._group(pairs[start:end])
            before = self.source((f"{name}>", start), FREE, [equal, greater, before])
        return before

    # ---- covering ----

    def build(self, needed: Iterable[Bit]) -> Cost:
        """What it costs to have these bits, beyond what is built already."""
        cost, todo = FREE, list(needed)
        while todo:
            bit = todo.pop()
            if isinstance(bit, int) or bit in self._built:
                continue
            self._built.add(bit)
            if bit in self._functions:
                leaves = self._cut(bit)
                cost += _LUT if len(leaves) > 1 else FREE  # inverters vanish into their readers
                todo += leaves
            elif bit in self._sources:
                own, needs = self._sources[bit]
                cost += own
                todo += needs
            else:
                self.read.add(bit)
        return cost

    def _cut(self, bit: Bit) -> frozenset[Bit]:
        """Inputs of the LUT for a function: narrow functions before it are taken in first."""
        if bit not in self._cuts:
            leaves = set(self._functions[bit])
            inner = [b for b in self._functions[bit] if b in self._functions]
            for candidate in sorted(inner, key=lambda b: len(self._cut(b))):
                merged = (leaves - {candidate}) | self._cut(candidate)
                if len(merged) <= max(LUT_INPUTS, len(leaves)) and self._pays(
                    candidate, len(leaves), len(merged)
                ):
                    leaves = merged
            self._cuts[bit] = frozenset(leaves)
        return self._cuts[bit]

    def _pays(self, inner: Bit, before: int, after: int) -> bool:
        """Whether each reader may as well have its own copy of a function.

        Yosys' mapper weighs a LUT by its inputs (``_WEIGHTS``), and takes in a function with
        several readers where that adds no more than the reader's share of the function's own LUT.
        """
        share = _WEIGHTS[min(len(self._cut(inner)), LUT_INPUTS)] / self._readers[inner]
        grown = _WEIGHTS[min(after, LUT_INPUTS)] - _WEIGHTS[min(before, LUT_INPUTS)]
        return grown <= share


def _passed(a: Sequence[Bit], b: Sequence[Bit], *, minus: bool) -> int:
    """Low bits that an addition hands through, because one side is 0 up to there."""
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        if y != 0 and (minus or x != 0):
            return i
    return len(a)
