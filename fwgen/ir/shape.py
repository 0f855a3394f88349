"""The shape of a value, and what the rules of several operations for what they may read share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

from fwgen.errors import GraphError
from fwgen.ir.node import Node, Param

MAX_ELEMENTS = 1 << 14  # of a value: vectors can be joined again and again


@dataclass(frozen=True, slots=True)
class Shape:
    """Axes of a value, channels last, and whether it has one value per time step.

    Elements stand row by row wherever a value is one row of numbers: in arrays of events, in bounds
    and on ports.
    """

    dims: tuple[int, ...]
    temporal: bool

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.dims)

    @property
    def channels(self) -> int:
        """Elements along the last axis."""
        return self.dims[-1]

    @property
    def text(self) -> str:
        """As people write it, such as 20x5."""
        return "x".join(map(str, self.dims))


Shapes = Mapping[str, Shape]


class Nodes(Protocol):
    """Whatever gives a node by its name."""

    def __getitem__(self, name: str) -> Node:
        """The node of that name."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a rule may look at: the nodes by name, and the shapes of those before."""

    nodes: Nodes
    shapes: Shapes

    def source(self, node: Node) -> Shape:
        """Shape of the first source."""
        return self.shapes[node.sources[0]]


ShapeRule = Callable[[Any, Earlier], Shape]
"""From a node and what is known to the shape of its value; GraphError if it cannot read that."""
ShapeRules = Mapping[type[Node], ShapeRule]


def vector(size: int, *, temporal: bool = False) -> Shape:
    """The shape of a row of numbers."""
    return Shape((size,), temporal)


def static(node: Node, shape: Shape, known: Earlier) -> Shape:
    """The shape, of a node whose sources all exist once per event.

    Raises
    ------
    GraphError
        If one has a value per time step.
    """
    if any(known.shapes[name].temporal for name in node.sources):
        raise misfit(node, "values that exist once per event", "one with a value per time step")
    return shape


def alike(node: Node, known: Earlier) -> bool:
    """Whether the sources are temporal; they must agree.

    Raises
    ------
    GraphError
        If they do not.
    """
    kinds = {known.shapes[name].temporal for name in node.sources}
    if len(kinds) > 1:
        of = {known.shapes[name].temporal: name for name in reversed(node.sources)}
        raise misfit(
            node,
            "sources that all exist once per event, or all once per time step",
            f"'{of[False]}' once per event and '{of[True]}' once per time step",
        )
    return kinds == {True}


def same_dims(node: Node, known: Earlier) -> tuple[int, ...]:
    """Axes of the sources, which must agree.

    Raises
    ------
    GraphError
        If they do not.
    """
    shapes = {name: known.shapes[name] for name in node.sources}
    found = {shape.dims for shape in shapes.values()}
    if len(found) > 1:
        many = "two" if len(node.sources) == 2 else f"{len(node.sources)}"  # noqa: PLR2004 - a pair
        vectors = all(len(dims) == 1 for dims in found)
        *most, last = (f"'{name}' with {shape.text}" for name, shape in shapes.items())
        raise misfit(
            node,
            f"{many if most else 'two'} vectors of the same length"
            if vectors
            else f"{many if most else 'two'} values of the same shape",
            f"{', '.join(most)} and {last} elements",
        )
    return next(iter(found))


def one_axis(node: Node, known: Earlier) -> int:
    """Number of elements of the first source, which must be a vector.

    Raises
    ------
    GraphError
        If it has several axes.
    """
    shape = known.source(node)
    if len(shape.dims) > 1:
        raise misfit(
            node,
            "a vector",
            f"'{node.sources[0]}' of shape {shape.text} (a reshape layer makes it one)",
        )
    return shape.size


def parameters_fit(
    node: Node, source: Shape, params: Mapping[str, Param], *, shared: bool
) -> Shape:
    """The source's shape, where each parameter has one number a channel.

    With ``shared`` one number for all elements will do.

    Raises
    ------
    GraphError
        If a parameter has another shape.
    """
    size = source.channels
    for key, param in params.items():
        if param.shape != (size,) and not (shared and param.shape == ()):
            needed = f"{key} of shape ({size},)"
            if shared:
                what = "elements" if len(source.dims) == 1 else "channels"
                each = f", or one for each of the {size} {what}"
                needed = f"one {key}" + (each if size > 1 else "")
            raise misfit(node, needed, f"shape {param.shape}")
    return source


def misfit(node: Node, needed: str, found: str) -> GraphError:
    """The error of a node that does not fit."""
    return GraphError(
        f"layer '{node.name}' ({node.op})",
        needed=needed,
        found=found,
        do="Correct this layer in model.yaml, or its arrays in weights.npz.",
    )
