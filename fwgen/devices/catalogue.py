"""Devices, boards and budgets that fwgen knows by name, and those of a user's file.

The data stand in ``targets.yaml`` beside this module, with their sources; ``--targets FILE`` adds
a file of the same form, whose entries replace those of the same name.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from fwgen.devices import file as targets_file
from fwgen.devices.parts import parse_part
from fwgen.errors import TargetError

BUNCH_CROSSING_NS = 25.0
MIN_CLOCK_MHZ = 1.0
MAX_CLOCK_MHZ = 1000.0
RESOURCES = ("lut", "ff", "dsp", "bram36", "uram")
_OWN_FILE = Path(__file__).with_name("targets.yaml")


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
    """Everything known by name."""

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

    def extended(self, path: Path) -> "Catalogue":
        """The catalogue with a user's file added, whose entries come first.

        Raises
        ------
        TargetError
            If the file cannot be read or contradicts itself.
        """
        more = _read(path)
        together = Catalogue(
            _merged(more.devices, self.devices),
            _merged(more.boards, self.boards),
            _merged(more.budgets, self.budgets),
        )
        for board in more.boards:
            _check_board(path, board, together)
        return together


def catalogue(path: Path | None = None) -> Catalogue:
    """What comes with fwgen, and the user's file if there is one.

    Raises
    ------
    TargetError
        If the file cannot be read or contradicts itself.
    """
    return BUILT_IN if path is None else BUILT_IN.extended(path)


def device(name: str) -> Device:
    """The device of fwgen's own catalogue by name, board or full part number.

    Raises
    ------
    TargetError
        If there is none; the message suggests the nearest.
    """
    return BUILT_IN.device(name)


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


# ---- reading ----


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=_Named)


def _merged(first: tuple[Entry, ...], then: tuple[Entry, ...]) -> tuple[Entry, ...]:
    taken = {entry.name for entry in first}
    return (*first, *(entry for entry in then if entry.name not in taken))


def _read(path: Path) -> Catalogue:
    data = targets_file.read_targets_file(path)
    for entries in (data.devices, data.boards, data.budgets):
        _check_once(path, [entry.name for entry in entries])
    return Catalogue(
        tuple(_device(path, entry) for entry in data.devices),
        tuple(Board(b.name, b.part, b.source) for b in data.boards),
        tuple(Budget(b.name, b.limit_ns, b.of, source=b.source) for b in data.budgets),
    )


def _device(path: Path, entry: targets_file.DeviceEntry) -> Device:
    part = parse_part(entry.part)
    if part is None or part.device != entry.name or part.speed not in entry.speed_grades:
        raise TargetError(
            f"{path}: device '{entry.name}': part",
            needed="a full part number of this device with one of its speed grades",
            found=repr(entry.part[:60]),
            do="Write it as Vivado does, for example xcvu9p-flga2104-2L-e or xc7z020clg400-1.",
        )
    fields = entry.model_dump() | {"speed_grades": tuple(entry.speed_grades), "part": part.number}
    return Device(**fields)


def _check_board(path: Path, board: Board, known: Catalogue) -> None:
    try:
        known.device(board.part)
    except TargetError as error:
        raise error.within(f"{path}: board '{board.name}'") from None


def _check_once(path: Path, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TargetError(
            str(path), needed="every name once", found=f"'{twice}' twice", do="Remove one."
        )


BUILT_IN = _read(_OWN_FILE)
DEVICES = BUILT_IN.devices
BUDGETS = BUILT_IN.budgets
