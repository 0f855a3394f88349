"""HGQ2 files without HGQ2: formats by element, weights on their grids, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.errors import BundleError, FormatError
from fwgen.flow.import_ import import_model
from fwgen.ingest.answers import Answers
from fwgen.ingest.bundle.reader import Bundle
from fwgen.ingest.sources import Request
from fwgen.ir.cast import to_real
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference, quantise_input
from tests.ingest.keras.keras_files import KerasDraft, dense, layer

KERNEL = [[0.5, -1.25], [0.3, 1.5], [-0.5, 0.75]]


def conf(kind: str = "kif", **keys: Any) -> dict[str, Any]:
    """A quantiser's configuration."""
    known = {"q_type": kind, "round_mode": "RND", "overflow_mode": "SAT", "trainable": True}
    known |= {"place": "datalane", "scaler": None, "affine": None, "bw_mapper": None}
    return {"class_name": "QuantizerConfig", "config": known | keys}


def draft(
    reads: dict[str, Any] | None = None, weighs: dict[str, Any] | None = None, **arrays: Any
) -> KerasDraft:
    """A QDense 3 -> 2: quantisers of input and weights, and arrays ``iq``, ``kq`` and ``bq``."""
    made = KerasDraft()
    config = dense()["config"]
    for key in ("kernel_quantizer", "bias_quantizer"):
        del config[key]
    config |= {"iq_conf": reads or conf(), "kq_conf": weighs or conf(), "bq_conf": conf()}
    config |= {"enable_iq": True, "enable_oq": False, "enable_ebops": False}
    entry = {"class_name": "QDense", "config": config, "registered_name": "hgq>QDense"}
    made.layers = [made.layers[0], entry]
    formats = {
        "iq": ([[2, 1, 1]], [[1, 2, 1]], [[1, 0, 1]]),  # i, f, k
        "kq": ([[1, 2], [0, 1], [1, 1]], [[2, 1], [3, 0], [1, 2]], [[1, 1], [1, 1], [1, 0]]),
        "bq": ([1, 1], [2, 2], [1, 1]),
    } | arrays
    weights = {"d": {"kernel": KERNEL, "bias": [0.3, -0.7]}}
    weights |= {f"d/{key}": {str(i): a for i, a in enumerate(v)} for key, v in formats.items()}
    made.weights = weights
    return made


def imported(made: KerasDraft, folder: Path, **answers: str) -> Bundle:
    """The bundle of a draft."""
    given = Answers({"input_format": "fixed<9,4>"} | answers)
    return import_model(Request(made.archive(folder / "m.keras"), "net", given), folder / "net")


def value(bundle: Bundle, x: np.ndarray, name: str = "d") -> np.ndarray:
    """One value in real numbers."""
    graph = quantise(bundle.graph)
    reference = Reference.of(graph)
    found = reference.run(quantise_input(graph, x)).values[name]
    return to_real(found, reference.analysis.values[name].frac)


X = np.array([[1.28125, 2.40625, -0.71875], [-5.0, -0.5, 7.0], [0.25, 0.125, 0.25]])


def test_every_element_has_its_format(tmp_path: Path) -> None:
    """Activations and weights are converted element by element."""
    found = value(imported(draft(), tmp_path), X)
    steps, low, high = np.array([2, 4, 2]), np.array([-8, 0, -4]), np.array([7, 7, 3])
    x = np.clip(np.floor(X * steps + 0.5), low, high) / steps
    scale = np.array([[4, 2], [8, 1], [2, 4]])
    bottom, top = np.array([[-8, -8], [-8, -2], [-4, 0]]), np.array([[7, 7], [7, 1], [3, 7]])
    kernel = np.clip(np.floor(np.array(KERNEL) * scale + 0.5), bottom, top) / scale
    assert np.array_equal(found, x @ kernel + np.array([0.25, -0.75]))


def test_an_element_without_bits_is_zero(tmp_path: Path) -> None:
    """So is its share of the sum; a value of such elements only is 0 altogether."""
    made = draft(iq=([[0, 2, 0]], [[0, 1, 0]], [[0, 1, 0]]))
    bundle = imported(made, tmp_path)
    assert np.array_equal(value(bundle, X, "d_iq")[:, [0, 2]], np.zeros((3, 2)))
    assert np.array_equal(value(bundle, X, "d_iq")[:, 1], [2.5, -0.5, 0.0])


def test_wires_are_bounded(tmp_path: Path) -> None:
    """Each of many long vectors would take two matrices of a hundred megabytes."""
    made = draft()
    made.layers[0]["config"]["batch_input_shape"] = [None, 4096]
    entry = {"class_name": "Quantizer", "registered_name": "hgq>Quantizer"}
    names = [f"q{k}" for k in range(3)]
    made.layers[1:] = [entry | {"config": {"name": n, "config": conf()}} for n in names]
    mixed = {"0": np.arange(4096)[None] % 3, "1": [[1]], "2": [[1]]}
    made.weights = {f"quantizer{k}/quantizer": mixed for k in ("", "_1", "_2")}
    with pytest.raises(BundleError, match=r"layer 'q1' .*needed formats by element for which"):
        imported(made, tmp_path)


def test_one_format_for_all_is_the_inputs(tmp_path: Path) -> None:
    """Where all elements of the first quantiser are alike, it is the input's format."""
    made = draft(iq=([[2]], [[3]], [[1]]))
    path = made.archive(tmp_path / "m.keras")
    bundle = import_model(Request(path, "net", Answers({})), tmp_path / "net")
    assert str(bundle.graph.input.fmt) == "fixed<6,3,RND,SAT>"
    assert [node.name for node in bundle.graph] == ["x", "d_iq", "d"]


def test_wrap_is_accepted_by_the_user_only(tmp_path: Path) -> None:
    """Formats that wrap are named; the build refuses them until --set wrap=accept."""
    arrays = {"iq": ([[1]], [[1]], [[2]], 0.01)}  # f, k, i, decay
    bundle = imported(draft(conf(overflow_mode="WRAP"), **arrays), tmp_path)
    assert "wrap around beyond what training saw: d_iq" in bundle.settings.provenance.notes
    with pytest.raises(FormatError, match="which would wrap around"):
        quantise(bundle.graph)
    (tmp_path / "two").mkdir()
    made = draft(conf(overflow_mode="WRAP"), **arrays)
    bundle = imported(made, tmp_path / "two", wrap="accept")
    assert bundle.graph.accepted_wraps == ("d_iq",)
    assert value(bundle, X, "d_iq")[1].tolist() == [3.0, -0.5, -1.0]


def test_weights_that_wrap_are_only_rounded(tmp_path: Path) -> None:
    """In training's WRAP mode HGQ2 does not bring weights into a range."""
    kq = conf(overflow_mode="WRAP", is_weight=True)
    made = draft(weighs=kq)
    made.weights["d/kq"] = {"0": [[2]], "1": [[1]], "2": [[-3]], "3": 0.01}
    kernel = imported(made, tmp_path).graph["d"].weight.values.T  # type: ignore[attr-defined]
    assert np.array_equal(kernel, np.floor(np.array(KERNEL) * 4 + 0.5) / 4)


def test_frozen_weights_that_wrap(tmp_path: Path) -> None:
    """In a layer that is not trainable they would wrap around: refused."""
    made = draft(weighs=conf(overflow_mode="WRAP", is_weight=True))
    made.weights["d/kq"] = {"0": [[2]], "1": [[1]], "2": [[-3]], "3": 0.01}
    made.layers[1]["config"]["trainable"] = False
    with pytest.raises(BundleError, match="kq: needed a trainable layer"):
        imported(made, tmp_path)


@pytest.mark.parametrize(
    ("iq", "arrays", "message"),
    [
        (conf("float"), {}, "q_type: needed kbi or kif; found 'float'"),
        (conf(scaler=2.0), {}, "scaler: needed none: fwgen does not honour it; found '2.0'"),
        (conf(affine=[1, 2]), {}, "affine: needed none"),
        (conf(bw_mapper={}), {}, "bw_mapper: needed none"),
        (conf(tweak=1), {}, "tweak: needed none"),
        (conf(round_mode="MAGIC"), {}, "needed a rounding mode TRN, RND"),
        (conf(overflow_mode="WRAP_SM"), {}, "needed a rounding mode"),
        (conf(), {"iq": ([[1]], [[1]])}, "needed 3 arrays of its formats; found 2"),
        (conf(), {"iq": ([[1, 2]], [[1]], [[1]])}, "iq: i: needed shape (3,); found (1, 2)"),
        (conf(), {"iq": ([[1]], [[np.nan]], [[1]])}, "iq: f: needed numbers from -64 to 64"),
        (conf(), {"iq": ([[1e9]], [[1]], [[1]])}, "iq: i: needed numbers from -64 to 64"),
        (conf(), {"iq": ([[60]], [[60]], [[1]])}, "iq: needed at most 64 bits; found more"),
        (conf(), {"iq": ([[1]], [[1]], [[2]])}, "iq: k: needed 0 or 1; found another number"),
        ({"config": 3}, {}, "needed a quantiser's configuration"),
    ],
)
def test_refused(iq: dict[str, Any], arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    """A quantiser that is not understood is named, with what of it is not."""
    with pytest.raises(BundleError) as raised:
        imported(draft(iq, **arrays), tmp_path)
    assert message in str(raised.value)
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize("kind", ["QConv1D", "QSoftmax", "QGRU", "QEinsumDense"])
def test_layers_without_an_operation(kind: str, tmp_path: Path) -> None:
    """They are refused by name, with what is supported."""
    made = draft()
    made.layers.append(layer(kind) | {"registered_name": f"hgq>{kind}"})
    with pytest.raises(BundleError, match=rf"\({kind}\): needed one of the layers .*hgq>QDense"):
        imported(made, tmp_path)


def test_other_qdense(tmp_path: Path) -> None:
    """A QDense of HGQ2 is not taken for one of QKeras, whatever it calls itself."""
    made = draft()
    del made.layers[1]["registered_name"]
    with pytest.raises(BundleError, match="needed the keys activation, bias_quantizer"):
        imported(made, tmp_path)
