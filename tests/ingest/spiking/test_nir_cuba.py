"""Neurons with a synaptic current in NIR files: the equations, step by step, and what is asked."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.ingest.bundle.reader import Bundle
from fwgen.ir.cast import to_real
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense, Lif, Membrane, Real, Reset
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference
from tests.ingest.spiking.snn_files import nir_nodes, write_nir
from tests.ingest.spiking.test_snn_imports import imported, real, refusal

STEPS = 5
CUBA = {
    "type": "CubaLIF",
    "tau_syn": np.array([2.0, 4.0]),
    "tau_mem": np.array([4.0, 2.0]),
    "r": np.array([8.0, 1.0]),
    "v_leak": np.zeros(2),
    "v_threshold": np.array([1.0, 0.75]),
    "v_reset": np.zeros(2),
    "w_in": np.array([1.0, 4.0]),
}
SAID = {
    "dt": "1",
    "integration": "euler",
    "reset": "subtract",
    "reset_delay": "true",
    "comparison": "gt",
    "current": "new",
    "syn_input": "scaled",
    "steps": str(STEPS),
    "readout": "spike_count",
    "input_format": "fixed<6,3>",
}
X = np.random.default_rng(5).integers(-16, 32, (300, 3)) / 8


def settings(**changed: str) -> list[str]:
    """The answers with some changed; those that are empty are not given."""
    return [f"{key}={value}" for key, value in (SAID | changed).items() if value]


def file_of(folder: Path, neurons: dict[str, Any]) -> Path:
    """3 inputs, an affine map, 2 neurons with a synaptic current."""
    return write_nir(folder / "net.nir", nir_nodes() | {"lif": neurons})


def stepped(cuba: dict[str, Any], reset: str, current: str, x: np.ndarray) -> dict[str, np.ndarray]:
    """NIR's equations by Euler's method with dt = 1; a spike resets in its own step."""
    fc = nir_nodes()["fc"]
    into = x @ fc["weight"].T + fc["bias"]
    syn, v = np.zeros_like(into), np.zeros_like(into)
    seen: dict[str, list[np.ndarray]] = {"spikes": [], "membranes": [], "currents": []}
    for _ in range(STEPS):
        before = syn
        syn = syn + (-syn + cuba["w_in"] * into) / cuba["tau_syn"]
        v = v + (-v + cuba["r"] * (syn if current == "new" else before)) / cuba["tau_mem"]
        spikes = v > cuba["v_threshold"]
        if reset == "zero":
            v = np.where(spikes, 0, v)
        for key, values in (("spikes", spikes), ("membranes", v), ("currents", syn)):
            seen[key].append(values)
    return {key: np.stack(values) for key, values in seen.items()}


def run(graph: Graph, x: np.ndarray) -> dict[str, np.ndarray]:
    """Spikes, membranes and currents of the integer reference, as real numbers."""
    whole = quantise(graph)
    values = Reference.of(whole).run((x * 8).astype(int).astype(object)).values
    found = {"spikes": values["lif"]}
    for key, name in (("membranes", "lif"), ("currents", "lif_syn")):
        node = next(node for node in whole if node.name == name)
        assert isinstance(node, Lif)
        assert node.membrane is not None
        found[key] = to_real(values[f"{name}.membrane"], node.membrane.frac)
    return found


@pytest.mark.parametrize(("reset", "current"), list(product(["zero", "none"], ["new", "previous"])))
def test_the_equations(tmp_path: Path, reset: str, current: str) -> None:
    """Spikes, membranes and currents are those of the equations; the current carries the gain."""
    said = settings(reset=reset, current=current, formats="exact")
    said = [text.replace("reset_delay=true", "reset_delay=at_spike") for text in said]
    if reset == "none":
        said = [text for text in said if "reset_delay" not in text]
    graph = imported(file_of(tmp_path, CUBA), said).graph
    ours, theirs = run(graph, X), stepped(CUBA, reset, current, X)
    gain = CUBA["r"] / CUBA["tau_mem"]
    assert np.array_equal(ours["spikes"], theirs["spikes"])
    assert np.array_equal(ours["membranes"], theirs["membranes"])
    assert np.array_equal(ours["currents"], theirs["currents"] * gain)
    assert 0 < theirs["spikes"].mean() < 1


def layers(bundle: Bundle) -> tuple[Lif, Membrane, Lif]:
    """The three nodes of the neurons."""
    named = {node.name: node for node in bundle.graph}
    integrators, current, lif = (named[name] for name in ("lif_syn", "lif_current", "lif"))
    assert isinstance(integrators, Lif)
    assert isinstance(current, Membrane)
    assert isinstance(lif, Lif)
    return integrators, current, lif


def dense_of(bundle: Bundle) -> Dense:
    """The linear map in front of the neurons."""
    dense = bundle.graph.nodes[1]
    assert isinstance(dense, Dense)
    return dense


def test_answers_reach_the_layer(tmp_path: Path) -> None:
    """Leak factors, reset, delay and current; the gain of both goes into the weights in front."""
    path = file_of(tmp_path, CUBA)
    syn, current, lif = layers(imported(path, settings(reset_delay="false", current="previous")))
    assert real(syn.beta).tolist() == [0.5, 0.75]
    assert real(lif.beta).tolist() == [0.75, 0.5]
    assert (lif.reset, lif.reset_delay, current.previous) == (Reset.SUBTRACT, False, True)
    for how, gains in (("scaled", [0.5 * 2, 1 * 0.5]), ("plain", [1 * 2, 4 * 0.5])):
        weight = real(dense_of(imported(path, settings(syn_input=how))).weight)
        assert np.array_equal(weight, np.array(gains)[:, None] * nir_nodes()["fc"]["weight"])


def test_exponential(tmp_path: Path) -> None:
    """Both factors are exp(-dt/tau), and both gains 1 minus them."""
    bundle = imported(file_of(tmp_path, CUBA), settings(integration="exponential"))
    syn, _, lif = layers(bundle)
    synapse, membrane = -np.expm1(-1 / CUBA["tau_syn"]), -np.expm1(-1 / CUBA["tau_mem"])
    assert np.array_equal(real(syn.beta), 1 - synapse)
    assert np.array_equal(real(lif.beta), 1 - membrane)
    gain = (CUBA["w_in"] * synapse) * (CUBA["r"] * membrane)
    dense, fc = dense_of(bundle), nir_nodes()["fc"]
    assert np.array_equal(real(dense.weight), gain[:, None] * fc["weight"])
    assert np.array_equal(real(dense.bias), gain * fc["bias"])


@pytest.mark.parametrize("current", ["new", "previous"])
def test_an_integrator(tmp_path: Path, current: str) -> None:
    """CubaLI is an integrator that reads the currents of another, read out by its last membrane."""
    cubali = {k: v for k, v in CUBA.items() if k not in {"v_threshold", "v_reset"}}
    said = settings(
        reset="", reset_delay="", comparison="", readout="", current=current, formats="exact"
    )
    graph = imported(file_of(tmp_path, cubali | {"type": "CubaLI"}), said).graph
    assert [node.op for node in graph] == [
        "input", "dense", "lif", "membrane", "lif", "last_membrane",
    ]  # fmt: skip
    assert graph.outputs == ("lif_membrane",)
    theirs = stepped(CUBA, "none", current, X)
    assert np.array_equal(run(graph, X)["membranes"], theirs["membranes"])


def test_what_is_asked(tmp_path: Path) -> None:
    """Which current the membrane takes and how it grows; snnTorch and Norse answer both."""
    path = file_of(tmp_path, CUBA)
    said = refusal(path, settings(current="", syn_input=""))
    assert "needed 2 answers that the file does not give" in said
    assert "--set current=new|previous" in said
    assert "--set syn_input=scaled|plain" in said
    for producer, more in (("snntorch", []), ("norse", ["tau=times_dt"])):
        open_ = settings(current="", syn_input="") + more
        assert imported(path, open_, producer).graph.outputs == ("lif_count",)
    assert "--set current=new|previous" in refusal(path, settings(current=""), "sinabs")


def test_the_leaks_that_snntorch_wrote(tmp_path: Path) -> None:
    """Its file gives the very factors back, and gains of 1."""
    alpha, beta = np.float32(0.75), np.float32(0.9)
    taus = [np.full(2, np.float32(1e-4) / (1 - factor), np.float32) for factor in (alpha, beta)]
    gains = {"w_in": taus[0] / np.float32(1e-4), "r": taus[1] / np.float32(1e-4)}
    path = file_of(tmp_path, CUBA | {"tau_syn": taus[0], "tau_mem": taus[1]} | gains)
    said = settings(dt="", integration="", comparison="", current="", syn_input="")
    bundle = imported(path, said, "snntorch")
    syn, current, lif = layers(bundle)
    assert float(real(syn.beta)) == 0.75
    assert np.float32(1e-4) / (1 - np.float32(real(lif.beta))) == taus[1][0]
    assert not current.previous
    assert np.array_equal(real(dense_of(bundle).weight), nir_nodes()["fc"]["weight"])


def test_snntorch_drops_a_current(tmp_path: Path) -> None:
    """Its Synaptic with a delayed reset to zero is another neuron; without the delay it is not."""
    path = file_of(tmp_path, CUBA)
    late = settings(reset="zero", current="", syn_input="", dt="1")
    assert (
        "node 'lif': needed reset subtract or none, or zero with reset_delay=false and thresholds "
        "of 0 or more; found reset zero, with which snntorch.Synaptic drops the current of the "
        "step behind a spike; fwgen's neurons keep it. Train with another reset."
    ) in refusal(path, late, "snntorch")
    at_once = settings(reset="zero", reset_delay="false", current="", syn_input="", dt="1")
    assert layers(imported(path, at_once, "snntorch"))[2].reset is Reset.ZERO
    below = file_of(tmp_path, CUBA | {"v_threshold": np.array([1.0, -0.5])})
    assert "drops the current" in refusal(below, at_once, "snntorch")
    assert layers(imported(path, settings(reset="zero")))[2].reset is Reset.ZERO


def test_equality_fires(tmp_path: Path) -> None:
    """At the threshold too where a lower one does it; not by a constant behind the current."""
    path = file_of(tmp_path, CUBA)
    said = settings(comparison="ge", reset="zero", reset_delay="at_spike", formats="exact")
    thresholds = real(layers(imported(path, said))[2].threshold)
    assert (thresholds < CUBA["v_threshold"]).all()
    said = settings(comparison="ge", formats="exact")
    assert (
        "needed comparison=gt with reset=subtract and a synaptic current; found ge."
    ) in refusal(path, said)


def test_names_of_the_parts_are_kept_free(tmp_path: Path) -> None:
    """A layer of the file that is called as a part leaves the neurons another name."""
    nodes = nir_nodes()
    nodes["lif_syn"] = nodes.pop("fc")
    nodes = {k: nodes[k] for k in ("input", "lif_syn")} | {"lif": CUBA, "output": nodes["output"]}
    graph = imported(write_nir(tmp_path / "net.nir", nodes), settings()).graph
    assert [node.name for node in graph][1:5] == ["lif_syn", "lif_2_syn", "lif_2_current", "lif_2"]


def test_formats_asked_for(tmp_path: Path) -> None:
    """Both states get the precision asked for, and the notes name them."""
    path = file_of(tmp_path, CUBA)
    bundle = imported(path, settings(), precision="fixed<12,5,RND_CONV,SAT>")
    syn, _, lif = layers(bundle)
    assert str(syn.membrane) == str(lif.membrane) == "fixed<12,5,RND_CONV,SAT>"
    assert "lif (syn), lif (membrane)" in bundle.settings.provenance.notes
    bundle = imported(path, settings(beta_format="ufixed<3,1,RND_CONV>"))
    syn, _, lif = layers(bundle)
    for beta in (syn.beta, lif.beta):
        assert isinstance(beta, Real)
        assert str(beta.fmt) == "ufixed<3,1,RND_CONV>"
