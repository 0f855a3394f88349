"""Random networks of dense operations: many small ones side by side in one graph.

A Verilator build costs tens of seconds whatever it holds, so that a graph of many networks tests
each of them for little.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    FUNCTIONS,
    Add,
    ArgMax,
    BatchNorm,
    Concat,
    Const,
    Gather,
    Input,
    KlDivergence,
    LeakyRelu,
    Multiply,
    Node,
    Quantise,
    Reduce,
    Reduction,
    Relu,
    Slice,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.ir.ranges import Range
from fwgen.quantise.analysis import Analysis, add
from fwgen.quantise.tables import fix_table
from tests.ops.operation import ints, pick, random_dense, random_fixed

WIDEST = 24  # bits of a value that may be read on
TABLE_BITS = 9


@dataclass(slots=True)
class _Network:
    """One network under construction; ``values`` are the names that may be read."""

    rng: np.random.Generator
    prefix: str
    analysis: Analysis
    values: list[str]
    nodes: list[Node] = field(default_factory=list)

    def grow(self) -> None:
        """Add a random node, and a conversion behind it where it became too wide to go on."""
        make = pick(self.rng, _MAKERS)
        self._add(make(self, f"{self.prefix}{len(self.nodes)}"))
        last = self._range(self.nodes[-1].name)
        if last.fmt.width > WIDEST:
            self.values.pop()
            name = f"{self.prefix}{len(self.nodes)}"
            self._add(Quantise(name, self.nodes[-1].name, self._format(last)))

    def _add(self, node: Node) -> None:
        add(node, 1, self.analysis)
        self.nodes.append(node)
        self.values.append(node.name)

    def _range(self, name: str) -> Range:
        return self.analysis.values[name]

    def _source(self) -> str:
        """Recent values are read more often."""
        return self.values[-1 - int(self.rng.integers(len(self.values)) * self.rng.random())]

    def _alike(self, size: int) -> str:
        """A value of that many elements."""
        return pick(self.rng, [n for n in self.values if len(self._range(n)) == size])

    def _format(self, source: Range) -> Fixed:
        """A format that keeps some bits of a value."""
        fmt = random_fixed(self.rng, 0, wrap=True)
        integer = source.fmt.integer - int(self.rng.integers(-2, 5))
        return replace(fmt, integer=max(-60, min(60, integer)))

    def _const(self, shape: tuple[int, ...], bits: int = 8) -> Const:
        values = self.rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape)
        fmt = Fixed(True, bits, bits - int(self.rng.integers(-2, bits + 1)))
        return Const(ints(values), fmt)

    # ---- one method an operation ----

    def quantise(self, name: str) -> Node:
        source = self._source()
        return Quantise(name, source, self._format(self._range(source)))

    def dense(self, name: str) -> Node:
        source = self._source()
        shape = int(self.rng.integers(1, 6)), len(self._range(source))
        return random_dense(self.rng, name, source, shape, int(self.rng.integers(0, 6)))

    def batch_norm(self, name: str) -> Node:
        source = self._source()
        shape = (len(self._range(source)),)
        return BatchNorm(name, source, self._const(shape), self._const(shape, 10))

    def relu(self, name: str) -> Node:
        return Relu(name, self._source())

    def leaky_relu(self, name: str) -> Node:
        source = self._source()
        shape = () if self.rng.random() < 0.5 else (len(self._range(source)),)
        return LeakyRelu(name, source, self._const(shape, 5))

    def table(self, name: str) -> Node:
        """A function by name, on the same source if it is narrow and the function is defined."""
        source = self._source()
        known = self._range(source)
        if known.fmt.width > TABLE_BITS or abs(known.frac) > 20 or known.fmt.integer > 7:
            return Quantise(name, source, Fixed.parse("fixed<8,4,RND_CONV,SAT>"))
        lowest = min(known.lo)
        defined = [f for f in FUNCTIONS if f in {"sigmoid", "tanh", "exp", "square", "softplus"}]
        defined += ["sqrt"] if lowest >= 0 else []
        defined += ["log", "rsqrt", "reciprocal"] if lowest > 0 else []
        fmt = random_fixed(self.rng, int(self.rng.integers(0, 6)))
        return fix_table(Table(name, source, pick(self.rng, defined), fmt), known)

    def concat(self, name: str) -> Node:
        return Concat(name, tuple(self._source() for _ in range(int(self.rng.integers(1, 4)))))

    def slice(self, name: str) -> Node:
        source = self._source()
        start = int(self.rng.integers(len(self._range(source))))
        return Slice(
            name, source, start, int(self.rng.integers(start, len(self._range(source)))) + 1
        )

    def gather(self, name: str) -> Node:
        source = self._source()
        count = int(self.rng.integers(1, 7))
        indices = self.rng.integers(len(self._range(source)), size=count)
        return Gather(name, source, indices.astype(np.intp), (count,))

    def reduce(self, name: str) -> Node:
        source = self._source()
        return Reduce(name, source, pick(self.rng, list(Reduction)), len(self._range(source)))

    def argmax(self, name: str) -> Node:
        source = self._source()
        return ArgMax(name, source, len(self._range(source)))

    def pair(self, name: str) -> Node:
        source = self._source()
        other = self._alike(len(self._range(source)))
        return pick(self.rng, (Add, Subtract, Multiply, SquaredError))(name, source, other)

    def score(self, name: str) -> Node:
        source = self._source()
        if self.rng.random() < 0.5:
            return SumSquares(name, source)
        size = len(self._range(source))
        return KlDivergence(name, source, self._alike(size), self._alike(size))

    def threshold(self, name: str) -> Node:
        source = self._source()
        known = self._range(source)
        shape = () if self.rng.random() < 0.5 else (len(known),)
        finer = known.frac + int(self.rng.integers(-2, 3))
        lo, hi = int(min(known.lo)), int(max(known.hi))
        values = [
            lo + (hi - lo) * int(k) // 100 for k in self.rng.integers(0, 101, int(np.prod(shape)))
        ]
        held = Fixed.holding(min(values), max(values), finer)
        return Threshold(name, source, Const(ints(np.reshape(ints(values), shape)), held))


_MAKERS: tuple[Callable[[_Network, str], Node], ...] = (
    _Network.quantise,
    _Network.quantise,
    _Network.dense,
    _Network.dense,
    _Network.batch_norm,
    _Network.relu,
    _Network.leaky_relu,
    _Network.table,
    _Network.concat,
    _Network.slice,
    _Network.gather,
    _Network.reduce,
    _Network.argmax,
    _Network.pair,
    _Network.pair,
    _Network.score,
    _Network.threshold,
)


def random_dense_graph(seed: int, networks: int = 1) -> Graph:
    """Networks of three to ten random operations on one input; what nobody reads is an output."""
    rng = np.random.default_rng(seed)
    source = Input("x", int(rng.integers(2, 7)), Fixed(bool(rng.integers(2)), 7, 3))
    analysis, nodes = Analysis(), [source]
    add(source, 1, analysis)
    for k in range(networks):
        network = _Network(rng, f"n{k}_", analysis, ["x"])
        for _ in range(int(rng.integers(3, 11))):
            network.grow()
        nodes += network.nodes
    read = {name for node in nodes for name in node.sources}
    outputs = tuple(n.name for n in nodes if n.name not in read)
    wraps = [n.name for n in nodes if isinstance(n, Quantise) and n.fmt.overflow is Overflow.WRAP]
    return Graph("dut", 1, tuple(nodes), outputs, tuple(wraps))
