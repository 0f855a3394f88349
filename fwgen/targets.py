"""Devices and budgets that fwgen knows by name."""

import difflib
from dataclasses import dataclass

from fwgen.errors import TargetError

BUNCH_CROSSING_NS = 25.0
MIN_CLOCK_MHZ = 1.0
MAX_CLOCK_MHZ = 1000.0


@dataclass(frozen=True, slots=True)
class Device:
    """An FPGA; counts from AMD's product tables (DS890, UltraScale Architecture Overview)."""

    name: str
    lut: int
    ff: int
    dsp: int
    bram36: int
    uram: int
    slr: int


@dataclass(frozen=True, slots=True)
class Budget:
    """A time that a trigger may take. ``of`` is ``latency`` or ``interval``."""

    name: str
    limit_ns: float
    of: str = "latency"
    required: bool = False


DEVICES: tuple[Device, ...] = (
    Device("xcvu9p", 1_182_240, 2_364_480, 6_840, 2_160, 960, 3),
    Device("xcvu13p", 1_728_000, 3_456_000, 12_288, 2_688, 1_280, 4),
)

# Nominal figures; the bunch crossing is 1/40.079 MHz, and clocks are its multiples.
BUDGETS: tuple[Budget, ...] = (
    Budget("on-detector front end", 25.0),
    Budget("CMS uGT anomaly trigger", 50.0),
    Budget("CMS Level-1, today", 4_000.0),
    Budget("ATLAS Level-0, HL-LHC", 10_000.0),
    Budget("CMS Level-1, HL-LHC", 12_500.0),
    Budget("every bunch crossing", 25.0, of="interval"),
)


def device(name: str) -> Device:
    """The device of that name.

    Raises
    ------
    TargetError
        If there is none; the message suggests the nearest.
    """
    known = {d.name: d for d in DEVICES}
    if name.lower() in known:
        return known[name.lower()]
    close = difflib.get_close_matches(name.lower(), known, 1, cutoff=0.5)
    raise TargetError(
        "target",
        needed=f"one of {', '.join(known)}",
        found=repr(name[:40]),
        do=f"Did you mean '{close[0]}'?" if close else "'fwgen targets' lists them.",
    )


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
