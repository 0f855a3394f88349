"""Fixed-point formats of the recipes: one object for QKeras, NumPy and ``model.yaml``.

A format here always rounds half to even and saturates (``RND_CONV``, ``SAT``), as deployed
trigger networks do. QKeras counts integer bits without the sign, AMD's ``ap_fixed`` and
fwgen with it; ``Format`` counts as fwgen does.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Format:
    """``width`` bits, ``integer`` of them before the binary point, the sign bit included."""

    width: int
    integer: int
    signed: bool = True

    def __str__(self) -> str:
        """Write it as in model.yaml."""
        kind = "fixed" if self.signed else "ufixed"
        return f"{kind}<{self.width},{self.integer},RND_CONV,SAT>"

    @property
    def parameter(self) -> str:
        """The format of weights in it: parameters are rounded, but never saturate."""
        return str(self).replace(",SAT", "")

    @property
    def step(self) -> float:
        """Distance of two neighbouring values."""
        return 2.0 ** (self.integer - self.width)

    @property
    def range(self) -> tuple[int, int]:
        """Lowest and highest value, in steps."""
        if self.signed:
            return -(2 ** (self.width - 1)), 2 ** (self.width - 1) - 1
        return 0, 2**self.width - 1

    def __call__(self, x: Floats) -> Floats:
        """Round and saturate; exact, because a step is a power of two."""
        low, high = self.range
        return np.clip(np.rint(np.asarray(x, np.float64) / self.step), low, high) * self.step

    def integers(self, values: Floats) -> NDArray[np.int64]:
        """Values in steps.

        Raises
        ------
        ValueError
            If one is not on the grid or outside the range.
        """
        if not np.array_equal(self(values), values):
            raise ValueError(f"values off the grid of {self}")
        return np.rint(values / self.step).astype(np.int64)

    def keras(self, *, straight_through: bool = True) -> Any:
        """Make the QKeras quantiser, without a scale (``alpha=1``).

        With ``straight_through`` QKeras computes ``x + (q - x)``, whose float32 result may miss
        the grid by a rounding; without, it gives ``q`` itself and no gradient.
        """
        from qkeras import quantized_bits  # noqa: PLC0415 - tests read formats without QKeras

        integer = self.integer - 1 if self.signed else self.integer
        return quantized_bits(
            self.width,
            integer,
            keep_negative=self.signed,
            alpha=1,
            use_ste=straight_through,
        )

    def keras_relu(self, *, straight_through: bool = True) -> Any:
        """Make the QKeras quantiser of a ReLU's result."""
        from qkeras import quantized_relu  # noqa: PLC0415 - as above

        return quantized_relu(self.width, self.integer, use_ste=straight_through)


def signed_digits(integers: NDArray[np.int64]) -> int:
    """Count the non-zero digits of all integers in canonical signed-digit form.

    It is the number of additions or subtractions that multiplying by them takes, before any are
    shared. The digits of n are non-zero where n and 3 n differ (G. W. Reitwiesner, Advances in
    Computers 1 (1960) 231).
    """
    n = np.abs(integers)
    return int(np.bitwise_count((n ^ (3 * n)) >> 1).sum())
