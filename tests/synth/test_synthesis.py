"""Synthesis of the toy network: counts that add up, and a netlist that is the network."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.devices.delays import MODELS, model_for
from fwgen.emit.top import emit_rtl
from fwgen.errors import ToolError
from fwgen.flow.findings import estimate_block
from fwgen.flow.synthesis import Synthesis, prove_netlist
from fwgen.flow.writer import write_files
from fwgen.ingest.targets import device
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Concat,
    KlDivergence,
    LeakyRelu,
    Quantise,
    Relu,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.quantise.fix import FixFormats
from fwgen.synth import yosys
from fwgen.synth.netlist import read_netlist
from fwgen.synth.settings import FAMILIES, Settings
from fwgen.synth.yosys import Mapped, share_folder
from fwgen.tools import toolchain
from fwgen.verify.bench.prove import Subject
from fwgen.verify.reference import Reference
from tests.emit.golden import CLOCK_MHZ, toy
from tests.ops.operation import const, dense, graph_of

KEYS = ("lut", "ff", "dsp", "bram36", "uram", "carry", "srl")
Made = tuple[Subject, Synthesis, Mapped, dict[str, Any]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The toy network, mapped to a VU9P."""
    graph, work = toy(), tmp_path_factory.mktemp("synth")
    design = lower(graph, Pace(CLOCK_MHZ))
    rtl = write_files(work / "rtl", emit_rtl(design, graph))
    synthesis = Synthesis.of(graph, device("xcvu9p"), CLOCK_MHZ)
    with synthesis.running(rtl, work / "yosys") as mapped:
        netlist = mapped()
    subject = Subject(Reference.of(graph), design.interface, rtl, (), work)
    return subject, synthesis, netlist, estimate_block(design)


def test_layers_add_up_to_the_total(made: Made) -> None:
    """Every cell belongs to one layer, or to the row of what is shared."""
    _, synthesis, netlist, _ = made
    used = synthesis.figures(netlist)["resources"]
    assert used["kind"] == "synthesised"
    for key in KEYS:
        assert sum(layer[key] for layer in used["layers"]) == used[key], key
    assert used["lut"] > 0
    assert used["percent"]["device"]["lut"] == round(100 * used["lut"] / 1_182_240, 3)


def test_the_netlist_is_the_network(made: Made) -> None:
    """What is counted is what was proven: the mapped cells give the reference's integers."""
    subject, _, netlist, _ = made
    bench = prove_netlist(subject, netlist, seed=1)
    assert (bench.mismatches, bench.first) == (0, None)
    assert bench.events >= 1000


def test_a_wrong_cell_is_noticed(made: Made, tmp_path: Path) -> None:
    """A LUT with another function makes the netlist's bench fail."""
    subject, _, netlist, _ = made
    text = netlist.verilog.read_text()
    place = text.index(".INIT(64'h") + len(".INIT(64'h") if ".INIT(64'h" in text else 0
    digit = "0" if text[place] != "0" else "f"
    broken = tmp_path / "netlist.v"
    broken.write_text(text[:place] + digit * 16 + text[place + 16 :])
    changed = replace(netlist, verilog=broken)
    assert prove_netlist(subject, changed, seed=1).mismatches > 0


def test_timing_names_a_path_and_says_whether_it_closes(made: Made) -> None:
    """The model's Fmax lies between its low and its high, and decides whether the clock closes."""
    _, synthesis, netlist, _ = made
    timing = synthesis.figures(netlist)["timing"]
    low, high = timing["range_mhz"]
    assert low < timing["fmax_mhz"] < high
    assert timing["kind"] == "estimated"
    assert timing["closes"] == (timing["fmax_mhz"] >= CLOCK_MHZ)
    assert timing["path"]["layers"]


def test_the_quick_estimate_is_near(made: Made) -> None:
    """Without synthesis, LUTs are told to 15 % of what Yosys counts."""
    _, synthesis, netlist, estimate = made
    used = synthesis.figures(netlist)["resources"]
    assert abs(estimate["lut"] / used["lut"] - 1) < 0.15
    assert estimate["dsp"] == used["dsp"]


def network() -> Graph:
    """A dense network with everything that might end up in a DSP or a block RAM."""
    rng = np.random.default_rng(3)
    nodes = [
        dense("front", "x", rng.integers(-128, 128, (2, 4)), frac=7),
        Relu("active", "front"),
        Quantise("act", "active", Fixed.parse("ufixed<8,1,RND_CONV,SAT>")),
        Quantise("mean", "front", Fixed.parse("fixed<8,3,RND_CONV,SAT>")),
        Quantise("log", "front", Fixed.parse("fixed<10,4,RND,SAT>")),
        Table("variance", "log", "exp", Fixed.parse("ufixed<8,4,RND_CONV,SAT>")),
        KlDivergence("kl", "mean", "log", "variance"),
        SumSquares("score", "log"),
        LeakyRelu("leaky", "act", const(1, "ufixed<3,0>")),
        Concat("both", ("leaky", "mean")),
        Threshold("flags", "both", const(7, "fixed<8,5>")),
    ]
    return FixFormats().run(graph_of(4, "fixed<8,1>", nodes))


def test_dense_networks_need_no_multipliers(tmp_path: Path) -> None:
    """Squares of 8 and 10 bits and a table of 1,024 entries are LUTs, in their own layers."""
    graph = network()
    design = lower(graph, Pace(200.0))
    rtl = write_files(tmp_path / "rtl", emit_rtl(design, graph))
    synthesis = Synthesis.of(graph, device("xcvu9p"), 200.0)
    with synthesis.running(rtl, tmp_path / "yosys") as mapped:
        netlist = mapped()
    used = synthesis.figures(netlist)["resources"]
    assert (used["dsp"], used["bram36"]) == (0, 0)
    luts = {layer["name"]: layer["lut"] for layer in used["layers"]}
    assert all(luts[name] > 0 for name in ("front", "act", "variance", "kl", "score", "flags"))
    subject = Subject(Reference.of(graph), design.interface, rtl, (), tmp_path)
    assert prove_netlist(subject, netlist, seed=1).mismatches == 0


def test_a_loop_that_abc_makes_is_avoided(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where ABC's last step makes a loop, it is left out, and the report says so."""
    asked: list[str] = []

    def run(_work: Path, commands: tuple[str, ...]) -> None:
        asked.append(commands[0])
        if "&mfs" in commands[0]:
            raise ToolError("Yosys", needed="a netlist", found="Assert `no_loops' failed", do="-")

    monkeypatch.setattr(yosys, "run", run)
    made = yosys.synthesise("top", [], Settings(), tmp_path)
    assert ["&mfs" in text for text in asked] == [True, False]
    assert made.settings == Settings().cautious
    assert "&mfs" not in made.settings.as_json()["abc9"]


def test_every_family_has_a_name_for_yosys() -> None:
    """Whatever a table of devices may hold, Yosys can be told, and has a delay model."""
    for one in (device(name) for name in ("xcvu9p", "xcku115", "xc7z020")):
        assert FAMILIES[one.family]
        assert model_for(one.family, one.part).lut > 0
    assert set(FAMILIES) == {family for family, _ in MODELS}


def test_a_missing_synthesiser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyosys the message says how to get it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ToolError, match="pip install"):
        share_folder()


TABLE = """module top (input wire clk_i, input wire [3:0] x_i, output wire [14:0] y_o);
    reg [3:0] x_q;
    (* ram_style = "registers", rom_style = "distributed" *) reg [14:0] TABLE [0:15];
    initial begin
{entries}
    end
    assign y_o = TABLE[x_q];
    always @(posedge clk_i) x_q <= x_i;
endmodule
"""


def test_a_register_stays_in_front_of_its_table(tmp_path: Path) -> None:
    """Yosys would put it behind, and the table's LUTs into the path of the stage before."""
    entries = [f"TABLE[{n}] = 15'd{(n * 2654435761) >> 7 & 0x7FFF};" for n in range(16)]
    (rtl,) = write_files(tmp_path / "rtl", {"top.v": TABLE.format(entries="\n".join(entries))})
    mapped = yosys.synthesise("top", [rtl], Settings(), tmp_path / "yosys")
    kinds = [cell.kind for cell in read_netlist(mapped.json, "top").cells]
    assert kinds.count("FDRE") == 4


CHAIN = """module top (input wire [7:0] s_i, input wire [7:0] d_i, output wire [7:0] y_o);
    wire [3:0] c, unread;
    CARRY4 low (.CI(1'b0), .CYINIT(1'b0), .DI(d_i[3:0]), .S(s_i[3:0]), .O(y_o[3:0]), .CO(c));
    CARRY4 high (.CI(c[3]), .CYINIT(1'b0), .DI(d_i[7:4]), .S(s_i[7:4]), .O(y_o[7:4]), .CO(unread));
endmodule
"""


def loops(models: list[Path], work: Path) -> int:
    """Loops that Verilator sees in a carry chain."""
    (rtl,) = write_files(work, {"top.v": CHAIN})
    words = [
        "verilator",
        "--cc",
        *toolchain.NETLIST.verilator,
        "-Wno-fatal",
        "-Wwarn-UNOPTFLAT",
        "--top-module",
        "top",
    ]
    words += ["--Mdir", "obj", *map(str, [rtl, *models])]
    done = toolchain.run_tool(words, toolchain.environment(), work)
    assert done.returncode == 0, done.stdout
    return done.stdout.count("%Warning-UNOPTFLAT")


def test_carry_chains_are_no_loops(tmp_path: Path) -> None:
    """With the settings beside the models the simulator sees straight logic; without, loops."""
    models = yosys.cell_models()
    bare = [path for path in models if path.suffix != ".vlt"]
    assert len(bare) < len(models)
    assert loops(models, tmp_path / "with") == 0
    assert loops(bare, tmp_path / "without") > 0


def test_a_model_may_have_the_name_of_a_file_of_ours(tmp_path: Path) -> None:
    """Only fwgen's own cells have twins for Yosys: a top called adders is synthesised as it is."""
    rtl = tmp_path / "adders.v"
    rtl.write_text(
        "module adders (input wire a, input wire b, output wire y); assign y = a & b; endmodule\n"
    )
    mapped = yosys.synthesise("adders", [rtl], Settings(), tmp_path / "yosys")
    kinds = [cell.kind for cell in read_netlist(mapped.json, "adders").cells]
    assert kinds == ["LUT2"]
