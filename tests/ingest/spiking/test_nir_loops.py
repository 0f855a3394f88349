"""Recurrent edges of NIR files: neurons that read their own spikes of the step before."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.flow.import_ import answers_of, import_model
from fwgen.ingest.sources import Request
from fwgen.ir.cast import to_real
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import CubaLif, Neurons
from fwgen.ir.text import to_text
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.quantise.passes import quantise
from fwgen.verify.float_model import evaluate
from fwgen.verify.reference import Reference
from tests.ingest.spiking.snn_files import nir_nodes, write_nir
from tests.ingest.spiking.test_nir_cuba import CUBA
from tests.ingest.spiking.test_snn_imports import NIR, imported, real, refusal

STEPS = 5
PACE = Pace(240.0)
BACK = np.array([[-0.5, 2.0], [0.75, 0.25]])
BIAS = np.array([0.25, -0.5])
X = np.random.default_rng(7).integers(-16, 32, (300, 3)) / 8
EDGES = [
    ("input", "fc"), ("fc", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "output"),
]  # fmt: skip


def file_of(folder: Path, back: dict[str, Any], **lif: Any) -> Path:
    """3 inputs, an affine map, 2 neurons that read themselves."""
    nodes = nir_nodes() | {"back": back}
    nodes["lif"] |= lif
    return write_nir(folder / "net.nir", nodes, EDGES)


def settings(**changed: str) -> list[str]:
    """The answers with some changed; those that are empty are not given."""
    given = dict(text.split("=") for text in NIR) | {"steps": str(STEPS)} | changed
    return [f"{key}={value}" for key, value in given.items() if value]


def stepped(nodes: dict[str, Any], back: np.ndarray, bias: np.ndarray, *, delay: bool) -> Any:
    """Euler's method with dt = 1 and a reset by subtraction, in its own step or the next."""
    lif, fc = nodes["lif"], nodes["fc"]
    v = np.zeros((len(X), 2))
    spikes, membranes = np.zeros_like(v), []
    fired = []
    for _ in range(STEPS):
        r = v > lif["v_threshold"]
        current = X @ fc["weight"].T + fc["bias"] + spikes @ back.T + bias
        v = v + (-v + lif["r"] * current) / lif["tau"] - r * lif["v_threshold"]
        spikes = (v > lif["v_threshold"]).astype(float)
        if not delay:
            v = v - (spikes - r) * lif["v_threshold"]
        fired.append(spikes)
        membranes.append(v)
    return np.stack(fired), np.stack(membranes)


def run(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    """Spikes and membranes of the integer reference."""
    whole = quantise(graph)
    values = Reference.of(whole).run((X * 8).astype(int).astype(object)).values
    lif = next(node for node in whole if isinstance(node, Neurons))
    assert lif.membrane is not None
    return values[lif.name], to_real(values[f"{lif.name}.membrane"], lif.membrane.frac)


@pytest.mark.parametrize(("biased", "delay"), list(product([False, True], [False, True])))
def test_the_equations(tmp_path: Path, biased: bool, delay: bool) -> None:
    """Spikes of the step before, times the weights, join the current; so does a bias, always."""
    back: dict[str, Any] = {"type": "Linear", "weight": BACK}
    if biased:
        back = {"type": "Affine", "weight": BACK, "bias": BIAS}
    r = np.array([2.0, 4.0])
    path = file_of(tmp_path, back, r=r)
    more = {"recurrent_bias": "every"} if biased else {}
    said = settings(reset_delay=str(delay).lower(), formats="exact", **more)
    graph = imported(path, said).graph
    lif = next(node for node in graph if isinstance(node, Neurons))
    assert np.array_equal(real(lif.recurrent), BACK * [[1], [2]])  # times r dt / tau
    nodes = nir_nodes()
    nodes["lif"]["r"] = r
    spikes, membranes = stepped(nodes, BACK, BIAS if biased else BIAS * 0, delay=delay)
    ours = run(graph)
    assert np.array_equal(ours[0], spikes)
    assert np.array_equal(ours[1], membranes)
    assert 0 < spikes.mean() < 1


def test_integrate_and_fire(tmp_path: Path) -> None:
    """IF neurons may read themselves too; the input gain is theirs."""
    nodes = nir_nodes() | {"back": {"type": "Linear", "weight": BACK}}
    nodes["lif"] = {"type": "IF", "r": np.array([2.0, 4.0]), "v_threshold": np.ones(2)}
    path = write_nir(tmp_path / "net.nir", nodes, EDGES)
    graph = imported(path, settings(dt="", integration="", if_input="plain")).graph
    lif = next(node for node in graph if isinstance(node, Neurons))
    assert np.array_equal(real(lif.recurrent), BACK * [[2], [4]])


def test_a_graph_inside(tmp_path: Path) -> None:
    """SnnTorch writes its recurrent neurons as a graph with ports."""
    nodes = nir_nodes()
    inner = {
        "nodes": {
            "input": {"type": "Input", "shape": [2]},
            "lif": nodes["lif"],
            "w_rec": {"type": "Linear", "weight": BACK},
            "output": {"type": "Output", "shape": [2]},
        },
        "edges": [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    }
    outer = {"input": nodes["input"], "fc": nodes["fc"], "rec": inner, "output": nodes["output"]}
    graph = imported(write_nir(tmp_path / "net.nir", outer), settings()).graph
    assert [node.name for node in graph] == ["x", "fc", "rec_lif", "rec_lif_membrane"]
    assert "recurrent=[2x2]:auto" in to_text(graph)


@pytest.mark.parametrize(("current", "biased"), list(product(["new", "previous"], [False, True])))
def test_into_a_current(tmp_path: Path, current: str, biased: bool) -> None:
    """Spikes of the step before go where the input goes: into a current that leaks."""
    cuba = CUBA | {"v_threshold": np.array([1.0, 2.0])}
    back: dict[str, Any] = {"type": "Linear", "weight": BACK}
    if biased:
        back = {"type": "Affine", "weight": BACK, "bias": BIAS}
    nodes = nir_nodes() | {"lif": cuba, "back": back}
    path = write_nir(tmp_path / "net.nir", nodes, EDGES)
    more = {"recurrent_bias": "every"} if biased else {}
    said = settings(current=current, syn_input="scaled", formats="exact", **more)
    graph = imported(path, said).graph
    node = next(node for node in graph if isinstance(node, CubaLif))
    gain = CUBA["r"] / CUBA["tau_mem"] * CUBA["w_in"] / CUBA["tau_syn"]
    assert np.array_equal(real(node.recurrent), gain[:, None] * BACK)
    into = X @ nodes["fc"]["weight"].T + nodes["fc"]["bias"] + (BIAS if biased else 0)
    syn, v, s = (np.zeros_like(into) for _ in range(3))
    spikes, membranes = [], []
    for _ in range(STEPS):
        before, r = syn, v > cuba["v_threshold"]
        syn = syn + (-syn + cuba["w_in"] * (into + s @ BACK.T)) / cuba["tau_syn"]
        seen = syn if current == "new" else before
        v = v + (-v + cuba["r"] * seen) / cuba["tau_mem"] - r * cuba["v_threshold"]
        s = (v > cuba["v_threshold"]).astype(float)
        spikes.append(s)
        membranes.append(v)
    ours = run(graph)
    assert np.array_equal(ours[0], spikes)
    assert np.array_equal(ours[1], membranes)
    assert 0 < np.mean(spikes) < 1


def test_formats_of_a_current(tmp_path: Path) -> None:
    """Given, or from ranges on samples: of weights, the current and the membrane."""
    nodes = nir_nodes() | {"lif": CUBA, "back": {"type": "Linear", "weight": BACK}}
    path = write_nir(tmp_path / "net.nir", nodes, EDGES)
    said = settings(current="new", syn_input="scaled")
    bundle = imported(path, said, precision="fixed<12,6,RND_CONV,SAT>")
    node = next(node for node in bundle.graph if isinstance(node, CubaLif))
    assert node.recurrent is not None
    assert str(node.syn) == str(node.membrane) == str(node.recurrent.fmt)
    np.savez(tmp_path / "samples.npz", x=X)
    request = Request(path, "net", answers_of(said), None, None, tmp_path / "samples.npz")
    ranged = import_model(request, tmp_path / "ranged")
    node = next(node for node in ranged.graph if isinstance(node, CubaLif))
    values = evaluate(ranged.graph, X)["lif__syn.membrane"]
    assert node.syn is not None
    assert node.syn.width == 16
    assert node.syn.hi / 2 < np.abs(values).max() * 2.0**node.syn.frac <= node.syn.hi + 1
    assert lower(quantise(ranged.graph), PACE).blocks


def test_the_bias_is_asked_for(tmp_path: Path) -> None:
    """No file says whether it acts in the first step, which has no spikes before it."""
    path = file_of(tmp_path, {"type": "Affine", "weight": BACK, "bias": BIAS})
    assert "--set recurrent_bias=every|later" in refusal(path, settings())
    snn = settings(integration="", comparison="")
    assert imported(path, snn, "snntorch").graph.outputs == ("lif_membrane",)
    path = file_of(tmp_path, {"type": "Affine", "weight": BACK, "bias": BIAS * 0})
    assert imported(path, settings()).graph.outputs == ("lif_membrane",)


def test_snntorch_drops_a_current(tmp_path: Path) -> None:
    """Its RLeaky with a delayed reset to zero loses the current of a step; fwgen's do not."""
    path = file_of(tmp_path, {"type": "Linear", "weight": BACK})
    snn = settings(integration="", comparison="", reset="zero")
    assert "found reset zero, with which snntorch.RLeaky drops" in refusal(path, snn, "snntorch")
    assert imported(path, settings(reset="zero")).graph.outputs == ("lif_membrane",)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_equality_fires(tmp_path: Path, reset: str) -> None:
    """By a lower threshold or a small constant current: the same spikes as of >=."""
    thresholds = np.array([0.75, 1.0])
    back = np.array([[-0.5, 0.25], [0.75, 0.25]])
    nodes = nir_nodes() | {"back": {"type": "Linear", "weight": back}}
    nodes["lif"] = {"type": "IF", "r": np.ones(2), "v_threshold": thresholds}
    path = write_nir(tmp_path / "net.nir", nodes, EDGES)
    said = settings(
        dt="", integration="", if_input="plain", reset=reset, reset_delay="at_spike",
        comparison="ge", readout="spike_count", formats="exact",
    )  # fmt: skip
    ours, _ = run(imported(path, said).graph)
    v = spikes = np.zeros((len(X), 2))
    for step in range(STEPS):
        v = v + X @ nodes["fc"]["weight"].T + nodes["fc"]["bias"] + spikes @ back.T
        spikes = (v >= thresholds).astype(float)
        v = np.where(spikes, 0 if reset == "zero" else v - thresholds, v)
        assert np.array_equal(ours[step], spikes)


def test_formats_asked_for(tmp_path: Path) -> None:
    """Recurrent weights get the precision asked for, as other weights do; and they lower."""
    path = file_of(tmp_path, {"type": "Linear", "weight": BACK})
    for precision, more in (("fixed<7,3,RND_CONV,SAT>", ""), (None, "fixed<7,3,RND_CONV,SAT>")):
        bundle = imported(path, settings(weight_format=more), precision=precision)
        lif = next(node for node in bundle.graph if isinstance(node, Neurons))
        assert lif.recurrent is not None
        assert str(lif.recurrent.fmt) == "fixed<7,3,RND_CONV,SAT>"
        assert lower(quantise(bundle.graph), PACE).blocks
    assert "lif (beta, threshold, recurrent)" not in bundle.settings.provenance.notes
    open_ = imported(path, settings()).settings.provenance.notes
    assert "lif (beta, threshold, membrane, recurrent)" in open_
