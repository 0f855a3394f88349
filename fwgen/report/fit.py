"""Whether a design fits its device: the best figures there are against what the device holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from fwgen.devices.catalogue import RESOURCES
from fwgen.tools.plain import Json

NAMES = {"lut": "LUT", "ff": "FF", "dsp": "DSP", "bram36": "BRAM36", "uram": "URAM"}
# places of a report that hold resources, the most trusted first
BLOCKS = ("vendor", "resources", "estimate")


@dataclass(frozen=True, slots=True)
class Excess:
    """A resource of which a design needs more than its device has; ``kind`` of the figure."""

    resource: str
    used: float
    available: float
    kind: str

    def __str__(self) -> str:
        """For example ``85,300 LUT (synthesised), 1.60 times the 53,200 of the device``."""
        if not self.available:
            return f"{count(self.used)} {self.resource} ({self.kind}), and the device has none"
        factor = self.used / self.available
        return (
            f"{count(self.used)} {self.resource} ({self.kind}), {factor:.2f} times the "
            f"{count(self.available)} of the device"
        )


def count(value: float) -> str:
    """A number of cells as text; block RAM comes in halves."""
    return f"{value:,.1f}".removesuffix(".0")


def totals(block: Json | None) -> Json:
    """The figures of a whole design in a block of the report; empty if there is no block."""
    if not block:
        return {}
    inner = block.get("total", block)
    return {key: inner[key] for key in RESOURCES if isinstance(inner.get(key), int | float)}


def excess(used: Mapping[str, float], available: Mapping[str, float], kind: str) -> list[Excess]:
    """What a design needs more of than there is, the worst first."""
    over = [
        Excess(NAMES[key], used[key], available[key], kind)
        for key in RESOURCES
        if key in used and key in available and used[key] > available[key]
    ]
    return sorted(over, key=lambda e: -e.used / max(e.available, 1e-9))


def does_not_fit(report: Json) -> list[Excess]:
    """What a build needs more of than its device has, by the best figures in its report."""
    block = _best(report)
    if block is None:
        return []
    device = block.get("available") or report.get("device") or {}
    return excess(totals(block), device, block.get("kind", "estimated"))


def best_figures(report: Json) -> Json:
    """Resources of a design by the most trusted tool that gave any, and their ``kind``."""
    block = _best(report)
    return {} if block is None else {**totals(block), "kind": block.get("kind", "estimated")}


def _best(report: Json) -> Json | None:
    """The most trusted of the report's blocks that holds resources."""
    return next((report[name] for name in BLOCKS if totals(report.get(name))), None)
