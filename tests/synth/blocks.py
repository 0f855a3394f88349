"""Random blocks of realistic size, for comparing the quick estimate with synthesis.

A block is a small network as triggers use them; its seed fixes everything in it. What stands
behind a dense layer, and the neurons' reset, delay and leak, follow from the seed's last digits,
so that ten seeds in a row hold each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Const,
    Dense,
    Input,
    LeakyRelu,
    Lif,
    Node,
    Quantise,
    Relu,
    Reset,
    ShiftLeak,
    SquaredError,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.ir.ranges import Range
from fwgen.quantise.analysis import Analysis, add
from fwgen.quantise.tables import fix_table
from tests.ops.operation import const, dense, ints, pick, read_out

CLOCK_MHZ = 240.0
SMALL = 0.25  # of the usual number of synapses
_DENSE_SYNAPSE_BITS = (400, 1800)  # inputs * outputs * weight bits: 300 to 3,000 LUT
_SPIKING_SYNAPSE_BITS = (250, 1000)


@dataclass(frozen=True, slots=True)
class Block:
    """A block under test; ``about`` says what it is in one line."""

    name: str
    about: str
    graph: Graph


@dataclass(slots=True)
class _Draft:
    """A network under construction; the range analysis says how large its values become."""

    rng: np.random.Generator
    size: float
    sparse: float
    nodes: list[Node] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    analysis: Analysis = field(default_factory=Analysis)

    def add(self, node: Node, steps: int = 1) -> str:
        """Append a node; its name."""
        add(node, steps, self.analysis)
        self.nodes.append(node)
        return node.name

    def range(self, name: str) -> Range:
        """Bounds of a value."""
        return self.analysis.values[name]

    def input(self, size: int) -> str:
        """An input of 6 to 10 bits, signed or not."""
        width, signed = int(self.rng.integers(6, 11)), bool(self.rng.integers(2))
        return self.add(Input("x", size, Fixed(signed, width, 1 + signed)))

    def shape(self, bounds: tuple[int, int], inputs: tuple[int, int]) -> tuple[int, int, int]:
        """Inputs, outputs and weight bits of a layer within the bounds on their product."""
        low, high = (self.size * b for b in bounds)
        while True:
            n, m, bits = (int(self.rng.integers(*ends)) for ends in (inputs, (4, 25), (5, 11)))
            if low <= n * m * bits <= high:
                return n, m, bits

    def weights(self, shape: tuple[int, int], bits: int) -> np.ndarray:
        """Bell-shaped weights that fill ``bits`` bits; in every second block 40 % are zero."""
        top = (1 << (bits - 1)) - 1
        drawn = np.clip(np.rint(self.rng.normal(0, top / 2.5, shape)), -top, top).astype(int)
        return drawn * (self.rng.random(shape) >= self.sparse)

    def dense(self, name: str, source: str, outputs: int, bits: int, steps: int = 1) -> str:
        """A dense layer, weights of about 1, biases on a grid of their own."""
        shape = (outputs, len(self.range(source)))
        weight = self.weights(shape, bits)
        bias = self.rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), outputs)
        layer: Dense = dense(name, source, weight, bias, frac=bits - 1, bias_frac=bits - 1)
        self.about.append(
            f"dense {shape[1]} to {shape[0]}, {bits}-bit weights"
            + (f", {self.sparse:.0%} zeros" if self.sparse else "")
        )
        return self.add(layer, steps)

    def format(self, source: str, *, signed: bool) -> Fixed:
        """6 to 8 bits that hold a quarter of what the bounds allow, and saturate beyond."""
        width = int(self.rng.integers(6, 9))
        integer = self.range(source).fmt.integer - 2 - (not signed)
        return Fixed(signed, width, integer, Rounding.RND_CONV, Overflow.SAT)

    def quantise(self, name: str, source: str, *, signed: bool) -> str:
        """RND_CONV, SAT."""
        fmt = self.format(source, signed=signed)
        self.about.append(f"quantise to {fmt}")
        return self.add(Quantise(name, source, fmt))

    def relu(self, name: str, source: str) -> str:
        """Relu, then unsigned."""
        self.about.append("relu")
        return self.quantise(f"{name}_q", self.add(Relu(name, source)), signed=False)


# ---- dense ----


def _tail_relu(d: _Draft, last: str, _source: str) -> None:
    d.relu("r", last)


def _tail_leaky(d: _Draft, last: str, _source: str) -> None:
    d.about.append("leaky_relu 0.125")
    leaky = d.add(LeakyRelu("l", last, const(1, "ufixed<1,-2>")))
    d.quantise("q", leaky, signed=True)


def _tail_table(d: _Draft, last: str, _source: str) -> None:
    narrow = d.quantise("q", last, signed=True)
    function = pick(d.rng, ("sigmoid", "tanh"))
    signed = function == "tanh"
    fmt = Fixed(signed, 8, int(signed), Rounding.RND_CONV, Overflow.SAT)
    d.about.append(f"{function} as {fmt}")
    d.add(fix_table(Table("s", narrow, function, fmt), d.range(narrow)))


def _tail_sum_squares(d: _Draft, last: str, _source: str) -> None:
    score = d.add(SumSquares("score", d.quantise("q", last, signed=True)))
    limit = int(d.range(score).hi[0]) // 5
    held = Fixed.holding(0, limit, d.range(score).frac)
    d.about.append("sum_squares, threshold")
    d.add(Threshold("flag", score, Const(ints(limit), held)))


def _tail_squared_error(d: _Draft, last: str, source: str) -> None:
    hidden = d.relu("r", last)
    back = d.dense("out", hidden, len(d.range(source)), int(d.rng.integers(5, 9)))
    narrow = d.quantise("q", back, signed=True)
    d.about.append("squared_error with the input")
    d.add(SquaredError("score", source, narrow))


def _tail_dense(d: _Draft, last: str, _source: str) -> None:
    hidden = d.relu("r", last)
    outputs = int(d.rng.integers(4, 13))
    d.relu("s", d.dense("second", hidden, outputs, int(d.rng.integers(5, 9))))


_TAILS: tuple[Callable[[_Draft, str, str], None], ...] = (
    _tail_relu,
    _tail_squared_error,
    _tail_relu,
    _tail_sum_squares,
    _tail_table,
    _tail_relu,
    _tail_leaky,
    _tail_dense,
    _tail_relu,
    _tail_table,
)


def dense_block(seed: int, size: float = 1.0) -> Block:
    """Numbers in, a dense layer, and what stands behind it."""
    d = _Draft(np.random.default_rng(seed), size, 0.4 * (seed // 2 % 2))
    tail = _TAILS[seed % len(_TAILS)]
    shares = 2 if tail in {_tail_squared_error, _tail_dense} else 1
    low, high = _DENSE_SYNAPSE_BITS
    inputs, outputs, bits = d.shape((low // shares, high // shares), (8, 41))
    source = d.input(inputs)
    tail(d, d.dense("d", source, outputs, bits), source)
    return _block(f"dense {seed}", d, 1)


# ---- spiking ----


def _lif(d: _Draft, name: str, source: str, seed: int, steps: int) -> str:
    """A lif layer whose threshold is a fifth of the largest current."""
    current = d.range(source)
    frac = min(current.frac, int(d.rng.integers(7, 13)))
    integer = current.fmt.integer + 1
    rounding = pick(d.rng, (Rounding.TRN, Rounding.RND, Rounding.RND_CONV))
    membrane = Fixed(True, frac + integer, integer, rounding, Overflow.SAT)
    limit = max(1, (current.peak >> max(0, current.frac - frac)) // 5)
    bits = int(d.rng.integers(4, 11))
    shift = seed % 5 in {1, 4}
    beta = int(d.rng.integers(1 << (bits - 1), 1 << bits))
    leak = ShiftLeak(int(d.rng.integers(1, 5))) if shift else const(beta, f"ufixed<{bits},0>")
    reset, delay = list(Reset)[seed % 3], bool(seed // 2 % 2)
    d.about.append(
        f"lif, reset {reset}, {'delayed' if delay else 'at once'}, "
        + (f"leak by shift {leak.shift}" if isinstance(leak, ShiftLeak) else f"{bits}-bit beta")
    )
    threshold = Const(ints(limit), Fixed.holding(0, limit, frac))
    return d.add(Lif(name, source, leak, threshold, membrane, reset, delay), steps)


def spiking_block(seed: int, size: float = 1.0) -> Block:
    """A dense layer on a static input, neurons, their spikes into a second layer of neurons."""
    d = _Draft(np.random.default_rng(1000 + seed), size, 0.4 * (seed // 3 % 2))
    steps = 1 + seed % 8
    inputs, hidden, bits = d.shape(_SPIKING_SYNAPSE_BITS, (6, 25))
    source = d.input(inputs)
    first = _lif(d, "l0", d.dense("d0", source, hidden, bits), seed, steps)
    outputs = int(d.rng.integers(2, 9))
    second = d.dense("d1", first, outputs, int(d.rng.integers(5, 11)), steps)
    last = _lif(d, "l1", second, seed, steps)
    shown = read_out(last)
    kept = (shown[:1], shown[1:], shown)[seed % 4 % 3]
    d.about.append(" and ".join(node.op for node in kept))
    for node in kept:
        d.add(node, steps)
    return _block(f"spiking {seed}", d, steps)


def _block(name: str, d: _Draft, steps: int) -> Block:
    read = {source for node in d.nodes for source in node.sources}
    outputs = tuple(n.name for n in d.nodes if n.name not in read)
    graph = Graph("block", steps, tuple(d.nodes), outputs, ())
    about = "; ".join(d.about)
    return Block(name, f"{about}; T = {steps}" if "lif" in about else about, graph)


def blocks() -> list[Block]:
    """The blocks that the model of the estimate was developed on."""
    return [*map(dense_block, range(10)), *map(spiking_block, range(10))]


def hold_out() -> list[Block]:
    """Blocks that nobody looked at while the model was developed."""
    return [*map(dense_block, range(100, 105)), *map(spiking_block, range(105, 110))]
