"""Devices, boards and budgets, and how one is found by its name.

The data stand in ``targets.yaml`` next to this module, with their sources. `fwgen.ingest.targets`
reads it, so that nothing that only asks what a device holds loads a reader of YAML.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fwgen.devices.parts import parse_part
from fwgen.errors import TargetError

BUNCH_CROSSING_NS = 25.0
MIN_CLOCK_MHZ = 1.0
MAX_CLOCK_MHZ = 1000.0
RESOURCES = ("lut", "ff", "dsp", "bram36", "uram")


@dataclass(frozen=True, slots=True)
class Device:
    """An FPGA: what it holds, and the full part number that is synthesised for.

    ``lut`` ... ``uram`` count the whole device, over all its ``slr`` dies; ``bram36`` are block
    RAM tiles of 36 Kb. ``source`` names the data sheet.
    """

    name: str
    lut: int
    ff: int
    dsp: int
    bram36: int
    uram: int
    slr: int
    family: str
    part: str
    speed_grades: tuple[str, ...]
    source: str

    @property
    def speed(self) -> str:
        """Speed grade of ``part`` without its dash, for example ``2L``."""
        part = parse_part(self.part)
        return part.speed if part else ""


@dataclass(frozen=True, slots=True)
class Board:
    """Another name for the part that stands on a board."""

    name: str
    part: str
    source: str


@dataclass(frozen=True, slots=True)
class Budget:
    """A time that a trigger may take. ``of`` is ``latency`` or ``interval``."""

    name: str
    limit_ns: float
    of: str = "latency"
    required: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Devices, boards and budgets known by name."""

    devices: tuple[Device, ...]
    boards: tuple[Board, ...]
    budgets: tuple[Budget, ...]

    def device(self, name: str) -> Device:
        """The device of that name, board, or full part number (whose speed grade it then has).

        Raises
        ------
        TargetError
            If there is none, or the part number is malformed; the message suggests the nearest.
        """
        known = {d.name: d for d in self.devices}
        boards = {b.name: b.part for b in self.boards}
        text = boards.get(name.lower(), name)
        if text.lower() in known:
            return known[text.lower()]
        part = parse_part(text)
        if part is None:
            raise _unknown(name, known, boards)
        if part.device not in known:
            raise _unknown_device(part.device, name, known)
        found = known[part.device]
        if part.speed not in found.speed_grades:
            raise _wrong_speed(name, part.speed, found)
        return replace(found, part=part.number)


def check_clock(clock_mhz: float) -> float:
    """The clock itself, if it is one.

    Raises
    ------
    TargetError
        If it is no number, slower than any trigger or faster than any FPGA fabric.
    """
    if not MIN_CLOCK_MHZ <= clock_mhz <= MAX_CLOCK_MHZ:
        raise TargetError(
            "clock",
            needed=f"a frequency from {MIN_CLOCK_MHZ:g} to {MAX_CLOCK_MHZ:g} MHz",
            found=f"{clock_mhz:g} MHz",
            do="Give --clock in MHz, for example 240 or 360.",
        )
    return clock_mhz


# ---- what is refused ----


def _unknown(name: str, known: dict[str, Device], boards: dict[str, str]) -> TargetError:
    stem = next((d for d in known.values() if name.lower().startswith(d.name)), None)
    # what follows a device's name begins with a dash, or in the 7 series with a package's letter
    if stem is not None and name.lower()[len(stem.name) :][:1] in {"-", *"bcfrs"}:
        return TargetError(
            "target",
            needed=f"a full part number of {stem.name}, such as {stem.part}",
            found=repr(name[:40]),
            do="Give device, package, speed grade and temperature grade, or the device alone.",
        )
    return TargetError(
        "target",
        needed="a device, board or full part number that fwgen knows",
        found=repr(name[:40]),
        do=_nearest(name, [*known, *boards]),
    )


def _unknown_device(found: str, name: str, known: dict[str, Device]) -> TargetError:
    return TargetError(
        "target",
        needed="a part of a device that fwgen knows",
        found=f"{name[:40]!r}, a part of '{found[:40]}'",
        do=_nearest(found, known),
    )


def _wrong_speed(name: str, speed: str, found: Device) -> TargetError:
    return TargetError(
        "target",
        needed=f"a speed grade of {found.name}: {', '.join(f'-{s}' for s in found.speed_grades)}",
        found=f"{name[:40]!r}, speed grade -{speed}",
        do=f"Its default part is {found.part}.",
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name.lower()[:40], list(known), 1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return "'fwgen targets' lists them; --targets FILE adds your own."
