"""The operations of a graph: one frozen dataclass each. Nodes describe, they never compute.

``docs/ir.md`` gives the exact integer result of every operation. Parameters are `Real` as they
come from a file and `Const` once the quantise stage has fixed them; the rest of a node is the same
in both kinds of graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from fwgen.ir.fixed import BIT, Fixed
from fwgen.ir.node import Const, Node, Pair, Param, Real, Unary
from fwgen.ir.spiking import (
    CubaLif,
    FirstSpike,
    LastMembrane,
    LatencyEncoder,
    Lif,
    Maximum,
    Membrane,
    ReadOut,
    Reset,
    ShiftLeak,
    SpikeCount,
)

__all__ = [
    "ALL_NODES",
    "BIT",
    "CUSTOM",
    "FUNCTIONS",
    "Add",
    "BatchNorm",
    "Concat",
    "Const",
    "CubaLif",
    "Dense",
    "FirstSpike",
    "Input",
    "KlDivergence",
    "LastMembrane",
    "LatencyEncoder",
    "LeakyRelu",
    "Lif",
    "Maximum",
    "Membrane",
    "Multiply",
    "Node",
    "Pair",
    "Param",
    "Quantise",
    "ReadOut",
    "Real",
    "Relu",
    "Reset",
    "ShiftLeak",
    "Slice",
    "SpikeCount",
    "SquaredError",
    "Subtract",
    "SumSquares",
    "Table",
    "Threshold",
    "Unary",
]

CUSTOM = "custom"
FUNCTIONS = (
    "sigmoid",
    "tanh",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "square",
    "reciprocal",
    "softplus",
)
"""Functions of a `Table` that are known by name; `CUSTOM` brings its own values."""


@dataclass(frozen=True, slots=True, eq=False)
class Input(Node):
    """The event: a vector of ``size`` numbers in format ``fmt``, the same at every time step.

    With ``spikes`` it is that many bits for each time step; ``fmt`` is then `BIT`.
    """

    op: ClassVar[str] = "input"
    size: int
    fmt: Fixed
    spikes: bool = False

    def elements(self, steps: int) -> int:
        """Numbers of an event of so many time steps."""
        return self.size * steps if self.spikes else self.size


@dataclass(frozen=True, slots=True, eq=False)
class Quantise(Unary):
    """Element-wise conversion to ``fmt`` with its rounding and overflow modes."""

    op: ClassVar[str] = "quantise"
    fmt: Fixed


@dataclass(frozen=True, slots=True, eq=False)
class Dense(Unary):
    """``y = W x + b``, exact. ``weight`` has shape (outputs, inputs), ``bias`` (outputs,).

    ``accumulator`` is the type that the sums are declared to have, None for one as wide as needed.
    It never changes the result: one that could is refused by the range analysis.
    """

    op: ClassVar[str] = "dense"
    weight: Param
    bias: Param
    accumulator: Fixed | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BatchNorm(Unary):
    """``y_i = scale_i * x_i + offset_i``, exact; both of shape (size,).

    Batch normalisation in inference: ``scale = gamma / sqrt(variance + epsilon)`` and
    ``offset = beta - mean * scale``.
    """

    op: ClassVar[str] = "batch_norm"
    scale: Param
    offset: Param


@dataclass(frozen=True, slots=True, eq=False)
class Relu(Unary):
    """``max(x, 0)``, element by element, exact."""

    op: ClassVar[str] = "relu"


@dataclass(frozen=True, slots=True, eq=False)
class LeakyRelu(Unary):
    """``x`` where it is 0 or more, ``alpha * x`` below, exact; ``alpha`` has shape () or (size,).

    With one ``alpha`` an element it is what frameworks call PReLU.
    """

    op: ClassVar[str] = "leaky_relu"
    alpha: Param


@dataclass(frozen=True, slots=True, eq=False)
class Table(Unary):
    """``function(x)`` of each element, rounded and brought into range by ``fmt``: a look-up table.

    In an integer graph ``values`` holds, for the source's integers ``first``, ``first + 1``, ...,
    the results on the grid of ``fmt`` before its overflow mode acts. In a real graph it is None for
    a function known by name; where ``function`` is ``custom``, it is the whole table (shape
    (entries,)), whose first entry stands for the real input ``first`` and each further one for the
    source's next number.
    """

    op: ClassVar[str] = "table"
    function: str
    fmt: Fixed
    first: float = 0
    values: Param | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Concat(Node):
    """The elements of several vectors, one after the other."""

    op: ClassVar[str] = "concat"
    parts: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the vectors, in order."""
        return self.parts

    def reading(self, renamed: Mapping[str, str]) -> Self:
        """The same node, with its parts under their new names."""
        return replace(self, parts=tuple(renamed.get(p, p) for p in self.parts))


@dataclass(frozen=True, slots=True, eq=False)
class Slice(Unary):
    """The elements ``start`` to ``stop - 1``."""

    op: ClassVar[str] = "slice"
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Add(Pair):
    """``left + right``, element by element, exact."""

    op: ClassVar[str] = "add"


@dataclass(frozen=True, slots=True, eq=False)
class Subtract(Pair):
    """``left - right``, element by element, exact."""

    op: ClassVar[str] = "subtract"


@dataclass(frozen=True, slots=True, eq=False)
class Multiply(Pair):
    """``left * right``, element by element, exact."""

    op: ClassVar[str] = "multiply"


@dataclass(frozen=True, slots=True, eq=False)
class SquaredError(Pair):
    """``sum_i (a_i - b_i)**2`` of two vectors, exact; a score of one element."""

    op: ClassVar[str] = "squared_error"


@dataclass(frozen=True, slots=True, eq=False)
class SumSquares(Unary):
    """``sum_i x_i**2``, exact; a score of one element.

    Of the means of a variational autoencoder it is the "clipped KL" score, arXiv:2108.03986.
    """

    op: ClassVar[str] = "sum_squares"


@dataclass(frozen=True, slots=True, eq=False)
class KlDivergence(Node):
    """``1/2 * sum_i (mean_i**2 + variance_i - 1 - log_variance_i)``, exact; one element.

    The Kullback-Leibler divergence of a diagonal normal distribution from the standard one
    (Kingma and Welling, arXiv:1312.6114, appendix B); the variance comes from a `Table` of exp.
    """

    op: ClassVar[str] = "kl_divergence"
    mean: str
    log_variance: str
    variance: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of mean, log variance and variance."""
        return (self.mean, self.log_variance, self.variance)

    def reading(self, renamed: Mapping[str, str]) -> Self:
        """The same node, with its three vectors under their new names."""
        mean, log, variance = (renamed.get(name, name) for name in self.sources)
        return replace(self, mean=mean, log_variance=log, variance=variance)


@dataclass(frozen=True, slots=True, eq=False)
class Threshold(Unary):
    """1 where the source is strictly greater than ``value``, 0 elsewhere.

    ``value`` has shape (), or (size,) with one number an element.
    """

    op: ClassVar[str] = "threshold"
    value: Param


ALL_NODES: tuple[type[Node], ...] = (
    Input,
    Quantise,
    Dense,
    BatchNorm,
    Relu,
    LeakyRelu,
    Table,
    Concat,
    Slice,
    Add,
    Subtract,
    Multiply,
    Lif,
    CubaLif,
    LatencyEncoder,
    Membrane,
    LastMembrane,
    Maximum,
    SpikeCount,
    FirstSpike,
    SquaredError,
    SumSquares,
    KlDivergence,
    Threshold,
)
