"""How spiking layers grow: LUTs, latency and build time over neurons, time steps and weight bits.

``python -m tests.synth.spiking_curves [DATA]`` lowers and emits small networks, prints the tables
of ``docs/measurements/performance.md`` and, with matplotlib, draws ``spiking_*.svg`` in its
``figures``. Nothing is synthesised. DATA is a JSON file: figures that it holds are not measured
again.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from fwgen.emit.top import emit_rtl
from fwgen.ingest.targets import device
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Node
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.estimate.design import Cost, estimate
from fwgen.lower.lowering import lower
from fwgen.lower.spiking.table_groups import forget
from tests.ops.operation import const, dense, graph_of, lif, read_out

FIGURES = Path(__file__).parents[2] / "docs" / "measurements" / "figures"
TARGET = "xcvu9p"
CLOCKS = (240, 360)
WIDTHS, STEPS, BITS = (8, 16, 32, 64, 128, 256), (2, 5, 10, 20), (2, 4, 6, 8)
_INPUT_BITS = 4


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One network: ``ins`` spiking inputs, ``outs`` neurons, weights of ``bits``, time steps."""

    ins: int
    outs: int
    bits: int = 6
    steps: int = 5
    clock: int = 240

    @property
    def synapses(self) -> int:
        """Synapses of the layer that is looked at."""
        return self.ins * self.outs


@dataclass(frozen=True, slots=True)
class Figures:
    """Estimated cost of the layer's accumulators and of the design, cycles, and CPU seconds."""

    accumulators: int
    lut: int
    ff: int
    latency: int
    interval: int
    seconds: float


def network(point: Point) -> Graph:
    """Neurons on the input, which spike, and behind them the layer that is looked at."""
    rng = np.random.default_rng(0)
    end = 1 << (point.bits - 1)
    weight = rng.integers(-end, end, (point.outs, point.ins))
    first = const(1 << (_INPUT_BITS - 1), f"fixed<{_INPUT_BITS + 2},{_INPUT_BITS + 2}>")
    limit = const(8 * end, f"fixed<{point.bits + 5},{point.bits + 5}>")
    room = point.bits + 8
    nodes: list[Node] = [
        lif("source", "x", beta=1, threshold=first, membrane="fixed<8,8,TRN,SAT>"),
        dense("synapses", "source", weight),
        lif(
            "neurons", "synapses", beta=2, threshold=limit, membrane=f"fixed<{room},{room},TRN,SAT>"
        ),
        *read_out("neurons"),
    ]
    return graph_of(point.ins, f"ufixed<{_INPUT_BITS},{_INPUT_BITS}>", nodes, steps=point.steps)


def measure(point: Point) -> Figures:
    """Lower and emit one network; the seconds are CPU time of both, the estimate apart."""
    graph, pace = network(point), Pace.of(device(TARGET), point.clock)
    forget()
    start = process_time()
    design = lower(graph, pace)
    emit_rtl(design, graph)
    seconds = process_time() - start
    rows = estimate(design)
    total = sum(rows.values(), Cost())
    face = design.interface
    own = rows["synapses"].lut
    return Figures(own, total.lut, total.ff, face.latency, face.interval, seconds)


def points() -> list[Point]:
    """All networks, without repeats, the smallest first."""
    square = [Point(n, n, clock=c) for n in WIDTHS for c in CLOCKS]
    inputs = [Point(n, 32) for n in WIDTHS]
    neurons = [Point(32, n) for n in WIDTHS]
    steps = [Point(32, 32, steps=t, clock=c) for t in STEPS for c in CLOCKS]
    bits = [Point(32, 32, bits=b, clock=c) for b in BITS for c in CLOCKS]
    found = {*square, *inputs, *neurons, *steps, *bits}
    return sorted(found, key=lambda p: (p.synapses * p.bits, p))


def exponent(found: dict[Point, Figures], smallest: int = 16) -> float:
    """Slope of seconds over synapses on logarithmic axes, n x n layers from ``smallest`` on."""
    square = [p for p in found if p.ins == p.outs >= smallest and p == Point(p.ins, p.outs)]
    x, y = ([np.log(v) for v in row] for row in zip(*_times(found, square), strict=True))
    return float(np.polyfit(x, y, 1)[0])


def _times(found: dict[Point, Figures], over: Sequence[Point]) -> list[tuple[int, float]]:
    return [(p.synapses, found[p].seconds) for p in over]


# ---- tables ----

HEAD = (
    "| inputs | neurons | bits | T | MHz | LUT, accumulators | LUT, all | FF | latency, cycles | "
    "ns | interval | build, s |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def line(point: Point, row: Figures) -> str:
    """One line of the table."""
    ns = 1000 * row.latency / point.clock
    return (
        f"| {point.ins} | {point.outs} | {point.bits} | {point.steps} | {point.clock} | "
        f"{row.accumulators:,} | {row.lut:,} | {row.ff:,} | {row.latency} | {ns:.1f} | "
        f"{row.interval} | {row.seconds:.2f} |"
    )


def table(found: dict[Point, Figures]) -> str:
    """All figures."""
    return "\n".join([HEAD, *(line(p, found[p]) for p in sorted(found))])


# ---- plots ----


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a plot."""

    label: str
    x: Sequence[int]
    points: Sequence[Point]


def curves() -> dict[str, tuple[str, list[Curve]]]:
    """Plots by file name: what the x axis is, and the lines."""
    size, steps, bits = [], [], []
    for c in CLOCKS:
        size.append(Curve(f"n x n, {c} MHz", WIDTHS, [Point(n, n, clock=c) for n in WIDTHS]))
        steps.append(Curve(f"{c} MHz", STEPS, [Point(32, 32, steps=t, clock=c) for t in STEPS]))
        bits.append(Curve(f"{c} MHz", BITS, [Point(32, 32, bits=b, clock=c) for b in BITS]))
    size.append(Curve("n inputs, 32 neurons, 240 MHz", WIDTHS, [Point(n, 32) for n in WIDTHS]))
    size.append(Curve("32 inputs, n neurons, 240 MHz", WIDTHS, [Point(32, n) for n in WIDTHS]))
    return {
        "spiking_size": ("n", size),
        "spiking_steps": ("time steps (32 x 32, 6 bits)", steps),
        "spiking_bits": ("weight bits (32 x 32, 5 steps)", bits),
    }


def draw(found: dict[Point, Figures]) -> None:
    """Write the plots; needs matplotlib."""
    import matplotlib as mpl  # noqa: PLC0415 - only those who draw need it
    from matplotlib import pyplot as plt  # noqa: PLC0415

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "fwgen", "svg.fonttype": "none"}
    FIGURES.mkdir(exist_ok=True)
    for name, (axis, lines) in curves().items():
        figure, panels = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
        for panel, what in zip(panels, ("lut", "latency", "seconds"), strict=True):
            _panel(panel, what, lines, found, log=name == "spiking_size")
            panel.set_xlabel(axis)
        panels[0].legend(fontsize=7)
        figure.savefig(FIGURES / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)


_AXES = {
    "lut": "LUT of the design, estimated",
    "latency": "latency, ns",
    "seconds": "build, CPU seconds",
}


def _panel(
    panel: Any, what: str, lines: Sequence[Curve], found: dict[Point, Figures], *, log: bool
) -> None:
    for curve in lines:
        y = [_value(p, found[p], what) for p in curve.points]
        panel.plot(curve.x, y, marker="o", markersize=3, label=curve.label)
    if log:
        panel.set_xscale("log", base=2)
    if log and what != "latency":
        panel.set_yscale("log")
    panel.set_ylabel(_AXES[what])
    panel.grid(alpha=0.3)


def _value(point: Point, row: Figures, what: str) -> float:
    return 1000 * row.latency / point.clock if what == "latency" else getattr(row, what)


# ---- data ----


def _load(path: Path | None) -> dict[Point, Figures]:
    if path is None or not path.is_file():
        return {}
    entries = json.loads(path.read_text(encoding="utf-8"))
    return {Point(**point): Figures(**figures) for point, figures in entries}


def main(arguments: Sequence[str]) -> None:
    """Measure what DATA does not hold, print the table, draw."""
    path = Path(arguments[0]) if arguments else None
    found = _load(path)
    for point in points():
        if point not in found:
            found[point] = measure(point)
            sys.stderr.write(line(point, found[point]) + "\n")
        if path:
            entries = [[asdict(p), asdict(f)] for p, f in found.items()]
            path.write_text(json.dumps(entries), encoding="utf-8")
    sys.stdout.write(f"{table(found)}\n\nseconds ~ synapses ^ {exponent(found):.2f}\n")
    if find_spec("matplotlib"):
        draw(found)


if __name__ == "__main__":
    main(sys.argv[1:])
