"""A user's outputs: every array has a place in the model and its shape, or is refused in words."""
# ruff: noqa: E501 - messages stand as the user sees them

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.errors import BundleError
from fwgen.ingest.bundle.reader import read_bundle
from fwgen.ingest.files.outputs import read_outputs
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Reshape
from tests.ingest.drafts import claims, npy, on_spikes, small_draft
from tests.ingest.files.test_arrays import archive

X = np.zeros((4, 3))
F = "outputs.npz"
SAVE = "numpy.savez(file, x=inputs, LAYER=values, ...)"
INPUTS = (
    "needed an array of shape (events, 3) with at least one event: the inputs as the network sees "
    "them, scaled already; found"
)
LAYERS = "'enc', 'enc_lif', 'enc_lif.membrane', 'membrane', 'dec', 'score', 'trigger'"
FLAT = "Save one row an event; more axes flattened as the model's input is."
PLAIN = "Write it with numpy.savez(file, **arrays) from plain float arrays."
AS_LAYER = "needed an array named as a layer of the model; found no layer of that name."
OWN = "Save this layer's own value, for the events in 'x'."

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("nothing", {}, f"'x': {INPUTS} an empty file. Save the inputs beside the outputs: {SAVE}."),
    (
        "no x",
        {"enc": np.zeros((4, 2))},
        f"'x': {INPUTS} no array 'x' (but 'enc'). Save the inputs beside the outputs: {SAVE}.",
    ),
    (
        "x alone",
        {"x": X},
        (
            "needed at least one array named as a layer beside 'x'; found 'x' alone. Add outputs of "
            f"layers: {SAVE}. Layers are {LAYERS}."
        ),
    ),
    ("one event without its axis", {"x": X[0]}, f"'x': {INPUTS} shape (3,). {FLAT}"),
    ("no events", {"x": X[:0]}, f"'x': {INPUTS} shape (0, 3). {FLAT}"),
    ("another input size", {"x": np.zeros((4, 2))}, f"'x': {INPUTS} shape (4, 2). {FLAT}"),
    ("images", {"x": np.zeros((4, 1, 3))}, f"'x': {INPUTS} shape (4, 1, 3). {FLAT}"),
    ("misspelt", {"x": X, "enc_lf": X}, f"'enc_lf': {AS_LAYER} Did you mean 'enc_lif'?"),
    ("unknown", {"x": X, "conv9": X}, f"'conv9': {AS_LAYER} Layers are {LAYERS}."),
    ("hostile", {"x": X, "\x1b[2J": X}, f"'\\x1b[2J': {AS_LAYER} Layers are {LAYERS}."),
    (
        "membrane of a layer that has none",
        {"x": X, "dec.membrane": X},
        f"'dec.membrane': {AS_LAYER} Did you mean 'membrane'?",
    ),
    (
        "fewer events than x",
        {"x": X, "dec": np.zeros((3, 3))},
        f"'dec': needed shape (4, 3): events, elements; found shape (3, 3). {OWN}",
    ),
    (
        "another size",
        {"x": X, "dec": np.zeros((4, 2))},
        f"'dec': needed shape (4, 3): events, elements; found shape (4, 2). {OWN}",
    ),
    (
        "steps first",
        {"x": X, "enc_lif": np.zeros((3, 4, 2))},
        (
            "'enc_lif': needed shape (4, 3, 2): events, time steps, elements; found shape (3, 4, 2). "
            "Swap its first two axes: events come first, time steps second."
        ),
    ),
    (
        "spikes without steps",
        {"x": X, "enc_lif": np.zeros((4, 2))},
        (
            "'enc_lif': needed shape (4, 3, 2): events, time steps, elements; found shape (4, 2). "
            f"{OWN}"
        ),
    ),
    (
        "a static value at every step",
        {"x": X, "enc": np.zeros((4, 3, 2))},
        (
            "'enc': needed shape (4, 2): events, elements; found shape (4, 3, 2). This layer has one "
            "value an event, the same at every time step: give one step's."
        ),
    ),
    (
        "a score without its axis",
        {"x": X, "score": np.zeros(4)},
        (
            "'score': needed shape (4, 1): events, elements; found shape (4,). Give it a second axis: "
            "one column."
        ),
    ),
    (
        "not a number",
        {"x": X, "score": np.full((4, 1), np.nan)},
        (
            "'score'[0, 0]: needed finite numbers; found nan. Look for a diverged training or a "
            "division by zero."
        ),
    ),
    (
        "text",
        {"x": X, "score": np.array(["a"])},
        f"'score': needed real numbers; found elements of type <U1. {PLAIN}",
    ),
]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """An autoencoder with one spiking layer, 3 elements and 3 steps."""
    return read_bundle(small_draft().write(tmp_path_factory.mktemp("outputs") / "demo")).graph


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(graph: Graph) -> str:
    """What is said about the file in the working folder."""
    with pytest.raises(BundleError) as refused:
        read_outputs(Path(F), graph)
    return str(refused.value)


def test_outputs_are_read(graph: Graph) -> None:
    """The inputs apart, layers by name, a membrane under its layer's name and '.membrane'."""
    membrane = np.arange(24.0).reshape(4, 3, 2)
    np.savez(F, **{"x": X, "enc": np.ones((4, 2)), "enc_lif.membrane": membrane})
    found = read_outputs(Path(F), graph)
    assert found.x.tolist() == X.tolist()
    assert set(found.layers) == {"enc", "enc_lif.membrane"}
    assert found.layers["enc_lif.membrane"].tolist() == membrane.tolist()


@pytest.mark.parametrize(("what", "arrays", "message"), BAD, ids=[what for what, *_ in BAD])
def test_arrays_that_do_not_fit_are_refused(
    what: str, arrays: dict[str, Any], message: str, graph: Graph
) -> None:
    """One message: which array, what it needs, what it is, what to do."""
    del what
    archive(Path(F), **{name: npy(values) for name, values in arrays.items()})
    place = f"{F}: " if message.startswith(("'", "needed")) else ""
    assert refusal(graph) == f"{place}{message}"


def test_a_file_that_is_none_is_refused(graph: Graph) -> None:
    """No file, a folder, a name that no file can have."""
    needed = f"{F}: needed an .npz file with the inputs 'x' and outputs of layers; found"
    do = f"Write one with {SAVE}."
    assert refusal(graph) == f"{needed} no such file. {do}"
    Path(F).mkdir()
    assert refusal(graph) == f"{needed} something that is no file. {do}"
    for name in ("a" * 5000, "a\0b"):
        with pytest.raises(BundleError, match="found no such file"):
            read_outputs(Path(name), graph)


def test_damaged_and_hostile_files_are_refused(graph: Graph) -> None:
    """No zip, half of one, pickled objects, a header that claims 10 gigabytes."""
    path = Path(F)
    path.write_bytes(b"x" * 100)
    assert (
        refusal(graph)
        == f"{F}: needed a readable .npz archive; found File is not a zip file. {PLAIN}"
    )
    np.savez(path, x=X, enc=np.ones((4, 2)))
    path.write_bytes(path.read_bytes()[:300])
    assert refusal(graph).startswith(f"{F}: needed a readable .npz archive; found ")
    archive(path, x=npy(X), enc=npy(np.array([{}], dtype=object), pickled=True))
    assert (
        refusal(graph)
        == f"{F}: 'enc': needed a plain array of numbers; found pickled objects. {PLAIN}"
    )
    archive(path, x=claims("(1250000000,)"))
    assert refusal(graph).startswith(f"{F}: 'x': needed 10,000,000,000 bytes for float64 of shape")


def test_inputs_of_spikes_have_all_steps(tmp_path: Path) -> None:
    """They are given as (events, steps, size), and read as one row an event."""
    graph, path = spiking(tmp_path), tmp_path / F
    np.savez(path, x=np.arange(36).reshape(4, 3, 3) % 2, enc=np.zeros((4, 3, 2)))
    assert read_outputs(path, graph).x.tolist() == (np.arange(36).reshape(4, 9) % 2).tolist()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((4, 9)), "needed an array of shape (events, 3, 3) with at least one event"),
        (
            np.full((4, 3, 3), 2.0),
            "'x': needed spikes: 0 or 1 for each time step and element; found 2.",
        ),
    ],
)
def test_bad_inputs_of_spikes_are_refused(x: Any, message: str, tmp_path: Path) -> None:
    """Without the axis of steps, or with other numbers."""
    graph, path = spiking(tmp_path), tmp_path / F
    np.savez(path, x=x, enc=np.zeros((4, 3, 2)))
    with pytest.raises(BundleError, match=re.escape(message)):
        read_outputs(path, graph)


def spiking(folder: Path) -> Graph:
    """The small network on spikes."""
    draft = small_draft()
    on_spikes(draft)
    return read_bundle(draft.write(folder / "spiking")).graph


def reshaped(graph: Graph) -> Graph:
    """The same with its reconstruction as an image of 3x1 and back."""
    nodes = (Reshape("image", "dec", (3, 1)), Reshape("flat", "image", (3,)))
    rest = [node.reading({"dec": "flat"}) for node in graph.nodes[5:]]
    return replace(graph, nodes=(*graph.nodes[:5], *nodes, *rest))


@pytest.mark.parametrize("shape", [(4, 3, 1), (4, 3)])
def test_a_value_of_several_axes_has_them_or_stands_flat(
    graph: Graph, shape: tuple[int, ...]
) -> None:
    """Elements are read row by row either way."""
    np.savez(F, x=X, image=np.arange(12.0).reshape(shape))
    found = read_outputs(Path(F), reshaped(graph))
    assert found.layers["image"].tolist() == np.arange(12.0).reshape(4, 3).tolist()


def test_axes_in_another_order_are_refused(graph: Graph) -> None:
    """The message names the layer's axes."""
    np.savez(F, x=X, image=np.zeros((4, 1, 3)))
    with pytest.raises(BundleError, match=r"axes 3x1, or stand flat, row by row\.$"):
        read_outputs(Path(F), reshaped(graph))
