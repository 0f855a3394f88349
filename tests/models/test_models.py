"""The models that ship: their bundles read, and they are the networks that were trained.

``expected.npz`` of a model trained with QKeras holds what QKeras computes with the exported weights
on the sample events; all of it lies on the formats' grids, so integers are compared.
"""

import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fwgen.ingest.bundle.reader import Bundle, read_bundle
from fwgen.ir.nodes import Dense, Input, Quantise, Threshold
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference, quantise_input

MODELS = Path(__file__).parents[2] / "models"
FOLDERS = sorted(path.parent for path in MODELS.glob("*/model.yaml"))
QKERAS = [path for path in FOLDERS if "qkeras" in (path / "training.json").read_text("utf-8")]
SMART_PIXEL = [path for path in QKERAS if path.name.startswith("smartpixel_")]
NAMES = {
    "adc_ae",
    "adc_vae",
    "dnn_ae",
    "smartpixel_classifier_hp",
    "smartpixel_classifier_lp",
    "smartpixel_vae_hp",
    "smartpixel_vae_lp",
}
MOST_BYTES = 1_000_000


def named(folder: Path) -> str:
    """Name of a parametrised test's case."""
    return folder.name


def record(folder: Path) -> dict[str, Any]:
    """What the recipe wrote about the training."""
    return dict(json.loads((folder / "training.json").read_text("utf-8")))


def formats(bundle: Bundle) -> dict[str, Any]:
    """Formats as model.yaml gives them, written as ``training.json`` writes them."""
    found: dict[str, Any] = {}
    for node in bundle.graph.nodes:
        match node:
            case Input():
                found["input"] = str(node.fmt)
            case Dense():
                found[node.name] = {"weight": str(node.weight.fmt), "bias": str(node.bias.fmt)}
                last = node.name
            case Quantise():
                found[last][node.name] = str(node.fmt)
    return found


@dataclass(frozen=True)
class Values:
    """What the integer reference makes of a sample's events."""

    integers: dict[str, np.ndarray]
    fracs: dict[str, int]

    @classmethod
    def of(cls, bundle: Bundle, x: np.ndarray) -> "Values":
        """Interpret events x (events, size)."""
        graph = quantise(bundle.graph)
        reference = Reference.of(graph)
        fracs = {name: value.frac for name, value in reference.analysis.values.items()}
        return cls(reference.run(quantise_input(graph, x)).values, fracs)

    def equal(self, name: str, real: np.ndarray) -> bool:
        """Whether a node's integers are exactly these real numbers, all on its grid."""
        scaled = real * 2.0 ** self.fracs[name]
        integers = scaled.astype(np.int64)
        return np.array_equal(integers, scaled) and np.array_equal(self.integers[name], integers)


def test_folders() -> None:
    """Every model trained with QKeras is found, so that no test below is empty."""
    assert {path.name for path in QKERAS} == NAMES


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_bundle_reads(folder: Path) -> None:
    """Each folder holds a bundle of that name with sample events, small, and a README."""
    bundle = read_bundle(folder)
    assert bundle.settings.name == folder.name
    assert {sample.label for sample in bundle.samples} == {"background", "signal"}
    assert (folder / "README.md").is_file()
    assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) < MOST_BYTES


@pytest.mark.parametrize("folder", QKERAS, ids=named)
def test_is_the_trained_network(folder: Path) -> None:
    """The integer reference gives exactly what QKeras gave, on every sample event."""
    bundle, expected = read_bundle(folder), np.load(folder / "expected.npz")
    compared = set()
    for sample in bundle.samples:
        ours = Values.of(bundle, sample.x)
        theirs = {name: expected[key] for key, name in keys(expected, sample.name).items()}
        bits = [n.name for n in bundle.graph.nodes if isinstance(n, Threshold)]
        assert set(bundle.graph.outputs) <= {*theirs, *bits}
        for name, wanted in theirs.items():
            assert len(wanted) == len(sample.x)
            assert ours.equal(name, wanted), f"{sample.name}: {name}"
        compared.update(f"{sample.name}_{name}" for name in theirs)
    assert compared == set(expected.files)


def keys(expected: Any, sample: str) -> dict[str, str]:
    """Keys of a sample's values, and the names of the nodes they belong to."""
    stem = f"{sample}_"
    return {key: key.removeprefix(stem) for key in expected.files if key.startswith(stem)}


@pytest.mark.parametrize("folder", QKERAS, ids=named)
def test_flag(folder: Path) -> None:
    """The trigger bit is 1 where the trained network's score exceeds the recipe's threshold."""
    bundle, expected = read_bundle(folder), np.load(folder / "expected.npz")
    (node,) = (n for n in bundle.graph.nodes if isinstance(n, Threshold))
    threshold = record(folder)["threshold"]
    fired = 0
    for sample in bundle.samples:
        wanted = expected[f"{sample.name}_score"] > threshold
        assert np.array_equal(Values.of(bundle, sample.x).integers[node.name], wanted)
        fired += wanted.sum()
    assert 0 < fired < sum(len(sample.x) for sample in bundle.samples)


@pytest.mark.parametrize("folder", QKERAS, ids=named)
def test_formats(folder: Path) -> None:
    """model.yaml has the formats of the training: 8-bit weights, and at most 8 in each value.

    Only a reconstruction may be finer, because it is compared with inputs of more bits.
    """
    bundle = read_bundle(folder)
    assert formats(bundle) == record(folder)["formats"]
    for node in bundle.graph.nodes:
        if isinstance(node, Dense):
            assert node.weight.fmt is not None
            assert node.weight.fmt.width == 8
        if isinstance(node, Quantise):
            assert node.fmt.width <= (11 if node.name == "recon_bits" else 8)
            assert (node.fmt.rounding, node.fmt.overflow) == ("RND_CONV", "SAT")


@pytest.mark.parametrize("folder", QKERAS, ids=named)
def test_sparsity(folder: Path) -> None:
    """The share of zero weights is the documented one, exactly 40 % a layer where pruned."""
    told, arrays = record(folder), np.load(folder / "weights.npz")
    kernels = {key: arrays[key] for key in arrays.files if key.endswith(".weight")}
    zeros = {key.removesuffix(".weight"): int((w == 0).sum()) for key, w in kernels.items()}
    assert zeros == told["zero_weights"]
    if "smartpixel_vae" in folder.name:
        assert zeros == {"enc1": round(0.4 * 53 * 24), "mean": round(0.4 * 24 * 8)}


@pytest.mark.parametrize("folder", SMART_PIXEL, ids=named)
def test_smart_pixel_sizes(folder: Path) -> None:
    """Smart-pixel networks are the published ones: layers, and 10 or 4 bits of input."""
    nodes = read_bundle(folder).graph.nodes
    shapes = [node.weight.shape for node in nodes if isinstance(node, Dense)]
    vae = "vae" in folder.name
    assert shapes == ([(24, 53), (8, 24)] if vae else [(24, 53), (12, 24), (1, 12)])
    (entry,) = (node for node in nodes if isinstance(node, Input))
    assert entry.fmt.width == (10 if folder.name.endswith("hp") else 4)


def toy_tracks() -> ModuleType:
    """The generator of the toy clusters, which is no module of the package."""
    path = MODELS / "smartpixel" / "toy_tracks.py"
    spec = importlib.util.spec_from_file_location("toy_tracks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["toy_tracks"] = module
    spec.loader.exec_module(module)
    return module


def test_low_precision() -> None:
    """4-bit inputs are 16 even bins over 0..8000 electrons with overflow, and y0 in 16 bins."""
    toy = toy_tracks()
    charge = np.array([[0.0, 499.9, 500.0, 7499.9, 7500.0, 9000.0, -8.0], [0.0] * 6 + [7.99]])
    wanted = np.array([[0, 0, 1, 14, 15, 15, 0], [0] * 6 + [15]]) / 16
    assert np.array_equal(toy.low_precision(charge), wanted)


def test_high_precision() -> None:
    """10-bit inputs are sqrt(0.094 ln(charge)), 0 for no charge, and y0 as a share of the width."""
    toy = toy_tracks()
    x = toy.high_precision(np.array([[0.0, 1.0, np.e, 8000.0, 4.0]]))
    assert np.allclose(x, [[0, 0, 0.094**0.5, (0.094 * np.log(8000)) ** 0.5, 0.75]], rtol=1e-15)


@pytest.mark.parametrize("folder", SMART_PIXEL, ids=named)
def test_events_are_the_recipes(folder: Path) -> None:
    """The stored events are what the generator makes from seed 0, up to the last float32 bit."""
    toy = toy_tracks()
    vae = ["all_tracks", "irradiated", "dead_rows", "merged"]
    makers = vae if "vae" in folder.name else ["low_pt", "high_pt"]
    transform = toy.high_precision if folder.name.endswith("hp") else toy.low_precision
    events = np.load(folder / "events.npz")
    for number, (name, maker) in enumerate(zip(events.files, makers, strict=True)):
        made = transform(toy.sample(getattr(toy, maker), 500, [0, 20 + number]))
        assert np.allclose(made, events[name], rtol=0, atol=1e-7), name
