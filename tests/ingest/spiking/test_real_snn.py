"""Public ``.nir`` files: each imports and does what its framework's trace shows, or is refused.

They lie in ``../shared/real`` beside the checkout, or where FWGEN_REAL says.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fwgen.errors import BundleError
from fwgen.flow.import_ import answers_of, import_model
from fwgen.ingest.sources import Request
from fwgen.ir.cast import to_real
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense, Input, LastMembrane, Lif, Node, Real, Reset
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.quantise.passes import quantise
from fwgen.verify.float_model import evaluate
from fwgen.verify.reference import Reference

REAL = Path(os.environ.get("FWGEN_REAL", Path(__file__).parents[3].parent / "shared" / "real"))
PLAIN = ["steps=250", "input_format=ufixed<16,1,RND_CONV>", "readout=spike_count"]
SUPPORTED = "Input, Output, Affine, Linear, Scale, Flatten, Threshold, IF, LI, LIF, CubaLI, CubaLIF"


def real(name: str) -> Path:
    """A public file; the test is skipped where there is none."""
    if not (REAL / name).exists():
        pytest.skip(f"needs {REAL / name}")
    return REAL / name


def imported(
    path: Path, out: Path, settings: list[str], producer: str | None, precision: str | None = None
) -> Graph:
    """The graph of an imported file."""
    request = Request(path, "net", answers_of(settings), producer, precision)
    return import_model(request, out).graph


def played(graph: Graph, current: np.ndarray) -> dict[str, np.ndarray]:
    """The network on a current that changes from step to step.

    An event is the same in every step, so spikes make the pulses: counters that fire from one step
    on, each minus the next.
    """
    pulses = np.flatnonzero(current) + 1  # steps count from 1
    height = current[pulses[0] - 1]
    ends = np.column_stack([pulses, pulses + 1]).ravel() - 0.5
    signs = np.tile([height, -height], len(pulses))[None]
    wide, size = Fixed.parse("fixed<40,8,RND_CONV>"), len(ends)
    weight = Real(np.ones((size, 1)), Fixed.parse("fixed<3,3>"))
    bit = Fixed.parse("ufixed<1,1>")
    front: list[Node] = [
        Input("x", 1, bit),
        Dense("count", "x", weight, Real(np.zeros(size))),
        Lif(
            "counters",
            "count",
            beta=Real(np.ones(())),
            threshold=Real(ends, Fixed.parse("fixed<16,14>")),
            membrane=None,
            reset=Reset.NONE,
            reset_delay=True,
        ),
        Dense("current", "counters", Real(signs, wide), Real(np.zeros(1))),
    ]
    rest: list[Node] = []
    for node in graph.nodes[1:]:
        first = node.sources == (graph.nodes[0].name,)
        rest.append(node.reading({graph.nodes[0].name: "current"}) if first else node)
    neuron = next(node for node in rest if isinstance(node, Lif))
    rest.append(LastMembrane("end", neuron.name))
    nodes = (*front, *rest)
    whole = replace(graph, steps=len(current), nodes=nodes, outputs=("end", *graph.outputs))
    whole = quantise(whole)
    values = Reference.of(whole).run(np.ones((1, 1), dtype=object)).values
    fixed = next(node for node in whole if node.name == neuron.name)
    assert isinstance(fixed, Lif)
    assert fixed.membrane is not None
    membrane = to_real(values[f"{neuron.name}.membrane"], fixed.membrane.frac)
    return {"spikes": values[neuron.name][:, 0, 0], "membrane": membrane[:, 0, 0]}


TRACES = [
    ("norse", "norse", ["dt=1e-4", "tau=seconds", "reset=zero"], 1.0),
    ("snntorch", "snntorch", ["reset=zero", "reset_delay=false"], 25.0),
    (
        "sinabs",
        "sinabs",
        [
            "dt=1e-4",
            "comparison=gt",  # real numbers never meet the threshold
            "reset=subtract",
            "spikes=one",
            "lif_input=plain",
            "v_min=none",
            "input_format=ufixed<16,-4,RND_CONV>",
        ],
        1.0,
    ),
]


@pytest.mark.parametrize(("name", "producer", "said", "scale"), TRACES, ids=[t[0] for t in TRACES])
def test_traces(tmp_path: Path, name: str, producer: str, said: list[str], scale: float) -> None:
    """One ``.nir`` file, three platforms' traces: each by its own answers, spike for spike.

    The leak factors are no binary fractions, so membranes agree to the bits that were asked for;
    snnTorch scales its membrane by the threshold's 25.
    """
    trace = np.loadtxt(real(f"nir/lif_{name}.csv"), delimiter=",")
    keys = {key.partition("=")[0] for key in said}
    settings = said + [text for text in PLAIN if text.partition("=")[0] not in keys]
    settings.append("beta_format=ufixed<33,1,RND_CONV>")
    precision = "fixed<48,8,RND_CONV>"
    path = real("nir/lif_norse.nir")
    graph = imported(path, tmp_path / "net", settings, producer, precision)
    got = played(graph, trace[:, 0])
    assert np.array_equal(got["spikes"], trace[:, 2])
    assert trace[:, 2].sum() == 4
    assert np.abs(got["membrane"] * scale - trace[:, 1]).max() < 2e-6


def test_wrong_answers_show(tmp_path: Path) -> None:
    """The traces differ by their answers: Norse's are not sinabs'."""
    trace = np.loadtxt(real("nir/lif_sinabs.csv"), delimiter=",")
    settings = [*PLAIN, "dt=1e-4", "tau=seconds", "reset=zero", "beta_format=ufixed<33,1,RND_CONV>"]
    path = real("nir/lif_norse.nir")
    graph = imported(path, tmp_path / "net", settings, "norse", "fixed<48,8,RND_CONV>")
    got = played(graph, (trace[:, 0] > 0).astype(float))
    assert not np.array_equal(got["spikes"], trace[:, 2])


@pytest.mark.parametrize("producer", ["norse", "snntorch"])
def test_two_neurons(tmp_path: Path, producer: str) -> None:
    """Two layers; the constant v_leak of the first becomes its bias, (1 - beta) v_leak."""
    settings = [*PLAIN, "reset=zero", "initial=zero"]
    settings += ["reset_delay=false"] if producer == "snntorch" else ["tau=seconds"]
    graph = imported(real("nir/two_lif_neurons.nir"), tmp_path / "net", settings, producer)
    dense = next(node for node in graph if node.name == "linear1")
    assert isinstance(dense, Dense)
    assert isinstance(dense.bias, Real)
    share = 1e-2 if producer == "snntorch" else 1e-1
    assert np.allclose(dense.bias.values, share * 1.2)  # real numbers of the float model
    assert [node.name for node in graph][1:] == ["linear1", "lif1", "linear2", "lif2", "lif2_count"]


BRAILLE = [
    ("bias_zero", ["reset=zero", "reset_delay=at_spike", "recurrent_bias=every"]),
    ("noBias_subtract", ["reset=subtract", "reset_delay=false"]),
]


@pytest.mark.parametrize(("name", "said"), BRAILLE, ids=[name for name, _ in BRAILLE])
def test_braille(tmp_path: Path, name: str, said: list[str]) -> None:
    """Recurrent neurons with synaptic currents: the spikes of the file's equations; they lower.

    The reset acts in the step of the spike, as the files' names say.
    """
    path = real(f"nir/braille_noDelay_{name}.nir")
    settings = [
        "dt=1e-4", "integration=euler", "current=new", "syn_input=scaled", "comparison=gt",
        "steps=6", "input_format=ufixed<2,2>", "readout=spike_count", *said,
    ]  # fmt: skip
    graph = imported(path, tmp_path / "net", settings, None)
    events = np.random.default_rng(1).integers(0, 4, (200, 12)).astype(float)
    ours, theirs = evaluate(graph, events), braille(path, events, zero="zero" in name)
    for layer, spikes in theirs.items():
        assert np.array_equal(ours[layer], spikes)
        assert 0.01 < spikes.mean() < 0.99
    assert lower(quantise(graph), Pace(240.0)).blocks


def braille(path: Path, events: np.ndarray, *, zero: bool) -> dict[str, np.ndarray]:
    """The file's equations by Euler's method, in float64: spikes of both layers."""
    with h5py.File(path) as file:
        nodes = {n: {k: v[()] for k, v in g.items()} for n, g in file["node/nodes"].items()}
    back, seen = nodes["lif1.w_rec"], dict[str, list[np.ndarray]](lif1_lif=[], lif2=[])
    spikes = np.zeros((len(events), len(back["weight"])))
    first = second = np.zeros((2, 1, 1))
    for _ in range(6):
        value = affine(nodes["fc1"], events) + affine(back, spikes)
        spikes, first = spiked(nodes["lif1.lif"], value, first, zero=zero)
        last, second = spiked(nodes["lif2"], affine(nodes["fc2"], spikes), second, zero=zero)
        seen["lif1_lif"].append(spikes)
        seen["lif2"].append(last)
    return {name: np.stack(fired) for name, fired in seen.items()}


def affine(node: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """A linear map, with a bias where there is one."""
    return np.asarray(x @ node["weight"].T.astype(float) + node.get("bias", 0.0))


def spiked(
    node: dict[str, Any], x: np.ndarray, state: np.ndarray, *, zero: bool
) -> tuple[np.ndarray, np.ndarray]:
    """One step with dt = 1e-4: spikes, and the current and the membrane behind it."""
    syn, v = state
    syn = syn + 1e-4 / node["tau_syn"] * (node["w_in"] * x - syn)
    r = (v > node["v_threshold"]).astype(float)
    v = v + 1e-4 / node["tau_mem"] * (node["r"] * syn - v) - (0 if zero else r)
    s = (v > node["v_threshold"]).astype(float)
    return s, np.stack([syn, v * (1 - s) if zero else v - (s - r)])


REFUSED = [
    (
        "nir/lif_rockpool.nir",
        "node 'output': shape: needed (1,), the shape of what it reads; found",
    ),
    ("nir/braille_noDelay_bias_zero.nir", "--set recurrent_bias=every|later (a bias of recurrent"),
    (
        "nir/braille_noDelay_noBias_subtract.nir",
        "--set current=new|previous (synaptic current that",
    ),
    (
        "nir/cnn_sinabs.nir",
        f"needed a node that fwgen has an operation for: {SUPPORTED}; found Conv2d, a convolution.",
    ),
    ("snntorch/lif.nir", "needed 8 answers that the file does not give; found none. Add --set"),
    ("nir/lif_norse.nir", "Or name who wrote it: --producer snntorch|norse|sinabs."),
]


@pytest.mark.parametrize(("name", "message"), REFUSED, ids=[name for name, _ in REFUSED])
def test_refused(tmp_path: Path, name: str, message: str) -> None:
    """What cannot be imported, or leaves answers open, says why; nothing is written."""
    path = real(name)
    with pytest.raises(BundleError) as error:
        imported(path, tmp_path / "net", [], None)
    assert message in str(error.value)
    assert not (tmp_path / "net").exists()


def test_snntorch(tmp_path: Path) -> None:
    """SnnTorch's own test file imports with its producer and the reset."""
    settings = [*PLAIN, "reset=subtract", "reset_delay=true"]
    graph = imported(real("snntorch/lif.nir"), tmp_path / "net", settings, "snntorch")
    lif = next(node for node in graph if isinstance(node, Lif))
    assert isinstance(lif.beta, Real)
    assert np.isclose(lif.beta.values, 0.96)  # a real number of the float model
    assert (lif.reset, lif.reset_delay) == (Reset.SUBTRACT, True)
