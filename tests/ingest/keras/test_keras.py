"""Keras files without Keras: what a small model becomes, form by form and layer by layer."""

import resource
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.errors import BundleError
from fwgen.flow.import_ import import_model
from fwgen.ingest.answers import Answers
from fwgen.ingest.bundle.reader import Bundle
from fwgen.ingest.sources import Request
from fwgen.ir.cast import to_real
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference, quantise_input
from tests.ingest.keras.keras_files import KerasDraft, dense, layer, node

X = np.array([[1.0, -0.5, 2.0], [0.125, 3.75, -4.0], [0.0, 0.0, 0.0]])

WIDE = np.array([[-4.0, 3.875, 3.875], [3.875, -4.0, -4.0], [1.0, 0.125, 0.5], *X])


def imported(path: Path, **answers: str) -> Bundle:
    """The bundle of a file."""
    out = path.parent / f"{path.name}_bundle"
    return import_model(Request(path, "net", Answers(answers)), out)


def values(bundle: Bundle, x: np.ndarray = X) -> dict[str, np.ndarray]:
    """Every value in real numbers."""
    graph = quantise(bundle.graph)
    reference = Reference.of(graph)
    found = reference.run(quantise_input(graph, x)).values
    return {name: to_real(v, reference.analysis.values[name].frac) for name, v in found.items()}


def quantised(w: Any) -> np.ndarray:
    """``quantized_bits(4,1,alpha=1)``."""
    return np.clip(np.rint(np.asarray(w) * 4), -8, 7) / 4


def small(*layers: dict[str, Any], **weights: dict[str, Any]) -> KerasDraft:
    """The small model with layers behind."""
    draft = KerasDraft()
    draft.layers += layers
    draft.weights |= weights
    return draft


@pytest.mark.parametrize("form", ["h5", "json", "keras"])
def test_forms(tmp_path: Path, form: str) -> None:
    """All three forms give the same network, whose input format is the first quantiser's."""
    draft, path = small(), tmp_path / f"m.{form}"
    {"h5": draft.h5, "json": draft.pair, "keras": draft.archive}[form](path)
    bundle = imported(path)
    assert str(bundle.graph.input.fmt) == "fixed<6,3,RND_CONV,SAT>"
    assert [(n.name, n.op) for n in bundle.graph] == [
        ("x", "input"),
        ("q", "quantise"),
        ("d", "dense"),
    ]
    kernel = quantised([[0.5, -1.0], [0.25, 1.5], [-0.5, 0.75]])
    x = np.clip(np.rint(X * 8), -32, 31) / 8
    assert np.array_equal(values(bundle)["d"], x @ kernel + quantised([0.5, -0.25]))


def test_weights_beside_are_named(tmp_path: Path) -> None:
    """The notes say which weights file was read, with its hash."""
    notes = imported(small().pair(tmp_path / "m.json")).settings.provenance.notes
    assert notes.startswith("Weights from m_weights.h5 (SHA-256 ")


def test_a_layer_whose_output_has_another_name_is_named(tmp_path: Path) -> None:
    """The user's array for it belongs to that layer; a layer that does nothing is not named."""
    behind = [
        layer("QActivation", "act", activation="quantized_relu(4,2)"),
        layer("Dropout", "drop", rate=0.5),
    ]
    bundle = imported(small(*behind).h5(tmp_path / "m.h5"))
    assert bundle.graph.outputs == ("act_q",)
    assert (
        "Outputs by another name than in the file: act is act_q."
        in bundle.settings.provenance.notes
    )


def test_input_format_is_asked_for(tmp_path: Path) -> None:
    """Without a quantiser in front the format of the input is asked for, and honoured."""
    draft = small()
    del draft.layers[1]
    path = draft.h5(tmp_path / "m.h5")
    with pytest.raises(BundleError, match="Add --set input_format=FORMAT"):
        imported(path)
    assert str(imported(path, input_format="ufixed<8,0>").graph.input.fmt) == "ufixed<8,0>"


def test_functional(tmp_path: Path) -> None:
    """A Functional model keeps its order, leaves out what no output needs, and joins values."""
    draft = small(
        layer("Concatenate", "both", axis=-1),
        layer("Subtract", "less"),
        layer("Activation", "idle", activation="softmax"),
    )
    draft.functional(
        [["both", 0, 0], ["less", 0, 0]],
        q=node("x_in"),
        d=[*node("q"), [["q", 0, 0, {}]]],
        both=node("d", "q"),
        less=[[["d", 1, 0, {}], ["d", 0, 0, {"training": None}]]],
        idle=node("d"),
    )
    bundle = imported(draft.h5(tmp_path / "m.h5"))
    found = values(bundle)
    assert bundle.graph.outputs == ("both", "less")
    assert np.array_equal(found["both"], np.hstack([found["d"], found["q"]]))
    assert not found["less"].any()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (layer("Activation", activation="relu"), lambda y: np.maximum(y, 0)),
        (layer("ReLU", max_value=1.0), lambda y: np.clip(y, 0, 1)),
        (layer("LeakyReLU", alpha=0.25), lambda y: np.where(y < 0, y / 4, y)),
        (layer("LeakyReLU", negative_slope=0.5), lambda y: np.where(y < 0, y / 2, y)),
        (layer("Dropout", rate=0.5, seed=None), lambda y: y),
        (layer("Flatten", data_format="channels_last"), lambda y: y),
        (
            layer("QActivation", activation="quantized_relu(4,2)"),
            lambda y: np.clip(np.rint(y * 4), 0, 15) / 4,
        ),
        (
            layer("QActivation", activation="quantized_relu(bits=4,integer=1,negative_slope=0.5)"),
            lambda y: np.clip(np.rint(np.where(y < 0, y / 2, y) * 4), -4, 7) / 4,
        ),
        (
            layer("QActivation", activation="quantized_bits(4,1,1,alpha=2.0)"),
            lambda y: np.clip(np.rint(y * 4), -7, 7) / 2,
        ),
        (
            layer("QActivation", activation="quantized_tanh(4,symmetric=True)"),
            lambda y: np.clip(np.rint(y * 8), -7, 7) / 8,
        ),
        (
            layer("QActivation", activation="quantized_sigmoid(4)"),
            lambda y: np.clip(np.rint((y / 2 + 0.5) * 16), 0, 15) / 16,
        ),
        (layer("QActivation", activation="binary(alpha=1)"), lambda y: np.where(y < 0, -1, 1)),
        (layer("QActivation", activation="binary(1,0.5)"), lambda y: np.where(y < 0, 0, 0.5)),
        (
            layer("QActivation", activation="ternary(threshold=0.5)"),
            lambda y: np.sign(y) * (np.abs(y) >= 0.5),
        ),
        (
            layer("QActivation", activation="quantized_tanh(5,use_real_tanh=1)"),
            lambda y: np.clip(np.rint(np.tanh(y) * 16), -16, 15) / 16,
        ),
    ],
    ids=lambda value: str(value.get("config")) if isinstance(value, dict) else "",
)
def test_layers(tmp_path: Path, entry: dict[str, Any], expected: Any) -> None:
    """Each layer computes what Keras and QKeras compute."""
    bundle = imported(small(entry).h5(tmp_path / "m.h5"))
    rng = np.random.default_rng(0)
    found = values(bundle, rng.integers(-32, 32, (500, 3)) / 8)
    assert np.array_equal(found[bundle.graph.outputs[0]], expected(found["d"]))


@pytest.mark.parametrize(("text", "low"), [("binary(alpha=1)", -1), ("binary(1,alpha=1)", 0)])
def test_zero_counts_as_positive(tmp_path: Path, text: str, low: int) -> None:
    """binary(0) is 1, as in QKeras."""
    draft = small()
    draft.layers[2] = layer("QActivation", "b", activation=text)
    bundle = imported(draft.h5(tmp_path / "m.h5"))
    found = values(bundle, np.array([[0.0, 0.125, -0.125]]))
    assert found[bundle.graph.outputs[0]].tolist() == [[1, 1, low]]


@pytest.mark.parametrize(
    ("quantiser", "expected"),
    [
        ({"bits": 4, "integer": 0, "alpha": 0.5}, lambda w: np.clip(np.rint(w * 8), -8, 7) / 16),
        ({"bits": 3, "integer": 1, "keep_negative": False, "alpha": 1}, None),
        (
            {"bits": 3, "integer": 0, "symmetric": 1, "alpha": 1},
            lambda w: np.clip(np.rint(w * 4), -3, 3) / 4,
        ),
        ({"bits": 1, "integer": 0, "alpha": 1}, lambda w: np.where(w < 0, -1.0, 1.0)),
    ],
)
def test_quantised_weights(tmp_path: Path, quantiser: dict[str, Any], expected: Any) -> None:
    """Weights are stored as their quantiser leaves them, on a grid that holds them exactly."""
    kernel = np.linspace(-1, 1, 6).reshape(3, 2)
    expected = expected or (lambda w: np.clip(np.rint(w * 4), 0, 7) / 4)
    draft = KerasDraft(weights={"d": {"kernel": kernel, "bias": [0, 0]}})
    draft.layers[2] = dense(kernel_quantizer={"class_name": "quantized_bits", "config": quantiser})
    graph = imported(draft.h5(tmp_path / "m.h5")).graph
    stored = graph["d"].weight  # type: ignore[attr-defined]
    assert np.array_equal(stored.values.T, expected(kernel.astype(np.float32)))
    fixed = quantise(graph)["d"].weight  # type: ignore[attr-defined]
    assert np.array_equal(to_real(fixed.values, fixed.fmt.frac), stored.values)


def test_kernel_without_alpha_is_scaled(tmp_path: Path) -> None:
    """QKeras gives a kernel without alpha a power of two for each unit; so does the importer."""
    draft = KerasDraft(
        weights={"d": {"kernel": [[3.0, 0.1], [-2.0, 0.05], [1.0, 0.0]], "bias": [0, 0]}}
    )
    quantiser = {"class_name": "quantized_bits", "config": {"bits": 3, "integer": 0, "alpha": None}}
    draft.layers[2] = dense(kernel_quantizer=quantiser)
    stored = imported(draft.h5(tmp_path / "m.h5")).graph["d"].weight  # type: ignore[attr-defined]
    assert stored.values.tolist() == [[3.0, -2.0, 1.0], [0.09375, 0.0625, 0.0]]


def test_pruning_mask(tmp_path: Path) -> None:
    """A pruning wrapper is taken off, and its mask goes with the kernel."""
    draft = KerasDraft()
    wrapped = dense()
    draft.layers[2] = layer("PruneLowMagnitude", "prune_d", layer=wrapped)
    mask = [[1, 0], [1, 1], [0, 1]]
    draft.weights = {"prune_d": {**draft.weights["d"], "mask": mask, "threshold": 0.1}}
    stored = imported(draft.h5(tmp_path / "m.h5")).graph["d"].weight  # type: ignore[attr-defined]
    assert np.array_equal(stored.values.T == 0, np.array(mask) == 0)


def test_normalisation_is_not_folded_into_quantised_weights(tmp_path: Path) -> None:
    """It stays an operation, with its own numbers, and the notes say so."""
    arrays = {"gamma": [1.5, -2.0], "beta": [0.25, 0.5]}
    arrays |= {"moving_mean": [1.0, -0.5], "moving_variance": [4.0, 0.25]}
    norm = layer("BatchNormalization", "n", axis=[1], epsilon=0.0, momentum=0.9, center=True)
    bundle = imported(small(norm, n=arrays).h5(tmp_path / "m.h5"))
    found = values(bundle)
    assert np.array_equal(found["n"], (found["d"] - [1.0, -0.5]) * [0.75, -4.0] + [0.25, 0.5])
    assert "n is no part of d" in bundle.settings.provenance.notes


def test_a_bound_holds_beyond_the_samples(tmp_path: Path) -> None:
    """Events that never reach it do not take it away: it is exact whatever formats are chosen."""
    path = small(layer("ReLU", max_value=2.5)).h5(tmp_path / "m.h5")
    np.savez(tmp_path / "s.npz", x=[[-2.5, 0.0, 0.0]])
    request = Request(path, "net", Answers({}), None, None, tmp_path / "s.npz")
    bundle = import_model(request, tmp_path / "net")
    found, (last,) = values(bundle, WIDE), bundle.graph.outputs
    assert found["d"].max() > 10
    assert np.array_equal(found[last], np.clip(found["d"], 0, 2.5))


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("binary(alpha=1)", lambda y: np.where(y < 0, -1, 1)),
        ("ternary(threshold=0.5)", lambda y: np.sign(y) * (np.abs(y) >= 0.5)),
        ("quantized_bits(4,1,alpha=0.25)", lambda y: np.clip(np.rint(y * 4), -8, 7) / 16),
        (
            "quantized_relu(4,1,negative_slope=0.25)",
            lambda y: np.clip(np.rint(np.where(y < 0, y / 4, y) * 4), -2, 7) / 4,
        ),
    ],
)
def test_precision_leaves_quantisers_alone(tmp_path: Path, activation: str, expected: Any) -> None:
    """What the file quantises keeps its numbers, though it is built of several layers."""
    path = small(layer("QActivation", activation=activation)).h5(tmp_path / "m.h5")
    request = Request(path, "net", Answers({}), None, "ufixed<6,3,TRN,SAT>")
    bundle = import_model(request, tmp_path / "net")
    found, (last,) = values(bundle, WIDE), bundle.graph.outputs
    assert np.array_equal(found[last], expected(found["d"]))


def test_function_takes_the_format_behind(tmp_path: Path) -> None:
    """A sigmoid in front of a quantiser is a table in its format."""
    tail = [
        layer("Activation", "s", activation="sigmoid"),
        layer("QActivation", "t", activation="quantized_relu(5,0)"),
    ]
    found = values(imported(small(*tail).h5(tmp_path / "m.h5")))
    expected = np.clip(np.rint(32 / (1 + np.exp(-found["d"]))), 0, 31) / 32
    assert np.array_equal(found["t_q"], expected)


def test_a_hundred_thousand_weights(tmp_path: Path) -> None:
    """Their import takes at most 3 seconds, the start of the command included."""
    rng = np.random.default_rng(0)
    sizes = (3, 250, 250, 150)
    draft = KerasDraft(weights={})
    draft.layers.pop()
    for index, (inputs, units) in enumerate(pairwise(sizes)):
        draft.layers.append(dense(name=f"d{index}", units=units, activation="quantized_relu(6,2)"))
        kernel = rng.uniform(-1, 1, (inputs, units))
        draft.weights[f"d{index}"] = {"kernel": kernel, "bias": np.zeros(units)}
    assert sum(w["kernel"].size for w in draft.weights.values()) > 100_000
    path = draft.h5(tmp_path / "m.h5")
    command = [sys.executable, "-m", "fwgen", "import", str(path), "-o", str(tmp_path / "net")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert 0 < after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
