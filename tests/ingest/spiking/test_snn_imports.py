"""Spiking networks from files written by hand: what is understood, and what is asked for."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fwgen.errors import BundleError
from fwgen.flow.import_ import answers_of, import_model
from fwgen.ingest.bundle.reader import Bundle
from fwgen.ingest.files.hdf5 import read_hdf5
from fwgen.ingest.snntorch.beta import recovered
from fwgen.ingest.sources import Request
from fwgen.ir.cast import to_real
from fwgen.ir.nodes import BatchNorm, Dense, Input, Lif, Real, Threshold
from fwgen.ir.text import to_text
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference
from tests.cpu import cpu_within
from tests.ingest.spiking.snn_files import (
    nir_nodes,
    pickle_of,
    state_dict,
    tensor,
    write_nir,
    write_npz,
    write_pt,
    write_safetensors,
)

NIR = [
    "dt=1",
    "integration=euler",
    "reset=subtract",
    "reset_delay=true",
    "comparison=gt",
    "steps=4",
    "readout=membrane",
    "input_format=fixed<6,3>",
]
SNN = ["neuron=leaky", "reset_delay=true", "steps=4", "readout=membrane", "input_format=fixed<6,3>"]


def imported(
    path: Path, settings: list[str], producer: str | None = None, precision: str | None = None
) -> Bundle:
    """The bundle that a file becomes."""
    request = Request(path, "net", answers_of(settings), producer, precision)
    return import_model(request, path.parent / "net", force=True)


def refusal(path: Path, settings: list[str], producer: str | None = None) -> str:
    """What is said instead."""
    with pytest.raises(BundleError) as error:
        imported(path, settings, producer)
    return str(error.value)


def real(parameter: Any) -> np.ndarray:
    """The values of a parameter as they came from the file."""
    assert isinstance(parameter, Real)
    return parameter.values


# ---- NIR ----


def test_nir(tmp_path: Path) -> None:
    """The leak is 1 - dt/tau; the input gain r*dt/tau goes into the weights in front."""
    nodes = nir_nodes()
    nodes["lif"]["r"] = np.array([2, 4], np.float32)
    bundle = imported(write_nir(tmp_path / "net.nir", nodes), NIR)
    assert [node.name for node in bundle.graph] == ["x", "fc", "lif", "lif_membrane"]
    dense, lif = bundle.graph.nodes[1:3]
    assert isinstance(dense, Dense)
    assert isinstance(lif, Lif)
    assert real(dense.weight).tolist() == [[0.5, -0.25, 1.0], [0.5, 1.0, 0.0]]
    assert real(dense.bias).tolist() == [0.25, 0.0]
    assert float(real(lif.beta)) == 0.5
    notes = bundle.settings.provenance.notes
    assert "dt is 1.0, by --set. " in notes
    assert "reset is subtract, by --set." in notes


def test_an_event_may_be_spikes(tmp_path: Path) -> None:
    """A bit for each element and step; weights, leak and spikes are those of the equations."""
    settings = [text for text in NIR if not text.startswith(("input_format", "readout"))]
    settings += ["input_format=spikes", "readout=spike_count", "formats=exact"]
    bundle = imported(write_nir(tmp_path / "net.nir", nir_nodes()), settings)
    (event, *_) = bundle.graph.nodes
    assert isinstance(event, Input)
    assert event.spikes
    trains = np.random.default_rng(1).integers(0, 2, (200, 4, 3))
    fc, u, r = nir_nodes()["fc"], np.zeros((200, 2)), np.zeros((200, 2))
    fired = np.zeros((200, 2))
    for step in range(4):
        u = 0.5 * u + trains[:, step] @ fc["weight"].T + fc["bias"] - r
        r = (u > 1).astype(float)
        fired += r
    values = Reference.of(quantise(bundle.graph)).run(trains.reshape(200, -1)).values
    assert np.array_equal(values["lif_count"], fired)
    assert 0 < fired.mean() < 4


def test_packed_arrays(tmp_path: Path) -> None:
    """Shuffled, packed and summed chunks, one of them left unpacked, from a file or from bytes."""
    path = tmp_path / "a.h5"
    values = np.arange(300.0).reshape(30, 10)
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "a", data=values, chunks=(7, 3), shuffle=True, compression="gzip", fletcher32=True
        )
        loose = file.create_dataset("b", data=values, chunks=(30, 10), compression="gzip")
        loose.id.write_direct_chunk((0, 0), values.tobytes(), filter_mask=1)
    for read in (read_hdf5(path), read_hdf5(path, path.read_bytes())):
        assert np.array_equal(read.arrays["a"], values)
        assert np.array_equal(read.arrays["b"], values)


def test_nir_asks_for_everything_at_once(tmp_path: Path) -> None:
    """One message names every missing answer, with its flag and choices."""
    said = refusal(write_nir(tmp_path / "net.nir", nir_nodes()), [])
    assert "needed 8 answers that the file does not give; found none." in said
    for text in NIR:
        assert f"--set {text.partition('=')[0]}=" in said
    assert said.endswith("Or name who wrote it: --producer snntorch|norse|sinabs.")
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize(
    ("producer", "asked"),
    [
        ("snntorch", ["reset", "reset_delay", "readout", "steps", "input_format"]),
        ("norse", ["tau", "reset", "readout", "steps", "input_format"]),
        (
            "sinabs",
            ["lif_input", "reset", "readout", "spikes", "v_min", "steps", "input_format"],
        ),
    ],
)
def test_a_producer_answers_what_it_knows(tmp_path: Path, producer: str, asked: list[str]) -> None:
    """And nothing else: the number of steps, the reset and the read-out stay open."""
    said = refusal(write_nir(tmp_path / "net.nir", nir_nodes()), [], producer)
    found = [part.partition("=")[0] for part in said.split("--set ")[1:]]
    assert sorted(found) == sorted(asked)


def test_one_node_may_have_its_own_answer(tmp_path: Path) -> None:
    """KEY.NODE is the answer for one node."""
    nodes = nir_nodes()
    nodes |= {"lif2": dict(nodes["lif"]), "output": nodes.pop("output")}
    path = write_nir(tmp_path / "net.nir", nodes)
    bundle = imported(path, [*NIR, "reset.lif2=zero", "reset_delay.lif2=false"])
    resets = [(n.reset, n.reset_delay) for n in bundle.graph if isinstance(n, Lif)]
    assert resets == [("subtract", True), ("zero", False)]


def test_what_is_set_goes_before_the_producer(tmp_path: Path) -> None:
    """SnnTorch's file, but integrated otherwise: the leak is exp(-dt/tau)."""
    nodes = nir_nodes()
    tau = np.float32(1e-4) / (np.float32(1) - np.array([0.75, 0.75], np.float32))
    nodes["lif"] |= {"tau": tau, "r": tau / np.float32(1e-4)}
    path = write_nir(tmp_path / "net.nir", nodes)
    settings = [t for t in NIR if t.partition("=")[0] not in {"dt", "integration", "comparison"}]
    for more, beta in (([], 0.75), (["integration=exponential"], np.exp(-0.25))):
        lif = imported(path, settings + more, "snntorch").graph.nodes[2]
        assert isinstance(lif, Lif)
        assert np.allclose(real(lif.beta), beta, rtol=1e-7)  # tau is a float32


def test_exponential(tmp_path: Path) -> None:
    """Beta = exp(-dt/tau), and the input gain r (1 - beta)."""
    settings = ["integration=exponential" if "integration" in text else text for text in NIR]
    bundle = imported(write_nir(tmp_path / "net.nir", nir_nodes()), settings)
    dense, lif = bundle.graph.nodes[1:3]
    assert isinstance(dense, Dense)
    assert isinstance(lif, Lif)
    decay = -np.expm1(-0.5)
    assert (real(lif.beta) == 1 - decay).all()
    assert real(dense.weight)[0, 0] == 2 * decay * 0.5


def test_v_leak(tmp_path: Path) -> None:
    """The leak voltage becomes a constant current dt/tau v_leak; a membrane begins at 0."""
    nodes = nir_nodes()
    nodes["lif"]["v_leak"] = np.array([0.5, 1.0])
    path = write_nir(tmp_path / "net.nir", nodes)
    dense = imported(path, [*NIR, "initial=zero"]).graph.nodes[1]
    assert isinstance(dense, Dense)
    assert real(dense.bias).tolist() == [0.5, 0.5]
    assert "--set initial=zero|v_leak" in refusal(path, NIR)
    assert "needed membranes that begin at 0; found initial=v_leak" in refusal(
        path, [*NIR, "initial=v_leak"]
    )


def test_other_nodes(tmp_path: Path) -> None:
    """Scale folds where a map is in front, Flatten moves nothing, LI never fires."""
    full = nir_nodes()
    nodes: dict[str, Any] = {
        "input": {"type": "Input", "shape": [1, 3]},
        "flat": {"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": [1, 3]},
        "gain": {"type": "Scale", "scale": np.array([1.0, 2.0, 4.0])},
        "fc": {"type": "Linear", "weight": full["fc"]["weight"]},
        "gain2": {"type": "Scale", "scale": np.array([2.0, 0.5])},
        "if": {"type": "IF", "r": ONE, "v_threshold": ONE, "v_reset": ONE * 0},
        "gain3": {"type": "Scale", "scale": np.array([2.0, 0.5])},
        "li": {"type": "LI", "tau": ONE * 4, "r": ONE * 4, "v_leak": ONE * 0},
        "output": {"type": "Output", "shape": [2]},
    }
    settings = [t for t in NIR if "readout" not in t]
    bundle = imported(write_nir(tmp_path / "net.nir", nodes), [*settings, "if_input=plain"])
    graph = bundle.graph
    assert [node.op for node in graph] == [
        "input", "batch_norm", "dense", "lif", "dense", "lif", "last_membrane",
    ]  # fmt: skip
    assert [node.name for node in graph][3] == "layer_if"  # a word of Verilog
    assert isinstance(graph.nodes[1], BatchNorm)
    fc, spikes, integrator = graph.nodes[2], graph.nodes[4], graph.nodes[5]
    assert isinstance(fc, Dense)
    assert isinstance(spikes, Dense)
    assert isinstance(integrator, Lif)
    assert real(fc.weight).tolist() == [[1.0, -0.5, 2.0], [0.125, 0.25, 0.0]]
    assert real(spikes.weight).tolist() == [[2.0, 0.0], [0.0, 0.5]]
    assert integrator.reset == "none"
    quantised = quantise(graph)
    events = np.zeros((3, 3), dtype=object)
    assert not Reference.of(quantised).run(events).values["li"].any()


ONE = np.ones(2)


def test_a_graph_inside(tmp_path: Path) -> None:
    """Its nodes are named OUTER.INNER in the file, outer_inner in the model."""
    nodes = nir_nodes()
    block = {
        "in": {"type": "Input", "shape": [3]},
        "fc": nodes["fc"],
        "lif": nodes["lif"],
        "out": {"type": "Output", "shape": [2]},
    }
    outer = {"input": nodes["input"], "block": {"nodes": block}, "output": nodes["output"]}
    bundle = imported(write_nir(tmp_path / "net.nir", outer), NIR)
    names = [node.name for node in bundle.graph]
    assert names == ["x", "block_fc", "block_lif", "block_lif_membrane"]


BETWEEN: list[dict[str, Any]] = [
    {"type": "Flatten", "start_dim": 0, "end_dim": -1},
    {"type": "Scale", "scale": np.ones(2)},
    {"nodes": {"i": {"type": "Input", "shape": [2]}, "o": {"type": "Output", "shape": [2]}}},
]


@pytest.mark.parametrize("between", BETWEEN)
def test_the_readout_is_asked_for_behind_other_nodes(
    tmp_path: Path, between: dict[str, Any]
) -> None:
    """Between neurons and an output may be a node that hands on their spikes."""
    nodes = nir_nodes()
    nodes |= {"between": between, "output": nodes.pop("output")}
    path = write_nir(tmp_path / "net.nir", nodes)
    settings = [text for text in NIR if "readout" not in text]
    assert "--set readout=membrane|spike_count" in refusal(path, settings)
    assert imported(path, [*settings, "readout=spike_count"]).graph.outputs == ("lif_count",)


def test_norse_writes_tau_times_its_step(tmp_path: Path) -> None:
    """Beta is 1 - dt/tau where tau is in seconds, and 1 - dt**2/tau in files of Norse 1.1."""
    nodes = nir_nodes()
    nodes["lif"]["tau"] = np.array([2.0**-9, 2.0**-9])
    path = write_nir(tmp_path / "net.nir", nodes)
    settings = [t for t in NIR if t.partition("=")[0] in {"steps", "readout", "input_format"}]
    settings += ["reset=zero", f"dt={2.0**-10}"]
    assert "--set tau=seconds|times_dt (the file's tau" in refusal(path, settings, "norse")
    for unit, beta in (("seconds", 1 - 2.0**-1), ("times_dt", 1 - 2.0**-11)):
        dense, lif = imported(path, [*settings, f"tau={unit}"], "norse").graph.nodes[1:3]
        assert isinstance(dense, Dense)
        assert isinstance(lif, Lif)
        assert float(real(lif.beta)) == beta
        assert real(dense.weight)[0, 0] == 0.5 * 2 * (1 - beta)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("comparison", ["gt", "ge"])
def test_a_reset_at_the_spike(tmp_path: Path, reset: str, comparison: str) -> None:
    """The membrane is reset in the step in which it fires: the same spikes as of these lines.

    After a reset to zero the membranes are the same too, and may be read out.
    """
    nodes = nir_nodes()
    nodes["lif"] = {"type": "IF", "r": ONE, "v_threshold": np.array([0.75, 1.0])}
    fixed = ["steps=6", "readout=spike_count", "input_format=fixed<6,3>", "formats=exact"]
    said = [f"reset={reset}", "reset_delay=at_spike", f"comparison={comparison}", "if_input=plain"]
    graph = quantise(imported(write_nir(tmp_path / "net.nir", nodes), fixed + said).graph)
    events = np.random.default_rng(0).integers(-32, 32, (500, 3))
    ours = Reference.of(graph).run(events.astype(object)).values
    lif = graph.nodes[2]
    assert isinstance(lif, Lif)
    assert lif.membrane is not None
    current = events / 8 @ nodes["fc"]["weight"].T + nodes["fc"]["bias"]
    v, spikes, membranes = np.zeros_like(current), [], []
    for _ in range(6):
        v = v + current
        spikes.append(v > [0.75, 1.0] if comparison == "gt" else v >= [0.75, 1.0])
        v = np.where(spikes[-1], 0 if reset == "zero" else v - [0.75, 1.0], v)
        membranes.append(v)
    assert np.array_equal(ours["lif"], spikes)
    same = np.array_equal(to_real(ours["lif.membrane"], lif.membrane.frac), membranes)
    assert same == (reset == "zero")


def test_static_nodes_need_no_steps(tmp_path: Path) -> None:
    """A map and a threshold: only the comparison and the input's format are open."""
    nodes = nir_nodes()
    nodes["lif"] = {"type": "Threshold", "threshold": np.array([0.5, 1.0])}
    path = write_nir(tmp_path / "net.nir", nodes)
    above = imported(path, ["comparison=gt", "input_format=fixed<6,3>"]).graph.nodes[-1]
    assert isinstance(above, Threshold)
    assert real(above.value).tolist() == [0.5, 1.0]
    settings = ["comparison=ge", "input_format=fixed<6,3>", "formats=exact"]
    reached = imported(path, settings).graph.nodes[-1]
    assert isinstance(reached, Threshold)
    assert real(reached.value).tolist() == [0.5 - 2**-6, 1.0 - 2**-6]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ([], "no number of the file and no sum is rounded."),
        (["beta_format=ufixed<3,1>"], "no number of the file but those rounded first and no sum"),
    ],
)
def test_exact_formats_are_told(tmp_path: Path, settings: list[str], said: str) -> None:
    """The notes do not call a number exact that --set has rounded."""
    bundle = imported(
        write_nir(tmp_path / "n.nir", nir_nodes()), [*NIR, "formats=exact", *settings]
    )
    assert f"Formats are exact: {said}" in bundle.settings.provenance.notes


def test_two_readers_of_one_map(tmp_path: Path) -> None:
    """Each neuron folds its own gain into a copy of the map."""
    nodes = nir_nodes()
    nodes["other"] = nodes["lif"] | {"r": ONE * 4}
    nodes["end"] = {"type": "Output", "shape": [2]}
    edges = [
        ("input", "fc"), ("fc", "lif"), ("lif", "output"), ("fc", "other"), ("other", "end"),
    ]  # fmt: skip
    graph = imported(write_nir(tmp_path / "net.nir", nodes, edges), NIR).graph
    weights = [real(n.weight)[0, 0] for n in graph if isinstance(n, Dense)]
    assert sorted(weights) == [0.5, 1.0]
    assert len(graph.outputs) == 2


def test_edges_that_meet_are_summed(tmp_path: Path) -> None:
    """NIR adds what arrives at a node."""
    nodes = nir_nodes()
    nodes["fc2"] = nodes["fc"]
    edges = [
        ("input", "fc"), ("input", "fc2"), ("fc", "lif"), ("fc2", "lif"), ("lif", "output"),
    ]  # fmt: skip
    graph = imported(write_nir(tmp_path / "net.nir", nodes, edges), NIR).graph
    assert "lif_sum = add(fc, fc2)" in to_text(graph)


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.5, 0.9, 0.875, 0.99609375, 1.0, 1.25, -0.5])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_leak_that_snntorch_wrote(beta: float, kind: Any) -> None:
    """Tau = 1e-4/(1 - beta) in the file's own type gives a beta that is written as the same tau."""
    written = np.array([beta], kind)
    with np.errstate(divide="ignore"):
        tau = kind(1e-4) / (kind(1) - written)
    found = recovered(tau, tau / kind(1e-4))
    assert found is not None
    short = np.ldexp(beta, 10).is_integer()
    if short:
        assert found[0][0] == min(max(beta, 0), 1)
    assert found[1][0] == 1
    with np.errstate(divide="ignore"):
        again = kind(1e-4) / (kind(1) - found[0].astype(kind))
    assert beta > 1 or beta < 0 or again == tau
    assert recovered(tau, tau) is None or beta == 1


# ---- state dicts ----


def test_state_dict(tmp_path: Path) -> None:
    """The same network from all three formats, in the order of the file."""
    (tmp_path / "a").mkdir()
    texts = set()
    for path, more in (
        (write_pt(tmp_path / "a" / "net.pt"), []),
        (write_npz(tmp_path / "a" / "net.npz"), ["order=fc,lif"]),
        (write_safetensors(tmp_path / "a" / "net.safetensors"), ["order=fc,lif"]),
    ):
        texts.add(to_text(imported(path, SNN + more).graph))
    assert len(texts) == 1
    text = texts.pop()
    assert "lif = lif(fc) beta=[2]:auto threshold=1.0:auto membrane=auto reset=subtract" in text


def test_state_dict_asks_for_everything_at_once(tmp_path: Path) -> None:
    """What a state dict cannot say; the order only where the file has none."""
    said = refusal(write_pt(tmp_path / "net.pt"), [])
    found = [part.partition("=")[0] for part in said.split("--set ")[1:]]
    assert sorted(found) == ["input_format", "neuron", "readout", "reset_delay", "steps"]
    for path in (
        write_safetensors(tmp_path / "net.safetensors"),
        write_npz(tmp_path / "net.npz"),
        write_pt(tmp_path / "net.pt", pickled=pickle_of(state_dict())),
    ):
        assert "--set order=NAME,NAME,..." in refusal(path, [])


def test_modules_without_arrays_are_asked_for(tmp_path: Path) -> None:
    """PyTorch's metadata shows them; so do the numbers of a Sequential."""
    path = write_pt(tmp_path / "net.pt", modules=["", "fc", "act", "lif"])
    assert "--set layer.act=relu|none" in refusal(path, SNN)
    graph = imported(path, [*SNN, "layer.act=relu"]).graph
    assert [node.op for node in graph][1:4] == ["dense", "relu", "lif"]
    counted = {
        key.replace("fc", "0").replace("lif", "2"): value for key, value in state_dict().items()
    }
    path = write_npz(tmp_path / "net.npz", counted)
    assert "--set layer.1=relu|none" in refusal(path, SNN)
    graph = imported(path, [*SNN, "layer.1=none"]).graph
    assert [node.name for node in graph] == ["x", "linear_0", "leaky_2", "leaky_2_membrane"]


def test_order(tmp_path: Path) -> None:
    """The user's order counts; a ReLU may be put in, and no module left out."""
    path = write_pt(tmp_path / "net.pt")
    graph = imported(path, [*SNN, "order=fc,relu,lif"]).graph
    assert [node.op for node in graph][1:4] == ["dense", "relu", "lif"]
    assert "needed every module that has arrays; found no 'lif'" in refusal(path, ["order=fc"])
    assert "needed names among fc, lif, relu; found 'fc1'" in refusal(path, ["order=fc1,lif"])
    assert "needed each module once" in refusal(path, ["order=fc,lif,lif"])


def test_bare_maps_ask_for_the_order(tmp_path: Path) -> None:
    """Between two linear maps forward() may call a ReLU that no file shows."""
    fc = {key.replace("fc", "a"): value for key, value in state_dict().items() if "fc" in key}
    state = fc | {"b.weight": np.eye(2, dtype=np.float32)}
    path = write_pt(tmp_path / "net.pt", state)
    fmt = "input_format=fixed<6,3>"
    assert "--set order=NAME,NAME,... (modules in the order" in refusal(path, [fmt])
    graph = imported(path, [fmt, "order=a,relu,b"]).graph
    assert [node.op for node in graph] == ["input", "dense", "relu", "dense"]
    graph = imported(path, [fmt, "order=a,b"]).graph
    assert [node.op for node in graph] == ["input", "dense", "dense"]


def test_maps_in_a_row(tmp_path: Path) -> None:
    """What changes nothing, or a normalisation, between two maps hides a ReLU as well."""
    fc = {key.replace("fc", "a"): value for key, value in state_dict().items() if "fc" in key}
    norm = {"running_mean": ONE, "running_var": ONE}
    settings = ["input_format=fixed<6,3>", "epsilon=1"]
    last = {"b.weight": np.eye(2)}
    first, second = ({f"{name}.{key}": norm[key] for key in norm} for name in ("n1", "n2"))
    for state in (fc | first | last, fc | first | second):
        path = write_pt(tmp_path / "net.pt", {k: v.astype(np.float32) for k, v in state.items()})
        assert "--set order=NAME,NAME,..." in refusal(path, settings)
    state = {key: value.astype(np.float32) for key, value in (fc | last).items()}
    path = write_pt(tmp_path / "net.pt", state, modules=["", "a", "drop", "b"])
    assert "--set order=NAME,NAME,..." in refusal(path, [settings[0], "layer.drop=none"])
    graph = imported(path, [settings[0], "layer.drop=relu"]).graph
    assert [node.op for node in graph] == ["input", "dense", "relu", "dense"]


def test_a_readout_behind_what_changes_nothing(tmp_path: Path) -> None:
    """The last module may be a Dropout: it is the neurons in front of it that are read out."""
    path = write_pt(tmp_path / "net.pt", modules=["", "fc", "lif", "drop"])
    settings = [*(text for text in SNN if "readout" not in text), "layer.drop=none"]
    assert "--set readout=membrane|spike_count" in refusal(path, settings)
    graph = imported(path, [*settings, "readout=spike_count"]).graph
    assert graph.outputs == ("lif_count",)


def test_a_sequential_may_end_in_what_no_file_shows(tmp_path: Path) -> None:
    """A ReLU behind the last module with arrays; on spikes it would do nothing."""
    path = write_npz(tmp_path / "net.npz", {"0.weight": np.eye(3)})
    assert "--set order=NAME,NAME,..." in refusal(path, ["input_format=fixed<6,3>"])
    graph = imported(path, ["input_format=fixed<6,3>", "order=0,relu"]).graph
    assert [node.op for node in graph] == ["input", "dense", "relu"]


def test_normalisation(tmp_path: Path) -> None:
    """BatchNorm1d with the moments of training goes into the weights in front."""
    state = state_dict()
    lif = {key: state.pop(key) for key in list(state) if key.startswith("lif")}
    ones = np.ones(2, np.float32)
    state |= {
        "bn.weight": ones * 4,
        "bn.bias": ones,
        "bn.running_mean": ones * 0.5,
        "bn.running_var": ones * 3,
        "bn.num_batches_tracked": np.array(7),
    } | lif
    path = write_pt(tmp_path / "net.pt", state)
    assert "--set epsilon=NUMBER" in refusal(path, SNN)
    dense = imported(path, [*SNN, "epsilon=1"]).graph.nodes[1]
    assert isinstance(dense, Dense)
    assert real(dense.weight).tolist() == [[1.0, -0.5, 2.0], [0.5, 1.0, 0.0]]
    assert real(dense.bias).tolist() == [2 * (0.25 - 0.5) + 1, 2 * (0 - 0.5) + 1]


def test_beta_is_clamped(tmp_path: Path) -> None:
    """As snnTorch does while it runs."""
    state = state_dict() | {"lif.beta": np.array([1.5, -0.25], np.float32)}
    lif = imported(write_pt(tmp_path / "net.pt", state), SNN).graph.nodes[2]
    assert isinstance(lif, Lif)
    assert real(lif.beta).tolist() == [1, 0]


def test_views_of_one_storage(tmp_path: Path) -> None:
    """Transposed and shared tensors are read as PyTorch reads them."""
    state = state_dict()
    changed = {"fc.weight": tensor("0", (2, 3), stride=(1, 2))}
    pickled = pickle_of(state, ["", "fc", "lif"], changed)
    path = write_pt(tmp_path / "net.pt", state, pickled=pickled)
    dense = imported(path, SNN).graph.nodes[1]
    assert isinstance(dense, Dense)
    flat = state["fc.weight"].ravel()
    assert real(dense.weight).tolist() == flat.reshape(3, 2).T.tolist()


def test_a_producer_of_another_format(tmp_path: Path) -> None:
    """A state dict is snnTorch's."""
    path = write_pt(tmp_path / "net.pt")
    assert "--producer: needed snntorch; found 'norse'." in refusal(path, SNN, "norse")
    assert imported(path, SNN, "snntorch").graph.steps == 4


def test_answers_nobody_asked_for(tmp_path: Path) -> None:
    """A misspelt key is an error, not ignored."""
    path = write_pt(tmp_path / "net.pt")
    assert "--set reset_dealy: needed a key" in refusal(path, [*SNN, "reset_dealy=true"])


def test_speed(tmp_path: Path) -> None:
    """100,000 weights import within 3 seconds."""
    rng = np.random.default_rng(0)
    state = state_dict()
    state["fc.weight"] = rng.normal(size=(400, 250)).astype(np.float32)
    state["fc.bias"] = rng.normal(size=400).astype(np.float32)
    state["lif.beta"] = np.array(0.9, np.float32)
    path = write_pt(tmp_path / "net.pt", state)
    with cpu_within(3):
        imported(path, SNN)
