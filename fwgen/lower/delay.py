"""How much logic fits between two registers: one rule, in one place.

A logic level is an addition or comparison of usual width. Its delay is an assumption, the one
that alkaid's latency unit makes for UltraScale+ speed grade -2, not a measurement.
"""

from dataclasses import dataclass

LEVEL_NS = 1.1  # assumed: one adder with its routing (alkaid's latency unit)
REGISTER_NS = 0.5  # assumed: clock to output, set-up and skew


@dataclass(frozen=True, slots=True)
class Timing:
    """The wanted clock in MHz."""

    clock_mhz: float

    @property
    def levels(self) -> int:
        """Logic levels allowed between two registers; at least one."""
        return max(1, int((1000.0 / self.clock_mhz - REGISTER_NS) / LEVEL_NS))
