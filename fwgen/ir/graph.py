"""A graph: an ordered tuple of named nodes, each reading earlier names only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from fwgen.errors import GraphError
from fwgen.ir.nodes import Input, Node
from fwgen.ir.ops.basic import check_input
from fwgen.ir.shapes import Shape, misfit, shape_of


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
    _named: Mapping[str, Node] = field(init=False, repr=False)
    _readers: Mapping[str, tuple[Node, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        readers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for source in dict.fromkeys(node.sources):
                readers.setdefault(source, []).append(node)
        object.__setattr__(self, "_named", {node.name: node for node in self.nodes})
        object.__setattr__(self, "_readers", {k: tuple(v) for k, v in readers.items()})

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __getitem__(self, name: str) -> Node:
        return self._named[name]

    def readers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read a value, in order, each once."""
        return self._readers.get(name, ())

    @property
    def input(self) -> Input:
        """The one input node."""
        return next(node for node in self.nodes if isinstance(node, Input))

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of an event as people write it: (size,), or (steps, size) of spikes."""
        node = self.input
        return (self.steps, node.size) if node.spikes else (node.size,)

    def with_nodes(self, changed: Mapping[str, Node]) -> "Graph":
        """The graph with some nodes replaced, by name."""
        return replace(self, nodes=tuple(changed.get(n.name, n) for n in self.nodes))

    def shapes(self) -> dict[str, Shape]:
        """Shape of every node's value.

        Raises
        ------
        GraphError
            If nodes do not fit together; the message names the node.
        """
        known: dict[str, Shape] = {}
        for node in self.nodes:
            if isinstance(node, Input):
                check_input(node, self.steps)
        if self.steps < 1:
            raise GraphError(
                f"graph '{self.name}': steps",
                needed="at least 1 time step",
                found=f"{self.steps}",
                do="Give the number of time steps that the network was trained with.",
            )
        for node in self.nodes:
            if node.name in known:
                raise misfit(node, "a name of its own", "a second node of that name")
            for source in node.sources:
                if source not in known:
                    raise misfit(node, "to read earlier nodes", f"'{source}', which is none")
            known[node.name] = shape_of(node, self, known)
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
                    do="Put a read-out (last_membrane, maximum, spike_count or first_spike) "
                    "behind it.",
                )
        read = {source for node in self.nodes for source in node.sources}
        for node in self.nodes:
            if node.name not in read and node.name not in self.outputs:
                raise misfit(node, "a layer that reads it, or a place among the outputs", "neither")
