"""What time passes through each kind of cell: arcs from input pins to output pins."""

from collections.abc import Iterator
from typing import NamedTuple

from fwgen.devices.delays import Delays
from fwgen.errors import ToolError
from fwgen.synth.netlist import Cell

Pin = tuple[str, int]

_FLOPS = frozenset({"FDRE", "FDSE", "FDCE", "FDPE"})
_SHIFTS = frozenset({"SRL16E", "SRLC16E", "SRLC32E"})
_MUXES = frozenset({"MUXF7", "MUXF8", "MUXF9"})
_DSPS = {"DSP48E1": ("AREG", "BREG"), "DSP48E2": ("AREG", "BREG")}
_QUIET = frozenset({"GND", "VCC", "BUFG"})
_CLOCKS = frozenset({"C", "CLK", "CLKARDCLK", "CLKBWRCLK"})
_CARRY_BITS = 4


class Arc(NamedTuple):
    """A delay through a cell from an input pin to an output pin."""

    cell: Cell
    source: Pin
    target: Pin
    delay: int


class End(NamedTuple):
    """A pin where a path begins (clock to output) or ends (set-up), and the time it takes."""

    cell: Cell
    pin: Pin
    delay: int


def arcs(cell: Cell, d: Delays) -> Iterator[Arc]:
    """Combinational delays through a cell, none for a register."""
    if cell.kind.startswith("LUT"):
        yield from _all(cell, d.lut)
    elif cell.kind == "CARRY4":
        yield from _carry(cell, d)
    elif cell.kind in _MUXES:
        yield from _all(cell, d.mux)
    elif cell.kind == "INV":
        yield from _all(cell, 0)
    elif cell.kind in _DSPS and not _registered(cell):
        yield from _all(cell, d.dsp)
    elif cell.kind in _SHIFTS:  # the address chooses a tap as a LUT does
        yield from (a for a in _all(cell, d.lut) if a.source[0].startswith("A"))


def starts(cell: Cell, d: Delays) -> Iterator[End]:
    """Output pins that a clock edge changes."""
    times = _times(cell, d)
    if times is not None:
        yield from (End(cell, pin, times[0]) for pin in _pins(cell, outputs=True))


def ends(cell: Cell, d: Delays) -> Iterator[End]:
    """Input pins that must be stable before a clock edge."""
    times = _times(cell, d)
    if times is not None:
        pins = _pins(cell, outputs=False)
        yield from (End(cell, pin, times[1]) for pin in pins if pin[0] not in _CLOCKS)


def check(cell: Cell) -> None:
    """Refuse a kind of cell that the model knows nothing about.

    Raises
    ------
    ToolError
        Naming the cell.
    """
    known = cell.kind in {*_FLOPS, *_SHIFTS, *_MUXES, *_DSPS, *_QUIET, "INV", "CARRY4"}
    if not known and not cell.kind.startswith(("LUT", "RAM", "URAM")):
        raise ToolError(
            f"cell '{cell.name}' of the netlist",
            needed="a kind of cell with delays",
            found=cell.kind,
            do="This is a fault of fwgen; please report it with the model.",
        )


def _times(cell: Cell, d: Delays) -> tuple[int, int] | None:
    """Clock to output, and set-up, of a cell with registers; None for one without."""
    if cell.kind in _FLOPS:
        return d.clk_to_q, d.setup
    if cell.kind in _SHIFTS:
        return d.srl_clk_to_q, d.srl_setup
    if cell.kind.startswith(("RAMB", "URAM")):
        return d.bram_clk_to_q, d.bram_setup
    if cell.kind.startswith("RAM"):
        return d.srl_clk_to_q, d.srl_setup
    if cell.kind in _DSPS and _registered(cell):
        late, early = cell.number("PREG"), all(cell.number(r) for r in _DSPS[cell.kind])
        return d.clk_to_q if late else d.dsp, d.setup if early else d.dsp
    return None


def _registered(cell: Cell) -> bool:
    return any(cell.number(r) for r in (*_DSPS[cell.kind], "MREG", "PREG"))


def _pins(cell: Cell, *, outputs: bool) -> Iterator[Pin]:
    for port, bits in cell.ports.items():
        if (port in cell.outputs) == outputs:
            yield from ((port, i) for i in range(len(bits)))


def _all(cell: Cell, delay: int) -> Iterator[Arc]:
    for target in _pins(cell, outputs=True):
        yield from (Arc(cell, source, target, delay) for source in _pins(cell, outputs=False))


def _carry(cell: Cell, d: Delays) -> Iterator[Arc]:
    """CARRY4: a sum needs its own S and all below it; a carry its own S and DI too."""
    for i in range(_CARRY_BITS):
        # CO[3] may go on to the next CI, which costs nothing but the bits passed
        leave = 0 if i == _CARRY_BITS - 1 else d.carry_out
        passed = d.carry_8 // 2 if i == _CARRY_BITS - 1 else leave
        yield Arc(cell, ("CI", 0), ("O", i), d.carry_out)
        yield Arc(cell, ("CI", 0), ("CO", i), passed)
        yield Arc(cell, ("S", i), ("O", i), d.carry_in + d.carry_out)
        for pin in _below(i):
            yield Arc(cell, pin, ("O", i), d.carry_in + d.carry_out)
        for pin in _below(i + 1):
            yield Arc(cell, pin, ("CO", i), d.carry_in + leave)


def _below(count: int) -> Iterator[Pin]:
    """Fabric pins from which the carry into bit ``count`` comes."""
    yield ("CYINIT", 0)
    for i in range(count):
        yield from (("S", i), ("DI", i))
