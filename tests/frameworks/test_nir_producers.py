"""NIR networks against Norse and sinabs: the same spikes in every step.

The files are written with the package nir and the cells are those frameworks' own, with the numbers
that their importers would give them. Weights, thresholds and Norse's leak factors are dyadic, so
float32 is exact.
"""

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.ir.cast import to_real
from fwgen.ir.nodes import Neurons
from tests.frameworks.importing import answers, import_all, integers

REASON = "needs it beside the [torch] extra, which its own pin of nir does not allow"
torch = pytest.importorskip("torch", reason="needs the [torch] extra: pip install fwgen[torch]")
nir = pytest.importorskip("nir", reason="needs the [torch] extra: pip install fwgen[torch]")
pytestmark = pytest.mark.frameworks

GRAPHS = int(os.environ.get("FWGEN_TEST_GRAPHS", "20"))
EVENTS, STEPS, SIZES = 1000, 5, (3, 4, 2)
DT = 2.0**-10
BASE = {"formats": "exact", "steps": STEPS, "input_format": "fixed<6,3>"}


def dyadic(rng: np.random.Generator, lo: float, hi: float, bits: int, shape: Any) -> np.ndarray:
    """Random multiples of ``2**-bits`` from ``lo`` to ``hi``."""
    scale = 2.0**bits
    return rng.integers(int(lo * scale), int(hi * scale), shape, endpoint=True) / scale


def graph_of(neurons: list[Any], weights: list[np.ndarray]) -> Any:
    """Two layers of neurons behind two of weights."""
    nodes = {"in": nir.Input(np.array([SIZES[0]]))}
    for k, (neuron, weight) in enumerate(zip(neurons, weights, strict=True)):
        nodes |= {f"w{k}": nir.Linear(weight=weight.astype(np.float32)), f"n{k}": neuron}
    nodes["out"] = nir.Output(np.array([SIZES[-1]]))
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)))


def weights_of(rng: np.random.Generator) -> list[np.ndarray]:
    """Dyadic weights of both layers."""
    return [dyadic(rng, -1.5, 2, 3, (b, a)) for a, b in pairwise(SIZES)]


def full(values: np.ndarray) -> Any:
    """A float32 tensor."""
    return torch.from_numpy(values).float()


def run(cells: list[Any], weights: list[np.ndarray], x: np.ndarray) -> dict[str, np.ndarray]:
    """Spikes of both layers, and Norse's membranes; each cell maps an input and a state to both."""
    states: list[Any] = [None] * len(cells)
    seen: dict[str, list[np.ndarray]] = {}
    with torch.no_grad():
        for _ in range(STEPS):
            value = full(x)
            for k, (cell, weight) in enumerate(zip(cells, weights, strict=True)):
                value, states[k] = cell(value @ full(weight).T, states[k])
                seen.setdefault(f"n{k}", []).append(value.numpy().copy())
                if hasattr(states[k], "v"):
                    seen.setdefault(f"n{k}.membrane", []).append(states[k].v.numpy().copy())
    return {name: np.stack(values) for name, values in seen.items()}


def check(tmp_path: Path, nets: list[tuple[Any, ...]], producer: str) -> None:
    """Import all, and compare each with its cells."""
    commands = []
    for k, (neurons, _, weights, _, said) in enumerate(nets):
        nir.write(tmp_path / f"{k}.nir", graph_of(neurons, weights))
        flags = answers(BASE | {"readout": "spike_count"} | said)
        commands.append(
            [tmp_path / f"{k}.nir", "-o", tmp_path / f"net{k}", "--producer", producer, *flags]
        )
    import_all(tmp_path, commands)
    spikes = 0
    for k, (_, cells, weights, x, _) in enumerate(nets):
        graph, ours = integers(tmp_path / f"net{k}", x)
        for name, theirs in run(cells, weights, x).items():
            if not name.endswith(".membrane"):
                assert np.array_equal(ours[name], theirs), (k, name)
                spikes += int(theirs.sum())
                continue
            node = next(node for node in graph if name == f"{node.name}.membrane")
            assert isinstance(node, Neurons)
            assert node.membrane is not None
            assert np.array_equal(to_real(ours[name], node.membrane.frac), theirs), (k, name)
    assert spikes > 20 * len(nets)


def test_norse(tmp_path: Path) -> None:
    """Euler, a reset to zero at the spike, leaks and thresholds one a neuron; IF as well."""
    norse = pytest.importorskip("norse.torch", reason=REASON)
    nets = []
    for seed in range(GRAPHS):
        rng = np.random.default_rng([1, seed])
        neurons, cells = [], []
        for size in SIZES[1:]:
            threshold = dyadic(rng, 0.25, 1, 3, size)
            if rng.random() < 0.3:
                r = np.ones(size, np.float32)
                neurons.append(nir.IF(r=r, v_threshold=threshold.astype(np.float32)))
                cells.append(norse.IAFCell(norse.IAFParameters(v_th=full(threshold))))
                continue
            tau = (2.0 ** rng.integers(-10, -7, size)).astype(np.float32)
            zeros, ones = np.zeros_like(tau), np.ones_like(tau)
            th = threshold.astype(np.float32)
            neurons.append(nir.LIF(tau=tau, r=ones, v_leak=zeros, v_threshold=th))
            p = norse.LIFBoxParameters(
                tau_mem_inv=full(1 / tau), v_th=full(threshold), v_leak=full(zeros)
            )
            cells.append(norse.LIFBoxCell(p, dt=DT))
        x = dyadic(rng, -4, 3.875, 3, (EVENTS, SIZES[0]))
        timed = {"dt": DT, "tau": "seconds"} if any(isinstance(n, nir.LIF) for n in neurons) else {}
        nets.append((neurons, cells, weights_of(rng), x, {"reset": "zero"} | timed))
    check(tmp_path, nets, "norse")


def test_norse_subtract(tmp_path: Path) -> None:
    """Subtract at the spike with a leak, where no membrane stays above its threshold."""
    norse = pytest.importorskip("norse.torch", reason=REASON)
    reset = pytest.importorskip("norse.torch.functional.reset", reason=REASON)
    nets = []
    for seed in range(GRAPHS):
        rng = np.random.default_rng([4, seed])
        neurons, cells = [], []
        for size, lowest in zip(SIZES[1:], (3.25, 1.125), strict=True):
            threshold = dyadic(rng, lowest, lowest + 0.5, 3, size)
            tau = (2.0 ** rng.integers(-10, -7, size)).astype(np.float32)
            zeros, ones = np.zeros_like(tau), np.ones_like(tau)
            th = threshold.astype(np.float32)
            neurons.append(nir.LIF(tau=tau, r=ones, v_leak=zeros, v_threshold=th))
            p = norse.LIFBoxParameters(
                tau_mem_inv=full(1 / tau),
                v_th=full(threshold),
                v_leak=full(zeros),
                reset_method=reset.reset_subtract,
            )
            cells.append(norse.LIFBoxCell(p, dt=DT))
        x = dyadic(rng, -1, 3.875, 3, (EVENTS, SIZES[0]))
        weights = [
            dyadic(rng, -0.25, 0.5, 3, (SIZES[1], SIZES[0])),
            dyadic(rng, 0.25, 0.5, 3, (SIZES[2], SIZES[1])),
        ]
        nets.append((neurons, cells, weights, x, {"dt": DT, "tau": "seconds", "reset": "subtract"}))
    check(tmp_path, nets, "norse")


def test_norse_currents(tmp_path: Path) -> None:
    """LIFCell, which Norse writes as CubaLIF: the new current, which its input enters as it is."""
    norse = pytest.importorskip("norse.torch", reason=REASON)
    nets = []
    for seed in range(GRAPHS):
        rng = np.random.default_rng([5, seed])
        neurons, cells = [], []
        for size in SIZES[1:]:
            threshold = dyadic(rng, 0.25, 1, 3, size)
            syn, mem = ((2.0 ** rng.integers(-10, -8, size)).astype(np.float32) for _ in range(2))
            zeros, th = np.zeros_like(syn), threshold.astype(np.float32)
            keys = {"tau_syn": syn, "tau_mem": mem, "v_leak": zeros, "v_threshold": th}
            neurons.append(nir.CubaLIF(r=np.ones_like(syn), **keys))
            p = norse.LIFParameters(
                tau_syn_inv=full(1 / syn),
                tau_mem_inv=full(1 / mem),
                v_th=full(threshold),
                v_leak=full(zeros),
            )
            cells.append(norse.LIFCell(p, dt=DT))
        x = dyadic(rng, -4, 3.875, 3, (EVENTS, SIZES[0]))
        said = {"reset": "zero", "dt": DT, "tau": "seconds"}
        nets.append((neurons, cells, weights_of(rng), x, said))
    check(tmp_path, nets, "norse")


def test_sinabs_without_a_leak(tmp_path: Path) -> None:
    """IAF with SingleSpike: equality fires, subtract and zero, at the spike."""
    sl = pytest.importorskip("sinabs.layers", reason=REASON)
    activation = pytest.importorskip("sinabs.activation", reason=REASON)
    nets, hits = [], 0
    for seed in range(GRAPHS):
        rng = np.random.default_rng([2, seed])
        subtract = bool(seed % 2)
        reset = activation.MembraneSubtract() if subtract else activation.MembraneReset()
        neurons, cells = [], []
        for size in SIZES[1:]:
            threshold = dyadic(rng, 0.25, 2, 2, size)
            r = np.ones(size, np.float32)
            neurons.append(nir.IF(r=r, v_threshold=threshold.astype(np.float32)))
            cells.append(cell_of(sl.IAF, full(threshold), activation, reset, min_v_mem=None))
        x = dyadic(rng, -4, 3.5, 1, (EVENTS, SIZES[0]))
        weights = weights_of(rng)
        hits += int((x @ weights[0].T == neurons[0].v_threshold).sum())
        said = {"reset": "subtract" if subtract else "zero", "spikes": "one", "v_min": "none"}
        nets.append((neurons, cells, weights, x, said))
    assert hits > 0
    check(tmp_path, nets, "sinabs")


def test_sinabs_with_a_leak(tmp_path: Path) -> None:
    """LIF with SingleSpike and a reset to zero, leak factors that are dyadic but for rounding.

    `beta_format` makes them so, since ``>=`` is exact on a grid only.
    """
    sl = pytest.importorskip("sinabs.layers", reason=REASON)
    activation = pytest.importorskip("sinabs.activation", reason=REASON)
    nets = []
    for seed in range(GRAPHS):
        rng = np.random.default_rng([3, seed])
        neurons, cells = [], []
        for size in SIZES[1:]:
            threshold = dyadic(rng, 0.25, 1, 2, size)
            beta = dyadic(rng, 0.25, 0.75, 2, size)
            tau = (-1 / np.log(beta)).astype(np.float32)
            assert np.allclose(np.exp(-1 / tau), beta, rtol=1e-6)  # what float32 leaves of it
            th, zeros, ones = threshold.astype(np.float32), np.zeros_like(tau), np.ones_like(tau)
            neurons.append(nir.LIF(tau=tau, r=ones, v_leak=zeros, v_threshold=th))
            keys = {"tau_mem": full(tau), "norm_input": False}
            reset = activation.MembraneReset()
            cells.append(cell_of(sl.LIF, full(threshold), activation, reset, **keys))
        x = dyadic(rng, -4, 3.875, 3, (EVENTS, SIZES[0]))
        said = {"lif_input": "plain", "reset": "zero", "spikes": "one", "v_min": "none"}
        said |= {"beta_format": "ufixed<9,1,RND_CONV>"}
        nets.append((neurons, cells, weights_of(rng), x, said))
    check(tmp_path, nets, "sinabs")


def cell_of(layer: Any, threshold: Any, activation: Any, reset: Any, **keys: Any) -> Any:
    """A sinabs layer as a cell: one step at a time, its state kept inside."""
    made = layer(spike_threshold=threshold, spike_fn=activation.SingleSpike, reset_fn=reset, **keys)

    def cell(value: Any, state: Any) -> Any:
        if state is None:
            made.reset_states() if made.is_state_initialised() else None
        return made(value[:, None])[:, 0], True

    return cell
