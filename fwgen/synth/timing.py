"""The longest register-to-register path of a mapped netlist under the delay model.

Static: no path is taken to be false. A path begins at a clock edge in a register, a shift register
or a memory, and ends at the input of one; ports of the top neither begin nor end a path.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fwgen.devices.delays import NETS_HIGH, NETS_LOW, PERMILLE, Delays
from fwgen.errors import ToolError
from fwgen.synth.arcs import Arc, End, arcs, check, ends, starts
from fwgen.synth.netlist import Bit, Cell, Netlist

_TO_MHZ = 1_000_000
_FLOPS = ("FDRE", "FDSE", "FDCE", "FDPE")
_LONGEST_TEXT = 14  # cells; a longer path is shortened in the middle


@dataclass(frozen=True, slots=True)
class Path:
    """A path: ``period`` in ps with everything, and the cells from register to register."""

    period: int
    cells: tuple[Cell, ...]
    bits: tuple[Bit, ...]


@dataclass(slots=True)
class TimingGraph:
    """All arcs of a netlist, with cell and net delays apart so that nets can be scaled."""

    delays: Delays
    begin: dict[Bit, End] = field(default_factory=dict)
    finish: list[tuple[Bit, End, int]] = field(default_factory=list)
    out: dict[Bit, list[tuple[Bit, Arc, int]]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[Bit, int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    def of(cls, cells: Sequence[Cell], delays: Delays) -> "TimingGraph":
        """The graph of a flat netlist.

        Raises
        ------
        ToolError
            If a cell is of a kind without delays.
        """
        graph, nets = cls(delays), _Nets.of(cells, delays)
        for cell in cells:
            check(cell)
            for end in starts(cell, delays):
                graph.begin[_bit(cell, end.pin)] = end
            for end in ends(cell, delays):
                bit = _bit(cell, end.pin)
                graph.finish.append((bit, end, nets.delay(bit, cell, end.pin[0])))
            for arc in arcs(cell, delays):
                graph._add(arc, nets)
        return graph

    def _add(self, arc: Arc, nets: "_Nets") -> None:
        ports = arc.cell.ports
        if arc.source[0] not in ports or arc.target[0] not in ports:
            return
        source, target = _bit(arc.cell, arc.source), _bit(arc.cell, arc.target)
        if isinstance(source, int) and nets.sinks.get(target, 0):
            net = nets.delay(source, arc.cell, arc.source[0])
            self.out[source].append((target, arc, net))
            self.waiting[target] += 1

    def longest(self, nets: int = PERMILLE) -> Path | None:
        """The longest path, with net delays times ``nets`` / 1000; None without registers.

        Raises
        ------
        ToolError
            If logic feeds back to itself without a register.
        """
        arrival, cause = self._arrivals(nets)
        worst, best_end = -1, None
        for bit, end, net in self.finish:
            if bit in arrival and (t := arrival[bit] + net * nets // PERMILLE + end.delay) > worst:
                worst, best_end = t, (bit, end.cell)
        if best_end is None:
            return None
        bit, last = best_end
        cells, bits = [last], [bit]
        while bit in cause:
            bit, cell = cause[bit]
            cells.append(cell)
            bits.append(bit)
        cells.append(self.begin[bit].cell)
        return Path(worst + self.delays.slack, tuple(cells[::-1]), tuple(bits[::-1]))

    def _arrivals(self, nets: int) -> tuple[dict[Bit, int], dict[Bit, tuple[Bit, Cell]]]:
        """Latest arrival at every bit that a register reaches, and where it came from."""
        arrival = {bit: end.delay for bit, end in self.begin.items()}
        cause: dict[Bit, tuple[Bit, Cell]] = {}
        waiting = dict(self.waiting)
        ready = [bit for bit in {*self.out, *self.begin} if not waiting.get(bit)]
        while ready:
            source = ready.pop()
            for target, arc, net in self.out.get(source, ()):
                if source in arrival:
                    time = arrival[source] + net * nets // PERMILLE + arc.delay
                    if time > arrival.get(target, -1):
                        arrival[target], cause[target] = time, (source, arc.cell)
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        if any(waiting.values()):
            raise _loop(sum(1 for n in waiting.values() if n))
        return arrival, cause


def timing_block(netlist: Netlist, delays: Delays, clock_mhz: float) -> dict[str, Any] | None:
    """The report's ``timing``; None for a netlist without registers."""
    graph = TimingGraph.of(netlist.cells, delays)
    paths = {nets: graph.longest(nets) for nets in (NETS_HIGH, PERMILLE, NETS_LOW)}
    path = paths[PERMILLE]
    if path is None:
        return None
    speeds = {nets: _fmax(p, delays) for nets, p in paths.items() if p}
    return {
        "fmax_mhz": speeds[PERMILLE],
        "range_mhz": [speeds[NETS_HIGH], speeds[NETS_LOW]],
        "closes": speeds[PERMILLE] >= clock_mhz,
        "clock_mhz": clock_mhz,
        "path": describe(path, netlist),
        "kind": "estimated",
        "model": f"{delays.name}, fwgen/devices/delays.py, not calibrated; range: nets x "
        f"{NETS_HIGH / PERMILLE:g} and x {NETS_LOW / PERMILLE:g}",
    }


def describe(path: Path, netlist: Netlist) -> dict[str, Any]:
    """A path for people: layers, ends by the names of their signals, kinds of cells in between."""
    kinds = _runs([cell.kind for cell in path.cells])
    if len(kinds) > _LONGEST_TEXT:
        half = _LONGEST_TEXT // 2
        kinds = [*kinds[:half], "...", *kinds[-half:]]
    last = path.cells[-1]
    held = [bit for port in sorted(last.outputs) for bit in last.ports[port]]
    return {
        "ps": path.period,
        "from": netlist.name(path.bits[0]),
        "to": netlist.name(held[0] if held else path.bits[-1]),
        "layers": list(dict.fromkeys(cell.layer for cell in path.cells)),
        "levels": len(path.cells) - 2,
        "cells": kinds,
    }


def _runs(kinds: Iterable[str]) -> list[str]:
    """Names with a count where one repeats: CARRY4 x5."""
    runs: list[list[str]] = []
    for kind in kinds:
        if runs and runs[-1][0] == kind:
            runs[-1].append(kind)
        else:
            runs.append([kind])
    return [run[0] if len(run) == 1 else f"{run[0]} x{len(run)}" for run in runs]


def _fmax(path: Path, delays: Delays) -> float:
    """MHz, rounded down: a clock that is shown as reached is reached."""
    return min(delays.clock_tree_mhz, _TO_MHZ * 10 // path.period / 10)


@dataclass(slots=True)
class _Nets:
    """Who drives each bit and how many pins read it."""

    delays: Delays
    driver: dict[Bit, tuple[Cell, str]]
    sinks: dict[Bit, int]

    @classmethod
    def of(cls, cells: Iterable[Cell], delays: Delays) -> "_Nets":
        nets = cls(delays, {}, defaultdict(int))
        for cell in cells:
            for port, bits in cell.ports.items():
                for bit in bits:
                    if port in cell.outputs:
                        nets.driver[bit] = (cell, port)
                    else:
                        nets.sinks[bit] += 1
        return nets

    def delay(self, bit: Bit, cell: Cell, port: str) -> int:
        """Delay of the net from its driver to one of its sinks."""
        if bit not in self.driver:
            return 0
        driver, output = self.driver[bit]
        alone = self.sinks[bit] == 1
        if driver.kind == "INV" or _in_slice(driver.kind, output, cell.kind, port, alone):
            return 0
        return self.delays.wire(self.sinks[bit])


def _in_slice(driver: str, output: str, sink: str, port: str, alone: bool) -> bool:
    """Whether the connection has its own wiring inside a slice or up a carry column."""
    if driver == sink == "CARRY4":
        return output == "CO" and port == "CI"
    from_lut = driver.startswith("LUT")
    if sink == "CARRY4":
        # a carry bit's S comes from the LUT next to it and from nowhere else: where Yosys lets
        # several share one LUT, placement gives each a copy
        return from_lut and (port == "S" or (alone and port == "DI"))
    if sink.startswith("MUXF"):
        return alone and port != "S" and (from_lut or driver.startswith("MUXF"))
    if sink in _FLOPS:
        return alone and port == "D" and (from_lut or driver in ("CARRY4", "MUXF7", "MUXF8"))
    return False


def _bit(cell: Cell, pin: tuple[str, int]) -> Bit:
    bits = cell.ports[pin[0]]
    return bits[pin[1]] if pin[1] < len(bits) else "x"


def _loop(count: int) -> ToolError:
    return ToolError(
        "timing",
        needed="a register in every loop of the netlist",
        found=f"{count} bits that wait for themselves",
        do="This is a fault of fwgen; please report it with the model.",
    )
