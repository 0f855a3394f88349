"""A bundle on disk becomes a graph of real numbers."""

from pathlib import Path

import numpy as np
import pytest

from fwgen.errors import BundleError
from fwgen.ingest.bundle import read_bundle
from fwgen.ir.nodes import Dense, Lif, Real, ShiftLeak
from fwgen.ir.text import to_text
from tests.ingest.drafts import Draft

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


def test_a_leak_may_be_a_shift(draft: Draft, tmp_path: Path) -> None:
    """``leak_shift`` takes the place of ``beta``."""
    lif = draft.layer("enc_lif")
    del lif["beta"]
    lif["leak_shift"] = 3
    node = read_bundle(draft.write(tmp_path / "demo")).graph["enc_lif"]
    assert isinstance(node, Lif)
    assert node.beta == ShiftLeak(3)


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
