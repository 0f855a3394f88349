"""The one test class that every operation inherits: all implementations give the same integers.

A subclass gives a graph. It is interpreted on int64 and on Python integers, turned into Verilog,
linted, compiled and fed corner and random events back to back, with gaps and with resets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
import pytest

from fwgen.emit.top import emit_rtl
from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Const,
    Dense,
    Input,
    LastMembrane,
    Lif,
    Node,
    Quantise,
    Reset,
    ShiftLeak,
    SpikeCount,
    SquaredError,
    Threshold,
)
from fwgen.ir.ports import Interface
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.tools import toolchain
from fwgen.verify.bench import checked as compare
from fwgen.verify.bench import native
from fwgen.verify.bench.events import corners, random_events
from fwgen.verify.reference import Reference, Trace

WAVEFRONT = Schedule()
# A test's events run in no time whatever g++ does; all in one file spares the precompiled headers.
FEW_EVENTS = toolchain.Effort(
    ("--output-split", "0"), ("OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0")
)
T = TypeVar("T")
Kind = Literal["back-to-back", "gaps", "resets"]


@dataclass(frozen=True, slots=True, eq=False)
class Implemented:
    """A graph, its Verilog files and the program that simulates them."""

    graph: Graph
    interface: Interface
    files: tuple[Path, ...]
    program: Path


def write_rtl(
    graph: Graph, clock_mhz: float, folder: Path, schedule: Schedule
) -> tuple[Interface, tuple[Path, ...]]:
    """Lower a graph and write its Verilog into ``folder``."""
    design = lower(graph, Pace(clock_mhz), schedule=schedule)
    files = []
    for name, text in sorted(emit_rtl(design, graph).items()):
        files.append(folder / name)
        files[-1].write_text(text, encoding="utf-8")
    return design.interface, tuple(files)


def implement(
    graph: Graph, clock_mhz: float, folder: Path, schedule: Schedule = WAVEFRONT
) -> Implemented:
    """Lower, write and compile a graph."""
    graph.shapes()
    interface, files = write_rtl(graph, clock_mhz, folder, schedule)
    program = native.build(interface, files, folder / "work", FEW_EVENTS)
    return Implemented(graph, interface, files, program)


def in_objects(graph: Graph) -> Reference:
    """The reference on Python integers, whatever the range analysis says."""
    reference = Reference.of(graph)
    return Reference(graph, replace(reference.analysis, peak=1 << 100))


def some_events(graph: Graph, count: int, seed: int) -> Ints:
    """Corner events, then random ones."""
    rng = np.random.default_rng(seed)
    return np.concatenate([np.stack(list(corners(graph))), random_events(graph, count, rng)])


def simulate(made: Implemented, x: Ints, kind: Kind, seed: int) -> compare.Checked:
    """Feed events to the Verilog and compare every output with the reference."""
    face, rng = made.interface, np.random.default_rng(seed)
    gaps, resets = native.schedule(len(x), face.interval, rng, kind, latency=face.latency)
    result = native.run(made.program, face, [x], gaps, resets, seed)
    values = Reference.of(made.graph).run(x).values
    return compare.check(face, result, [values[name] for name in made.graph.outputs], resets)


def assert_same(a: Trace, b: Trace) -> None:
    """Both interpreters give the same integers and the same overflow counts."""
    assert a.values.keys() == b.values.keys()
    for name, value in a.values.items():
        assert np.array_equal(value, b.values[name]), name
    assert a.overflows == b.overflows


class Operation:
    """Inherited by the tests of each operation; ``make`` gives the graph under test."""

    clock_mhz: ClassVar[float] = 240.0
    schedule: ClassVar[Schedule] = WAVEFRONT
    events: ClassVar[int] = 3000
    acts: ClassVar[bool] = True  # whether the outputs must change from event to event

    @staticmethod
    def make() -> Graph:
        """The integer graph under test."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory: pytest.TempPathFactory) -> Implemented:
        """The graph's Verilog, compiled once for the class."""
        folder = tmp_path_factory.mktemp("rtl")
        return implement(cls.make(), cls.clock_mhz, folder, cls.schedule)

    def test_reference_int64_equals_python_integers(self) -> None:
        """The interpreter gives the same integers on int64 and on Python integers."""
        graph = self.make()
        x = some_events(graph, 200, 1)
        assert_same(Reference.of(graph).run(x), in_objects(graph).run(x))

    def test_values_stay_within_their_bounds(self) -> None:
        """No value leaves the bounds of the range analysis."""
        graph = self.make()
        assert_bounded(graph, some_events(graph, self.events, 2))

    def test_outputs_change(self) -> None:
        """The events reach something: not every output is the same for all of them."""
        graph = self.make()
        values = Reference.of(graph).run(some_events(graph, self.events, 2)).values
        changing = [n for n in graph.outputs if (values[n] != values[n][0]).any()]
        assert bool(changing) == self.acts

    def test_lint(self, made: Implemented) -> None:
        """Verilator has nothing to say about the Verilog with all warnings on."""
        assert toolchain.lint(made.files, made.interface.top) == ""

    @pytest.mark.parametrize("kind", ["back-to-back", "gaps", "resets"])
    def test_verilog_equals_reference(self, made: Implemented, kind: Kind) -> None:
        """The Verilog gives the reference's integers on every event, at the promised latency."""
        x = some_events(made.graph, self.events, 3)
        checked = simulate(made, x, kind, 4)
        assert checked.first is None
        assert checked.events == len(x)
        assert checked.delivered == len(x) or kind == "resets"
        assert checked.delivered > len(x) // 3
        if kind == "back-to-back":
            assert checked.smallest_interval == made.interface.interval


def assert_bounded(graph: Graph, x: Ints) -> None:
    """Every value of every event lies in its bounds, membranes included."""
    reference = Reference.of(graph)
    values = reference.run(x).values
    ranges = dict(reference.analysis.values)
    ranges |= {f"{n}.membrane": r.membrane for n, r in reference.analysis.lifs.items()}
    for name, value in values.items():
        flat = value.reshape(-1, value.shape[-1])
        assert (flat.min(axis=0) >= ranges[name].lo).all(), name
        assert (flat.max(axis=0) <= ranges[name].hi).all(), name


# ---- how tests write graphs ----


def ints(values: Any) -> Ints:
    """An object array of Python integers."""
    given = np.asarray(values)
    out = np.empty(given.shape, dtype=object)
    out[...] = given.astype(object)
    return out


def const(values: Any, fmt: str) -> Const:
    """An integer parameter."""
    return Const(ints(values), Fixed.parse(fmt))


def dense(
    name: str, source: str, weight: Any, bias: Any = None, *, frac: int = 0, bias_frac: int = 0
) -> Dense:
    """A dense layer with integer weights of ``frac`` and biases of ``bias_frac`` fraction bits."""
    w = ints(weight)
    b = ints(np.zeros(len(w), dtype=int) if bias is None else bias)
    formats = (
        Fixed.holding(int(p.min(initial=0)), int(p.max(initial=0)), f)
        for p, f in ((w, frac), (b, bias_frac))
    )
    return Dense(name, source, *(Const(p, f) for p, f in zip((w, b), formats, strict=True)))


def lif(
    name: str,
    source: str,
    *,
    beta: Const | int,
    threshold: Const,
    membrane: str,
    reset: Reset | str = Reset.SUBTRACT,
    delay: bool = True,
) -> Lif:
    """A lif layer; an integer ``beta`` is the shift of a shift leak."""
    return Lif(
        name,
        source,
        beta=ShiftLeak(beta) if isinstance(beta, int) else beta,
        threshold=threshold,
        membrane=Fixed.parse(membrane),
        reset=Reset(reset),
        reset_delay=delay,
    )


def read_out(name: str) -> tuple[Node, Node]:
    """Last membrane and spike count of a lif layer."""
    return LastMembrane(f"{name}_u", name), SpikeCount(f"{name}_n", name)


def graph_of(
    size: int, fmt: str, nodes: Iterable[Node], *, steps: int = 1, wraps: Iterable[str] = ()
) -> Graph:
    """A graph on an input ``x``; every node that nobody reads and that is static is an output."""
    every = (Input("x", size, Fixed.parse(fmt)), *nodes)
    read = {source for node in every for source in node.sources}
    outputs = tuple(n.name for n in every if n.name not in read)
    return Graph("dut", steps, every, outputs, tuple(wraps))


# ---- random graphs ----


def pick(rng: np.random.Generator, members: Sequence[T]) -> T:
    """One member itself; numpy's own choice would make a string of an enum's member."""
    return members[int(rng.integers(len(members)))]


def random_fixed(rng: np.random.Generator, frac: int, *, wrap: bool = False) -> Fixed:
    """A format near a grid: some bits wider or narrower, any rounding."""
    signed = bool(rng.random() < 0.7)
    width = int(rng.integers(2, 14))
    integer = width - frac + int(rng.integers(-3, 4))
    modes = [o for o in Overflow if wrap or o is not Overflow.WRAP]
    return Fixed(signed, width, integer, pick(rng, list(Rounding)), pick(rng, modes))


def random_lif(rng: np.random.Generator, name: str, source: str, size: int, frac: int) -> Lif:
    """A lif layer of any kind; thresholds about as large as a few currents."""
    shape = () if rng.random() < 0.5 else (size,)
    leak = int(rng.integers(0, 9))
    beta = Fixed(False, leak + 1, 1)
    threshold = Fixed(True, 10, 10 - frac - int(rng.integers(-3, 4)))
    return Lif(
        name,
        source,
        beta=ShiftLeak(int(rng.integers(0, 6)))
        if rng.random() < 0.3
        else Const(ints(rng.integers(0, (1 << leak) + 1, shape)), beta),
        threshold=Const(ints(rng.integers(-40, 200, shape)), threshold),
        membrane=random_fixed(rng, frac, wrap=True),
        reset=pick(rng, list(Reset)),
        reset_delay=bool(rng.integers(2)),
    )


def random_dense(
    rng: np.random.Generator, name: str, source: str, sizes: tuple[int, int], frac: int
) -> Dense:
    """A dense layer with some zeros, its biases finer or coarser than the products."""
    weight = rng.integers(-40, 41, sizes) * (rng.random(sizes) < 0.8)
    bias = rng.integers(-40, 41, sizes[0])
    finer = int(rng.integers(-2, 4))
    return dense(name, source, weight, bias, frac=frac, bias_frac=frac + finer)


def random_graph(seed: int) -> Graph:
    """Input, dense, one to three lif layers with dense layers between them, and read-outs."""
    rng = np.random.default_rng(seed)
    sizes = [int(n) for n in rng.integers(1, 5, 5)]
    nodes: list[Node] = [Input("x", sizes[0], random_input(rng))]
    nodes.append(random_dense(rng, "d0", "x", (sizes[1], sizes[0]), int(rng.integers(0, 4))))
    for k in range(int(rng.integers(1, 4))):
        frac = int(rng.integers(-1, 6))
        if k:
            nodes.append(random_dense(rng, f"d{k}", f"l{k - 1}", (sizes[k + 1], sizes[k]), frac))
        nodes.append(random_lif(rng, f"l{k}", f"d{k}", sizes[k + 1], frac))
        nodes += read_out(f"l{k}")
    last = f"l{k}"
    narrow = random_fixed(rng, frac)
    nodes += [Quantise("q", f"{last}_u", narrow), SquaredError("e", "q", f"{last}_n")]
    nodes.append(Threshold("t", "e", Const(ints(rng.integers(0, 99)), Fixed(True, 8, 4))))
    static = {n.name for n in nodes} - {n.name for n in nodes if n.op in {"lif", "input"}}
    outputs = tuple(n.name for n in nodes if n.name in static and not n.name.startswith("d"))
    return Graph("dut", int(rng.integers(1, 9)), tuple(nodes), outputs, ())


def random_input(rng: np.random.Generator) -> Fixed:
    """A format for an input."""
    width = int(rng.integers(1, 8))
    return Fixed(bool(rng.integers(2)), width, int(rng.integers(-2, 8)))
