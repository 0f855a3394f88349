"""Schedules: how the time steps of events share the hardware of the spiking layers."""

import re
from dataclasses import dataclass
from typing import Self

from fwgen.errors import BundleError

AUTO = "auto"
MAX_LANES, MAX_COPIES = 256, 64
FORMS = "auto, wavefront or unrolled, then as you like ,steps=N ,copies=N (wavefront) and ,small"
_TEXT = re.compile(
    r"(?P<kind>wavefront|unrolled)(,steps=(?P<lanes>[0-9]{1,3}))?(,copies=(?P<copies>[0-9]{1,2}))?"
    r"(?P<small>,small)?"
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule of the spiking layers.

    A *wavefront* runs ``lanes`` time steps in each clock cycle, layer after layer; ``copies`` of
    the spiking layers take events in turn. *Unrolled*, every time step has its own hardware and
    an event may enter in every cycle. Each layer's accumulators have the form with the fewest LUTs
    among those of the fewest cycles; with ``small``, the fewest LUTs at any number of cycles.
    """

    lanes: int = 1
    copies: int = 1
    unrolled: bool = False
    small: bool = False

    @classmethod
    def parse(cls, text: str, where: str) -> Self | None:
        """A schedule from its text; None for ``auto``.

        Raises
        ------
        BundleError
            If it is none; the message names ``where`` it stands.
        """
        plain = text.replace(" ", "")
        found = _TEXT.fullmatch(plain)
        lanes, copies = (int((found and found[key]) or 1) for key in ("lanes", "copies"))
        alone = found and found["kind"] == "unrolled" and (lanes, copies) != (1, 1)
        sound = 1 <= lanes <= MAX_LANES and 1 <= copies <= MAX_COPIES and not alone
        if plain == AUTO:
            return None
        if not found or not sound:
            raise BundleError(
                where,
                needed=f"{FORMS}; at most {MAX_LANES} steps a clock and {MAX_COPIES} copies",
                found=f"'{text[:80]}'",
                do="Write auto, and fwgen check --explain shows what there is to choose from.",
            )
        return cls(lanes, copies, found["kind"] == "unrolled", bool(found["small"]))

    def __str__(self) -> str:
        parts = ["unrolled" if self.unrolled else "wavefront"]
        parts += [f"steps={self.lanes}"] * (self.lanes > 1)
        parts += [f"copies={self.copies}"] * (self.copies > 1)
        return ",".join([*parts, *["small"] * self.small])

    def interval(self, steps: int) -> int:
        """Clock cycles between events of so many time steps."""
        return 1 if self.unrolled else -(-self.cycles(steps) // self.copies)

    def cycles(self, steps: int) -> int:
        """Clock cycles that an event occupies a layer."""
        return 1 if self.unrolled else -(-steps // self.lanes)
