"""Spike-gated accumulators of fwgen beside a plain adder tree and solvers of adder graphs.

``python -m tests.synth.spiking_benchmark [--only PARTS] [LAYER ...]`` prints the tables of
``docs/measurements/performance.md``. Every netlist that is counted is simulated against NumPy.
"""

import argparse
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Literal

import numpy as np

from fwgen.devices.delays import DEFAULT
from fwgen.ir.cast import Ints
from fwgen.ir.fixed import BIT
from fwgen.ir.ports import Interface, Port
from fwgen.synth import yosys
from fwgen.synth.netlist import read_netlist
from fwgen.synth.resources import Resources, count
from fwgen.synth.settings import Settings
from fwgen.synth.timing import timing_block
from fwgen.tools import toolchain
from fwgen.verify.bench import native
from tests.synth.against_alkaid import direct_carries
from tests.synth.spiking_sides import (
    CLOCK_MHZ,
    HAS_DA4ML,
    Side,
    all_forms,
    fwgen_side,
    naive,
    others,
)

TOP, LAYER, FLAT = "bench", "layer", "flat.v"
VECTORS = 4096
PLAIN, OWN = "plain", "fwgen"  # settings of the synthesis
_SETTINGS = Settings()
Part = Literal["tree", "solvers", "alone", "chosen", "forms"]
PARTS: tuple[Part, ...] = ("tree", "solvers", "alone", "chosen", "forms")
"""The plain tree; solvers; solvers with Yosys left alone; fwgen's choice; its other forms."""


def _uniform(ins: int, outs: int) -> Ints:
    return np.random.default_rng(0).integers(-128, 128, (outs, ins))


def _normal(ins: int, outs: int) -> Ints:
    drawn = np.random.default_rng(0).normal(0, 32, (outs, ins))
    return np.clip(np.rint(drawn), -128, 127).astype(np.int64)


def _binary(ins: int, outs: int) -> Ints:
    return np.random.default_rng(0).choice([-1, 1], (outs, ins))


def _ternary(ins: int, outs: int) -> Ints:
    return np.random.default_rng(0).integers(-1, 2, (outs, ins))


LAYERS = {
    "4-12": _uniform(4, 12),
    "12-24": _uniform(12, 24),
    "24-12": _uniform(24, 12),
    "64-32": _uniform(64, 32),
    "64-32-normal": _normal(64, 32),
    "64-32-ternary": _ternary(64, 32),
    "64-32-binary": _binary(64, 32),
}
"""Weights (neurons, inputs): uniform int8 where nothing else is said; normal is of sigma 32."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one side takes, the registers around it apart. The path in ps, synthesis in seconds."""

    side: Side
    settings: str
    used: Resources
    direct: int
    path_ps: int
    synthesis: float
    flat: Path


def rows(weight: Ints, work: Path, parts: Collection[Part] = PARTS) -> list[Row]:
    """Measure one layer in an empty folder: the parts that are wanted, in their order.

    Raises
    ------
    ValueError
        If one integer of a netlist differs from NumPy's.
    """
    sides = enumerate(_sides(weight, work, parts))
    found = [_measure(f"{TOP}{k}", side, how, weight, work) for k, (side, how) in sides]
    prove(found, weight, work)
    return found


def _sides(weight: Ints, work: Path, parts: Collection[Part]) -> Iterator[tuple[Side, str]]:
    if "tree" in parts:
        plain = naive(weight, _folder(work, "naive"))
        yield from ((plain, PLAIN), (plain, OWN))
    solved = list(others(weight, work)) if {"solvers", "alone"} & set(parts) else []
    for part, settings in (("solvers", OWN), ("alone", PLAIN)):
        yield from ((side, settings) for side in solved if part in parts)
    found, seconds = all_forms(weight) if {"chosen", "forms"} & set(parts) else ([], 0.0)
    for k, form in enumerate(found):
        if ("forms" if k else "chosen") in parts:
            folder = _folder(work, f"chains{form.form.chains}{'_alone' * form.form.alone}")
            yield fwgen_side(form, seconds / len(found), folder), OWN


def _folder(work: Path, name: str) -> Path:
    (work / name).mkdir()
    return work / name


def _measure(top: str, side: Side, settings: str, weight: Ints, work: Path) -> Row:
    """Synthesise one side between registers."""
    place = _folder(work, top)
    wrapper = place / f"{top}.v"
    wrapper.write_text(_wrapper(top, side, weight), encoding="utf-8")
    start = perf_counter()
    netlist = _mapped(top, [wrapper, *side.files], settings, place)
    seconds = perf_counter() - start
    cells = read_netlist(netlist, top)
    timing = timing_block(cells, DEFAULT, CLOCK_MHZ)
    path = timing["path"]["ps"] if timing else 0
    used = count(cells.cells).get(LAYER, Resources())
    row = Row(side, settings, used, direct_carries(cells), path, seconds, place / FLAT)
    sys.stderr.write(f"{side.name} ({settings}): {used.lut} LUT, {seconds:.0f} s\n")
    return row


def _wrapper(top: str, side: Side, weight: Ints) -> str:
    """Registers in front of and behind the layer, and fwgen's ports."""
    given, shown = side.ports
    ins, outs = f"[{weight.shape[1] - 1}:0]", f"[{len(weight) * side.sums.width - 1}:0]"
    return f"""\
module {top} (
    input wire clk_i, input wire rst_i, input wire valid_i, output wire ready_o,
    output reg valid_o, input wire {ins} spike_i, output reg {outs} current_o
);
    reg valid_q;
    reg {ins} spike_q;
    wire {outs} current;
    assign ready_o = 1'b1;
    {side.module} {LAYER}__block (.{given}(spike_q), .{shown}(current));
    always @(posedge clk_i) begin
        spike_q <= spike_i;
        current_o <= current;
        valid_q <= valid_i & ~rst_i;
        valid_o <= valid_q & ~rst_i;
    end
endmodule
"""


# ---- synthesis ----


def _mapped(top: str, files: Sequence[Path], settings: str, work: Path) -> Path:
    """The netlist as JSON; ``flat.v`` beside it has the same cells."""
    if settings == OWN:
        yosys.synthesise(top, files, _SETTINGS, work)
    else:
        for path in files[1:]:
            copyfile(path, work / path.name)
        yosys.run(work, _plain_script(top, [path.name for path in files]))
    yosys.run(work, ["read_json netlist.json", f"write_verilog -noattr {FLAT}"])
    return work / "netlist.json"


def _plain_script(top: str, names: Sequence[str]) -> list[str]:
    """Yosys left to itself; only the border between the layer and the registers is kept."""
    return [
        *(f"read_verilog {name}" for name in names),
        f"hierarchy -check -top {top}",
        f"setattr -mod -set keep_hierarchy 1 {top}/c:* %M",
        _SETTINGS.command(top),
        "setattr -mod -unset keep_hierarchy *",
        "delete t:$scopeinfo; setattr -unset src; setattr -unset src w:*",
        "flatten; delete t:$scopeinfo",
        "write_json netlist.json",
    ]


# ---- simulation ----


def prove(found: Sequence[Row], weight: Ints, work: Path) -> int:
    """Compare all netlists of a layer with NumPy, in one program of Verilator.

    Returns
    -------
    int
        The number of vectors.
    """
    outs, ins = weight.shape
    ports = tuple(Port(f"current{k}_o", row.side.sums, outs) for k, row in enumerate(found))
    face = Interface("beside", (Port("spike_i", BIT, ins),), ports, 2, 1)
    top = work / "beside.v"
    top.write_text(_beside(face), encoding="utf-8")
    files = [top, *(row.flat for row in found), *yosys.cell_models()]
    program = native.build(face, files, work / "sim", toolchain.NETLIST)
    x = vectors(ins)
    still = np.zeros(len(x), np.int64)
    result = native.run(program, face, [x], still, still, 1)
    for row, sums in zip(found, result.outputs, strict=True):
        numbers = np.asarray(sums) << -row.side.sums.frac
        if not np.array_equal(numbers, x @ weight.T):
            raise ValueError(f"{row.side.name}: the netlist does not give NumPy's integers")
    return len(x)


def _beside(face: Interface) -> str:
    """All netlists on the same input."""
    names = [port.name for port in face.outputs]
    shown = [f"output wire [{p.width - 1}:0] {p.name}" for p in face.outputs]
    (given,) = face.inputs
    share = ".clk_i(clk_i), .rst_i(rst_i), .valid_i(valid_i), .spike_i(spike_i)"
    parts = [
        f"{TOP}{k} b{k} ({share}, .current_o({name}), .valid_o(valid[{k}]), .ready_o(ready[{k}]));"
        for k, name in enumerate(names)
    ]
    return "\n".join([
        f"module {face.top} (input wire clk_i, input wire rst_i, input wire valid_i,",
        f"output wire ready_o, output wire valid_o, input wire [{given.width - 1}:0] spike_i,",
        ", ".join(shown) + ");",
        f"wire [{len(names) - 1}:0] valid, ready;",
        "assign valid_o = &valid, ready_o = &ready;",
        *parts,
        "endmodule",
        "",
    ])  # fmt: skip


def vectors(ins: int) -> Ints:
    """Spikes (vectors, inputs): none, all, each alone, then random ones, from rare to frequent."""
    rng = np.random.default_rng(1)
    edges = [np.zeros((1, ins)), np.ones((1, ins)), np.eye(ins)]
    density = np.where(np.arange(VECTORS) % 2, 0.5, rng.random(VECTORS))[:, None]
    return np.concatenate([*edges, rng.random((VECTORS, ins)) < density]).astype(np.int64)


# ---- the table ----

HEAD = (
    "| layer | design | Yosys | LUT | estimate | direct | carry | path, ns | writing, s | "
    "synthesis, s |\n|---|---|---|---:|---:|---:|---:|---:|---:|---:|"
)


def line(layer: str, row: Row) -> str:
    """One line of the table."""
    side, used = row.side, row.used
    estimate = "" if side.estimate is None else f"{side.estimate:,}"
    return (
        f"| {layer} | {side.name} | {row.settings} | {used.lut:,} | {estimate} | {row.direct:,} | "
        f"{used.carry:,} | {row.path_ps / 1000:.1f} | {side.seconds:.2f} | {row.synthesis:.0f} |"
    )


def ratio_line(layer: str, found: Sequence[Row]) -> str:
    """One line of the second table: fwgen's choice over the others.

    The plain tree comes with Yosys left alone and with fwgen's settings, then the solver with the
    fewest LUTs. The last ratio counts direct carry bits on both sides of the one before.
    """
    own = next(row for row in found if row.side.name.startswith("fwgen"))
    best = min((row for row in found if row.side.solver), key=lambda row: row.used.lut)
    name = f"{best.side.name} ({best.settings})"
    over = (f"{own.used.lut / row.used.lut:.3f}" for row in (*found[:2], best))
    alone, settings, solver = over
    direct = (own.used.lut + own.direct) / (best.used.lut + best.direct)
    return (
        f"| {layer} | {own.used.lut:,} | {alone} | {settings} | {name} | {solver} | {direct:.3f} |"
    )


RATIO_HEAD = (
    "| layer | fwgen, LUT | over the tree, Yosys alone | over the tree, fwgen's settings | "
    "best solver | over it | with direct bits |\n|---|---:|---:|---:|---|---:|---:|"
)


def main(arguments: Sequence[str]) -> None:
    """Print both tables, the rows of a layer once all its netlists are proven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("layers", nargs="*", metavar="LAYER", help=", ".join(LAYERS))
    parser.add_argument("--only", help=f"some of these, with commas: {', '.join(PARTS)}")
    options = parser.parse_args(arguments)
    parts = [p for p in PARTS if not options.only or p in options.only.split(",")]
    if not HAS_DA4ML:
        _say("da4ml is not installed: its rows are left out.\n")
    found = {}
    _say(HEAD)
    for name in options.layers or LAYERS:
        with TemporaryDirectory() as work:
            found[name] = rows(LAYERS[name], Path(work), parts)
        _say("\n".join(line(name, row) for row in found[name]))
    if {"tree", "solvers", "chosen"} <= set(parts):
        lines = (ratio_line(name, part) for name, part in found.items())
        _say("\n".join(["", RATIO_HEAD, *lines]))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
