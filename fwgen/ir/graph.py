"""A graph: an ordered tuple of named nodes, each reading earlier names only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from fwgen.errors import GraphError
from fwgen.ir.nodes import (
    Const,
    Dense,
    Input,
    LastMembrane,
    Lif,
    Node,
    Param,
    Quantise,
    ShiftLeak,
    SpikeCount,
    SquaredError,
    Threshold,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Number of elements of a value, and whether it has one value per time step."""

    size: int
    temporal: bool


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """The network between its input and its outputs.

    Parameters
    ----------
    name
        An identifier; names the top module.
    steps
        Number of time steps of the spiking part, at least 1.
    nodes
        In an order in which each node reads earlier ones only.
    outputs
        Names of the nodes that leave the firmware.
    accepted_wraps
        Names of the nodes whose format the user allows to wrap around.
    """

    name: str
    steps: int
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    accepted_wraps: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    @property
    def input(self) -> Input:
        """The one input node."""
        return next(node for node in self.nodes if isinstance(node, Input))

    def with_nodes(self, changed: Mapping[str, Node]) -> "Graph":
        """The same graph with some nodes replaced, by name."""
        return replace(self, nodes=tuple(changed.get(n.name, n) for n in self.nodes))

    def shapes(self) -> dict[str, Shape]:
        """Shape of every node's value.

        Raises
        ------
        GraphError
            If nodes do not fit together; the message names the node.
        """
        known: dict[str, Shape] = {}
        if self.steps < 1:
            raise GraphError(
                f"graph '{self.name}': steps",
                needed="at least 1 time step",
                found=f"{self.steps}",
                do="Give the number of time steps that the network was trained with.",
            )
        for node in self.nodes:
            if node.name in known:
                raise _misfit(node, "a name of its own", "a second node of that name")
            for source in node.sources:
                if source not in known:
                    raise _misfit(node, "to read earlier nodes", f"'{source}', which is none")
            known[node.name] = _shape(node, self, known)
        self._check_ends(known)
        return known

    def _check_ends(self, known: Mapping[str, Shape]) -> None:
        inputs = sum(isinstance(node, Input) for node in self.nodes)
        if inputs != 1:
            raise GraphError(
                f"graph '{self.name}'",
                needed="exactly one input",
                found=f"{inputs}",
                do="Give the model one input.",
            )
        for name in self.outputs:
            if name not in known:
                raise GraphError(
                    f"graph '{self.name}': outputs",
                    needed="names of layers",
                    found=f"'{name}'",
                    do=f"Choose from: {', '.join(n for n in known if n != self.input.name)}.",
                )
            if known[name].temporal:
                raise GraphError(
                    f"graph '{self.name}': outputs",
                    needed="values that exist once per event",
                    found=f"'{name}', which has one value per time step",
                    do="Put a read-out (last_membrane or spike_count) behind it.",
                )
        read = {source for node in self.nodes for source in node.sources}
        for node in self.nodes:
            if node.name not in read and node.name not in self.outputs:
                raise _misfit(
                    node, "a layer that reads it, or a place among the outputs", "neither"
                )


def _shape(node: Node, graph: Graph, known: Mapping[str, Shape]) -> Shape:
    match node:
        case Input():
            return Shape(node.size, temporal=False)
        case Quantise():
            return known[node.source]
        case Threshold():
            if node.value.shape != ():
                raise _misfit(node, "one value for all elements", f"shape {node.value.shape}")
            return known[node.source]
        case Dense():
            return _dense_shape(node, known[node.source])
        case Lif():
            return _lif_shape(node, known[node.source])
        case LastMembrane() | SpikeCount():
            if not isinstance(graph[node.source], Lif):
                raise _misfit(node, "to read a lif layer", f"'{node.source}', which is none")
            return Shape(known[node.source].size, temporal=False)
        case SquaredError():
            return _error_shape(node, known[node.left], known[node.right])
        case _:
            raise _misfit(node, "a known operation", f"'{node.op}'")


def _dense_shape(node: Dense, source: Shape) -> Shape:
    if len(node.weight.shape) != 2 or node.weight.shape[1] != source.size:  # noqa: PLR2004 - a matrix
        raise _misfit(
            node,
            f"a weight of shape (outputs, {source.size}), since '{node.source}' has {source.size} "
            f"element{'s' if source.size > 1 else ''}",
            f"shape {node.weight.shape}" + _transposed(node.weight.shape, source.size),
        )
    outputs = int(node.weight.shape[0])
    if node.bias.shape != (outputs,):
        raise _misfit(node, f"a bias of shape ({outputs},)", f"shape {node.bias.shape}")
    return Shape(outputs, source.temporal)


def _transposed(shape: tuple[int, ...], inputs: int) -> str:
    if len(shape) == 2 and shape[0] == inputs:  # noqa: PLR2004 - a matrix
        return ", which looks transposed (Keras stores inputs first)"
    return ""


def _lif_shape(node: Lif, source: Shape) -> Shape:
    params: dict[str, Param] = {"threshold": node.threshold}
    if isinstance(node.beta, Param):
        params["beta"] = node.beta
    for key, param in params.items():
        if param.shape not in {(), (source.size,)}:
            raise _misfit(
                node,
                f"one {key}, or one for each of the {source.size} neurons",
                f"shape {param.shape}",
            )
    if isinstance(node.beta, ShiftLeak):
        if node.beta.shift < 0:
            raise _misfit(node, "a leak shift of at least 0", f"{node.beta.shift}")
    elif not _within_0_and_1(node.beta):
        raise _misfit(node, "every beta from 0 to 1", "one outside")
    return Shape(source.size, temporal=True)


def _within_0_and_1(param: Param) -> bool:
    one = Fraction(2) ** param.fmt.frac if isinstance(param, Const) else 1
    return all(0 <= value <= one for value in param.values.ravel())


def _error_shape(node: SquaredError, left: Shape, right: Shape) -> Shape:
    if left.size != right.size:
        raise _misfit(
            node,
            "two vectors of the same length",
            f"'{node.left}' with {left.size} and '{node.right}' with {right.size} elements",
        )
    if left.temporal or right.temporal:
        raise _misfit(node, "values that exist once per event", "one with a value per time step")
    return Shape(1, temporal=False)


def _misfit(node: Node, needed: str, found: str) -> GraphError:
    return GraphError(
        f"layer '{node.name}' ({node.op})",
        needed=needed,
        found=found,
        do="Correct this layer in model.yaml, or its arrays in weights.npz.",
    )
