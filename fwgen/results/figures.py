"""The figures that a check and a build have in common, by name instead of by key."""

from dataclasses import dataclass, field

from fwgen.report.build_tables import missed
from fwgen.report.fit import best_figures, does_not_fit
from fwgen.tools.plain import Json


@dataclass(frozen=True, slots=True)
class Figures:
    """A report and its most asked-for figures.

    ``report`` is the whole of it, as ``report.json`` has it: every figure stands there with its
    kind, *simulated*, *synthesised*, *estimated* or *vendor*.
    """

    report: Json = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the model."""
        return str(self.report["model"])

    @property
    def target(self) -> str:
        """Name of the device."""
        return str(self.report["target"])

    @property
    def clock_mhz(self) -> float:
        """The clock that the design is made for, in MHz."""
        return float(self.report["clock_mhz"])

    @property
    def latency_ns(self) -> float:
        """From an event's first cycle to its outputs, boundary registers included, in ns."""
        return float(self.report["latency"]["ns"])

    @property
    def latency_cycles(self) -> int:
        """From an event's first cycle to its outputs, boundary registers included, in cycles."""
        return int(self.report["latency"]["cycles"])

    @property
    def interval_ns(self) -> float:
        """The least time between two events, in ns."""
        return float(self.report["interval"]["ns"])

    @property
    def interval_cycles(self) -> int:
        """The least time between two events, in clock cycles."""
        return int(self.report["interval"]["cycles"])

    @property
    def missed_budgets(self) -> list[str]:
        """Names of the model's own budgets that are missed."""
        return missed(self.report)

    @property
    def resources(self) -> Json:
        """LUT, FF, DSP and block RAM by the best tool that ran; ``kind`` says which.

        Keys are ``lut``, ``ff``, ``dsp``, ``bram36`` and ``uram``, as far as they are known.
        """
        return best_figures(self.report)

    @property
    def fits(self) -> bool:
        """Whether the device holds it, by these figures."""
        return not does_not_fit(self.report)

    @property
    def notes(self) -> list[str]:
        """What a designer should know; sentences."""
        return list(self.report["notes"])
