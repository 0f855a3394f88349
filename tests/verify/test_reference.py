"""The integer reference against a plain, scalar interpreter of real equations in fractions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Add,
    ArgMax,
    BatchNorm,
    Concat,
    Const,
    Dense,
    FirstSpike,
    Gather,
    Input,
    KlDivergence,
    LastMembrane,
    LeakyRelu,
    Lif,
    Maximum,
    Membrane,
    Multiply,
    Node,
    Quantise,
    Real,
    Reduce,
    Reduction,
    Relu,
    Reset,
    ShiftLeak,
    Slice,
    SpikeCount,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.verify.reference import Reference, quantise_input
from tests.ir.definition import converted, grid, in_range
from tests.ops.operation import (
    assert_same,
    const,
    dense,
    graph_of,
    in_objects,
    lif,
    random_graph,
    read_out,
    some_events,
)
from tests.ops.random_dense import random_dense_graph
from tests.quantise.defined import on_grid

Vector = list[Fraction]


def exact(param: Const, index: Any = ()) -> Fraction:
    """One element of a parameter; a scalar stands for all."""
    values = param.values if param.shape else param.values[()]
    return (values[index] if param.shape else values) * grid(param.fmt)


@dataclass
class Neuron:
    """One neuron, written from the equations of snnTorch 1.0's ``Leaky``."""

    node: Lif
    index: int
    u: Fraction = Fraction(0)

    def leak(self, u: Fraction) -> Fraction:
        """``beta * u``, or the shift leak on the membrane's grid."""
        if isinstance(self.node.beta, ShiftLeak):
            unit = grid(self.node.membrane)
            return u - (u / unit / 2**self.node.beta.shift).__floor__() * unit
        return exact(self.node.beta, self.index) * u

    def step(self, x: Fraction) -> int:
        """One time step; the spike."""
        node, u = self.node, self.u
        if node.threshold is None:
            self.u = converted(self.leak(u) + x, node.membrane)
            return 0
        threshold = exact(node.threshold, self.index)
        r = int(u > threshold)
        v = {
            Reset.SUBTRACT: lambda: self.leak(u) + x - r * threshold,
            Reset.ZERO: lambda: self.leak((1 - r) * u) + x,
            Reset.NONE: lambda: self.leak(u) + x,
        }[node.reset]()
        v = converted(v, node.membrane)
        s = int(v > threshold)
        self.u = v
        if not node.reset_delay:
            d = s - r
            after = {Reset.SUBTRACT: v - d * threshold, Reset.ZERO: v - d * v, Reset.NONE: v}
            self.u = converted(after[node.reset], node.membrane)
        return s


def interpret(graph: Graph, event: Any) -> dict[str, list[Vector]]:
    """Values of one event: one vector for each time step, or a single one."""
    values: dict[str, list[Vector]] = {}
    for node in graph:
        match node:
            case Quantise():
                rows = [[converted(v, node.fmt) for v in row] for row in values[node.source]]
            case Dense():
                rows = [matrix(node, row) for row in values[node.source]]
            case Lif():
                rows, values[f"{node.name}.membrane"] = run_lif(
                    node, values[node.source], graph.steps
                )
            case Membrane():
                rows = values[f"{node.source}.membrane"]
                if node.previous:
                    rows = [[Fraction(0)] * len(rows[0]), *rows[:-1]]
            case LastMembrane():
                rows = values[f"{node.source}.membrane"][-1:]
            case Maximum():
                rows = [[max(column) for column in zip(*membranes(values, node), strict=True)]]
            case FirstSpike():
                rows = [[first_one(c) for c in zip(*values[node.source], strict=True)]]
            case SpikeCount():
                rows = [
                    [sum(column, Fraction(0)) for column in zip(*values[node.source], strict=True)]
                ]
            case Input():
                rows = [[int(n) * grid(node.fmt) for n in event]]
            case _:
                steps = zip(*(values[name] for name in node.sources), strict=True)
                rows = [stateless(node, sources) for sources in steps]
        values[node.name] = rows
    return values


def membranes(values: dict[str, list[Vector]], node: Maximum) -> list[Vector]:
    """Membranes of the layer that a node reads, step by step."""
    return values[f"{node.source}.membrane"]


def first_one(column: tuple[Fraction, ...]) -> Fraction:
    """Where the first 1 stands; behind the last number if there is none."""
    return Fraction([*column, 1].index(1))


def stateless(node: Node, sources: tuple[Vector, ...]) -> Vector:
    """Operations of dense networks in one time step, written from docs/ir.md."""
    x = sources[0]
    match node:
        case ArgMax():
            parts = [x[k : k + node.count] for k in range(0, len(x), node.count)]
            return [Fraction(part.index(max(part))) for part in parts]
        case Gather():
            return [x[i] for i in node.indices]
        case Reduce():
            most = {Reduction.MAX: max, Reduction.MIN: min}[node.function]
            return [most(x[k : k + node.count]) for k in range(0, len(x), node.count)]
        case BatchNorm():
            n = len(node.scale.values)
            return [
                exact(node.scale, i % n) * v + exact(node.offset, i % n) for i, v in enumerate(x)
            ]
        case Relu():
            return [max(v, Fraction(0)) for v in x]
        case LeakyRelu():
            n = node.alpha.values.size
            return [v if v >= 0 else exact(node.alpha, i % n) * v for i, v in enumerate(x)]
        case Table():
            return [converted_function(node.function, v, node.fmt) for v in x]
        case Concat():
            return [v for part in sources for v in part]
        case Slice():
            return x[node.start : node.stop]
        case Threshold():
            n = node.value.values.size
            return [Fraction(int(v > exact(node.value, i % n))) for i, v in enumerate(x)]
        case SumSquares():
            return [sum((v * v for v in x), Fraction(0))]
        case _:
            return several(node, sources)


def several(node: Node, sources: tuple[Vector, ...]) -> Vector:
    """Operations that read vectors of one length, element by element."""
    pairs = list(zip(*sources, strict=True))
    match node:
        case KlDivergence():
            return [sum((m * m + v - 1 - g for m, g, v in pairs), Fraction(0)) / 2]
        case Add():
            return [a + b for a, b in pairs]
        case Subtract():
            return [a - b for a, b in pairs]
        case Multiply():
            return [a * b for a, b in pairs]
        case SquaredError():
            return [sum(((a - b) ** 2 for a, b in pairs), Fraction(0))]
    raise AssertionError(node)


@cache
def converted_function(function: str, x: Fraction, fmt: Fixed) -> Fraction:
    """A table's function, converted to its format."""
    return in_range(on_grid(function, x, fmt), fmt) * grid(fmt)


def matrix(node: Dense, x: Vector) -> Vector:
    """``W x + b``, written out; again and again where x has several positions."""
    out, inputs = [], node.weight.shape[1]
    for start in range(0, len(x), inputs):
        for o in range(node.weight.shape[0]):
            total = exact(node.bias, o)
            for i, value in enumerate(x[start : start + inputs]):
                total += exact(node.weight, (o, i)) * value
            out.append(total)
    return out


def run_lif(node: Lif, rows: list[Vector], steps: int) -> tuple[list[Vector], list[Vector]]:
    """Spikes and membranes of all steps; a value that is the same for all steps is repeated."""
    every = rows if len(rows) == steps else rows * steps
    neurons = [Neuron(node, i) for i in range(len(rows[0]))]
    spikes, membranes = [], []
    fired = [Fraction(0) for _ in neurons]
    for row in every:
        currents = [x + came_back(node, i, fired) for i, x in enumerate(row)]
        fired = [Fraction(n.step(x)) for n, x in zip(neurons, currents, strict=True)]
        spikes.append(fired)
        membranes.append([n.u for n in neurons])
    return spikes, membranes


def came_back(node: Lif, index: int, fired: Vector) -> Fraction:
    """What the spikes of the step before add to one neuron's current."""
    if node.recurrent is None:
        return Fraction(0)
    return sum((exact(node.recurrent, (index, i)) * s for i, s in enumerate(fired)), Fraction(0))


def assert_interpreted(graph: Graph, events: Any) -> None:
    """The reference gives, for every value of every event, what the plain interpreter gives."""
    reference = Reference.of(graph)
    values = reference.run(events).values
    fracs = {name: r.frac for name, r in reference.analysis.values.items()}
    fracs |= {f"{n}.membrane": r.membrane.frac for n, r in reference.analysis.lifs.items()}
    for index, event in enumerate(events):
        for name, rows in interpret(graph, event).items():
            whole = [[v * Fraction(2) ** fracs[name] for v in row] for row in rows]
            got = values[name][..., index, :]
            assert np.atleast_2d(got).tolist() == whole, (name, index)


KINDS = list(product(Reset, (True, False), ("constant", "shift"), ("scalar", "vector")))


@pytest.mark.parametrize(("reset", "delay", "leak", "shape"), KINDS)
def test_lif_equations(reset: Reset, delay: bool, leak: str, shape: str) -> None:
    """Every kind of lif layer follows snnTorch's equations with its conversions made explicit."""
    rng = np.random.default_rng(KINDS.index((reset, delay, leak, shape)))
    for fmt in ("fixed<7,3,RND_CONV,SAT>", "fixed<6,4,TRN_ZERO,WRAP>", "ufixed<5,3,RND,SAT_ZERO>"):
        size = () if shape == "scalar" else (3,)
        layer = lif(
            "l",
            "d",
            beta=2 if leak == "shift" else const(rng.integers(0, 33, size), "ufixed<6,1>"),
            threshold=const(rng.integers(-9, 60, size), "fixed<9,3>"),
            membrane=fmt,
            reset=reset,
            delay=delay,
        )
        sums = dense("d", "x", rng.integers(-9, 10, (3, 2)), [1, -1, 2], frac=2, bias_frac=6)
        graph = graph_of(2, "fixed<5,2>", [sums, layer, *read_out("l")], steps=6)
        assert_interpreted(graph, some_events(graph, 20, 5))


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs(seed: int) -> None:
    """Whole random graphs give what the plain interpreter gives, on both integer types."""
    graph = random_graph(seed)
    graph.shapes()
    assert_interpreted(graph, some_events(graph, 5, seed)[:20])
    events = some_events(graph, 300, seed)
    assert_same(Reference.of(graph).run(events), in_objects(graph).run(events))


@pytest.mark.parametrize("seed", range(20))
def test_random_dense_networks(seed: int) -> None:
    """So do networks of dense operations."""
    graph = random_dense_graph(seed, 4)
    assert_interpreted(graph, some_events(graph, 5, seed)[:12])


def temporal() -> Graph:
    """Operations that may stand between spikes and the next lif layer."""
    nodes = [
        lif("a", "x", beta=1, threshold=const(2, "fixed<4,4>"), membrane="fixed<8,8,TRN,SAT>"),
        dense("d", "a", [[3, -2], [-1, 4], [-5, 1]], [1, -1, 2], frac=1),
        Relu("r", "d"),
        LeakyRelu("leaky", "d", const([1, 3, -1], "fixed<5,3>")),
        BatchNorm("n", "d", const([1, 3, -1], "fixed<5,3>"), const([1, 0, -9], "fixed<5,2>")),
        Add("sum", "r", "n"),
        Subtract("difference", "sum", "leaky"),
        Concat("all", ("difference", "r", "d")),
        Slice("some", "all", 2, 6),
        Threshold("bits", "some", const([0, 1, 2, -3], "fixed<4,3>")),
        dense("e", "bits", [[3, -2, 1, 2]]),
        lif("b", "e", beta=1, threshold=const(2, "fixed<4,4>"), membrane="fixed<8,8,TRN,SAT>"),
        *read_out("b"),
        *read_out("a"),
        Maximum("a_most", "a"),
        Lif("c", "e", const(3, "ufixed<2,0>"), None, MEMBRANE, Reset.NONE, reset_delay=True),
        LastMembrane("c_u", "c"),
        Membrane("old", "c", previous=True),
        Membrane("new", "c", previous=False),
        Subtract("change", "new", "old"),
        lif("m", "change", beta=1, threshold=const(1, "fixed<4,4>"), membrane="fixed<8,5,RND,SAT>"),
        *read_out("m"),
        replace(
            lif("k", "d", beta=1, threshold=const(2, "fixed<4,4>"), membrane="fixed<8,8,TRN,SAT>"),
            recurrent=const([[3, -5, 1], [2, 2, -7], [-4, 6, 1]], "fixed<6,3>"),
        ),
        *read_out("k"),
        Maximum("c_most", "c"),
        FirstSpike("a_first", "a"),
        FirstSpike("b_first", "b"),
    ]
    return graph_of(2, "fixed<4,4>", nodes, steps=4)


MEMBRANE = Fixed.parse("fixed<6,4,RND,SAT>")


def test_operations_on_spikes() -> None:
    """The law holds at each time step, whether or not there is Verilog for it."""
    graph = temporal()
    graph.shapes()
    assert_interpreted(graph, some_events(graph, 20, 1)[:30])


def network() -> Graph:
    """Two lif layers, a score and a trigger."""
    nodes = [
        dense("d", "x", [[1, -2], [2, 1], [-1, 1]]),
        lif("a", "d", beta=1, threshold=const(2, "fixed<4,4>"), membrane="fixed<8,8,TRN,SAT>"),
        dense("e", "a", [[1, 2, 3], [-1, 0, 1]]),
        lif("b", "e", beta=1, threshold=const(2, "fixed<4,4>"), membrane="fixed<8,8,TRN,SAT>"),
        LastMembrane("u", "b"),
        SquaredError("score", "u", "x"),
        Threshold("hit", "score", const(7, "fixed<5,5>")),
    ]
    return graph_of(2, "fixed<4,4>", nodes, steps=3)


@pytest.mark.parametrize(
    "keep",
    [
        ("hit",),
        ("score", "hit"),
        ("x",),
        ("a",),
        ("a.membrane",),
        ("b", "b.membrane", "d"),
        (),
        ("x", "d", "a", "e", "b", "u", "score", "hit", "a.membrane", "b.membrane"),
    ],
)
def test_keep(keep: tuple[str, ...]) -> None:
    """``keep`` gives exactly the values named, with the integers they have without it."""
    graph = network()
    reference, events = Reference.of(graph), some_events(graph, 20, 1)
    kept, everything = reference.run(events, keep=keep), reference.run(events)
    assert kept.values.keys() == set(keep)
    for name in keep:
        assert np.array_equal(kept.values[name], everything.values[name])
    assert kept.overflows == everything.overflows


def test_overflows_are_counted() -> None:
    """The trace says in how many conversions the overflow mode acted."""
    graph = graph_of(1, "fixed<4,4>", [Quantise("q", "x", Fixed.parse("fixed<3,3,TRN,SAT>"))])
    trace = Reference.of(graph).run(np.arange(-8, 8)[:, None])
    assert trace.overflows == {"q": 8}


def test_values_have_the_shapes_promised() -> None:
    """Static values are (events, size), temporal ones (steps, events, size)."""
    graph = network()
    values = Reference.of(graph).run(some_events(graph, 20, 1)).values
    events = len(values["x"])
    assert values["score"].shape == (events, 1)
    assert values["a"].shape == values["a.membrane"].shape == (3, events, 3)
    assert values["e"].shape == (3, events, 2)


def test_input_is_rounded_and_saturated() -> None:
    """Real events enter with the rounding and overflow of the input's format."""
    graph = graph_of(2, "ufixed<4,1,RND_CONV,SAT>", [dense("d", "x", [[1, 1]])])
    values = np.array([[0.0625, 0.1875], [-3.0, 99.0]])
    assert quantise_input(graph, values).tolist() == [[0, 2], [0, 15]]


def test_wide_input_stays_exact() -> None:
    """An input wider than the machine word is held in Python integers."""
    graph = graph_of(1, "fixed<80,20>", [dense("d", "x", [[3]])])
    events = quantise_input(graph, np.array([[1 + 2.0**-52]]))
    assert events.tolist() == [[2**60 + 2**8]]
    assert Reference.of(graph).run(events).values["d"].tolist() == [[3 * (2**60 + 2**8)]]


REAL: dict[str, Callable[[Graph], Graph]] = {
    "threshold": lambda g: g.with_nodes({"hit": replace(g["hit"], value=Real(np.array(7.0)))}),
    "membrane": lambda g: g.with_nodes({"b": replace(g["b"], membrane=None)}),
}


@pytest.mark.parametrize("what", REAL)
def test_real_graphs_are_refused(what: str) -> None:
    """A graph that the quantise stage has not seen is a mistake of the caller."""
    with pytest.raises(TypeError, match="integer graphs only"):
        Reference.of(REAL[what](network()))
