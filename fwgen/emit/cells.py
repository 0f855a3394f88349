"""The hand-written cells, and which block is which."""

from fwgen.assets import asset_dir
from fwgen.lower.design import (
    Block,
    CircuitBlock,
    CountBlock,
    DelayBlock,
    Design,
    FirstSpikeBlock,
    HoldBlock,
    LatencyBlock,
    MaximumBlock,
    MergeBlock,
    RestartBlock,
    TrainBlock,
)

SUM = "fwgen_sum"  # what additions with a carry instantiate
EVENTS = "fwgen_events"
CELLS: dict[type[Block], str] = {
    DelayBlock: "fwgen_delay",
    HoldBlock: "fwgen_hold",
    CountBlock: "fwgen_count",
    FirstSpikeBlock: "fwgen_first",
    MaximumBlock: "fwgen_maximum",
    LatencyBlock: "fwgen_latency",
    MergeBlock: "fwgen_merge",
    RestartBlock: "fwgen_restart",
    TrainBlock: "fwgen_train",
}


def cells_of(design: Design) -> list[str]:
    """The names of the cells that a design instantiates."""
    found = {EVENTS, *(CELLS[type(b)] for b in design.blocks if type(b) in CELLS)}
    circuits = (block.circuit for block in design.blocks if isinstance(block, CircuitBlock))
    return sorted(found | {SUM} if any(c.carries for c in circuits) else found)


def cell_text(cell: str) -> str:
    """The Verilog of one of fwgen's cells."""
    return (asset_dir("templates") / "cells" / f"{cell}.v").read_text(encoding="utf-8")
