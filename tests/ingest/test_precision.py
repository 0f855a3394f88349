"""Formats for what a source gives none: which layers get which, and what is said about it."""

import re
from pathlib import Path

import numpy as np
import pytest

from fwgen.errors import BundleError, FormatError
from fwgen.flow.sample_ranges import ranges
from fwgen.ingest.draft import Draft
from fwgen.ingest.precision import Precision, complete, fitted
from fwgen.ir.fixed import Fixed

F = "fixed<16,6,RND_CONV,SAT>"


def network() -> Draft:
    """Dense - batch_norm - relu - dense - sigmoid, and a second output behind the ReLU."""
    draft = Draft("net", 2, "fixed<8,4>")
    draft.add("dense", "d1", arrays={"weight": [[1.0, 0.5], [3.0, -2.0]], "bias": [0.5, 0.0]})
    norm = {"mean": [0.0, 1.0], "variance": [1.0, 0.25]}
    draft.add("batch_norm", "n1", epsilon=0.0, gamma=False, beta=False, arrays=norm)
    draft.add("relu", "r1")
    draft.add("dense", "d2", arrays={"weight": [[0.25, -0.125]]}, bias=False)
    draft.add("table", "s", function="sigmoid")
    draft.outputs += ["s", "r1"]
    return draft


def layers(draft: Draft) -> dict[str, dict[str, object]]:
    """Layers by name."""
    return {layer["name"]: layer for layer in draft.layers}


def shape(draft: Draft) -> list[str]:
    """Each layer as ``name(sources)``, in order."""
    return [
        f"{layer['name']}({layer['from']})" if "from" in layer else str(layer["name"])
        for layer in draft.layers
    ]


def samples(folder: Path, x: object) -> Path:
    """A sample file with ``x``."""
    np.savez(folder / "x.npz", x=np.asarray(x))
    return folder / "x.npz"


def test_precision_for_all() -> None:
    """Parameters get the format, and a quantise layer stands behind what grows, once each."""
    draft = network()
    complete(draft, Precision.of(F), "net.h5")
    assert shape(draft) == [
        "d1(x)",
        "n1(d1)",
        "r1(n1)",
        "r1_q(r1)",
        "d2(r1_q)",
        "d2_q(d2)",
        "s(d2_q)",
    ]
    made = layers(draft)
    assert made["d1"]["weight_format"] == made["d1"]["bias_format"] == F
    assert made["r1_q"]["format"] == made["s"]["format"] == F
    assert made["d2_q"]["format"] == "fixed<12,6,RND_CONV,SAT>"  # a table has few entries
    assert "scale_format" not in made["n1"]  # folded into d1
    assert "bias_format" not in made["d2"]  # it has none
    assert draft.outputs == ["s", "r1_q"]


def test_precision_is_told() -> None:
    """The notes say which layer got which format, and from where."""
    draft = network()
    complete(draft, Precision.of(F), "net.h5")
    assert draft.notes == [
        f"{F} from --precision: d1 (weight), d1 (bias), d2 (weight), r1 (value), s (result).",
        "fixed<12,6,RND_CONV,SAT> from --precision: d2 (value).",
    ]


def test_source_formats_stay() -> None:
    """What the source has given a format keeps it, and nothing is put behind its quantiser."""
    draft = Draft("net", 2, "fixed<8,4>")
    weights = {"weight": [[1.0, 0.5]], "bias": [0.5]}
    given = {"weight_format": "fixed<4,2>", "bias_format": "fixed<5,2>"}
    draft.add("dense", "d1", arrays=weights, **given)
    draft.add("quantise", "q1", format="fixed<6,3,RND,SAT>")
    draft.add("dense", "d2", arrays={"weight": [[2.0]], "bias": [1.0]}, **given)
    draft.add("quantise", "q2", format="fixed<6,3,RND,SAT>")
    draft.outputs.append("q2")
    before = [dict(layer) for layer in draft.layers]
    complete(draft, Precision.of(F), "net.h5")
    assert [{k: v for k, v in layer.items() if k != "from"} for layer in draft.layers] == before
    assert not draft.notes


def test_ranges_place_the_binary_point(tmp_path: Path) -> None:
    """With samples each value's format just holds what was seen; the width is the one asked for."""
    draft = network()
    file = samples(tmp_path, [[1.0, 2.0], [2.0, -3.0], [0.0, 0.0]])
    complete(draft, Precision.of("fixed<10,1,RND,SAT>", lambda d: ranges(d, file)), "net.h5")
    made = layers(draft)
    # r1: 2*(3*2 + 2*3 - 1) = 22 at most; d1 folded: weights up to 6, bias down to -2
    assert made["r1_q"]["format"] == "ufixed<10,5,RND,SAT>"
    assert made["d1"]["weight_format"] == "fixed<10,4,RND,SAT>"
    assert made["d1"]["bias_format"] == "fixed<10,2,RND,SAT>"
    # d2 = 0.25*r1[0] - 0.125*r1[1]: -2.625 to 0.625
    assert made["d2_q"]["format"] == "fixed<10,3,RND,SAT>"
    assert made["s"]["format"] == "ufixed<10,0,RND,SAT>"
    assert all("from --precision and --samples" in note for note in draft.notes)


def test_ranges_alone(tmp_path: Path) -> None:
    """Without --precision, values have 16 bits and parameters are left to the build."""
    draft = network()
    file = samples(tmp_path, [[2.0, -3.0]])
    complete(draft, Precision.of(None, lambda d: ranges(d, file)), "net.h5")
    made = layers(draft)
    assert made["r1_q"]["format"] == "ufixed<16,5,RND_CONV,SAT>"
    assert "weight_format" not in made["d1"]
    assert draft.notes[-1] == (  # n1 goes with d1
        "The file gives no number format for d1 (weight, bias), d2 (weight): the build chooses it."
    )


def test_nothing_asked_for() -> None:
    """Without either option only a table is refused; the notes name what the build chooses."""
    draft = network()
    with pytest.raises(BundleError, match=r"^net\.h5: layer 's' \(sigmoid\): needed a number"):
        complete(draft, Precision(), "net.h5")
    draft.layers.pop()
    complete(draft, Precision(), "net.h5")
    assert shape(draft) == ["d1", "n1", "r1", "d2"]
    assert draft.notes[-1] == (
        "The file gives no number format for d1 (weight, bias), n1 (scale, offset), d2 (weight): "
        "the build chooses it."
    )


@pytest.mark.parametrize("precision", [None, "fixed<18,8,RND_CONV,SAT>"])
def test_what_the_build_chooses_is_named(precision: str | None) -> None:
    """Also a leak factor and a threshold, which no option gives a format."""
    draft = Draft("net", 2, "fixed<8,4>", steps=2)
    draft.add("dense", "d", arrays={"weight": np.eye(2), "bias": np.zeros(2)})
    draft.add("lif", "n", beta=0.9, threshold=1.0, reset="zero", reset_delay=True)
    draft.add("last_membrane", "m")
    draft.outputs.append("m")
    complete(draft, Precision.of(precision), "net.h5")
    left = "n (beta, threshold)" if precision else "d (weight, bias), n (beta, threshold, membrane)"
    assert draft.notes[-1] == (f"The file gives no number format for {left}: the build chooses it.")


@pytest.mark.parametrize(
    ("gamma", "said"),
    [
        ([0.75, -0.5], "is fixed<3,1,RND_CONV>"),
        ([0.3, 0.1], "is rounded to fixed<24,0,RND_CONV>"),
    ],
)
def test_norm_behind_quantised_weights(gamma: list[float], said: str) -> None:
    """It keeps an operation of its own, exact where 24 bits hold its scale."""
    draft = Draft("net", 2, "fixed<8,4>")
    weights = {"weight": np.eye(2), "bias": np.zeros(2)}
    draft.add("dense", "d", arrays=weights, weight_format="fixed<4,2>", bias_format="fixed<4,2>")
    norm = {"gamma": gamma, "mean": [0.0, 0.0], "variance": [1.0, 1.0], "beta": [0.0, 0.0]}
    draft.add("batch_norm", "n", epsilon=0.0, arrays=norm)
    draft.outputs.append("n")
    complete(draft, Precision(), "net.h5")
    assert layers(draft)["n"]["scale_format"] == said.rsplit(maxsplit=1)[-1]
    assert draft.notes[0] == f"n is no part of d, whose weights are quantised; its scale {said}."


@pytest.mark.parametrize(
    ("behind", "fmt", "adopted"),
    [
        ((), "fixed<6,1,RND,SAT>", True),
        (("relu",), "ufixed<6,0,RND_CONV,SAT>", True),
        (("relu",), "ufixed<6,0,RND_CONV>", False),  # negative values would wrap around
        (("leaky_relu",), "fixed<6,1,RND,SAT>", False),
    ],
)
def test_table_takes_the_format_behind(behind: tuple[str, ...], fmt: str, adopted: bool) -> None:
    """A table in front of one conversion gives its results in that format at once."""
    draft = Draft("net", 2, "fixed<8,4>")
    draft.add("table", "t", function="tanh")
    for op in behind:
        draft.add(op, "b", **({"alpha": 0.5} if op == "leaky_relu" else {}))
    draft.add("quantise", "q", format=fmt)
    draft.outputs.append("q")
    if adopted:
        complete(draft, Precision(), "net.h5")
        assert layers(draft)["t"]["format"] == fmt
    else:
        with pytest.raises(BundleError, match=r"layer 't' \(tanh\): needed a number format"):
            complete(draft, Precision(), "net.h5")


def test_norm_that_stands_alone() -> None:
    """It is exact where 24 bits hold its numbers, and left to the build elsewhere."""
    draft = Draft("net", 2, "fixed<8,4>")
    norm = {"gamma": [0.5, 0.3], "mean": [0.0, 0.0], "variance": [1.0, 1.0], "beta": [2.0, 0.25]}
    draft.add("batch_norm", "n", epsilon=0.0, arrays=norm)
    draft.outputs.append("n")
    complete(draft, Precision(), "net.h5")
    assert "scale_format" not in layers(draft)["n"]
    assert layers(draft)["n"]["offset_format"] == "ufixed<4,2,RND_CONV>"


def test_joined_values_are_converted_first() -> None:
    """Of what is joined, only the values that grow are converted."""
    draft = network()
    draft.add("concat", "c", ["d2", "x"])
    draft.outputs[:] = ["c", "s"]
    complete(draft, Precision.of(F), "net.h5")
    assert layers(draft)["c"]["from"] == ["d2_q", "x"]
    assert draft.outputs == ["c", "s"]


def test_membranes(tmp_path: Path) -> None:
    """A membrane gets the format asked for, and nothing stands between it and its current."""
    file = samples(tmp_path, [[4.0, -2.0]])
    for precision in (F, None):
        draft = Draft("net", 2, "fixed<8,4>", steps=3)
        draft.add("dense", "d", arrays={"weight": np.eye(2), "bias": np.zeros(2)})
        lif = {"beta": 0.5, "threshold": 100.0, "reset": "none", "reset_delay": True}
        draft.add("lif", "l", **lif)
        draft.add("last_membrane", "m")
        draft.outputs.append("m")
        complete(
            draft,
            Precision.of(precision, None if precision else lambda d: ranges(d, file)),
            "net.h5",
        )
        assert shape(draft) == ["d(x)", "l(d)", "m(l)"]
        # the range is -3.5 to 7
        expected = precision or "fixed<16,4,RND_CONV,SAT>"
        assert layers(draft)["l"]["membrane_format"] == expected


@pytest.mark.parametrize(
    ("lo", "hi", "text"),
    [
        (0.0, 0.0, "fixed<8,1>"),
        (-1.0, 0.5, "fixed<8,1>"),
        (-1.0, 1.0, "fixed<8,2>"),
        (0.0, 127.4, "fixed<8,8>"),
        (0.0, 127.6, "fixed<8,9>"),
        (-1e6, 3.0, "fixed<8,21>"),
    ],
)
def test_fitted(lo: float, hi: float, text: str) -> None:
    """The most fraction bits with which both ends, rounded, are inside."""
    assert str(fitted(lo, hi, Fixed.parse("fixed<8,1>"))) == text


def test_wrong_options(tmp_path: Path) -> None:
    """A text that is no format, and samples of another shape, are refused by their flag."""
    with pytest.raises(FormatError, match="--precision: needed a number format"):
        Precision.of("float32")
    for x in ([[1.0]], [1.0, 2.0], np.zeros((0, 2))):
        with pytest.raises(BundleError, match=r"--samples .*: needed an array 'x' of shape"):
            ranges(network(), samples(tmp_path, x))


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("d1.weight", np.nan, "'d1.weight': needed numbers below 1e+60; found nan."),
        ("n1.mean", -np.inf, "'n1.mean': needed numbers below 1e+60; found -inf."),
        ("n1.variance", -1.0, "'n1.variance': needed variance + epsilon above 0; found -1."),
        ("n1.variance", 0.0, "'n1.variance': needed variance + epsilon above 0; found 0."),
    ],
)
def test_numbers_that_diverged(key: str, value: float, found: str) -> None:
    """They are refused by their name before any format is chosen."""
    draft = network()
    draft.arrays[key] = np.full_like(draft.arrays[key], value)
    with pytest.raises(BundleError, match=f"^net.h5: {re.escape(found)} Look for a diverged"):
        complete(draft, Precision.of(F), "net.h5")


def test_samples_beyond_all_numbers(tmp_path: Path) -> None:
    """Values that overflow in the float network are refused, with the layer."""
    draft, file = network(), samples(tmp_path, [[1e200, 1e200]])
    with pytest.raises(
        BundleError, match=r"layer 'x': needed events whose values stay below 1e.100"
    ):
        complete(draft, Precision.of(None, lambda d: ranges(d, file)), "net.h5")
