"""Files of devices, boards and budgets: fwgen's own ``targets.yaml`` and the user's.

Read with the same care as ``model.yaml``. This module knows the shape of such a file;
`fwgen.devices.catalogue` gives it meaning.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fwgen.errors import BundleError, TargetError
from fwgen.ingest.bundle.base import shown
from fwgen.ingest.bundle.complaints import wanted
from fwgen.ingest.bundle.yaml_file import read_mapping

FORMAT_VERSION = 1
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
    """One named budget."""

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


def read_targets_file(path: Path) -> TargetsFile:
    """Parse and validate a file of devices, boards and budgets.

    Raises
    ------
    TargetError
        With the line or the key of the first thing that is wrong.
    """
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
