"""The quick estimate against synthesis: a few small blocks always, all of the page's when asked."""

import re
from pathlib import Path
from typing import Any

import pytest

from fwgen.ir.nodes import FirstSpike, LatencyEncoder, Maximum, SpikeCount
from tests.ops.operation import const, graph_of, lif
from tests.synth.blocks import SMALL, Block, blocks, dense_block, hold_out, spiking_block
from tests.synth.estimates import KEYS, PAGE, WITHIN, Measured, measure_block

FEW = [dense_block(10, SMALL), dense_block(13, SMALL)]
FEW += [spiking_block(10, SMALL), spiking_block(13, SMALL)]
_ROW = re.compile(r"^\| ((?:dense|spiking) \d+|models/\w+) \|(.*)\|$", re.MULTILINE)


def _name(block: Block) -> str:
    return block.name.replace(" ", "-")


def slow(*values: int) -> list[Any]:
    """Values that a scheduled run takes; one of the kind is enough for every run."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def _rows() -> list[tuple[str, list[str]]]:
    """Name and cells of every row of the page's tables."""
    text = PAGE.read_text(encoding="utf-8")
    return [(name, [c.strip() for c in cells.split("|")]) for name, cells in _ROW.findall(text)]


def _luts(cells: list[str]) -> tuple[int, int]:
    estimated, counted = (int(cell.replace(",", "")) for cell in cells[1:3])
    return estimated, counted


@pytest.mark.parametrize("block", FEW, ids=_name)
def test_the_estimate_is_near_for_small_blocks(block: Block, tmp_path: Path) -> None:
    """LUTs and flip-flops are within 15 % of Yosys, DSPs are the same."""
    row = measure_block(block, tmp_path)
    assert abs(row.error) < WITHIN, row.row
    assert abs(row.estimated["ff"] / row.counted["ff"] - 1) < WITHIN, row.row
    assert row.estimated["dsp"] == row.counted["dsp"]


@pytest.mark.parametrize("bits", [2, *slow(5, 9, 16)])
def test_the_estimate_is_near_for_read_outs(bits: int, tmp_path: Path) -> None:
    """Largest membranes and first spikes, of neurons that are as small as they can be."""
    neuron = lif(
        "l",
        "x",
        beta=const(1, "ufixed<1,1>"),
        threshold=const(1, "fixed<2,2>"),
        membrane=f"fixed<{bits},{bits},TRN,SAT>",
        reset="none",
    )
    read = [neuron, Maximum("most", "l"), FirstSpike("first", "l")]
    graph = graph_of(6, f"fixed<{bits},{bits}>", read, steps=2 * bits)
    row = measure_block(Block("read-outs", "", graph), tmp_path)
    assert abs(row.error) < WITHIN, row.row
    assert abs(row.estimated["ff"] / row.counted["ff"] - 1) < WITHIN, row.row


@pytest.mark.parametrize("steps", [8, *slow(20, 40)])
def test_the_estimate_is_near_for_latency_encoders(steps: int, tmp_path: Path) -> None:
    """Tables of steps, and spikes in these steps, counted by the neurons behind."""
    neuron = lif(
        "l",
        "s",
        beta=const(0, "ufixed<1,1>"),
        threshold=const(0, "fixed<2,2>"),
        membrane="fixed<2,2,TRN,SAT>",
        reset="none",
    )
    read = [LatencyEncoder("s", "x", silent_zero=True), neuron, SpikeCount("n", "l")]
    graph = graph_of(6, "ufixed<6,0>", read, steps=steps)
    row = measure_block(Block("latencies", "", graph), tmp_path)
    assert abs(row.error) < WITHIN, row.row
    assert abs(row.estimated["ff"] / row.counted["ff"] - 1) < WITHIN, row.row


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks(), ids=_name)
def test_the_estimate_is_near_for_the_pages_blocks(block: Block, tmp_path: Path) -> None:
    """LUTs are within 15 % of Yosys, and the page's row is what is measured now."""
    row = measure_block(block, tmp_path)
    assert abs(row.error) < WITHIN, row.row
    assert row.row in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_has_every_block_within_its_promise() -> None:
    """It has the model, 20 blocks within 15 %, and 10 unseen ones with any error."""
    rows = _rows()
    known, unseen = ([b.name for b in made()] for made in (blocks, hold_out))
    assert [name for name, _ in rows] == ["models/snn_ae", *known, *unseen]
    assert len(known) == 20
    for name, cells in rows[:21]:
        estimated, counted = _luts(cells)
        assert abs(estimated / counted - 1) < WITHIN, name


def test_the_pages_errors_are_those_of_its_figures() -> None:
    """Each error in the page is the quotient of the two numbers beside it."""
    for name, cells in _rows():
        estimated, counted = _luts(cells)
        assert cells[3] == f"{estimated / counted - 1:+.1%}", name


def test_blocks_are_what_their_seed_says() -> None:
    """A seed gives the same block every time, two seeds different ones."""
    assert dense_block(3).about == dense_block(3).about
    every = [*blocks(), *hold_out()]
    assert len({block.about for block in every}) == len(every) == 30


def test_a_row_shows_both_figures_and_the_error() -> None:
    """Estimated before counted, the error of the LUTs behind them."""
    estimated, counted = (dict(zip(KEYS, n, strict=True)) for n in ((1100, 20, 1), (1000, 21, 2)))
    row = Measured("dense 7", "what it is", estimated, counted)
    assert row.row == "| dense 7 | what it is | 1,100 | 1,000 | +10.0% | 20 | 21 | 1 | 2 |"
