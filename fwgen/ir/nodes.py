"""The operations of a graph: one frozen dataclass each. Nodes describe, they never compute.

``docs/ir.md`` gives the exact integer result of every operation. Parameters are `Real` as they
come from a file and `Ints` once the quantise stage has fixed them; the rest of a node is the same
in both kinds of graph.

Spiking equations follow snnTorch 1.0 (``snntorch.Leaky``); u is the membrane potential.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.fixed import Fixed


@dataclass(frozen=True, slots=True, eq=False)
class Real:
    """Real-valued parameter: float64 array, and the format asked for (None lets fwgen choose)."""

    values: NDArray[np.float64]
    fmt: Fixed | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.values.shape


@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """Integer parameter in a fixed format: object array of Python integers."""

    values: NDArray[Any]
    fmt: Fixed

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.values.shape


Param = Real | Const


class Reset(StrEnum):
    """What a spike does to the membrane."""

    SUBTRACT = "subtract"
    ZERO = "zero"
    NONE = "none"


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


@dataclass(frozen=True, slots=True)
class ShiftLeak:
    """Leak by shift and subtract: ``u - (u >> shift)``, floored in the membrane's last bit."""

    shift: int


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One named operation; ``sources`` are names of earlier nodes."""

    op: ClassVar[str]
    name: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the nodes that this one reads."""
        return ()

    def reading(self, renamed: Mapping[str, str]) -> Self:  # noqa: ARG002 - it reads nothing
        """The same node, with the sources of these names under their new ones."""
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """A node that reads one other node."""

    source: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Name of the node that this one reads."""
        return (self.source,)

    def reading(self, renamed: Mapping[str, str]) -> Self:
        """The same node, with its source under its new name."""
        return replace(self, source=renamed.get(self.source, self.source))


@dataclass(frozen=True, slots=True, eq=False)
class Input(Node):
    """The event: a vector of ``size`` numbers in format ``fmt``, the same at every time step."""

    op: ClassVar[str] = "input"
    size: int
    fmt: Fixed


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
class Pair(Node):
    """A node that reads two vectors."""

    left: str
    right: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the two vectors."""
        return (self.left, self.right)

    def reading(self, renamed: Mapping[str, str]) -> Self:
        """The same node, with its two vectors under their new names."""
        left, right = (renamed.get(name, name) for name in self.sources)
        return replace(self, left=left, right=right)


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
class Lif(Unary):
    """Leaky integrate-and-fire neurons, one per element of the source, run for all time steps.

    With u the membrane after the step before (0 at an event's first step) and x the source::

        r = u > threshold
        subtract: v = beta*u + x - r*threshold
        zero:     v = beta*((1-r)*u) + x
        none:     v = beta*u + x
        s = v > threshold                       # the spike, this node's value
        reset_delay:      u' = v
        no reset_delay:   d = s - r
            subtract: u' = v - d*threshold;  zero: u' = v - d*v;  none: u' = v

    v and u' are converted to ``membrane``. ``beta`` and ``threshold`` have shape () or (size,).
    Where ``threshold`` is None the neurons are leaky integrators: they never fire, and only their
    membranes are read. A ``beta`` of 1 makes integrate-and-fire neurons.
    """

    op: ClassVar[str] = "lif"
    beta: Param | ShiftLeak
    threshold: Param | None
    membrane: Fixed | None
    reset: Reset
    reset_delay: bool

    @property
    def fires(self) -> bool:
        """Whether there is a threshold at all."""
        return self.threshold is not None


@dataclass(frozen=True, slots=True, eq=False)
class ReadOut(Unary):
    """What makes one value an event of a `Lif` node's values of all time steps."""


@dataclass(frozen=True, slots=True, eq=False)
class LastMembrane(ReadOut):
    """Membrane u' of a `Lif` node after the last time step."""

    op: ClassVar[str] = "last_membrane"


@dataclass(frozen=True, slots=True, eq=False)
class Maximum(ReadOut):
    """Largest membrane u' of a `Lif` node over all time steps."""

    op: ClassVar[str] = "maximum"


@dataclass(frozen=True, slots=True, eq=False)
class SpikeCount(ReadOut):
    """Number of spikes of each neuron of a `Lif` node over all time steps."""

    op: ClassVar[str] = "spike_count"


@dataclass(frozen=True, slots=True, eq=False)
class FirstSpike(ReadOut):
    """Index, from 0, of each neuron's first time step with a spike; the steps' number if none."""

    op: ClassVar[str] = "first_spike"


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
    LastMembrane,
    Maximum,
    SpikeCount,
    FirstSpike,
    SquaredError,
    SumSquares,
    KlDivergence,
    Threshold,
)
