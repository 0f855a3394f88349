"""The longest path of hand-made netlists, to the picosecond."""

from typing import Any

import pytest

from fwgen.devices.delays import MODELS
from fwgen.errors import ToolError
from fwgen.synth.netlist import Netlist, layer_of, netlist_of
from fwgen.synth.timing import TimingGraph

MODEL = MODELS["UltraScale+", 2]


def cell(kind: str, outputs: str, **ports: list[int | str]) -> dict[str, Any]:
    """A cell of a netlist; ``outputs`` names its output ports."""
    ways = {p: "output" if p in outputs.split() else "input" for p in ports}
    return {"type": kind, "connections": ports, "port_directions": ways, "parameters": {}}


def flop(d: int, q: int) -> dict[str, Any]:
    """A flip-flop from bit ``d`` to bit ``q``."""
    return cell("FDRE", "Q", D=[d], Q=[q], C=[1], CE=["1"], R=["0"])


def netlist(**cells: dict[str, Any]) -> Netlist:
    """A flat netlist of these cells."""
    return netlist_of({"modules": {"top": {"cells": cells, "netnames": {}}}}, "top")


def longest(made: Netlist) -> int:
    """Period of the longest path in ps."""
    path = TimingGraph.of(made.cells, MODEL).longest()
    assert path is not None
    return path.period


def test_one_lut_between_two_flip_flops() -> None:
    """Clock to output, one net, one LUT, set-up, slack; LUT to flip-flop lies inside a slice."""
    made = netlist(a=flop(9, 2), l=cell("LUT1", "O", I0=[2], O=[3]), b=flop(3, 4))
    assert longest(made) == 100 + 350 + 100 + 50 + 100


def test_two_luts_in_a_row() -> None:
    """A second LUT adds its own delay and the net to it."""
    made = netlist(
        a=flop(9, 2),
        l=cell("LUT1", "O", I0=[2], O=[3]),
        m=cell("LUT1", "O", I0=[3], O=[5]),
        b=flop(5, 4),
    )
    assert longest(made) == 100 + 2 * (350 + 100) + 50 + 100


def test_fan_out_costs_a_share_of_a_net_each_time_it_doubles() -> None:
    """Four LUTs on one flip-flop: two doublings on the net."""
    luts = {f"l{i}": cell("LUT1", "O", I0=[2], O=[10 + i]) for i in range(4)}
    ends = {f"b{i}": flop(10 + i, 20 + i) for i in range(4)}
    made = netlist(a=flop(9, 2), **luts, **ends)
    assert longest(made) == 100 + (350 + 2 * 35) + 100 + 50 + 100


def test_the_longer_of_two_ways_counts() -> None:
    """A short way beside a long one changes nothing but the fan-out."""
    made = netlist(
        a=flop(9, 2),
        l=cell("LUT1", "O", I0=[2], O=[3]),
        m=cell("LUT2", "O", I0=[2], I1=[3], O=[5]),
        b=flop(5, 4),
    )
    assert longest(made) == 100 + (350 + 35) + 100 + 350 + 100 + 50 + 100


def test_a_loop_without_a_register_is_refused() -> None:
    """Logic that feeds back to itself has no longest path, and says so."""
    made = netlist(
        a=flop(9, 2),
        l=cell("LUT2", "O", I0=[2], I1=[5], O=[3]),
        m=cell("LUT1", "O", I0=[3], O=[5]),
        b=flop(5, 4),
    )
    with pytest.raises(ToolError):
        TimingGraph.of(made.cells, MODEL).longest()


def test_an_unknown_cell_is_refused() -> None:
    """A cell without delays is named, not passed over."""
    made = netlist(a=flop(9, 2), l=cell("MAGIC", "O", I0=[2], O=[3]), b=flop(3, 4))
    with pytest.raises(ToolError, match="MAGIC"):
        TimingGraph.of(made.cells, MODEL)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("enc1__block.n3_s1", "enc1"),
        ("$flatten\\enc1_lif__block.\\neuron3.$add$x", "enc1_lif"),
        ("x__at27__block.stage_q", "x"),
        ("events.at_q_LUT2_I0", "shared: event control and wiring"),
    ],
)
def test_cells_belong_to_the_layer_of_their_instance(name: str, layer: str) -> None:
    """A flattened cell's name begins with the block that it was made for."""
    assert layer_of(name) == layer
