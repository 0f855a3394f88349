"""Benches that every generated top must pass, run by cocotb inside the simulator.

``FWGEN_INTERFACE`` names the interface's JSON file, ``FWGEN_VECTORS`` an ``.npz`` file with the
32-bit words of every port, (n, words), as ``in_0``... and ``out_0``..., and ``FWGEN_CHECKED`` a
file to which each test adds the number of events it saw delivered with the right values.

Pins are driven after a falling edge and read once they have settled, so that what is read is what
the next rising edge sees, on every simulator.
"""

import os
from collections import deque
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge

from fwgen.ir.ports import Port
from fwgen.verify.bench.interface_json import from_json

INTERFACE = from_json(Path(os.environ["FWGEN_INTERFACE"]).read_text(encoding="utf-8"))
LATENCY, INTERVAL = INTERFACE.latency, INTERFACE.interval
EVENTS = 60
PHASES = 100  # more than this many phases of a long latency are sampled


def load(side: str, ports: tuple[Port, ...]) -> list[list[int]]:
    """Packed values of every event, a list a port."""
    with np.load(os.environ["FWGEN_VECTORS"]) as file:
        arrays = [file[f"{side}_{i}"].astype("<u4") for i in range(len(ports))]
    return [[int.from_bytes(row.tobytes(), "little") for row in array] for array in arrays]


INPUTS = load("in", INTERFACE.inputs)
OUTPUTS = load("out", INTERFACE.outputs)
COUNT = len(INPUTS[0])


def elements(port: Port, packed: int) -> list[int]:
    """Integers of a packed port."""
    width, sign = port.fmt.width, 1 << (port.fmt.width - 1)
    raw = [(packed >> (width * k)) & (2 * sign - 1) for k in range(port.count)]
    return [(value ^ sign) - sign for value in raw] if port.fmt.signed else raw


class Driver:
    """Puts events on the input ports, and noise when there is none."""

    def __init__(self, dut: Any, rng: np.random.Generator) -> None:
        self.dut = dut
        self.rng = rng
        self.ports = [getattr(dut, port.name) for port in INTERFACE.inputs]

    def drive(self, event: int | None, *, rst: bool) -> None:
        """Offer an event, or none."""
        self.dut.rst_i.value = int(rst)
        self.dut.valid_i.value = int(event is not None)
        for i, port in enumerate(INTERFACE.inputs):
            self.ports[i].value = self.noise(port) if event is None else INPUTS[i][event]

    def noise(self, port: Port) -> int:
        """Any value of the port."""
        value = int.from_bytes(self.rng.bytes(port.width // 8 + 1), "little")
        return value & ((1 << port.width) - 1)


class Monitor:
    """Reads the output ports; refuses values that are neither 0 nor 1."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.ports = [getattr(dut, port.name) for port in INTERFACE.outputs]

    def bit(self, name: str) -> bool:
        """Level of a control output."""
        value = str(getattr(self.dut, name).value)
        assert value in {"0", "1"}, f"{name} is {value}"
        return value == "1"

    def data(self) -> list[int]:
        """Packed values of the data outputs."""
        return [int(port.value) for port in self.ports]


class Scoreboard:
    """Knows what must come out at which edge, and when ``ready_o`` must be high."""

    def __init__(self) -> None:
        self.due: deque[tuple[int, int]] = deque()  # (edge, event)
        self.ready_from = 0
        self.busy_from = 0
        self.checked = 0

    def outputs(self, edge: int, shown: list[int] | None) -> None:
        """Compare what one edge sees with what is due."""
        due = self.due.popleft()[1] if self.due and self.due[0][0] == edge else None
        assert (due is None) == (shown is None), (
            f"edge {edge}: valid_o is {int(shown is not None)}, event due: {due}"
        )
        if shown is None or due is None:
            return
        for port, got, values in zip(INTERFACE.outputs, shown, OUTPUTS, strict=True):
            want = values[due]
            assert got == want, (
                f"event {due}, {port.name}: "
                f"expected {elements(port, want)}, got {elements(port, got)}"
            )
        self.checked += 1

    def ready(self, edge: int, *, is_ready: bool) -> None:
        """Check ``ready_o``: high from one interval after an event taken on, low before."""
        if edge >= self.ready_from:
            assert is_ready, f"edge {edge}: ready_o is 0, should be 1 since {self.ready_from}"
        elif edge >= self.busy_from:
            assert not is_ready, f"edge {edge}: ready_o is 1, should be 0 to {self.ready_from}"

    def take(self, edge: int, event: int) -> None:
        """Note an event taken."""
        self.due.append((edge + LATENCY, event))
        self.busy_from, self.ready_from = edge, edge + INTERVAL

    def reset(self, edge: int) -> None:
        """Events in flight are lost; ``ready_o`` may take up to one interval to come back."""
        self.due.clear()
        self.busy_from = self.ready_from = edge + INTERVAL


class Bench:
    """Driver, monitor and scoreboard around one clock."""

    def __init__(self, dut: Any) -> None:
        self.clock = dut.clk_i
        self.rng = np.random.default_rng(cocotb.RANDOM_SEED)
        self.driver = Driver(dut, self.rng)
        self.monitor = Monitor(dut)
        self.scoreboard = Scoreboard()
        self.edge = 0
        self.event = 0

    async def start(self) -> None:
        """Start the clock and reset for one edge, from whatever state there is."""
        self.driver.drive(None, rst=True)
        Clock(self.clock, 10, unit="ns").start(start_high=False)
        await RisingEdge(self.clock)  # a falling edge may come first, from power-up's level
        await FallingEdge(self.clock)
        self.scoreboard.reset(self.edge)

    async def step(self, *, offer: bool = False, rst: bool = False) -> bool:
        """Go through one rising edge; whether it took the event offered."""
        self.edge += 1
        self.driver.drive(self.event if offer else None, rst=rst)
        await ReadOnly()
        ready = self.monitor.bit("ready_o")
        self.scoreboard.outputs(
            self.edge, self.monitor.data() if self.monitor.bit("valid_o") else None
        )
        taken = offer and ready and not rst
        if rst:
            self.scoreboard.reset(self.edge)
        else:
            self.scoreboard.ready(self.edge, is_ready=ready)
        if taken:
            self.scoreboard.take(self.edge, self.event)
            self.event = (self.event + 1) % COUNT
        await FallingEdge(self.clock)
        return taken

    async def idle(self, edges: int) -> None:
        """Offer nothing for some edges."""
        for _ in range(edges):
            await self.step()

    async def send(self) -> None:
        """Offer an event until it is taken."""
        for _ in range(2 * INTERVAL + 1):
            if await self.step(offer=True):
                return
        raise AssertionError(f"edge {self.edge}: ready_o stays low")

    async def finish(self) -> None:
        """Wait for the last event, and for any that should not come."""
        await self.idle(LATENCY + INTERVAL + 2)
        with Path(os.environ["FWGEN_CHECKED"]).open("a", encoding="utf-8") as file:
            file.write(f"{self.scoreboard.checked}\n")


def bench(test: Callable[[Bench], Awaitable[None]]) -> Any:
    """Make a cocotb test: reset before, and the rest of the events after."""

    @wraps(test)
    async def whole(dut: Any) -> None:
        with_dut = Bench(dut)
        await with_dut.start()
        await test(with_dut)
        await with_dut.finish()

    # cocotb looks at the signature, which wraps() would take from the test.
    del whole.__wrapped__  # type: ignore[attr-defined]
    return cocotb.test()(whole)


@bench
async def back_to_back(bench: Bench) -> None:
    """Events offered without a pause are taken once an interval and all come out."""
    for _ in range(EVENTS):
        await bench.send()


@bench
async def random_gaps(bench: Bench) -> None:
    """Pauses of any length, with noise on the data, change nothing."""
    for _ in range(EVENTS):
        await bench.idle(int(bench.rng.integers(0, 2 * INTERVAL + 2)))
        await bench.send()


@bench
async def held_offer_is_taken_once(bench: Bench) -> None:
    """An event offered while ``ready_o`` is low waits, and is then taken once."""
    for early in range(max(1, INTERVAL - PHASES), INTERVAL + 1):
        await bench.send()
        await bench.idle(early - 1)
        await bench.send()
        await bench.idle(INTERVAL + 1)


@bench
async def withdrawn_offer_is_not_taken(bench: Bench) -> None:
    """An event offered only while ``ready_o`` is low never comes out."""
    for first in range(max(1, INTERVAL - PHASES), INTERVAL):
        await bench.send()
        await bench.idle(first - 1)
        for _ in range(first, int(bench.rng.integers(first + 1, INTERVAL + 1))):
            assert not await bench.step(offer=True), f"edge {bench.edge}: taken while busy"
        await bench.idle(INTERVAL + 1)


@bench
async def quiet_without_events(bench: Bench) -> None:
    """Without an event ``valid_o`` stays low and ``ready_o`` high, whatever the data."""
    await bench.idle(2 * LATENCY + 2 * INTERVAL)


@bench
async def nothing_is_taken_in_reset(bench: Bench) -> None:
    """An event offered while ``rst_i`` is high is not taken, however long that is."""
    for edges in range(1, 6):
        await bench.send()
        for _ in range(edges):
            await bench.step(offer=True, rst=True)
        await bench.idle(LATENCY + INTERVAL)


def phases() -> list[int]:
    """Edges from 0 to the latency and one more, thinned if there are many."""
    return sorted({int(k) for k in np.linspace(0, LATENCY + 1, min(LATENCY + 2, PHASES))})


@bench
async def reset_at_every_phase_of_one_event(bench: Bench) -> None:
    """A reset k edges after an event drops it if it is still inside, and the next one is right."""
    for phase in phases():
        if phase:
            await bench.send()
        await bench.idle(phase - 1)
        await bench.step(offer=phase == 0, rst=True)
        await bench.send()
        await bench.idle(LATENCY + 1)


@bench
async def reset_at_every_phase_of_a_stream(bench: Bench) -> None:
    """A reset in a full pipeline drops what is inside, and the stream goes on right after it."""
    for phase in phases():
        for _ in range(phase + INTERVAL):
            await bench.step(offer=True)
        await bench.step(offer=True, rst=True)
