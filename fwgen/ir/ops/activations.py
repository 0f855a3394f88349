"""Functions of each element."""

from dataclasses import dataclass, field
from typing import ClassVar

from fwgen.ir.fixed import Fixed
from fwgen.ir.node import OPTIONAL, PARAMETER, VALUE_FORMAT, Node, Param, Real, Unary
from fwgen.ir.ops.basic import Input, Quantise, as_source
from fwgen.ir.shape import Earlier, Shape, ShapeRules, misfit, parameters_fit

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
class Relu(Unary):
    """``max(x, 0)``, element by element, exact."""

    op: ClassVar[str] = "relu"


@dataclass(frozen=True, slots=True, eq=False)
class LeakyRelu(Unary):
    """``x`` where it is 0 or more, ``alpha * x`` below, exact.

    ``alpha`` has shape () or (channels,). With one a channel it is what frameworks call PReLU.
    """

    op: ClassVar[str] = "leaky_relu"
    alpha: Param = field(metadata=PARAMETER)


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
    fmt: Fixed = field(metadata=VALUE_FORMAT)
    first: float = 0
    values: Param | None = field(default=None, metadata=OPTIONAL)


def _leaky_relu(node: LeakyRelu, known: Earlier) -> Shape:
    return parameters_fit(node, known.source(node), {"alpha": node.alpha}, shared=True)


def _table(node: Table, known: Earlier) -> Shape:
    source = known.source(node)
    if node.function not in {*FUNCTIONS, CUSTOM}:
        raise misfit(
            node, f"one of the functions {', '.join((*FUNCTIONS, CUSTOM))}", f"'{node.function}'"
        )
    if source.temporal:
        raise misfit(node, "a value that exists once per event", "one with a value per time step")
    if node.function != CUSTOM:
        return source
    if node.values is None or len(node.values.shape) != 1 or node.values.shape[0] == 0:
        found = "none" if node.values is None else f"shape {node.values.shape}"
        raise misfit(node, "values of shape (entries,)", found)
    # its entries stand for the numbers of a grid, which must not be fwgen's choice
    if isinstance(node.values, Real) and declared_grid(known.nodes[node.source]) is None:
        raise misfit(
            node,
            "a source whose format the model gives (input, quantise or table), since a custom "
            "table has one entry for each of its numbers",
            f"'{node.source}' ({known.nodes[node.source].op})",
        )
    return source


def declared_grid(node: Node) -> int | None:
    """Fraction bits of a value whose format stands in the model, None for all others."""
    return node.fmt.frac if isinstance(node, Input | Quantise | Table) else None


NODES: tuple[type[Node], ...] = (Relu, LeakyRelu, Table)
SHAPES: ShapeRules = {Relu: as_source, LeakyRelu: _leaky_relu, Table: _table}
