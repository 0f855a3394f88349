"""Building circuits: registers are inserted so that the logic between two fits into a cycle.

A circuit is built in Python, operation by operation. Every signal (`Word`) knows its exact bounds,
hence its width, and the pipeline stage in which it exists. Arithmetic never rounds or wraps here
unless an operation says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from fwgen.ir.fixed import BIT, Fixed, Rounding
from fwgen.ir.ranges import Range
from fwgen.lower.circuit.placing import Placing, width_of
from fwgen.lower.circuit.sums import Sums
from fwgen.lower.circuit.words import (
    Above,
    Addition,
    Clamp,
    Even,
    Floor,
    Gate,
    Joined,
    Lookup,
    Pick,
    Product,
    Register,
    RoundUp,
    Scaled,
    Select,
    Square,
    Vector,
    Word,
    Wrap,
    settled,
    signed_digits,
)


@dataclass(slots=True)
class Circuit(Placing):
    """A circuit under construction.

    Parameters
    ----------
    pace
        How long operations take, and how long a cycle is.
    pipelined
        False for a circuit that must stay between two registers, however long it takes.
    sums
        What the first output is, where that is a matrix times inputs: a comment in the netlist.
    """

    inputs: list[Vector] = field(default_factory=list)
    outputs: list[Vector] = field(default_factory=list)
    sums: Sums | None = None
    _sums: dict[tuple[object, ...], Word] = field(default_factory=dict)

    # ---- ports ----

    def input(self, name: str, values: Range, arrivals: Sequence[int] = ()) -> list[Word]:
        """An input port, one element per range entry, named after the port.

        ``arrivals`` are the picoseconds of logic before each element; none where it is empty.
        """
        fmt, stem, words = values.fmt, name.removesuffix("_i"), []
        self.names.claim([name])
        before = arrivals or [0] * len(values)
        for i, (lo, hi, ready) in enumerate(zip(values.lo, values.hi, before, strict=True)):
            word = self.word(f"{stem}_{i}", lo, hi, 0, ready)
            if not word.constant:
                self.ops.append(Pick(word, name, i * fmt.width, fmt.width))
            words.append(word)
        self.inputs.append(Vector(name, fmt, tuple(words)))
        return words

    def output(
        self, name: str, words: Sequence[Word], values: Range, *, more: bool = False
    ) -> None:
        """An output port holding ``words``, all in one stage; another name if this one is taken.

        What no output needs is dropped, unless ``more`` of them come.
        """
        stage = max(w.stage for w in words)
        aligned = tuple(self.delay(w, stage) for w in words)
        port = self.names.take(name.removesuffix("_o"), "_o")
        self.outputs.append(Vector(port, values.fmt, aligned))
        if not more:
            self.sweep(w for out in self.outputs for w in out.words)

    def loaded(self, word: Word, readers: int) -> Word:
        """A signal as late as it is when that many operations read it."""
        more = self.pace.load(readers)
        return replace(word, arrival=word.arrival + more, early=word.early + more)

    # ---- operations ----

    def constant(self, value: int) -> Word:
        """A constant; it exists in every stage."""
        return Word("", value, value)

    def add(
        self,
        name: str,
        a: Word,
        b: Word,
        *,
        a_shift: int = 0,
        b_shift: int = 0,
        minus: bool = False,
        carry: Word | None = None,
    ) -> Word:
        """``(a << a_shift) +/- (b << b_shift)``; zeros cost nothing.

        A ``carry``, one bit, counts as the lowest of ``b``; then there is no ``a_shift`` or minus.
        """
        if b.constant and b.lo == 0 and a_shift == 0 and not carry:
            return a
        if a.constant and a.lo == 0 and b_shift == 0 and not minus and not carry:
            return b
        lo, hi = (b.hi, b.lo) if minus else (b.lo, b.hi)
        lo, hi = (lo + carry.lo, hi + carry.hi) if carry else (lo, hi)
        sign = -1 if minus else 1
        bounds = (
            (a.lo << a_shift) + sign * (lo << b_shift),
            (a.hi << a_shift) + sign * (hi << b_shift),
        )
        if bounds[0] == bounds[1]:
            return self.constant(bounds[0])
        # a shift alone, or a constant where the shift has made room: no logic
        lift = b.constant and 0 <= b.lo << b_shift < 1 << a_shift and not minus and not carry
        key = (a, a_shift, b, b_shift, minus, carry)
        if key in self._sums:
            return self._sums[key]
        width = width_of(*bounds) - min(a_shift, b_shift)
        took = (0, 0) if lift else (self.pace.add(1), self.pace.ripple(width))
        terms = (a, b, carry) if carry else (a, b)
        a, b, *carries, stage, early, arrival = self._place_sum(*took, *terms)
        word = self.word(name, *bounds, stage, arrival, early)
        self.ops.append(Addition(word, a, a_shift, b, b_shift, minus, *carries))
        self._sums[key] = word
        return word

    def joined(self, name: str, bits: Sequence[Word]) -> Word:
        """Bits side by side, the lowest first."""
        hi = sum(bit.hi << k for k, bit in enumerate(bits))
        lo = sum(bit.lo << k for k, bit in enumerate(bits))
        if lo == hi:
            return self.constant(lo)
        *moved, stage, arrival = self._place(0, *bits[: hi.bit_length()])
        word = self.word(name, lo, hi, stage, arrival)
        self.ops.append(Joined(word, tuple(moved)))
        return word

    def combine(self, name: str, a: Scaled, b: Scaled) -> Scaled:
        """The sum of two terms."""
        if a.minus and not b.minus:
            a, b = b, a
        exp = min(a.exp, b.exp)
        word = self.add(
            name,
            a.word,
            b.word,
            a_shift=a.exp - exp,
            b_shift=b.exp - exp,
            minus=a.minus != b.minus,
        )
        return Scaled(word, exp, a.minus and b.minus)

    def sum(self, name: str, terms: Sequence[Scaled]) -> Scaled:
        """Balanced tree of exact additions, narrow terms first."""
        return self.tree(name, self.in_order(terms))

    @staticmethod
    def in_order(terms: Sequence[Scaled]) -> list[Scaled]:
        """Terms that are not 0, as they come, narrow ones first."""
        row = [t for t in terms if (t.word.lo, t.word.hi) != (0, 0)]
        return sorted(row, key=lambda t: (t.word.stage, t.word.arrival, t.word.width + t.exp))

    def tree(self, name: str, row: Sequence[Scaled]) -> Scaled:
        """Balanced tree of additions of neighbours."""
        depth = 0
        while len(row) > 1:
            pairs = zip(row[::2], row[1::2], strict=False)
            odd = row[len(row) - len(row) % 2 :]
            row = [self.combine(f"{name}_s{depth}_{i}", a, b) for i, (a, b) in enumerate(pairs)]
            row += odd
            depth += 1
        return row[0] if row else Scaled(self.constant(0))

    def soonest(self, name: str, terms: Sequence[Scaled]) -> Scaled:
        """A tree that adds the two earliest terms first, narrow ones before wide ones.

        No other order of two-term additions has the sum there sooner, but for what carries take.
        """
        row, count = self.in_order(terms), 0
        while len(row) > 1:
            a, b, *rest = row
            row = self.in_order([self.combine(f"{name}_s{count}", a, b), *rest])
            count += 1
        return row[0] if row else Scaled(self.constant(0))

    def product(self, name: str, a: Word, factor: int) -> Scaled:
        """``a * factor`` from shifts and additions (canonical signed digits)."""
        return self.sum(name, [Scaled(a, k, minus) for k, minus in signed_digits(factor)])

    def whole(self, name: str, term: Scaled, bias: int = 0) -> Word:
        """``term + bias`` as a separate signal; the term must be a whole number."""
        word, exp, minus = term
        if exp < 0:
            word, exp = self.floor(f"{name}_whole", word, -exp), 0
        if minus:
            return self.add(name, self.constant(bias), word, b_shift=exp, minus=True)
        return self.add(name, word, self.constant(bias), a_shift=exp)

    def gate(self, name: str, bit: Word, value: int) -> Word:
        """One synapse: the weight where the spike is 1."""
        if value == 0 or bit.constant:
            return self.constant(value * bit.lo)
        word = self.word(name, min(value, 0), max(value, 0), bit.stage, bit.arrival)
        self.ops.append(Gate(word, bit, value))
        return word

    def select(self, name: str, bit: Word, yes: Word, no: Word) -> Word:
        """``bit ? yes : no``."""
        if bit.constant:
            return yes if bit.lo else no
        lo, hi = min(yes.lo, no.lo), max(yes.hi, no.hi)
        if lo == hi:
            return self.constant(lo)
        took = self.pace.select(width_of(lo, hi))
        bit, yes, no, stage, arrival = self._place(took, bit, yes, no)
        word = self.word(name, lo, hi, stage, arrival)
        self.ops.append(Select(word, bit, yes, no))
        return word

    def above(self, name: str, a: Word, limit: int) -> Word:
        """``a > limit``."""
        lo, hi = int(a.lo > limit), int(a.hi > limit)
        if lo == hi:
            return self.constant(lo)
        a, stage, arrival = self._place(self.pace.compare(a.width - settled(limit, a.width)), a)
        word = self.word(name, 0, 1, stage, arrival)
        self.ops.append(Above(word, a, limit))
        return word

    def floor(self, name: str, a: Word, shift: int) -> Word:
        """``a >> shift``, arithmetic; costs no logic."""
        if shift == 0:
            return a
        lo, hi = a.lo >> shift, a.hi >> shift
        if lo == hi:
            return self.constant(lo)
        word = self.word(name, lo, hi, a.stage, a.arrival)
        self.ops.append(Floor(word, a, shift))
        return word

    def round_up(self, name: str, a: Word, shift: int, mode: str) -> Word:
        """The rounding bit of ``a >> shift``."""
        took = 0 if Rounding(mode) is Rounding.RND else self.pace.reduce(shift + 1)
        a, stage, arrival = self._place(took, a)
        word = self.word(name, 0, 1, stage, arrival)
        self.ops.append(RoundUp(word, a, shift, mode))
        return word

    def even(self, name: str, a: Word, keep: Word) -> Word:
        """``a``, its lowest bit cleared where ``keep`` is 0: one more input of its reader's LUT."""
        if keep.constant and keep.lo:
            return a
        a, keep, stage, arrival = self._place(0, a, keep)
        word = self.word(name, a.lo & ~1, a.hi, stage, arrival)
        self.ops.append(Even(word, a, keep))
        return word

    def clamp(self, name: str, a: Word, floor: int, ceiling: int, to_zero: bool) -> Word:
        """``a`` limited to floor..ceiling; a no-op where its bounds lie inside."""
        if floor <= a.lo and a.hi <= ceiling:
            return a
        if floor == 0 and a.hi <= ceiling:
            return self.relu(name, a)
        limits = Clamp(a, a, floor, ceiling, to_zero)
        a, stage, arrival = self._place(self.pace.clamp(a.width, limits.aligned), a)
        lo, hi = max(a.lo, floor), min(a.hi, ceiling)
        if to_zero:
            lo, hi = min(lo, 0), max(hi, 0)
        lo, hi = (min(max(end, floor), ceiling) for end in (lo, hi))
        if lo == hi:
            return self.constant(lo)
        word = self.word(name, lo, hi, stage, arrival)
        self.ops.append(Clamp(word, a, floor, ceiling, to_zero))
        return word

    def wrap(self, name: str, a: Word, fmt: Fixed) -> Word:
        """The low bits of ``a`` as ``fmt`` reads them; a no-op where it fits."""
        if fmt.lo <= a.lo and a.hi <= fmt.hi:
            return a
        word = self.word(name, fmt.lo, fmt.hi, a.stage, a.arrival, a.early)
        self.ops.append(Wrap(word, a))
        return word

    def narrow(self, name: str, a: Word, lo: int, hi: int) -> Word:
        """``a`` where the caller has proven that it lies in lo..hi; costs no logic."""
        if lo <= a.lo and a.hi <= hi:
            return a
        lo, hi = max(a.lo, lo), min(a.hi, hi)
        if lo >= hi:
            return self.constant(lo)
        word = self.word(name, lo, hi, a.stage, a.arrival, a.early)
        self.ops.append(Wrap(word, a))
        return word

    def square(self, name: str, a: Word) -> Word:
        """``a * a``."""
        near = 0 if a.lo <= 0 <= a.hi else min(abs(a.lo), abs(a.hi))
        far = max(abs(a.lo), abs(a.hi))
        if near == far:
            return self.constant(far * far)
        if far == 1:
            return self.wrap(name, a, BIT)
        a, stage, arrival = self._place(self.pace.square(a.width), a)
        word = self.word(name, near * near, far * far, stage, arrival)
        self.ops.append(Square(word, a))
        return word

    def relu(self, name: str, a: Word) -> Word:
        """``max(a, 0)``: an AND with the inverted sign."""
        if a.lo >= 0:
            return a
        if a.hi <= 0:
            return self.constant(0)
        sign = self.floor(f"{name}_sign", a, a.width - 1)
        sign, a, stage, arrival = self._place(self.pace.select(a.width), sign, a)
        word = self.word(name, 0, a.hi, stage, arrival)
        self.ops.append(Select(word, sign, self.constant(0), a))
        return word

    def multiply(self, name: str, a: Word, b: Word) -> Word:
        """``a * b``."""
        ends = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
        if min(ends) == max(ends):
            return self.constant(ends[0])
        took = self.pace.multiply(a.width, b.width)
        a, b, stage, arrival = self._place(took, a, b)
        word = self.word(name, min(ends), max(ends), stage, arrival)
        self.ops.append(Product(word, a, b))
        return word

    def lookup(self, name: str, a: Word, values: Sequence[int]) -> Word:
        """``values[a - a.lo]``."""
        lo, hi = min(values), max(values)
        if lo == hi:
            return self.constant(lo)
        a, stage, arrival = self._place(self.pace.lookup(a.address_bits), a)
        word = self.word(name, lo, hi, stage, arrival)
        self.ops.append(Lookup(word, a, tuple(values)))
        return word

    def sweep(self, needed: Iterable[Word]) -> None:
        """Drop operations that no needed signal reads; input elements stay, to keep ports whole."""
        live = {w.name for w in needed}
        kept = []
        for op in reversed(self.ops):
            if op.word.name in live or isinstance(op, Pick):
                kept.append(op)
                live.update(w.name for w in op.operands)
        self.ops = kept[::-1]

    @property
    def latency(self) -> int:
        """Clock cycles from the inputs to the outputs."""
        return max((w.stage for port in self.outputs for w in port.words), default=0)

    @property
    def clocked(self) -> bool:
        """Whether it holds registers."""
        return any(isinstance(op, Register) for op in self.ops)

    @property
    def carries(self) -> bool:
        """Whether an addition in it has a carry, which is a separate cell."""
        return any(isinstance(op, Addition) and op.carry for op in self.ops)
