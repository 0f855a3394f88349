"""No module declares a name twice, whatever layers and thresholds are called."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.emit.module import circuit_text
from fwgen.emit.top import emit_rtl
from fwgen.errors import BundleError
from fwgen.ingest.names import check_name
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Input, LastMembrane, Node, Quantise, SpikeCount, SumSquares, Threshold
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import decisions, lower
from fwgen.lower.static import feed_forward
from fwgen.quantise.analysis import analyse
from fwgen.tools import toolchain
from tests.ops.operation import const, dense, graph_of, lif

_DECLARED = re.compile(
    r"(?:\(\*.*?\*\) )?(?:input  wire|output wire|wire|reg|integer|localparam) "
    r"(?:signed )?(?:\[[^]]*\] )?(\w+)"
)
_INSTANCE = re.compile(r"(\w+) (?:#\(.*\) )?(\w+) \((?:\..*|)$")
_PARAMETERS_END = re.compile(r"\) (\w+) \($")
# names that fwgen's own signals have, or are made of
OWN = (
    "y x x0 x_0 d0 d0_squared score score_s0_0 score_1 t t_q t_q2 t_qa t_qb t_limit t_sign unused "
    "TABLE_0 TABLE_1 spike current membrane membrane_q shown shown_q result n0 n0_c0_t0 v0_3 y0 "
    "y0_sat entry left a A block neuron0 at held event__at q q1 sum data values clear dut fwgenx"
)


def legal(name: str) -> bool:
    """Whether a model may use a name."""
    try:
        check_name(name, "here")
    except BundleError:
        return False
    return True


LEGAL = [name for name in OWN.split() if legal(name)]
words = st.one_of(
    st.sampled_from(LEGAL),
    st.tuples(st.sampled_from(LEGAL), st.sampled_from(LEGAL)).map("_".join),
    st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,3}(_[A-Za-z0-9]{1,2}){0,2}", fullmatch=True),
).filter(legal)


def network(top: str, names: list[str]) -> Graph:
    """A spiking layer between dense ones, and a score with thresholds."""
    x, hidden, core, last, spikes, sums, read, score, *bits = names
    nodes: list[Node] = [
        Input(x, 3, Fixed.parse("fixed<7,7>")),
        dense(hidden, x, [[3, -5, 7], [1, 9, -2], [6, 6, 1]]),
        lif(core, hidden, beta=1, threshold=const(9, "fixed<8,8>"), membrane="fixed<9,9>"),
        LastMembrane(last, core),
        SpikeCount(spikes, core),
        dense(sums, spikes, [[13, 5, -9], [3, -3, 11], [4, 1, 7]]),
        Quantise(read, sums, Fixed.parse("fixed<6,7,RND,SAT>")),
        SumSquares(score, read),
        *(Threshold(name, score, const(30 + 9 * i, "fixed<9,9>")) for i, name in enumerate(bits)),
    ]
    return Graph(top, 2, tuple(nodes), (last, score, *bits))


def declared_twice(text: str) -> list[str]:
    """Names that a module declares twice: ports, signals, tables, instances."""
    found: list[str] = []
    for line in text.splitlines():
        for pattern in (_DECLARED, _PARAMETERS_END):
            match = pattern.match(line.strip())
            found += match.groups() if match else []
        instance = _INSTANCE.match(line.strip())
        if instance and instance[1] != "module":
            found.append(instance[2])
    return sorted({name for name in found if found.count(name) > 1})


def check(graph: Graph, clock: float, schedule: str) -> dict[str, str]:
    """The files of a graph, in none of which a name is declared twice."""
    graph.shapes()
    found = Schedule.parse(schedule, "test")
    assert found is not None
    files = emit_rtl(lower(graph, Pace(clock), schedule=found), graph)
    for name, text in files.items():
        assert re.findall(r"^module (\w+)", text, re.MULTILINE) == [name.removesuffix(".v")]
        assert name.startswith("fwgen_") or declared_twice(text) == [], name
    return files


def test_what_is_declared_twice_is_found() -> None:
    """The reading of the text notices each kind of declaration."""
    for line in (
        "reg a;",
        "wire signed [3:0] a = b;",
        "    input  wire [2:0] a,",
        "(* keep *) reg [1:0] a [0:3];",
        "integer a;",
        "localparam [3:0] a = 4'd1;",
        "fwgen_sum #(.WIDTH(3)) a (.a_i(b));",
        "core a (",
        ") a (",
    ):
        assert declared_twice(f"wire a;\n{line}\n") == ["a"], line
    assert declared_twice("wire a;\nwire b = a;\nassign a = b;\n") == []


def decided(bits: list[str], clock: float) -> str:
    """The module of a score of three numbers, with a threshold of each name beside it."""
    score = SumSquares("s", "x")
    limits = [Threshold(bit, "s", const(9 + i, "fixed<9,9>")) for i, bit in enumerate(bits)]
    graph = graph_of(3, "fixed<9,9>", [score, *limits])
    values = analyse(graph).values
    circuit = feed_forward.score(score, values, Pace(clock), {}, decisions(graph, values)["s"])
    return circuit_text("m_s", circuit, "score")


def test_thresholds_whose_registers_have_one_stem() -> None:
    """The names of two registers differ where those of what they hold do."""
    text = decided(["t_qa", "t_qb"], 360.0)
    assert declared_twice(text) == []
    held = re.findall(r"reg (?:signed )?(?:\[\d+:0\] )?(t_q[ab])\w*_q;", text)
    assert set(held) == {"t_qa", "t_qb"}


def test_a_threshold_may_be_called_like_a_port() -> None:
    """The score's port keeps its name, the threshold's gets a number."""
    text = decided(["y", "unused", "entry", "clear"], 360.0)
    ports = re.findall(r"output wire \[\d+:0\] (\w+)", text)
    assert ports == ["y_o", "y_1_o", "unused_o", "entry_o", "clear_o"]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(words, min_size=2, max_size=6, unique=True).filter(
        lambda bits: not {"s", "x"} & {*bits}
    ),
    st.sampled_from([60.0, 240.0, 360.0]),
)
def test_nothing_beside_a_score_is_declared_twice(bits: list[str], clock: float) -> None:
    """Thresholds of any legal name, at slow and fast clocks."""
    assert declared_twice(decided(bits, clock)) == []


@settings(deadline=None, max_examples=6)
@given(
    words,
    st.lists(words, min_size=11, max_size=11, unique=True),
    st.sampled_from([120.0, 360.0]),
    st.sampled_from(["wavefront", "wavefront,copies=2", "unrolled"]),
)
def test_nothing_is_declared_twice(top: str, names: list[str], clock: float, schedule: str) -> None:
    """With any legal names of model and layers; ports keep theirs."""
    files = check(network(top, names), clock, schedule)
    ports = re.findall(r"^    (?:input|output) .*?(\w+),?$", files[f"{top}.v"], re.MULTILINE)
    assert {f"{names[0]}_i", f"{names[7]}_o"} <= set(ports)


@pytest.mark.parametrize("schedule", ["wavefront", "unrolled"])
@pytest.mark.parametrize("top", ["y", "a"])
def test_names_that_look_like_our_own_are_clean(top: str, schedule: str, tmp_path: Path) -> None:
    """Verilator has no objection to them, nor to a model called like one of its layers."""
    names = ["a", "y", "spike", "x_0", "unused", "TABLE_0", "n0", "score", "d0", "y_0", "entry"]
    files = check(network(top, names), 360.0, schedule)
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert toolchain.lint(sorted(tmp_path.glob("*.v")), top) == ""
