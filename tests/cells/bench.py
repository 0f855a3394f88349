"""All cells with all their parameter sets in one simulation: compiled once, driven at random."""

import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fwgen.assets import asset_dir
from fwgen.tools import toolchain
from tests.cells.models import CELLS, Parameters, Trace

HARNESS = Path(__file__).parent / "harness.cpp"
CLOCKLESS = {"fwgen_restart", "fwgen_sum"}
_SMALLEST = 65  # bits of a port from which Verilator has words for it
_OFTEN = {"first_i": 0.15, "last_i": 0.2, "load_i": 0.15, "valid_i": 0.6, "rst_i": 0.03}


@dataclass(frozen=True, slots=True)
class Case:
    """An instance of a cell."""

    cell: str
    parameters: Parameters

    @property
    def inputs(self) -> dict[str, int]:
        """Bits of each input."""
        return CELLS[self.cell].inputs(self.parameters)

    @property
    def outputs(self) -> dict[str, int]:
        """Bits of each output."""
        return CELLS[self.cell].outputs(self.parameters)

    def __str__(self) -> str:
        return "-".join([self.cell, *(f"{k}{v}" for k, v in self.parameters.items())])


CASES = [Case(name, p) for name, cell in CELLS.items() for p in cell.sets]


def stimulus(case: Case, cycles: int, draw: random.Random) -> Trace:
    """Inputs of a case: controls that come now and then, random data and its extremes."""
    return {
        port: [_value(port, width, draw) for _ in range(cycles)]
        for port, width in case.inputs.items()
    }


def _value(port: str, width: int, draw: random.Random) -> int:
    if port in _OFTEN:
        return int(draw.random() < _OFTEN[port])
    if port == "due_i":  # at most one copy is due
        return draw.choice([0, *(1 << copy for copy in range(width))])
    return draw.choice([0, (1 << width) - 1, *[draw.getrandbits(width)] * 4])


def simulate(
    cases: Sequence[Case], given: Sequence[Trace], program: Path, seed: int
) -> list[Trace]:
    """What each case shows in each cycle, from a power-up state that the seed draws."""
    ins, outs = _Packing([c.inputs for c in cases]), _Packing([c.outputs for c in cases])
    cycles = len(next(iter(given[0].values())))
    sent = b"".join(ins.record(given, t) for t in range(cycles))
    command = [str(program), "+verilator+rand+reset+2", f"+verilator+seed+{seed + 1}"]
    done = subprocess.run(command, input=sent, capture_output=True, check=True)
    assert len(done.stdout) == cycles * outs.size
    starts = range(0, len(done.stdout), outs.size)
    return outs.traces([done.stdout[start : start + outs.size] for start in starts])


def compiled(cases: Sequence[Case], work: Path, cells: Path | None = None) -> Path:
    """The program that simulates all cases."""
    toolchain.require("verilator", "g++", "make", "perl")
    folder = cells or asset_dir("templates") / "cells"
    (work / "bench.v").write_text(_wrapper(cases), encoding="utf-8")
    options = ["--cc", "--exe", "--no-timing", "-Wno-fatal", "--x-initial", "unique"]
    options += ["--top-module", "bench", "--Mdir", "obj", "-o", "harness"]
    sources = ["bench.v", *(str(folder / f"{c}.v") for c in sorted({c.cell for c in cases}))]
    for command in (
        ["verilator", *options, *sources, str(HARNESS)],
        ["make", "-C", "obj", "-f", "Vbench.mk", "OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0"],
    ):
        done = toolchain.run_tool(command, toolchain.environment(), work)
        assert not done.returncode, done.stdout
    return work / "obj" / "harness"


def _wrapper(cases: Sequence[Case]) -> str:
    ins, outs = _Packing([c.inputs for c in cases]), _Packing([c.outputs for c in cases])
    lines = [
        "module bench (",
        "    input  wire clk_i,",
        f"    input  wire [{ins.bits - 1}:0] given_i,",
        f"    output wire [{outs.bits - 1}:0] shown_o",
        ");",
    ]
    for index, case in enumerate(cases):
        sizes = ", ".join(f".{name}({value})" for name, value in case.parameters.items())
        ports = [] if case.cell in CLOCKLESS else [".clk_i(clk_i)"]
        ports += [f".{port}(given_i[{low}+:{n}])" for port, low, n in ins.places[index]]
        ports += [f".{port}(shown_o[{low}+:{n}])" for port, low, n in outs.places[index]]
        lines.append(f"    {case.cell} #({sizes}) case{index} ({', '.join(ports)});")
    return "\n".join([*lines, "endmodule", ""])


class _Packing:
    """Where the ports of all cases lie in one vector."""

    def __init__(self, ports: Sequence[dict[str, int]]) -> None:
        self.places: list[list[tuple[str, int, int]]] = []
        bits = 0
        for widths in ports:
            row = []
            for port, width in widths.items():
                row.append((port, bits, width))
                bits += width
            self.places.append(row)
        self.bits = max(bits, _SMALLEST)
        self.size = -(-self.bits // 32) * 4

    def record(self, traces: Sequence[Trace], cycle: int) -> bytes:
        """One cycle's values as the harness reads them."""
        pairs = zip(self.places, traces, strict=True)
        values = (trace[port][cycle] << low for row, trace in pairs for port, low, _ in row)
        return sum(values).to_bytes(self.size, "little")

    def traces(self, records: Sequence[bytes]) -> list[Trace]:
        """Values of each case from the records of all cycles."""
        words = [int.from_bytes(record, "little") for record in records]
        return [dict(self._ports(row, words)) for row in self.places]

    @staticmethod
    def _ports(
        row: Sequence[tuple[str, int, int]], words: Sequence[int]
    ) -> Iterator[tuple[str, list[int]]]:
        for port, low, width in row:
            yield port, [word >> low & ((1 << width) - 1) for word in words]
