"""The device and the budgets of a build, and the tables of everything known by name."""

from fwgen.devices.catalogue import Board, Budget, Catalogue, Device, check_clock
from fwgen.devices.delays import model_for
from fwgen.errors import OutputError
from fwgen.lower.circuit.pace import Pace
from fwgen.report.table import Table
from fwgen.tools.plain import Json


def device_block(device: Device) -> Json:
    """The report's ``device``: its part, speed grade and what it holds."""
    return {
        "name": device.name,
        "family": device.family,
        "part": device.part,
        "speed_grade": device.speed,
        "lut": device.lut,
        "ff": device.ff,
        "dsp": device.dsp,
        "bram36": device.bram36,
        "uram": device.uram,
        "slr": device.slr,
        "source": device.source,
    }


def built_pace(report: Json) -> Pace:
    """The clock and the delay model of the part that a build was made for.

    Raises
    ------
    OutputError, TargetError
        If the report was damaged.
    """
    clock = check_clock(report["clock_mhz"])
    try:
        return Pace(clock, model_for(report["device"]["family"], report["device"]["part"]))
    except (KeyError, TypeError) as error:
        raise OutputError(
            "report.json: device",
            needed="family and part of the device",
            found=f"{type(error).__name__}: {error}"[:80],
            do="Build again.",
        ) from None


def named_budgets(report: Json) -> list[Budget]:
    """The budgets of a report that are not the model's own: fwgen's and the user's.

    Raises
    ------
    OutputError
        If the report was damaged.
    """
    try:
        return [
            Budget(b["name"], b["limit_ns"], b["of"])
            for b in report["budgets"]
            if not b["required"]
        ]
    except (KeyError, TypeError) as error:
        raise OutputError(
            "report.json: budgets",
            needed="budgets with name, limit_ns, of and required",
            found=f"{type(error).__name__}: {error}"[:80],
            do="Build again.",
        ) from None


def target_tables(known: Catalogue, *, sources: bool) -> list[Table]:
    """Devices, their parts, boards and budgets; narrow enough for a terminal of 80 columns."""
    found = [
        _resources(known.devices),
        _parts(known.devices),
        Table("Boards", ("board", "part"), [(b.name, b.part) for b in known.boards]),
        _budgets(known.budgets),
    ]
    return [*found, _sources(known)] if sources else found


def _resources(devices: tuple[Device, ...]) -> Table:
    head = ("device", "LUT", "FF", "DSP", "BRAM36", "URAM", "SLR")
    rows = [
        (d.name, *(f"{n:,}" for n in (d.lut, d.ff, d.dsp, d.bram36, d.uram, d.slr)))
        for d in devices
    ]
    return Table("Devices", head, rows, frozenset(range(1, 7)))


def _parts(devices: tuple[Device, ...]) -> Table:
    head = ("device", "family", "default part", "speed grades")
    rows = [
        (d.name, d.family, d.part, ", ".join(f"-{grade}" for grade in d.speed_grades))
        for d in devices
    ]
    return Table("Parts", head, rows)


def _budgets(budgets: tuple[Budget, ...]) -> Table:
    rows = [(b.name, b.of, f"{b.limit_ns:,.0f}") for b in budgets]
    return Table("Budgets", ("budget", "of", "limit ns"), rows, frozenset({2}))


def _sources(known: Catalogue) -> Table:
    entries: list[Device | Board | Budget] = [*known.devices, *known.boards, *known.budgets]
    return Table("Sources", ("of", "source"), [(e.name, e.source) for e in entries])


def built_schedule(report: Json) -> str:
    """The schedule that a build has.

    Raises
    ------
    OutputError
        If the report was damaged.
    """
    chosen = report.get("schedule")
    text = chosen.get("chosen") if isinstance(chosen, dict) else None
    if not isinstance(text, str):
        raise OutputError(
            "report.json: schedule",
            needed="the schedule that was built",
            found="none",
            do="Build again.",
        )
    return text
