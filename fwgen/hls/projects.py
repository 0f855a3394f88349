"""Integer graph -> hls4ml projects: which nodes go where, and every type and number in them.

hls4ml takes the static, feed-forward parts of a graph: what lies before the first spiking layer,
and what follows the read-outs. Each part becomes one project. Nodes that hls4ml cannot give
exactly stay outside, by name and with the reason; nothing is approximated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fwgen.errors import FormatError
from fwgen.hls import layers as hls_layers
from fwgen.hls.layers import MAX_BITS, HlsLayer, Operand
from fwgen.hls.rules import OUTSIDE, layers_of
from fwgen.hls.rules.common import SPIKING
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense, Gather, Input, Node, Quantise, Reduce, Slice
from fwgen.ir.ranges import const
from fwgen.quantise.analysis import Analysis

MAX_SELECTION = 1 << 18  # weights of a matrix that only moves elements
MAX_WEIGHTS = 1 << 16  # of a dense layer, other than 0


@dataclass(frozen=True, slots=True, eq=False)
class HlsProject:
    """One hls4ml project.

    Parameters
    ----------
    name
        Of the project and of its top function.
    layers
        In an order in which each reads earlier ones only.
    inputs, outputs
        Layers at its border, with the graph's nodes that they stand for, in the order of the top
        function's arguments.
    inside
        Layers between, with the nodes whose integers they give, in the graph's order.
    """

    name: str
    layers: tuple[HlsLayer, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    inside: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HlsPlan:
    """All projects of a graph, in the order in which an event meets them, and what they leave.

    ``outside`` says for each node that is in no project why.
    """

    projects: tuple[HlsProject, ...]
    outside: Mapping[str, str]


def plan(graph: Graph, analysis: Analysis) -> HlsPlan:
    """Projects for the static parts of an integer graph.

    Raises
    ------
    LoweringError
        If hls4ml would wrap a parameter around, or change a sum, in silence.
    """
    planner = _Planner(graph, analysis)
    for node in graph:
        planner.place(node)
    stages = sorted({planner.stages[name] for name in planner.layers})
    numbers = [""] if len(stages) == 1 else [str(k) for k in range(1, len(stages) + 1)]
    projects = (
        planner.project(f"{graph.name}_hls{number}", stage)
        for number, stage in zip(numbers, stages, strict=True)
    )
    return HlsPlan(tuple(projects), planner.outside)


@dataclass(slots=True)
class _Planner:
    """``stages`` counts for every node how many projects an event has passed before it."""

    graph: Graph
    analysis: Analysis
    stages: dict[str, int] = field(default_factory=dict)
    layers: dict[str, list[HlsLayer]] = field(default_factory=dict)  # of the nodes inside
    outside: dict[str, str] = field(default_factory=dict)
    _temporal: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        shapes = self.graph.shapes()
        self._temporal = {name for name, shape in shapes.items() if shape.temporal}

    def place(self, node: Node) -> None:
        """Decide on one node whose sources are placed already."""
        if isinstance(node, Input):
            self.stages[node.name] = 0
            return
        self.stages[node.name] = max(self.stages[s] for s in node.sources)
        reason = self._objection(node) or self._lowered(node)
        if reason is not None:
            self.outside[node.name] = reason
            passed = (self.stages[s] + (s in self.layers) for s in node.sources)
            self.stages[node.name] = max(passed)

    def _lowered(self, node: Node) -> str | None:
        """Keep a node's layers; or say why there are none."""
        try:
            reads = [self._operand(s, self.stages[node.name]) for s in node.sources]
            layers = layers_of(node, reads, self.analysis.values[node.name])
        except FormatError as error:
            return f"needs {error.needed}, not {error.found}"
        reason = _too_wide(layers)
        if reason is None:
            self.layers[node.name] = layers
        return reason

    def _objection(self, node: Node) -> str | None:
        if node.name in self._temporal:
            return SPIKING
        if type(node) in OUTSIDE:
            return OUTSIDE[type(node)]
        for name in (*node.sources, node.name):
            bits = self.analysis.values[name].peak.bit_length()
            if bits > MAX_BITS:
                return _wide(f"'{name}' has integers", bits)
        return self._too_large(node)

    def _too_large(self, node: Node) -> str | None:
        """Whether a layer would be a matrix that takes too much memory, or g++ too long."""
        size, read = (len(self.analysis.values[name]) for name in (node.name, node.sources[0]))
        match node:
            case Slice() | Gather():
                return _selection(size * read)
            case Reduce() if size > 1:  # hls4ml reduces along another axis
                return _selection(read * read)
            case Dense():
                weights = const(node.weight).values
                positions = size // weights.shape[0]
                count = positions * int(np.count_nonzero(weights))
                if count > MAX_WEIGHTS:
                    return (
                        f"it has {count:,} weights other than 0, and g++ would take too long over "
                        f"more than {MAX_WEIGHTS:,}"
                    )
                return _selection(size * read) if positions > 1 else None
        return None

    def _operand(self, name: str, stage: int) -> Operand:
        values = self.analysis.values[name]
        if name in self.layers and self.stages[name] == stage:
            return Operand(name, self.layers[name][-1].types["result"], values)
        return Operand(f"{name}_i", self._declared(name), values)

    def _declared(self, name: str) -> Fixed:
        """The format that the model declares for a value, else the narrowest that holds it."""
        match self.graph[name]:
            case Input(fmt=fmt) | Quantise(fmt=fmt):
                return hls_layers.plain(fmt)
            case _:
                return self.analysis.values[name].fmt

    def project(self, name: str, stage: int) -> HlsProject:
        """The project of all nodes inside of one stage."""
        nodes = [n for n in self.layers if self.stages[n] == stage]
        sources = dict.fromkeys(s for n in nodes for s in self.graph[n].sources)
        given = [s for s in sources if s not in nodes]
        left = [n for n in nodes if self._leaves(n, nodes)]
        copied = [n for n in left if n in sources]
        outputs = {f"{n}__out" if n in copied else n: n for n in left}
        return HlsProject(
            name=name,
            layers=(
                *(self._source(s) for s in given),
                *(layer for n in nodes for layer in self.layers[n]),
                *(self._copy(n) for n in copied),
            ),
            inputs={f"{s}_i": s for s in given},
            outputs=outputs,
            inside={n: n for n in nodes if n not in outputs},
        )

    def _leaves(self, name: str, nodes: Sequence[str]) -> bool:
        readers = (n.name for n in self.graph if name in n.sources)
        return name in self.graph.outputs or any(reader not in nodes for reader in readers)

    def _source(self, name: str) -> HlsLayer:
        size = len(self.analysis.values[name])
        return hls_layers.source(f"{name}_i", size, self._declared(name))

    def _copy(self, name: str) -> HlsLayer:
        """An output that is read inside as well: Vitis would make it a port of two directions."""
        last = self.layers[name][-1]
        return hls_layers.linear(
            f"{name}__out", name, last.size, hls_layers.plain(last.types["result"])
        )


def _selection(count: int) -> str | None:
    """Whether a matrix of zeros and ones, or of one matrix at each position, is too large."""
    if count <= MAX_SELECTION:
        return None
    return (
        f"hls4ml moves elements with a dense layer, here of {count:,} weights, and more "
        f"than {MAX_SELECTION:,} would take too much memory"
    )


def _too_wide(layers: Sequence[HlsLayer]) -> str | None:
    for layer in layers:
        for key, param in layer.arrays.items():
            bits = int(abs(param.values).max()).bit_length()
            if bits > MAX_BITS:
                return _wide(f"its {key} has integers", bits)
    return None


def _wide(what: str, bits: int) -> str:
    return f"{what} of {bits} bits, and hls4ml's C simulation passes doubles, which hold {MAX_BITS}"
