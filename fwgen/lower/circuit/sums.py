"""Weighted sums as numbers, kept with the circuit that computes them: for whoever reads it."""

from dataclasses import dataclass

from fwgen.ir.cast import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Weights (outputs, inputs) of the elements of the input ``port``, which a ``letter`` names."""

    letter: str
    port: str
    weight: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What a circuit's first output is, before any conversion, in units of ``2**-frac``.

    Element o, called ``what`` and o, is the sum over all parts of ``weight[o, i]`` times element i
    of the port, and ``bias[o]``, which may hold half a unit for the rounding that follows.
    """

    what: str
    parts: tuple[Part, ...]
    bias: Ints
    frac: int
