"""Files of devices, boards and budgets: fwgen's own ``targets.yaml`` and the user's.

Read with the same care as ``model.yaml``. ``--targets FILE`` adds a file of the same form as
fwgen's own, whose entries replace those of the same name.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fwgen import devices
from fwgen.devices.catalogue import Board, Budget, Catalogue, Device
from fwgen.devices.parts import parse_part
from fwgen.errors import BundleError, TargetError
from fwgen.ingest.bundle.base import shown
from fwgen.ingest.bundle.complaints import wanted
from fwgen.ingest.bundle.yaml_file import read_mapping

FORMAT_VERSION = 1
OWN_FILE = Path(devices.__file__).with_name("targets.yaml")
_HOW = "docs/targets.md explains the keys."
_MANY = 1000

# names reach tables, Tcl and file names; a budget's name is shown only, and may have blanks
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=40)]
Title = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ,.:+/()-]*$", max_length=60)]
Speed = Annotated[str, Field(pattern=r"^[1-3](L|LV|HV)?$")]
Count = Annotated[int, Field(ge=0, le=10**9)]
Text = Annotated[str, Field(max_length=400)]


class Section(BaseModel):
    """Base of every mapping in the file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DeviceEntry(Section):
    """One device with its resources."""

    name: Name
    family: Literal["UltraScale+", "UltraScale", "7 series"]
    part: Text
    speed_grades: Annotated[list[Speed], Field(min_length=1, max_length=16)]
    lut: Annotated[int, Field(ge=1, le=10**9)]
    ff: Annotated[int, Field(ge=1, le=10**9)]
    dsp: Count
    bram36: Count
    uram: Count = 0
    slr: Annotated[int, Field(ge=1, le=16)] = 1
    source: Text


class BoardEntry(Section):
    """One board: another name for the full part number that stands on it."""

    name: Name
    part: Text
    source: Text = ""


class BudgetEntry(Section):
    """One budget of latency or interval, known by its name."""

    name: Title
    limit_ns: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    of: Literal["latency", "interval"] = "latency"
    source: Text = ""


class TargetsFile(Section):
    """The whole of a targets file."""

    fwgen_targets: Annotated[int, Field(ge=FORMAT_VERSION, le=FORMAT_VERSION)]
    devices: Annotated[list[DeviceEntry], Field(max_length=_MANY)] = []
    boards: Annotated[list[BoardEntry], Field(max_length=_MANY)] = []
    budgets: Annotated[list[BudgetEntry], Field(max_length=_MANY)] = []


def catalogue(path: Path | None = None) -> Catalogue:
    """What comes with fwgen and, where there is one, what a user's file adds to it.

    Raises
    ------
    TargetError
        If the file cannot be read or contradicts itself.
    """
    return _own() if path is None else _extended(_own(), path)


def device(name: str) -> Device:
    """The device of fwgen's own catalogue by name, board or full part number.

    Raises
    ------
    TargetError
        If there is none; the message suggests the nearest.
    """
    return _own().device(name)


@cache
def _own() -> Catalogue:
    return _read(OWN_FILE)


# ---- meaning ----


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=_Named)


def _merged(first: tuple[Entry, ...], then: tuple[Entry, ...]) -> tuple[Entry, ...]:
    taken = {entry.name for entry in first}
    return (*first, *(entry for entry in then if entry.name not in taken))


def _extended(known: Catalogue, path: Path) -> Catalogue:
    """A catalogue with a user's file added, whose entries come first."""
    more = _read(path)
    together = Catalogue(
        _merged(more.devices, known.devices),
        _merged(more.boards, known.boards),
        _merged(more.budgets, known.budgets),
    )
    for board in more.boards:
        _check_board(path, board, together)
    return together


def _read(path: Path) -> Catalogue:
    data = _parse(path)
    for entries in (data.devices, data.boards, data.budgets):
        _check_once(path, [entry.name for entry in entries])
    return Catalogue(
        tuple(_device(path, entry) for entry in data.devices),
        tuple(Board(b.name, b.part, b.source) for b in data.boards),
        tuple(Budget(b.name, b.limit_ns, b.of, source=b.source) for b in data.budgets),
    )


def _device(path: Path, entry: DeviceEntry) -> Device:
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


# ---- shape ----


def _parse(path: Path) -> TargetsFile:
    try:
        data = read_mapping(path, "a file of devices and budgets")
        return TargetsFile.model_validate(data)
    except BundleError as error:
        raise TargetError(error.where, needed=error.needed, found=error.found, do=_HOW) from None
    except ValidationError as error:
        raise _complaint(path, data, error) from None


def _complaint(path: Path, data: dict[str, Any], error: ValidationError) -> TargetError:
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    where = f"{path}: {_place(data, first['loc'])}"
    match first["type"]:
        case "extra_forbidden":
            return TargetError(where, needed="a key that fwgen knows", found="another", do=_HOW)
        case "missing":
            return TargetError(where, needed="this key", found="nothing", do=f"Add it. {_HOW}")
        case "string_pattern_mismatch":
            plain = "letters, digits and single - or _"
            needed = plain if first["loc"][-1] == "name" else "a speed grade such as 2 or 2L"
            return TargetError(where, needed=needed, found=shown(first["input"]), do=_HOW)
        case _:
            return TargetError(where, needed=wanted(first), found=shown(first["input"]), do=_HOW)


def _place(data: dict[str, Any], loc: tuple[int | str, ...]) -> str:
    """The key's path; an entry of a list is called by its own name, if it has one."""
    head, *rest = loc
    if not (rest and isinstance(rest[0], int)):
        return ".".join(map(str, loc))
    entry = data[str(head)][rest[0]]
    name = entry.get("name") if isinstance(entry, dict) else None
    called = f"{head}[{rest[0]}]" + (f" ({shown(name)!r})" if name else "")
    return ": ".join([called, ".".join(map(str, rest[1:]))] if rest[1:] else [called])
