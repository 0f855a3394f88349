"""State dicts of snnTorch's neurons with currents or recurrent weights: what becomes of arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.ingest.bundle.reader import Bundle
from fwgen.ir.nodes import CubaLif, Dense, Membrane, Neurons
from fwgen.verify.float_model import evaluate
from tests.ingest.spiking.snn_files import state_dict, write_npz, write_pt
from tests.ingest.spiking.test_snn_imports import SNN, imported, real, refusal

BACK = np.array([[-0.5, 2.0], [0.75, 0.25]], np.float32)
CURRENT = [*SNN[1:], "synapse=synaptic"]
X = np.random.default_rng(3).integers(-16, 32, (200, 3)) / 8


def state(**arrays: Any) -> dict[str, np.ndarray]:
    """The state dict with arrays of the neurons added; two underscores stand for a dot."""
    more = {f"lif.{k.replace('__', '.')}": np.asarray(v, np.float32) for k, v in arrays.items()}
    return state_dict() | more


def neurons(bundle: Bundle) -> Neurons:
    """The neurons of the network."""
    found = next(node for node in bundle.graph if node.name == "lif")
    assert isinstance(found, Neurons)
    return found


def run(kept: dict[str, np.ndarray], steps: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """SnnTorch's equations with a delayed reset by subtraction: spikes and membranes."""
    into = X @ kept["fc.weight"].T + kept["fc.bias"]
    alpha, back = kept.get("lif.alpha"), kept.get("lif.recurrent.weight", np.zeros((2, 2)))
    syn, u, spikes = np.zeros_like(into), np.zeros_like(into), np.zeros_like(into)
    seen = []
    for _ in range(steps):
        reset = u > kept["lif.threshold"]
        x = into + spikes @ back.T + kept.get("lif.recurrent.bias", 0)
        syn = x if alpha is None else np.clip(alpha, 0, 1) * syn + x
        u = np.clip(kept["lif.beta"], 0, 1) * u + syn - reset * kept["lif.threshold"]
        spikes = (u > kept["lif.threshold"]).astype(float)
        seen.append((spikes, u))
    return np.stack([s for s, _ in seen]), np.stack([u for _, u in seen])


@pytest.mark.parametrize("alpha", [0.5, [0.25, 1.5]])
def test_synaptic(tmp_path: Path, alpha: Any) -> None:
    """A cuba_lif that takes the new current; alpha is clamped to 0..1 as beta is."""
    kept = state(alpha=alpha)
    bundle = imported(write_pt(tmp_path / "net.pt", kept), CURRENT)
    integrators, current = bundle.graph.nodes[2:4]
    assert isinstance(integrators, Neurons)
    assert isinstance(current, Membrane)
    assert not current.previous
    assert real(integrators.beta).tolist() == np.clip(alpha, 0, 1).tolist()
    values, (spikes, membranes) = evaluate(bundle.graph, X), run(kept)
    assert np.array_equal(values["lif"], spikes)
    assert np.array_equal(values["lif.membrane"], membranes)
    assert "snntorch.Synaptic 1.0" in str(bundle.settings.provenance.framework)


@pytest.mark.parametrize("bias", [None, [0.25, -0.5]])
def test_rleaky(tmp_path: Path, bias: Any) -> None:
    """Its linear map becomes recurrent weights; the bias acts in every step, in front."""
    more = {} if bias is None else {"recurrent__bias": bias}
    kept = state(recurrent__weight=BACK, **more)
    bundle = imported(write_pt(tmp_path / "net.pt", kept), SNN)
    assert np.array_equal(real(neurons(bundle).recurrent), BACK)
    dense = bundle.graph.nodes[1]
    assert isinstance(dense, Dense)
    assert real(dense.bias).tolist() == [0.25 + (bias or [0])[0], (bias or [0, 0])[1]]
    values, (spikes, membranes) = evaluate(bundle.graph, X), run(kept)
    assert np.array_equal(values["lif"], spikes)
    assert np.array_equal(values["lif.membrane"], membranes)


@pytest.mark.parametrize("bias", [None, [0.25, -0.5]])
def test_rsynaptic(tmp_path: Path, bias: Any) -> None:
    """Recurrent spikes go into the current, in one cuba_lif node."""
    more = {} if bias is None else {"recurrent__bias": bias}
    kept = state(alpha=[0.25, 1.5], recurrent__weight=BACK, **more)
    bundle = imported(write_pt(tmp_path / "net.pt", kept), CURRENT)
    node = neurons(bundle)
    assert isinstance(node, CubaLif)
    assert not node.previous
    assert np.array_equal(real(node.recurrent), BACK)
    values, (spikes, membranes) = evaluate(bundle.graph, X), run(kept)
    assert np.array_equal(values["lif"], spikes)
    assert np.array_equal(values["lif.membrane"], membranes)
    said = [text.replace("reset_delay=true", "reset_delay=false") for text in CURRENT]
    assert "snnTorch 1.0 has no other for RSynaptic" in refusal(tmp_path / "net.pt", said)


@pytest.mark.parametrize("weights", [0.5, [0.5, -0.25]])
def test_neurons_that_read_themselves_alone(tmp_path: Path, weights: Any) -> None:
    """V is a diagonal; snnTorch stores it twice, or once where it is not learnt."""
    diagonal = np.diag(np.broadcast_to(weights, 2))
    path = write_npz(tmp_path / "net.npz", state(V=weights, recurrent__V=weights))
    graph = imported(path, [*SNN, "order=fc,lif"])
    assert np.array_equal(real(neurons(graph).recurrent), diagonal)
    path = write_pt(
        tmp_path / "net.pt", state(V=weights), modules=["", "fc", "lif", "lif.recurrent"]
    )
    assert np.array_equal(real(neurons(imported(path, SNN)).recurrent), diagonal)


def test_what_the_neurons_are_is_asked_for(tmp_path: Path) -> None:
    """Alpha has the arrays of Synaptic; either may have inhibition, of which no file tells."""
    path = write_pt(tmp_path / "net.pt", state(alpha=0.5))
    assert "--set synapse=synaptic (each with alpha" in refusal(path, SNN[1:])
    assert "needed a key that this file's format asks for" in refusal(path, [*SNN, CURRENT[-1]])
    both = state(alpha=0.5) | {k.replace("lif", "b"): v for k, v in state_dict().items()}
    order = {key: both[key] for key in both if not key.startswith("fc")}
    path = write_pt(tmp_path / "net.pt", {"fc.weight": both["fc.weight"]} | order)
    assert [n.op for n in imported(path, [*CURRENT, SNN[0]]).graph][1:6] == [
        "dense", "lif", "membrane", "lif", "lif",
    ]  # fmt: skip


def test_a_reset_to_zero_in_its_own_step(tmp_path: Path) -> None:
    """Then no step begins above the threshold, and snnTorch has no current to drop."""
    kept = state(alpha=0.5, reset_mechanism_val=1)
    path = write_pt(tmp_path / "net.pt", kept)
    at_once = [text.replace("reset_delay=true", "reset_delay=false") for text in CURRENT]
    assert neurons(imported(path, at_once)).reset == "zero"
    path = write_pt(tmp_path / "net.pt", kept | {"lif.threshold": np.float32([-0.5, 1])})
    assert "drops the current" in refusal(path, at_once)
