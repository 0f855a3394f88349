"""The native simulation: right designs pass with every schedule, broken ones never do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.errors import BundleError, ToolError
from fwgen.ir.fixed import Fixed
from fwgen.ir.ports import Interface, Port
from fwgen.verify.bench import checked as compare
from fwgen.verify.bench import native
from fwgen.verify.bench.interface_json import from_json, pack, to_json, unpack
from tests.verify.dut import DUT, INTERFACE

KINDS = ("back-to-back", "gaps", "resets")

# What is replaced in dut.v, and the schedule that must notice.
BROKEN = {
    "late valid": (
        "assign valid_o = valid_q[5];",
        "reg v_q; always @(posedge clk_i) v_q <= valid_q[5] && !rst_i; assign valid_o = v_q;",
        "gaps",
    ),
    "wrong bit": ("{{29{y_q[10]}}, y_q}", "{{29{y_q[10]}}, y_q[10:1], 1'b0}", "gaps"),
    "state kept": ("first_q ? 41'sd0 : total_q", "total_q", "gaps"),
    "valid not reset": ("if (rst_i) valid_q <= 6'd0;\n        else valid_q", "valid_q", "resets"),
    "valid reset in part": ("valid_q <= 6'd0", "valid_q <= {valid_q[4:0], 1'b0} & 6'd2", "resets"),
    "taken in reset": ("valid_q <= 6'd0", "valid_q <= {5'd0, take}", "resets"),
    "always ready": ("ready_o = busy_q == 2'd0", "ready_o = 1'b1", "back-to-back"),
    "taken when not ready": ("take = valid_i && ready_o", "take = valid_i", "back-to-back"),
    "taken when not valid": ("take = valid_i && ready_o", "take = ready_o", "gaps"),
    "never ready again": ("busy_q <= busy_q - 2'd1", "busy_q <= 2'd2", "gaps"),
}
# What must be said of some of them.
SAID = {
    "late valid": ("wrong_latency", "event 0 valid_o: expected latency 6, got 7"),
    "always ready": ("too_close", "event "),
    "never ready again": ("not_taken", "event 1 offered, but ready_o stays low"),
    "taken in reset": ("extra", " and before: nothing due at edge "),
    "state kept": ("wrong_values", "event 0 total_o[0]: expected "),
}


def model(x: Any, y: Any) -> tuple[Any, ...]:
    """Integers that dut.v must give."""
    total = x.sum(axis=1, keepdims=True)
    return x + y, total, (total < 0).astype(np.int64)


def campaign(exe: Path, kind: str, n: int, seed: int = 1, **options: int) -> compare.Checked:
    """Simulate random events with one schedule and check them."""
    rng = np.random.default_rng(seed)
    inputs = [
        rng.integers(port.fmt.lo, port.fmt.hi + 1, (n, port.count)) for port in INTERFACE.inputs
    ]
    gaps, resets = native.schedule(n, INTERFACE.interval, rng, kind, latency=INTERFACE.latency)
    result = native.run(exe, INTERFACE, inputs, gaps, resets, seed, **options)
    return compare.check(INTERFACE, result, model(*inputs), resets)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Program of the right design."""
    return native.build(INTERFACE, [DUT], tmp_path_factory.mktemp("native"))


@pytest.mark.parametrize("kind", KINDS)
def test_right_design_passes(program: Path, kind: str) -> None:
    """Every event of a right design is shown on time with the right integers."""
    checked = campaign(program, kind, 20_000)
    assert checked.ok, checked.first
    assert checked.events == 20_000
    assert checked.wrong_values == (0, 0, 0)
    assert (checked.smallest_interval < 3) == (kind == "resets")
    assert (checked.delivered < 17_000) == (kind == "resets")


def test_power_up_does_not_matter(program: Path) -> None:
    """After one edge of reset every power-up state gives the same results."""
    for seed in range(10):
        checked = campaign(program, "gaps", 50, seed=seed)
        assert checked.ok, checked.first


def test_jobs_share_the_events(program: Path) -> None:
    """Events shared by three processes are all checked, as those of one are."""
    checked = campaign(program, "resets", 10_000, jobs=3)
    assert checked.ok, checked.first
    assert checked.events == 10_000


def test_no_events(program: Path) -> None:
    """Nothing in gives nothing out, and that is right."""
    checked = campaign(program, "gaps", 0)
    assert checked.ok
    assert checked.delivered == 0
    assert checked.smallest_interval is None


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of all broken designs: what they have in common is compiled once."""
    return tmp_path_factory.mktemp("broken")


@pytest.mark.parametrize("name", BROKEN)
def test_broken_design_is_caught(name: str, work: Path) -> None:
    """A design with one fault of protocol, time or value never passes, and the fault is named."""
    old, new, kind = BROKEN[name]
    text = DUT.read_text()
    assert text.count(old) == 1
    (work / "dut.v").write_text(text.replace(old, new))
    checked = campaign(native.build(INTERFACE, [work / "dut.v"], work), kind, 400)
    assert not checked.ok
    if name in SAID:
        count, words = SAID[name]
        assert getattr(checked, count) not in {0, (0, 0, 0)}
        assert words in str(checked.first)


def test_same_files_are_built_once(program: Path) -> None:
    """A second build from the same files leaves the program alone."""
    before = program.stat().st_mtime_ns
    assert native.build(INTERFACE, [DUT], program.parents[1]) == program
    assert program.stat().st_mtime_ns == before


def test_build_says_what_verilator_said(tmp_path: Path) -> None:
    """Verilog that Verilator refuses is a ToolError with its message."""
    (tmp_path / "dut.v").write_text("module dut (input wire clk_i)\n")
    with pytest.raises(ToolError, match="syntax error"):
        native.build(INTERFACE, [tmp_path / "dut.v"], tmp_path)


def test_folder_with_a_space_is_refused(tmp_path: Path) -> None:
    """GNU make cannot build there, so fwgen says so at once."""
    with pytest.raises(ToolError, match="needed a folder without spaces"):
        native.build(INTERFACE, [DUT], tmp_path / "my folder")


def test_lost_events_follow_the_reset_edges() -> None:
    """A reset loses what was taken before it and would be shown after it; ties are delivered."""
    interface = Interface("dut", (), (Port("y_o", Fixed.parse("ufixed<4,4>"), 1),), 6, 3)
    taken = np.array([10, 13, 16, 30])
    resets = np.array([0, 0, 3, 0])  # at edge 19: 10 is shown at 16, 13 at 19, 16 at 22
    values = np.arange(4)[:, None]
    right = compare.Result(taken, np.array([16, 19, 36]), (values[[0, 1, 3]],))
    assert compare.check(interface, right, [values], resets).ok
    short = compare.Result(taken, np.array([16, 36]), (values[[0, 3]],))
    assert compare.check(interface, short, [values], resets).missing == 1
    whole = compare.Result(taken, np.array([16, 19, 22, 36]), (values,))
    assert compare.check(interface, whole, [values], resets).extra == 1


@pytest.mark.parametrize("width", [1, 3, 16, 31, 32, 33, 63, 64, 65, 100, 256])
@pytest.mark.parametrize("sign", ["", "u"])
def test_pack_and_unpack(width: int, sign: str) -> None:
    """Packed words are the elements' two's complement bits, element 0 lowest, and come back."""
    rng = np.random.default_rng(width)
    for count in (1, 2, 33):
        port = Port("x_i", Fixed.parse(f"{sign}fixed<{width},{width}>"), count)
        raw = [[int.from_bytes(rng.bytes(33), "little") for _ in range(count)] for _ in range(5)]
        values = np.array(raw, object) % (1 << width) + port.fmt.lo
        words = pack(port, values)
        for row, packed in zip(values, words, strict=True):
            bits = sum((v & ((1 << width) - 1)) << (width * k) for k, v in enumerate(row))
            assert int.from_bytes(packed.tobytes(), "little") == bits
        back = unpack(port, words)
        assert back.dtype == (np.int64 if width < 64 else object)
        assert np.array_equal(back, values)


def test_pack_refuses_values_beyond_the_format() -> None:
    """A value that the port cannot hold is an error, never wrapped."""
    with pytest.raises(ValueError, match=r"x_i: a value is beyond -4\.\.3"):
        pack(Port("x_i", Fixed.parse("fixed<3,3>"), 1), np.array([[4]]))


def test_interface_survives_json() -> None:
    """What is written as JSON reads back equal."""
    assert from_json(to_json(INTERFACE)) == INTERFACE


def test_malformed_json_is_named() -> None:
    """A file that holds no interface is a BundleError that names it."""
    with pytest.raises(BundleError, match=r"interface\.json: needed an interface"):
        from_json('{"top": "dut"}', "interface.json")


def test_schedule_kinds() -> None:
    """Offers lie between the edge after an event and some idle edges; resets have every phase."""
    rng = np.random.default_rng(0)
    gaps, resets = native.schedule(5000, 4, rng, "back-to-back")
    assert set(gaps) == {-3, -2, -1, 0}
    assert not resets.any()
    gaps, resets = native.schedule(5000, 4, rng, "resets", latency=9)
    assert gaps.max() > 4
    assert set(resets) == set(range(14))
