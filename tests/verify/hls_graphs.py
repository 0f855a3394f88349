"""Static graphs for the hls4ml tests: one with every operation, and random ones."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Add,
    BatchNorm,
    Concat,
    Const,
    Dense,
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
from fwgen.quantise.analysis import analyse
from tests.ops.operation import const, dense, ints, pick, random_dense, random_input

Rng = np.random.Generator


def graph(size: int, fmt: str, *nodes: Node, wraps: tuple[str, ...] = ()) -> Graph:
    """A graph on an input ``x``; every node that nobody reads is an output."""
    every = (Input("x", size, Fixed.parse(fmt)), *nodes)
    read = {source for node in every for source in node.sources}
    return Graph("dut", 1, every, tuple(n.name for n in every if n.name not in read), wraps)


def every_operation() -> Graph:
    """Each operation that hls4ml can take, the chain of a classifier among them."""
    return graph(
        4,
        "fixed<8,4>",
        dense(
            "d", "x", [[3, -5, 0, 7], [1, 1, 1, 1], [-8, 2, 4, -1]], [9, -3, 5], frac=2, bias_frac=7
        ),
        Relu("r", "d"),
        Quantise("q", "r", Fixed.parse("ufixed<6,4,RND_CONV,SAT>")),
        BatchNorm("bn", "d", const([3, -7, 1], "fixed<5,2>"), const([2, -9, 14], "fixed<6,1>")),
        LeakyRelu("leaky", "bn", const(1, "ufixed<1,-2>")),
        LeakyRelu("prelu", "bn", const([-3, 0, 5], "fixed<5,2>")),
        Table("table", "q", "custom", Fixed.parse("fixed<6,1,TRN,SAT>"), 0, table_values(64)),
        dense("far", "q", [[1, 0, 0], [0, 1, 0]], [(1 << 44) - 9, (1 << 44) - 7]),
        Table(
            "low_bits", "far", "custom", Fixed.parse("fixed<7,2>"), (1 << 46) - 36, table_values(72)
        ),
        Concat("joined", ("leaky", "q", "x")),
        Slice("part", "joined", 2, 5),
        Add("sum", "part", "q"),
        Subtract("rest", "prelu", "bn"),
        Multiply("product", "rest", "q"),
        Multiply("square", "q", "q"),
        SquaredError("error", "product", "square"),
        SumSquares("norm", "part"),
        KlDivergence("kl", "part", "rest", "table"),
        Gather("twice", "joined", np.array([0, 3, 3, 9], dtype=np.intp), (2, 2)),
        Reduce("larger", "twice", Reduction.MAX, 2),
        Reduce("least", "d", Reduction.MIN, 3),
        Threshold("hit", "error", const(700001, "fixed<30,18>")),
        Threshold("each", "x", const([-5, 0, 3, 300], "fixed<12,10>")),
        # products and partial sums wrap around in the first, final sums too in the second
        _declared("tight", "q", [[-7, 0, 0], [0, -7, 0]], [450, 450], "ufixed<9,7>"),
        _declared("wrapping", "q", [[7, 7, 7], [-7, 5, 1]], [450, 0], "fixed<9,5>"),
        wraps=("wrapping",),
    )


def _declared(name: str, source: str, weight: Any, bias: Any, accumulator: str) -> Dense:
    """A dense layer with an accumulator."""
    layer = dense(name, source, weight, bias, bias_frac=2)
    return Dense(name, source, layer.weight, layer.bias, Fixed.parse(accumulator))


def table_values(entries: int) -> Const:
    """A table with no pattern in it, in fixed<7,2>."""
    return const(np.arange(entries) * 37 % 101 - 50, "fixed<7,2>")


# ---- random graphs ----


def random_static_graph(seed: int, count: int = 30) -> Graph:
    """``count`` operations of any kind on one another; values are kept below 40 bits."""
    rng = np.random.default_rng(seed)
    nodes: list[Node] = [Input("x", int(rng.integers(1, 6)), random_input(rng))]
    while len(nodes) <= count:
        name = f"n{len(nodes)}"
        node = pick(rng, _MAKERS)(rng, name, nodes)
        if node is not None and _fits([*nodes, node]):
            nodes.append(node)
            _narrowed(rng, nodes)
    read = {source for node in nodes for source in node.sources}
    outputs = [n.name for n in nodes[1:] if n.name not in read or rng.random() < 0.2]
    return Graph("dut", 1, tuple(nodes), tuple(outputs))


def _open(nodes: list[Node]) -> Graph:
    return Graph("dut", 1, tuple(nodes), tuple(n.name for n in nodes))


def _fits(nodes: list[Node]) -> bool:
    return analyse(_open(nodes)).values[nodes[-1].name].peak.bit_length() <= 50


def _narrowed(rng: Rng, nodes: list[Node]) -> None:
    """Put a conversion behind a value that has grown wide, or far from 1."""
    values = analyse(_open(nodes)).values[nodes[-1].name]
    if values.fmt.width > 24 or not -6 <= values.fmt.integer <= 20:
        nodes.append(
            Quantise(f"n{len(nodes)}", nodes[-1].name, _format(rng, values.frac, values.fmt.width))
        )


def _format(rng: Rng, frac: int, width: int) -> Fixed:
    """A format that keeps some of a value's bits, with any modes but WRAP."""
    kept = int(rng.integers(2, 13))
    integer = min(max(width - frac - int(rng.integers(0, 4)), -4), 8)
    modes = [o for o in Overflow if o is not Overflow.WRAP]
    return Fixed(bool(rng.integers(2)), kept, integer, pick(rng, list(Rounding)), pick(rng, modes))


def _some(rng: Rng, nodes: list[Node]) -> str:
    """One node, the later ones more often."""
    return nodes[int(len(nodes) * rng.random() ** 0.5)].name


def _twins(rng: Rng, nodes: list[Node]) -> tuple[str, str]:
    """Two nodes of the same size, perhaps the same one."""
    values = analyse(_open(nodes)).values
    first = _some(rng, nodes)
    same = [n.name for n in nodes if len(values[n.name]) == len(values[first])]
    return first, pick(rng, same)


def _size_frac(nodes: list[Node], name: str) -> tuple[int, int]:
    values = analyse(_open(nodes)).values[name]
    return len(values), values.frac


def _const(rng: Rng, shape: tuple[int, ...] | int) -> Const:
    """Signed numbers of up to 7 bits, on any grid near 1."""
    values = ints(rng.integers(-64, 64, shape))
    return Const(values, Fixed(True, 7, int(rng.integers(-2, 6))))


def _quantise(rng: Rng, name: str, nodes: list[Node]) -> Node:
    source = _some(rng, nodes)
    values = analyse(_open(nodes)).values[source]
    return Quantise(name, source, _format(rng, values.frac, values.fmt.width))


def _dense(rng: Rng, name: str, nodes: list[Node]) -> Dense:
    source = _some(rng, nodes)
    sizes = (int(rng.integers(1, 6)), _size_frac(nodes, source)[0])
    return random_dense(rng, name, source, sizes, int(rng.integers(-1, 5)))


def _batch_norm(rng: Rng, name: str, nodes: list[Node]) -> Node:
    source = _some(rng, nodes)
    size, _ = _size_frac(nodes, source)
    return BatchNorm(name, source, _const(rng, size), _const(rng, size))


def _leaky(rng: Rng, name: str, nodes: list[Node]) -> Node:
    source = _some(rng, nodes)
    shape = () if rng.random() < 0.5 else _size_frac(nodes, source)[0]
    return LeakyRelu(name, source, _const(rng, shape))


def _table(rng: Rng, name: str, nodes: list[Node]) -> Node | None:
    source = _some(rng, nodes)
    values = analyse(_open(nodes)).values[source]
    lo, hi = int(min(values.lo)), int(max(values.hi))
    if hi - lo >= 4096:
        return None
    entries = Const(ints(rng.integers(-100, 100, hi - lo + 1)), Fixed(True, 8, 4))
    fmt = Fixed(True, 7, 3, overflow=pick(rng, [Overflow.SAT, Overflow.SAT_SYM, Overflow.SAT_ZERO]))
    return Table(name, source, "custom", fmt, lo, entries)


def _slice(rng: Rng, name: str, nodes: list[Node]) -> Node:
    source = _some(rng, nodes)
    size, _ = _size_frac(nodes, source)
    start = int(rng.integers(size))
    return Slice(name, source, start, int(rng.integers(start + 1, size + 1)))


def _concat(rng: Rng, name: str, nodes: list[Node]) -> Node | None:
    parts = tuple(_some(rng, nodes) for _ in range(int(rng.integers(2, 5))))
    if sum(_size_frac(nodes, part)[0] for part in parts) > 12:
        return None
    return Concat(name, parts)


def _threshold(rng: Rng, name: str, nodes: list[Node]) -> Node:
    source = _some(rng, nodes)
    values = analyse(_open(nodes)).values[source]
    shape = () if rng.random() < 0.5 else len(values)
    limit = rng.integers(int(min(values.lo)) - 1, int(max(values.hi)) + 2, shape)
    finer = int(rng.integers(3))
    grid = ints(np.asarray(limit) << finer) + finer
    return Threshold(name, source, Const(ints(grid), Fixed(True, 60, 60 - values.frac - finer)))


def _kl(rng: Rng, name: str, nodes: list[Node]) -> Node:
    mean, log_variance = _twins(rng, nodes)
    return KlDivergence(name, mean, log_variance, mean if rng.random() < 0.3 else log_variance)


_MAKERS: list[Callable[[Rng, str, list[Node]], Node | None]] = [
    _quantise,
    _quantise,
    _dense,
    _dense,
    _batch_norm,
    _leaky,
    _table,
    _slice,
    _concat,
    _threshold,
    _kl,
    lambda rng, name, nodes: Relu(name, _some(rng, nodes)),
    lambda rng, name, nodes: SumSquares(name, _some(rng, nodes)),
    lambda rng, name, nodes: Add(name, *_twins(rng, nodes)),
    lambda rng, name, nodes: Subtract(name, *_twins(rng, nodes)),
    lambda rng, name, nodes: Multiply(name, *_twins(rng, nodes)),
    lambda rng, name, nodes: SquaredError(name, *_twins(rng, nodes)),
]
