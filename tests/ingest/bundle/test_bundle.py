"""A bundle on disk becomes a graph of real numbers."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from fwgen.errors import BundleError
from fwgen.ingest.bundle.ops import activations
from fwgen.ingest.bundle.reader import read_bundle
from fwgen.ir.nodes import CUSTOM, FUNCTIONS, BatchNorm, Dense, Lif, Real, ShiftLeak
from fwgen.ir.text import to_text
from fwgen.quantise.passes import quantise
from tests.ingest.drafts import Draft, on_spikes

EXPECTED = """\
graph demo steps=3
  x = input() size=3 fmt=ufixed<8,0>
  enc = dense(x) weight=[2x3]:auto bias=[2]:auto
  enc_lif = lif(enc) beta=0.9:auto threshold=1.0:auto membrane=fixed<16,6,RND,SAT> \
reset=subtract reset_delay=yes
  membrane = last_membrane(enc_lif)
  dec = dense(membrane) weight=[3x2]:auto bias=[3]:auto
  score = squared_error(dec, x)
  trigger = threshold(score) value=0.5:auto
outputs score, trigger
"""


def test_a_small_bundle_gives_the_graph_it_describes(draft: Draft, tmp_path: Path) -> None:
    """One node a layer, each reading the layer before unless ``from`` says otherwise."""
    bundle = read_bundle(draft.write(tmp_path / "demo"))
    assert to_text(bundle.graph) == EXPECTED
    assert [path.name for path in bundle.files] == ["model.yaml", "weights.npz", "events.npz"]


def test_the_file_may_be_named_instead_of_its_folder(draft: Draft, tmp_path: Path) -> None:
    """Both ways read the same model."""
    folder = draft.write(tmp_path / "demo")
    assert to_text(read_bundle(folder / "model.yaml").graph) == EXPECTED


def test_weights_reach_the_layer_that_bears_their_name(draft: Draft, tmp_path: Path) -> None:
    """Values are taken as they are."""
    graph = read_bundle(draft.write(tmp_path / "demo")).graph
    enc = graph["enc"]
    assert isinstance(enc, Dense)
    assert isinstance(enc.weight, Real)
    assert enc.weight.values.tolist() == [[0.5, 0.25, -0.5], [1.0, 0.5, 0.25]]


def test_a_layer_without_bias_has_zeros(draft: Draft, tmp_path: Path) -> None:
    """``bias: false`` needs no array."""
    draft.layer("dec")["bias"] = False
    del draft.weights["dec.bias"]
    dec = read_bundle(draft.write(tmp_path / "demo")).graph["dec"]
    assert isinstance(dec, Dense)
    assert isinstance(dec.bias, Real)
    assert dec.bias.values.tolist() == [0.0, 0.0, 0.0]


def test_neurons_may_have_constants_of_their_own(draft: Draft, tmp_path: Path) -> None:
    """Text for beta or threshold names an array, one number a neuron."""
    draft.layer("enc_lif").update(beta="leak", threshold="thr")
    draft.weights.update(leak=np.array([0.5, 0.75]), thr=np.array([1.0, 2.0]))
    lif = read_bundle(draft.write(tmp_path / "demo")).graph["enc_lif"]
    assert isinstance(lif, Lif)
    assert isinstance(lif.beta, Real)
    assert isinstance(lif.threshold, Real)
    assert lif.beta.values.tolist() == [0.5, 0.75]
    assert lif.threshold.values.tolist() == [1.0, 2.0]


def test_neurons_without_a_leak(draft: Draft, tmp_path: Path) -> None:
    """``if`` is a lif layer with a beta of 1, exactly."""
    lif = draft.layer("enc_lif")
    del lif["beta"]
    lif.update(op="if", threshold_format="ufixed<4,2>")
    assert (
        "enc_lif = lif(enc) beta=1.0:ufixed<1,1> threshold=1.0:ufixed<4,2> "
        "membrane=fixed<16,6,RND,SAT> reset=subtract reset_delay=yes"
    ) in to_text(read_bundle(draft.write(tmp_path / "demo")).graph)


def test_encoders(draft: Draft, tmp_path: Path) -> None:
    """A rate encoder is a lif layer of exact constants, a latency encoder a node of its own."""
    lif = draft.layer("enc_lif")
    for key in set(lif) - {"name", "op"}:
        del lif[key]
    lif.update(op="rate_encoder")
    assert (
        "enc_lif = lif(enc) beta=1.0:ufixed<1,1> threshold=1.0:ufixed<1,1> membrane=auto "
        "reset=subtract reset_delay=yes\n"
    ) in to_text(read_bundle(draft.write(tmp_path / "rate")).graph)
    draft.model["layers"][0:2] = [
        {"name": "late", "op": "latency_encoder", "silent_zero": True},
        {**draft.layer("enc"), "from": "late"},
        {"name": "enc_lif", "op": "if", "threshold": 1, "reset": "zero", "reset_delay": True},
    ]
    assert "late = latency_encoder(x) silent_zero=yes\n" in to_text(
        read_bundle(draft.write(tmp_path / "latency")).graph
    )


def test_neurons_without_a_threshold(draft: Draft, tmp_path: Path) -> None:
    """``li`` is a lif layer that never fires."""
    lif = draft.layer("enc_lif")
    for key in ("threshold", "reset", "reset_delay"):
        del lif[key]
    lif.update(op="li", beta_format="ufixed<4,1>")
    assert (
        "enc_lif = lif(enc) beta=0.9:ufixed<4,1> membrane=fixed<16,6,RND,SAT> reset=none "
        "reset_delay=yes\n"
    ) in to_text(read_bundle(draft.write(tmp_path / "demo")).graph)


def test_a_rate_encoder(draft: Draft, tmp_path: Path) -> None:
    """Its membrane is exact, and its threshold 1 whatever the grid of its source."""
    draft.model["layers"][1:3] = [
        {"name": "enc_lif", "op": "rate_encoder"},
        {"name": "membrane", "op": "spike_count"},
    ]
    assert (
        "enc_lif = lif(enc) beta=1.0:ufixed<1,1> threshold=1.0:ufixed<1,1> membrane=auto "
        "reset=subtract reset_delay=yes\n"
    ) in to_text(read_bundle(draft.write(tmp_path / "demo")).graph)


def test_an_input_may_be_spikes(draft: Draft, tmp_path: Path) -> None:
    """One bit for each step and element; samples are rows of all steps."""
    on_spikes(draft)
    bundle = read_bundle(draft.write(tmp_path / "demo"))
    assert "  x = input() size=3 fmt=ufixed<1,1> spikes=yes\n" in to_text(bundle.graph)
    assert bundle.graph.shapes()["enc"].temporal
    (sample,) = bundle.samples
    assert sample.x.tolist() == [[0, 1, 0, 1, 1, 0, 0, 0, 1]] * 2


def test_current_based_neurons_are_three_nodes(draft: Draft, tmp_path: Path) -> None:
    """Integrators, their membranes step by step, and lif neurons under the layer's own name."""
    draft.layer("enc_lif").update(
        op="cuba_lif",
        alpha="leaks",
        previous_current=True,
        alpha_format="ufixed<4,1>",
        syn_format="fixed<9,5>",
    )
    draft.weights["leaks"] = np.array([0.5, 0.25])
    text = to_text(read_bundle(draft.write(tmp_path / "demo")).graph)
    assert (
        "  enc_lif_syn = lif(enc) beta=[2]:ufixed<4,1> membrane=fixed<9,5> reset=none "
        "reset_delay=yes\n"
        "  enc_lif_current = membrane(enc_lif_syn) previous=yes\n"
        "  enc_lif = lif(enc_lif_current) beta=0.9:auto threshold=1.0:auto "
        "membrane=fixed<16,6,RND,SAT> reset=subtract reset_delay=yes\n"
        "  membrane = last_membrane(enc_lif)\n"
    ) in text


@pytest.mark.parametrize("op", ["lif", "if"])
def test_recurrent_weights(op: str, draft: Draft, tmp_path: Path) -> None:
    """The array that the layer names, in its format."""
    lif = draft.layer("enc_lif")
    lif.update(op=op, recurrent="back", recurrent_format="fixed<6,3>")
    lif.pop("beta") if op == "if" else None
    draft.weights["back"] = np.array([[0.5, 0.25], [1.0, -1.0]])
    text = to_text(read_bundle(draft.write(tmp_path / "demo")).graph)
    assert "reset=subtract reset_delay=yes recurrent=[2x2]:fixed<6,3>\n" in text


def test_recurrent_weights_into_a_current_are_one_node(draft: Draft, tmp_path: Path) -> None:
    """The names of parts are free then."""
    draft.layer("enc_lif").update(
        op="cuba_lif",
        alpha=0.5,
        previous_current=True,
        recurrent="back",
        recurrent_format="fixed<6,3>",
        syn_format="fixed<9,5>",
    )
    draft.weights["back"] = np.array([[0.5, 0.25], [1.0, -1.0]])
    text = to_text(read_bundle(draft.write(tmp_path / "demo")).graph)
    assert (
        "  enc_lif = cuba_lif(enc) beta=0.9:auto threshold=1.0:auto "
        "membrane=fixed<16,6,RND,SAT> reset=subtract reset_delay=yes "
        "recurrent=[2x2]:fixed<6,3> alpha=0.5:auto syn=fixed<9,5> previous=yes\n"
        "  membrane = last_membrane(enc_lif)\n"
    ) in text


def test_membranes_of_each_step(draft: Draft, tmp_path: Path) -> None:
    """They can be the current of the next layer; of the step itself unless the file says else."""
    layers = draft.model["layers"]
    layers[2] = {"name": "each", "op": "membrane"}
    layers.insert(3, {"name": "sums", "op": "li", "beta": 1.0})
    layers.insert(4, {"name": "membrane", "op": "last_membrane"})
    text = to_text(read_bundle(draft.write(tmp_path / "demo")).graph)
    assert "  each = membrane(enc_lif) previous=no\n  sums = lif(each) beta=1.0:auto" in text


def test_a_leak_may_be_a_shift(draft: Draft, tmp_path: Path) -> None:
    """``leak_shift`` takes the place of ``beta``."""
    lif = draft.layer("enc_lif")
    del lif["beta"]
    lif["leak_shift"] = 3
    node = read_bundle(draft.write(tmp_path / "demo")).graph["enc_lif"]
    assert isinstance(node, Lif)
    assert node.beta == ShiftLeak(3)


LONG = """\
fwgen: 1
name: long
input: {name: x, size: 4096, format: "ufixed<1,1>"}
layers:
  - {name: c, op: concat, from: [x, x, x, x]}
  - {name: last, op: slice, start: 16383, stop: 16384}
outputs: [last]
"""
VECTORS = """\
fwgen: 1
name: vectors
input: {name: x, size: 2, format: "fixed<6,3>"}
layers:
  - {name: d, op: dense, weight_format: "fixed<8,3>", accumulator_format: "fixed<30,12>"}
  - {name: bn, op: batch_norm, epsilon: 0.25, offset_format: "fixed<12,4>"}
  - {name: plain, op: batch_norm, epsilon: 0, gamma: false, beta: false}
  - {name: r, op: relu}
  - {name: l, op: leaky_relu, alpha: 0.125, alpha_format: "ufixed<4,0>"}
  - {name: p, op: leaky_relu, alpha: slopes}
  - {name: q, op: quantise, format: "fixed<4,3,RND,SAT>"}
  - {name: s, op: table, function: sigmoid, format: "ufixed<8,0,RND_CONV,SAT>"}
  - {name: t, op: table, from: q, function: custom, format: "fixed<8,4,RND,SAT>", first: -4}
  - {name: c, op: concat, from: [s, t]}
  - {name: part, op: slice, start: 1, stop: 3}
  - {name: head, op: slice, from: c, stop: 2}
  - {name: a, op: add, from: [part, x]}
  - {name: b, op: subtract, from: [a, head]}
  - {name: m, op: multiply, from: [b, b]}
  - {name: squares, op: sum_squares}
  - {name: kl, op: kl_divergence, from: [a, b, s]}
  - {name: flags, op: threshold, from: m, value: cuts, value_format: "fixed<9,4>"}
outputs: [squares, kl, flags]
"""
READ = """\
graph vectors steps=1
  x = input() size=2 fmt=fixed<6,3>
  d = dense(x) weight=[2x2]:fixed<8,3> bias=[2]:auto accumulator=fixed<30,12>
  bn = batch_norm(d) scale=[2]:auto offset=[2]:fixed<12,4>
  plain = batch_norm(bn) scale=[2]:auto offset=[2]:auto
  r = relu(plain)
  l = leaky_relu(r) alpha=0.125:ufixed<4,0>
  p = leaky_relu(l) alpha=[2]:auto
  q = quantise(p) fmt=fixed<4,3,RND,SAT>
  s = table(q) function=sigmoid fmt=ufixed<8,0,RND_CONV,SAT> first=0
  t = table(q) function=custom fmt=fixed<8,4,RND,SAT> first=-4.0 values=[16]:auto
  c = concat(s, t)
  part = slice(c) start=1 stop=3
  head = slice(c) start=0 stop=2
  a = add(part, x)
  b = subtract(a, head)
  m = multiply(b, b)
  squares = sum_squares(m)
  kl = kl_divergence(a, b, s)
  flags = threshold(m) value=[2]:fixed<9,4>
outputs squares, kl, flags
"""


def test_a_slice_may_lie_anywhere_in_the_longest_vector(tmp_path: Path) -> None:
    """A concatenation has up to 16,384 elements, more than an input; its last one can be had."""
    (tmp_path / "model.yaml").write_text(LONG)
    np.savez(tmp_path / "weights.npz")
    graph = read_bundle(tmp_path).graph
    assert (graph["last"].start, graph["last"].stop) == (16383, 16384)


def test_a_dense_network(tmp_path: Path) -> None:
    """Every operation of dense networks, its parameters from the file, its arrays from weights."""
    (tmp_path / "model.yaml").write_text(VECTORS)
    arrays = {
        "d.weight": np.eye(2),
        "d.bias": np.zeros(2),
        "bn.gamma": np.array([3.0, 0.5]),
        "bn.beta": np.array([1.0, 0.0]),
        "bn.mean": np.array([0.5, -1.0]),
        "bn.variance": np.array([2.0, 0.0]),
        "plain.mean": np.array([0.5, 0.0]),
        "plain.variance": np.array([4.0, 0.25]),
        "slopes": np.array([0.5, -1.0]),
        "t.table": np.linspace(-1, 1, 16),
        "cuts": np.array([0.5, 1.5]),
    }
    np.savez(tmp_path / "weights.npz", **arrays)
    graph = read_bundle(tmp_path).graph
    assert to_text(graph) == READ
    # gamma / sqrt(variance + epsilon), and beta - mean * that
    norm, plain = graph["bn"], graph["plain"]
    assert isinstance(norm, BatchNorm)
    assert isinstance(plain, BatchNorm)
    assert norm.scale.values.tolist() == [2.0, 1.0]
    assert norm.offset.values.tolist() == [0.0, 1.0]
    assert plain.scale.values.tolist() == [0.5, 2.0]
    assert plain.offset.values.tolist() == [-0.25, 0.0]
    assert [n.op for n in quantise(graph)][1:3] == ["dense", "batch_norm"]  # with a format


def test_functions_of_the_file_are_those_of_the_graph() -> None:
    """The schema names every function, and no other."""
    assert get_args(activations.TableLayer.model_fields["function"].annotation) == (
        *FUNCTIONS,
        CUSTOM,
    )


def test_samples_are_scaled_where_they_are_not_zero(draft: Draft, tmp_path: Path) -> None:
    """0 means that nothing was measured, and stays 0."""
    draft.model["input"]["scaling"] = {"scale": 0.5, "offset": 0.25}
    (events,) = read_bundle(draft.write(tmp_path / "demo")).samples
    assert events.x.tolist() == [[0.0, 0.5, 0.75], [1.0, 0.375, 0.3125]]
    assert (events.name, events.kind, events.label) == ("toy", "toy", None)


def test_an_error_of_the_graph_names_the_file(draft: Draft, tmp_path: Path) -> None:
    """Where a message comes from does not depend on the stage that found it."""
    draft.weights["enc.bias"] = np.zeros(5)
    folder = draft.write(tmp_path / "demo")
    with pytest.raises(Exception, match="needed a bias of shape") as refusal:
        read_bundle(folder)
    assert str(refusal.value).startswith(f"{folder / 'model.yaml'}: layer 'enc' (dense): ")


def test_nothing_outside_the_folder_is_read(draft: Draft, tmp_path: Path) -> None:
    """A path in a bundle is a name, never a way out."""
    np.savez(tmp_path / "weights.npz", **draft.weights)
    draft.model["weights"] = "../weights.npz"
    with pytest.raises(BundleError, match="without a folder"):
        read_bundle(draft.write(tmp_path / "demo"))
