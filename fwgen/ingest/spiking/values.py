"""What a spiking network is made of while it is imported: values, maps, and formats asked for."""

from dataclasses import dataclass

import numpy as np

from fwgen.ingest.exact import Grid, Reals
from fwgen.ir.fixed import Fixed

DEFAULT_BITS, MAX_FRAC = 8, 16  # of weights, as the quantise stage chooses


@dataclass(frozen=True, slots=True)
class Formats:
    """What the user said about formats; texts as ``model.yaml`` spells them, None where open.

    ``precision`` is the format of ``--precision``; ``ranged`` says that binary points follow from
    samples.
    """

    exact: bool = False
    weight: str | None = None
    beta: str | None = None
    precision: Fixed | None = None
    ranged: bool = False

    def step(self, values: Reals) -> float:
        """The coarsest grid on which parameters such as these may end up, 0 for their own."""
        if self.exact:
            return 0.0
        if self.precision is not None and not self.ranged:
            return 2.0**-self.precision.frac
        width = self.precision.width if self.precision else DEFAULT_BITS
        return float(np.abs(values).max(initial=0)) * 2.0 ** (2 - width) + 2.0**-MAX_FRAC


@dataclass(frozen=True, slots=True, eq=False)
class NetValue:
    """A value of the draft: its layer's name, its grid, and what can be done with it.

    ``temporal`` where it differs from step to step. ``neurons`` says that it is the spikes of a
    `lif` layer; ``fires`` and ``membrane`` that they may be read, and its last membrane too.
    """

    name: str
    grid: Grid
    temporal: bool = False
    neurons: bool = False
    fires: bool = True
    membrane: bool = True

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.grid.size


@dataclass(slots=True, eq=False)
class Map:
    """A linear map that is not written yet: a matrix (units, inputs), or a diagonal (size,)."""

    where: str
    wanted: str
    source: NetValue
    weight: Reals
    bias: Reals
    written: NetValue | None = None

    @property
    def size(self) -> int:
        """Number of elements of the result."""
        return len(self.weight)


ValueOrMap = NetValue | Map
