"""fwgen beside alkaid's own emitter: the integers are the same, and fwgen takes no more LUTs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fwgen.flow.prepare import Prepared, prepare
from fwgen.ir.nodes import Dense
from fwgen.ir.ranges import const
from fwgen.synth.netlist import netlist_of
from fwgen.verify.bench.events import make_events
from tests.synth.against_alkaid import MODELS, NAMES, VARIANTS, direct_carries, rows
from tests.synth.alkaid_side import differences, rebuild

MOST = 1.02


def ready(name: str) -> Prepared:
    """A model of the repository."""
    return prepare(MODELS / name / "model.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_both_compute_the_same_integers(name: str) -> None:
    """Alkaid's program of a network gives the reference's integers on corners and samples."""
    model = ready(name)
    events = make_events(model.graph, model.bundle.samples, 1000, np.random.default_rng(2)).x
    assert differences(rebuild(model.graph, {}), model.reference, events) == 0


def test_another_network_is_noticed() -> None:
    """One weight that is one unit larger makes the comparison of integers fail."""
    model = ready(NAMES[0])
    layer = next(node for node in model.graph if isinstance(node, Dense))
    weight = const(layer.weight)
    values = weight.values.copy()
    values[0, 0] += 1
    other = replace(layer, weight=replace(weight, values=values))
    program = rebuild(model.graph.with_nodes({layer.name: other}), {})
    events = make_events(model.graph, (), 500, np.random.default_rng(2)).x
    assert differences(program, model.reference, events) > 0


def test_carries_without_a_lut_are_counted() -> None:
    """A carry bit is direct where a register drives its S pin; a LUT or a constant is not."""
    cells = {
        "q": cell("FDRE", D=[1], Q=[10]),
        "l": cell("LUT2", I0=[10], I1=[1], O=[11]),
        "c": cell("CARRY4", S=[10, 11, "0", 10], O=[20, 21, 22, 23]),
    }
    netlist = netlist_of({"modules": {"top": {"cells": cells}}}, "top")
    assert direct_carries(netlist) == 2


def cell(kind: str, **ports: list[Any]) -> dict[str, Any]:
    """A cell as Yosys writes it; Q and O are outputs."""
    ways = {port: "output" if port in "QO" else "input" for port in ports}
    return {"type": kind, "connections": ports, "port_directions": ways}


@pytest.mark.slow
def test_no_more_luts_than_alkaid() -> None:
    """At most 1.02 times the LUTs of alkaid, as its page states for this network.

    With the same depth limit by Yosys' count; with alkaid's own by the LUTs that the carry chains
    take on the device too.
    """
    own, default, shallow = rows("smartpixel_vae_lp", VARIANTS[:2])
    assert own.dsp == default.dsp == shallow.dsp == 0
    assert own.lut <= MOST * shallow.lut
    assert own.lut + own.direct <= MOST * (default.lut + default.direct)
    assert own.path_ps < min(default.path_ps, shallow.path_ps)
