"""The number format: integers with the meaning of AMD's ``ap_fixed``.

A value is an integer ``n`` that stands for ``n * 2**-frac``. Rounding and overflow follow
AMD UG1399 (Vitis HLS, "Arbitrary Precision Fixed-Point Data Types"), and ``docs/ir.md`` gives
the integer formulas.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from fwgen.errors import FormatError

MAX_WIDTH = 256


class Rounding(StrEnum):
    """What happens to fraction bits that do not fit."""

    TRN = "TRN"
    TRN_ZERO = "TRN_ZERO"
    RND = "RND"
    RND_ZERO = "RND_ZERO"
    RND_INF = "RND_INF"
    RND_MIN_INF = "RND_MIN_INF"
    RND_CONV = "RND_CONV"


class Overflow(StrEnum):
    """What happens to values beyond the format's range."""

    WRAP = "WRAP"
    SAT = "SAT"
    SAT_ZERO = "SAT_ZERO"
    SAT_SYM = "SAT_SYM"


_PATTERN = re.compile(
    r"(?P<unsigned>u?)fixed<\s*(?P<width>\d{1,4})\s*,\s*(?P<integer>-?\d{1,4})\s*"
    r"(?:,\s*(?P<rounding>\w+)\s*)?(?:,\s*(?P<overflow>\w+)\s*)?>"
)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fixed-point format of ``width`` bits, ``integer`` of them before the binary point.

    As in ``ap_fixed`` the sign bit counts as an integer bit, and ``integer`` may be negative or
    larger than ``width``.

    Raises
    ------
    FormatError
        If the width is not in 1..256 or the binary point lies absurdly far away.
    """

    signed: bool
    width: int
    integer: int
    rounding: Rounding = Rounding.TRN
    overflow: Overflow = Overflow.WRAP

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MAX_WIDTH:
            raise FormatError(
                f"number format '{self}'",
                needed=f"a width of 1 to {MAX_WIDTH} bits",
                found=f"{self.width}",
                do="Give a width in that range.",
            )
        if abs(self.integer) > MAX_WIDTH:
            raise FormatError(
                f"number format '{self}'",
                needed=f"integer bits from -{MAX_WIDTH} to {MAX_WIDTH}",
                found=f"{self.integer}",
                do="Move the binary point into that range.",
            )
        if self.overflow is Overflow.SAT_SYM and self.signed and self.width == 1:
            raise FormatError(
                f"number format '{self}'",
                needed="at least 2 bits for a signed SAT_SYM format",
                found="1 bit, whose only symmetric value is 0",
                do="Use a wider format or SAT.",
            )

    @classmethod
    def parse(cls, text: str, where: str = "number format") -> Self:
        """Read ``fixed<16,6,RND_CONV,SAT>`` or ``ufixed<...>``; modes may be left out.

        Raises
        ------
        FormatError
            If the text is no number format; the message names ``where``.
        """
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise FormatError(
                where,
                needed="a number format such as fixed<16,6,RND_CONV,SAT> or ufixed<8,1>",
                found=repr(text[:80]),
                do="Write [u]fixed<width,integer bits[,rounding[,overflow]]>.",
            )
        return cls(
            signed=not match["unsigned"],
            width=int(match["width"]),
            integer=int(match["integer"]),
            rounding=_mode(Rounding, match["rounding"] or "TRN", where),
            overflow=_mode(Overflow, match["overflow"] or "WRAP", where),
        )

    @classmethod
    def holding(cls, lo: int, hi: int, frac: int) -> Self:
        """Narrowest format with ``frac`` fraction bits that holds the integers lo..hi."""
        signed = lo < 0
        width = max(1, max(hi, 0).bit_length() + signed, (max(-lo, 1) - 1).bit_length() + signed)
        return cls(signed=signed, width=width, integer=width - frac)

    @property
    def frac(self) -> int:
        """Fraction bits; the weight of the least significant bit is ``2**-frac``."""
        return self.width - self.integer

    @property
    def lo(self) -> int:
        """Smallest integer of the format."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """Largest integer of the format."""
        return (1 << (self.width - self.signed)) - 1

    def holds(self, lo: int, hi: int) -> bool:
        """Whether a conversion leaves all integers lo..hi, on this format's grid, as they are."""
        symmetric = self.signed and self.overflow is Overflow.SAT_SYM
        return (-self.hi if symmetric else self.lo) <= lo and hi <= self.hi

    def __str__(self) -> str:
        kind = "fixed" if self.signed else "ufixed"
        modes = ""
        if self.overflow is not Overflow.WRAP:
            modes = f",{self.rounding},{self.overflow}"
        elif self.rounding is not Rounding.TRN:
            modes = f",{self.rounding}"
        return f"{kind}<{self.width},{self.integer}{modes}>"


BIT = Fixed(signed=False, width=1, integer=1)
"""The format of a spike, and of anything else that is there or not."""

_E = TypeVar("_E", bound=StrEnum)


def _mode(kind: type[_E], text: str, where: str) -> _E:
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise FormatError(
            where,
            needed=f"one of the {kind.__name__.lower()} modes {known}",
            found=repr(text[:40]),
            do="Use one of these names, as ap_fixed spells them without AP_.",
        ) from None
