"""Where operations stand between registers: in the stage in which they still fit."""

from dataclasses import dataclass, field
from typing import Any

from fwgen.errors import LoweringError
from fwgen.ir.fixed import MAX_WIDTH, Fixed
from fwgen.lower.circuit.names import Names
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.words import Op, Register, Word


@dataclass(slots=True)
class Placing:
    """Operations in their order, and the stages of their results."""

    pace: Pace
    pipelined: bool = True
    ops: list[Op] = field(default_factory=list)
    names: Names = field(default_factory=Names.of_module)
    _later: dict[tuple[str, int], Word] = field(default_factory=dict)
    _held: dict[str, tuple[str, int]] = field(default_factory=dict)  # registers: of what, how long

    def delay(self, word: Word, stage: int) -> Word:
        """A word in a later stage, through registers; constants exist in every stage."""
        while not word.constant and word.stage < stage:
            key = (word.name, word.stage + 1)
            if key not in self._later:
                stem, cycles = self._held.get(word.name, (word.name, 0))
                name = self.names.take(f"{stem}_q{cycles + 1 if cycles else ''}")
                later = Word(name, word.lo, word.hi, word.stage + 1)
                self._held[name] = stem, cycles + 1
                self.ops.append(Register(later, word))
                self._later[key] = later
            word = self._later[key]
        return word

    def _place(self, took: int, *words: Word) -> tuple[Any, ...]:
        """Operands brought to one stage with room for ``took``; then that stage and the arrival."""
        stage = max((w.stage for w in words if not w.constant), default=0)
        ready = max((w.arrival for w in words if w.stage == stage and not w.constant), default=0)
        if self.late(ready, took):
            stage, ready = stage + 1, 0
        moved = tuple(self.delay(w, stage) for w in words)
        return (*moved, stage, ready + took)

    def late(self, ready: int, took: int) -> bool:
        """Whether what takes so long must begin in the next stage."""
        return self.pipelined and ready > 0 and ready + took > self.pace.room

    def fits(self, a: Word, *others: Word, shift: int = 0) -> bool:
        """Whether ``a + (others << shift)`` is there in the stage of the latest term."""
        lo, hi = (sum(end) << shift for end in ([w.lo for w in others], [w.hi for w in others]))
        width = width_of(a.lo + lo, a.hi + hi)
        _, _, _, late = self._sum_times(self.pace.add(1), self.pace.ripple(width), a, *others)
        return not late

    def _place_sum(self, entry: int, ripple: int, *terms: Word) -> tuple[Any, ...]:
        """A sum's terms brought to one stage; then that stage and its first and last arrival."""
        stage, early, arrival, late = self._sum_times(entry, ripple, *terms)
        if late:
            stage, early, arrival = stage + 1, entry, entry + ripple
        return (*(self.delay(w, stage) for w in terms), stage, early, arrival)

    def _sum_times(self, entry: int, ripple: int, *terms: Word) -> tuple[int, int, int, bool]:
        """Stage, times of the lowest and highest bit, and whether that is too late.

        The lowest comes ``entry`` after theirs, the highest ``ripple`` later, but never sooner than
        ``entry`` after the last bit of a term.
        """
        stage = max((w.stage for w in terms if not w.constant), default=0)
        now = [w for w in terms if w.stage == stage and not w.constant]
        early = max((w.early for w in now), default=0) + entry
        arrival = max(early + ripple, max((w.arrival for w in now), default=0) + entry)
        late = any(w.arrival for w in now) and arrival > self.pace.room
        return stage, early, arrival, self.pipelined and late

    def word(
        self, name: str, lo: int, hi: int, stage: int, arrival: int, early: int | None = None
    ) -> Word:
        """A signal with a new name; the caller adds the operation that makes it."""
        width = Fixed.holding(lo, hi, 0).width if max(-lo, hi).bit_length() < MAX_WIDTH else None
        if width is None or width > MAX_WIDTH:
            raise LoweringError(
                f"signal '{name}'",
                needed=f"at most {MAX_WIDTH} bits",
                found=f"{max(-lo, hi).bit_length() + 1}",
                do="Choose narrower formats.",
            )
        return Word(
            self.names.take(name), lo, hi, stage, arrival, arrival if early is None else early
        )


def width_of(lo: int, hi: int) -> int:
    """Bits of a signal with these bounds, before it is known whether so many are allowed."""
    return max(hi.bit_length() if hi > 0 else 0, (max(-lo, 1) - 1).bit_length(), 1) + (lo < 0)
