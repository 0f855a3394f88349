"""Networks as fwgen emits them and as alkaid's own emitter does, in the same synthesis.

``python -m tests.synth.against_alkaid [MODEL ...]`` prints the table of
``docs/measurements/alkaid.md``.
alkaid's Verilog is only ever written into a temporary folder.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from fwgen.devices.catalogue import Device
from fwgen.emit.top import emit_rtl
from fwgen.flow.prepare import Prepared, prepare
from fwgen.flow.synthesis import Synthesis
from fwgen.flow.writer import write_files
from fwgen.ingest.targets import device
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import Design
from fwgen.lower.lowering import lower
from fwgen.synth.netlist import Bit, Netlist, read_netlist
from fwgen.verify.bench.events import make_events
from tests.synth.alkaid_side import Options, differences, emit, rebuild

MODELS = Path(__file__).parents[2] / "models"
NAMES = (
    "smartpixel_vae_lp",
    "smartpixel_classifier_lp",
    "smartpixel_vae_hp",
    "smartpixel_classifier_hp",
)
EVENTS = 4000
_PS_PER_US = 1_000_000
_UNIT_PS = 1100  # of alkaid's latency: an adder on UltraScale+, speed grade 2, by its documentation


@dataclass(frozen=True, slots=True)
class Variant:
    """How alkaid is asked; ``modelled`` takes the stages that its latency model wants."""

    name: str
    options: Options = field(default_factory=dict)
    ternary: bool = False
    modelled: bool = False


VARIANTS = (
    Variant("alkaid"),
    Variant("alkaid, shallow", {"hard_dc": 0}),
    Variant("alkaid, more stages", modelled=True),
)
"""Its default solver; the solver with the depth limit of fwgen; stages for the wanted clock."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one design takes. ``direct`` counts carry bits whose input is no LUT's output."""

    design: str
    levels: int
    lut: int
    ff: int
    carry: int
    direct: int
    dsp: int
    path_ps: int


def own_design(ready: Prepared, target: Device) -> Design:
    """What fwgen builds at the model's own clock."""
    return lower(ready.graph, Pace.of(target, ready.bundle.settings.clock_mhz))


def fwgen_row(ready: Prepared, design: Design, target: Device, work: Path) -> Row:
    """Synthesis of fwgen's Verilog."""
    rtl = write_files(work / "rtl", emit_rtl(design, ready.graph))
    return _row("fwgen", ready, target, rtl, design.interface.latency, work)


def alkaid_row(
    variant: Variant, ready: Prepared, design: Design, target: Device, work: Path
) -> Row:
    """Synthesis of alkaid's Verilog for the same integers, with as many levels of registers.

    Raises
    ------
    ValueError
        If alkaid's program does not give fwgen's integers.
    """
    program = rebuild(ready.graph, variant.options)
    events = make_events(ready.graph, ready.bundle.samples, EVENTS, np.random.default_rng(1)).x
    wrong = differences(program, ready.reference, events)
    if wrong:
        raise ValueError(f"{ready.graph.name}: {wrong} integers of alkaid's program differ")
    stages = design.interface.latency - 1
    if variant.modelled:
        room = _PS_PER_US / ready.bundle.settings.clock_mhz - Pace.of(target, 1.0).delays.register
        stages = ceil(max(op.latency for op in program.ops) * _UNIT_PS / room)
    top = ready.graph.name
    rtl = emit(program, top, stages, work / "alkaid", ternary=variant.ternary)
    return _row(variant.name, ready, target, rtl, stages + 1, work)


def _row(
    name: str, ready: Prepared, target: Device, rtl: Sequence[Path], levels: int, work: Path
) -> Row:
    synthesis = Synthesis.of(ready.graph, target, ready.bundle.settings.clock_mhz)
    with synthesis.running(rtl, work / "yosys") as mapped:
        netlist = mapped()
    figures = synthesis.figures(netlist)
    used = figures["resources"]
    direct = direct_carries(read_netlist(netlist.json, synthesis.top))
    counts = (used["lut"], used["ff"], used["carry"], direct, used["dsp"])
    return Row(name, levels, *counts, figures["timing"]["path"]["ps"])


def direct_carries(netlist: Netlist) -> int:
    """Carry bits whose S pin comes from a register, an inverter or another carry.

    Yosys counts no LUT for them; on the device that pin is wired to the LUT beside it and nothing
    else, so each takes one all the same (UG574, "Carry Logic").
    """
    drivers: dict[Bit, str] = {}
    for cell in netlist.cells:
        for port in cell.outputs:
            drivers |= dict.fromkeys(cell.ports[port], cell.kind)
    chains = (cell for cell in netlist.cells if cell.kind == "CARRY4")
    pins = (bit for cell in chains for bit in cell.ports["S"] if bit in drivers)
    return sum(not drivers[bit].startswith("LUT") for bit in pins)


def rows(name: str, variants: Sequence[Variant] = VARIANTS) -> Iterator[Row]:
    """Yield the row of fwgen for a model of the repository, then one a variant of alkaid."""
    ready = prepare(MODELS / name / "model.yaml")
    target = device(ready.bundle.settings.target or "xcvu9p")
    design = own_design(ready, target)
    with TemporaryDirectory() as work:
        yield fwgen_row(ready, design, target, Path(work) / "fwgen")
        for i, variant in enumerate(variants):
            yield alkaid_row(variant, ready, design, target, Path(work) / str(i))


def line(name: str, row: Row, own: Row) -> str:
    """One line of the table; the ratio is fwgen's LUTs over those of the row."""
    ratio = own.lut / row.lut
    with_direct = (own.lut + own.direct) / (row.lut + row.direct)
    return (
        f"| {name} | {row.design} | {row.levels} | {row.lut:,} | {row.direct:,} | {row.ff:,} | "
        f"{row.carry:,} | {row.dsp} | {row.path_ps / 1000:.1f} | {ratio:.3f} | {with_direct:.3f} |"
    )


def main(names: Sequence[str]) -> None:
    """Print the table as it grows."""
    for name in names or NAMES:
        own = None
        for row in rows(name):
            own = own or row
            sys.stdout.write(line(name, row, own) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
