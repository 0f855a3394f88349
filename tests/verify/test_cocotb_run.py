"""The protocol benches: the right design passes all of them, broken ones do not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.errors import ToolError
from fwgen.verify.bench import cocotb_run
from tests.verify.dut import DUT, INTERFACE

# What is replaced in dut.v, and a test that must fail because of it.
BROKEN = {
    "wrong bit": ("{{29{y_q[10]}}, y_q}", "{{29{y_q[10]}}, y_q[10:1], 1'b0}", "random_gaps"),
    "valid not reset": (
        "if (rst_i) valid_q <= 6'd0;\n        else valid_q",
        "valid_q",
        "reset_at_every_phase_of_one_event",
    ),
    "taken in reset": (
        "valid_q <= 6'd0",
        "valid_q <= {5'd0, take}",
        "nothing_is_taken_in_reset",
    ),
    "taken when not ready": (
        "take = valid_i && ready_o",
        "take = valid_i",
        "withdrawn_offer_is_not_taken",
    ),
}


def vectors(n: int = 50) -> tuple[list[Any], list[Any]]:
    """Random inputs of every port and the integers that dut.v must give."""
    rng = np.random.default_rng(7)
    x, y = (rng.integers(p.fmt.lo, p.fmt.hi + 1, (n, p.count)) for p in INTERFACE.inputs)
    total = x.sum(axis=1, keepdims=True)
    return [x, y], [x + y, total, (total < 0).astype(np.int64)]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of all designs: what they have in common is compiled once."""
    return tmp_path_factory.mktemp("cocotb")


def test_right_design_passes(work: Path) -> None:
    """Every bench passes on a right design, over more than a hundred events, for any power-up."""
    for seed in (1, 2):
        result = cocotb_run.run(INTERFACE, [DUT], work, *vectors(), seed=seed)
        assert result.messages == ()
        assert result.ok
        assert result.tests == 8
        assert result.events_checked > 100


def test_wrong_reference_is_shown_as_integers(work: Path) -> None:
    """A value that differs is reported with the port and the integers of its elements."""
    inputs, expected = vectors(4)
    inputs[1][0, 0], expected[0][0] = 0, [1, 2, -3]
    result = cocotb_run.run(INTERFACE, [DUT], work, inputs, expected)
    got = inputs[0][0].tolist()
    words = f"back_to_back: event 0, wide_o: expected [1, 2, -3], got {got}"
    assert result.messages[0] == words
    assert not result.ok


@pytest.mark.parametrize("name", BROKEN)
def test_broken_design_is_caught(name: str, work: Path) -> None:
    """The bench for a rule fails on a design that breaks it."""
    old, new, bench = BROKEN[name]
    text = DUT.read_text()
    assert text.count(old) == 1
    (work / "dut.v").write_text(text.replace(old, new))
    result = cocotb_run.run(INTERFACE, [work / "dut.v"], work, *vectors())
    assert not result.ok
    assert result.failures == len(result.messages)
    assert bench in {message.split(":")[0] for message in result.messages}


def test_broken_tool_is_an_error(tmp_path: Path) -> None:
    """Verilog that does not build is a ToolError with the end of the log, not a failed bench."""
    (tmp_path / "dut.v").write_text("module dut (input wire clk_i)\n")
    with pytest.raises(ToolError, match="syntax error"):
        cocotb_run.run(INTERFACE, [tmp_path / "dut.v"], tmp_path, *vectors())


def test_no_events_are_refused(tmp_path: Path) -> None:
    """Benches without an event would prove nothing."""
    with pytest.raises(ValueError, match="at least one event"):
        cocotb_run.run(INTERFACE, [DUT], tmp_path, *vectors(0))
