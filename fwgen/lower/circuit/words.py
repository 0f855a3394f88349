"""Operations of word-level circuits: exact integers on signals with known bounds."""

from dataclasses import dataclass
from typing import NamedTuple

from fwgen.devices.delays import LUT_INPUTS
from fwgen.ir.fixed import Fixed
from fwgen.ir.ranges import address_bits

WIDEST_ROW = 12  # bits of a comparison with a constant that synthesis does by LUTs in a row
WIDEST_TREE = 18  # bits of one that two levels of LUTs do: three groups


@dataclass(frozen=True, slots=True)
class Word:
    """An integer signal: bounds, pipeline stage, and picoseconds of logic since that register.

    ``arrival`` is when its last bit is there. The low bits of a sum come earlier than the high
    ones, and a sum of sums begins with them: ``early`` is when the lowest is there.
    """

    name: str
    lo: int
    hi: int
    stage: int = 0
    arrival: int = 0
    early: int = 0

    @property
    def signed(self) -> bool:
        """Whether it is read as two's complement."""
        return self.lo < 0

    @property
    def width(self) -> int:
        """Bits of the signal."""
        return Fixed.holding(self.lo, self.hi, 0).width

    @property
    def address_bits(self) -> int:
        """Low bits that tell all values apart, however far from 0 they lie; at least 1."""
        return address_bits(self.lo, self.hi)

    @property
    def constant(self) -> bool:
        """Whether it has one value only."""
        return self.lo == self.hi


class Scaled(NamedTuple):
    """``+/- (word << exp)`` as a term of a sum; a negative exponent keeps fraction bits."""

    word: Word
    exp: int = 0
    minus: bool = False


@dataclass(frozen=True, slots=True)
class Op:
    """Base of operations; ``word`` is the result."""

    word: Word

    @property
    def operands(self) -> tuple[Word, ...]:
        """Signals that the operation reads."""
        return ()


@dataclass(frozen=True, slots=True)
class Pick(Op):
    """Element of an input port: the ``port_width`` bits from ``lsb`` on."""

    port: str
    lsb: int
    port_width: int


@dataclass(frozen=True, slots=True)
class Addition(Op):
    """``(a << a_shift) + (b << b_shift)``, or minus.

    With ``carry``, a bit, ``a + (b + carry << b_shift)``: it enters the carry chain at its start.
    """

    a: Word
    a_shift: int
    b: Word
    b_shift: int
    minus: bool
    carry: Word | None = None

    @property
    def operands(self) -> tuple[Word, ...]:
        """The two terms, and the carry."""
        return (self.a, self.b) if self.carry is None else (self.a, self.b, self.carry)


@dataclass(frozen=True, slots=True)
class Joined(Op):
    """Bits side by side, the lowest first: no logic."""

    bits: tuple[Word, ...]

    @property
    def operands(self) -> tuple[Word, ...]:
        """The bits."""
        return self.bits


@dataclass(frozen=True, slots=True)
class Gate(Op):
    """``bit ? value : 0`` for a constant value: one synapse."""

    bit: Word
    value: int

    @property
    def operands(self) -> tuple[Word, ...]:
        """The spike."""
        return (self.bit,)


@dataclass(frozen=True, slots=True)
class Truth(Op):
    """``values[i]``, where bit k of i is ``bits[k]``: any function of a few bits, a LUT each."""

    bits: tuple[Word, ...]
    values: tuple[int, ...]

    def column(self, index: int) -> int:
        """Bit ``index`` of the result as the contents of a LUT."""
        return sum((value >> index & 1) << i for i, value in enumerate(self.values))

    @property
    def operands(self) -> tuple[Word, ...]:
        """The bits."""
        return self.bits


@dataclass(frozen=True, slots=True)
class Select(Op):
    """``bit ? yes : no``."""

    bit: Word
    yes: Word
    no: Word

    @property
    def operands(self) -> tuple[Word, ...]:
        """The condition and the two choices."""
        return (self.bit, self.yes, self.no)


def trailing_zeros(number: int) -> int:
    """Low bits that are 0 in a number other than 0."""
    return (number & -number).bit_length() - 1


def settled(limit: int, width: int) -> int:
    """Lowest of ``width`` bits that a comparison with ``limit`` need not look at.

    They are those that are all 1 in it; the highest bit is looked at in any case.
    """
    ones = (~limit & (limit + 1)).bit_length() - 1
    return width - 1 if limit == -1 else min(ones, width - 1)


@dataclass(frozen=True, slots=True)
class Above(Op):
    """``a > limit`` for a constant limit: one bit."""

    a: Word
    limit: int

    @property
    def groups(self) -> list[tuple[int, int]]:
        """Lowest and highest bit of each group of six that is looked at, the lowest first.

        Each is compared for greater and for equal, side by side; one LUT then decides.
        """
        starts = range(settled(self.limit, self.a.width), self.a.width, LUT_INPUTS)
        return [(low, min(low + LUT_INPUTS, self.a.width) - 1) for low in starts]

    @property
    def tree(self) -> bool:
        """Whether groups are compared; a row of LUTs or a carry chain else, as synthesis likes."""
        return self.a.width > WIDEST_ROW and len(self.groups) <= WIDEST_TREE // LUT_INPUTS

    @property
    def operands(self) -> tuple[Word, ...]:
        """The signal compared."""
        return (self.a,)


@dataclass(frozen=True, slots=True)
class Floor(Op):
    """``a >> shift``, rounded towards minus infinity."""

    a: Word
    shift: int

    @property
    def operands(self) -> tuple[Word, ...]:
        """The signal shifted."""
        return (self.a,)


@dataclass(frozen=True, slots=True)
class RoundUp(Op):
    """The bit that a rounding mode adds to ``a >> shift``."""

    a: Word
    shift: int
    mode: str

    @property
    def operands(self) -> tuple[Word, ...]:
        """The signal rounded."""
        return (self.a,)


@dataclass(frozen=True, slots=True)
class Even(Op):
    """``a``, its lowest bit cleared where ``keep`` is 0: what ties of RND_CONV need."""

    a: Word
    keep: Word

    @property
    def operands(self) -> tuple[Word, ...]:
        """The signal and the bit."""
        return (self.a, self.keep)


@dataclass(frozen=True, slots=True)
class Clamp(Op):
    """``a`` limited to ``floor..ceiling``; with ``to_zero``, 0 where it lies outside."""

    a: Word
    floor: int
    ceiling: int
    to_zero: bool

    @property
    def aligned(self) -> int | None:
        """K where the limits are those of k bits and a sign or none: overflow shows in bits.

        None where the limits need comparisons.
        """
        k = self.ceiling.bit_length()
        whole = self.ceiling == (1 << k) - 1 and k > 0 and not self.to_zero
        reached = self.floor in {0, -1 << k} or self.a.lo >= 0
        return k if whole and reached and self.a.hi > self.ceiling else None

    @property
    def operands(self) -> tuple[Word, ...]:
        """The signal limited."""
        return (self.a,)


@dataclass(frozen=True, slots=True)
class Wrap(Op):
    """The low bits of ``a``, read as the result's format."""

    a: Word

    @property
    def operands(self) -> tuple[Word, ...]:
        """The signal cut."""
        return (self.a,)


@dataclass(frozen=True, slots=True)
class Square(Op):
    """``a * a``."""

    a: Word

    @property
    def operands(self) -> tuple[Word, ...]:
        """The signal squared."""
        return (self.a,)


@dataclass(frozen=True, slots=True)
class Product(Op):
    """``a * b``."""

    a: Word
    b: Word

    @property
    def operands(self) -> tuple[Word, ...]:
        """The two factors."""
        return (self.a, self.b)


@dataclass(frozen=True, slots=True)
class Lookup(Op):
    """``values[a - a.lo]``: a look-up table over all that ``a`` can be."""

    a: Word
    values: tuple[int, ...]

    @property
    def bits(self) -> int:
        """Bits of the address."""
        return self.a.address_bits

    @property
    def first(self) -> int:
        """Address of the first entry; the others follow, modulo ``2**bits``."""
        return self.a.lo % (1 << self.bits)

    @property
    def operands(self) -> tuple[Word, ...]:
        """The signal looked up."""
        return (self.a,)


@dataclass(frozen=True, slots=True)
class Register(Op):
    """``a`` one clock cycle later."""

    a: Word

    @property
    def operands(self) -> tuple[Word, ...]:
        """The signal stored."""
        return (self.a,)


@dataclass(frozen=True, slots=True)
class Vector:
    """A packed port: element i in the bits from ``i * fmt.width`` on."""

    name: str
    fmt: Fixed
    words: tuple[Word, ...]

    @property
    def width(self) -> int:
        """Bits of the port."""
        return self.fmt.width * len(self.words)


def signed_digits(value: int) -> list[tuple[int, bool]]:
    """Canonical signed digits of an integer: (power of two, minus) from the lowest up.

    No two neighbouring digits are set, so their number is the smallest possible (Reitwiesner,
    "Binary Arithmetic", Advances in Computers 1, 1960).
    """
    digits, power = [], 0
    while value:
        if value & 1:
            digit = 2 - (value & 3)
            digits.append((power, digit < 0))
            value -= digit
        value >>= 1
        power += 1
    return digits
