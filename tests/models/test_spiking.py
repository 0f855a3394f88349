"""The spiking autoencoder that ships: it is the network that was trained, in its formats.

``expected.npz`` holds what the second stage of ``train.py`` computes with snnTorch on the sample
events; all of it lies on the formats' grids, so integers are compared.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.ingest.bundle.reader import Bundle, read_bundle
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense, Input, Lif, Node, Quantise, SpikeCount, Threshold
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference
from tests.models.test_models import Values, formats

FOLDER = Path(__file__).parents[2] / "models" / "snn_ae"
SAMPLES, STEPS = 5, 5


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The model as it ships."""
    return read_bundle(FOLDER)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the recipe wrote about the training."""
    return dict(json.loads((FOLDER / "training.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def reference(bundle: Bundle) -> Reference:
    """Its integer reference."""
    return Reference.of(quantise(bundle.graph))


def nodes(bundle: Bundle, kind: type[Node]) -> list[Any]:
    """The nodes of one operation."""
    return [node for node in bundle.graph.nodes if isinstance(node, kind)]


def test_is_the_trained_network(bundle: Bundle) -> None:
    """The integer reference gives exactly the scores and membranes of the training's network."""
    expected = np.load(FOLDER / "expected.npz")
    assert len(bundle.samples) == SAMPLES
    for sample in bundle.samples:
        ours = Values.of(bundle, sample.x)
        assert len(sample.x) == len(expected[f"{sample.name}_score"]) == 500
        assert ours.equal("score", expected[f"{sample.name}_score"][:, None]), sample.name
        assert ours.equal("membrane", expected[f"{sample.name}_membrane"]), sample.name


def test_formats(bundle: Bundle, told: dict[str, Any]) -> None:
    """model.yaml has the formats, beta and threshold of the training."""
    assert formats(bundle) == told["formats"]
    hidden, output = nodes(bundle, Lif)[:-1], nodes(bundle, Lif)[-1]
    assert {float(n.beta.values) for n in (*hidden, output)} == {told["beta"]}
    assert {float(n.threshold.values) for n in hidden} == {told["threshold"]}
    assert output.threshold.values == 1200


def test_parameters_are_on_their_grids(bundle: Bundle, reference: Reference) -> None:
    """No weight and no bias is rounded on its way into the firmware."""
    arrays = np.load(FOLDER / "weights.npz")
    for real in nodes(bundle, Dense):
        (dense,) = (n for n in reference.graph.nodes if n.name == real.name)
        for part in (dense.weight, dense.bias):
            name = "weight" if part is dense.weight else "bias"
            assert np.array_equal(part.values * 2.0**-part.fmt.frac, arrays[f"{real.name}.{name}"])


def test_first_layer_only_shifts() -> None:
    """Weights of the layer on the inputs are 0 or plus or minus a power of two."""
    weight = np.load(FOLDER / "weights.npz")["enc1.weight"]
    assert set(np.unique(np.abs(weight))) <= {0, 0.25, 0.5, 1, 2, 4}


def test_membranes_are_as_wide_as_needed(reference: Reference) -> None:
    """No membrane can saturate, and none has a bit more than what its bounds need."""
    membranes = [c for c in reference.analysis.conversions if c.what == "membrane"]
    assert len(membranes) == 6
    for conversion in membranes:
        assert not conversion.overflows, conversion.node
        assert conversion.sufficient.width == conversion.fmt.width, conversion.node


def test_clamping_the_first_current_changes_no_spike(bundle: Bundle, reference: Reference) -> None:
    """For each current that the first layer can give, rounded, the clamped one spikes alike."""
    (clamp,), lif = nodes(bundle, Quantise), nodes(bundle, Lif)[0]
    bounds, step = reference.analysis.values["enc1"], 2.0**-clamp.fmt.frac
    reach = max(-min(bounds.lo), *bounds.hi) * 2.0**-bounds.frac
    x = np.arange(-np.ceil(reach / step), np.ceil(reach / step) + 1)
    assert x.min() * step < -1
    assert x.max() * step > 2 * clamp.fmt.hi * step
    current = Fixed.holding(int(x.min()), int(x.max()), clamp.fmt.frac)
    wide = Fixed.parse(f"fixed<40,{40 - lif.membrane.frac},RND,SAT>")
    entry = Input("x", len(x), current)
    free = replace(lif, name="free", source="x", membrane=wide)
    kept = replace(free, name="kept", source=clamp.name)
    counts = (SpikeCount("n_free", "free"), SpikeCount("n_kept", "kept"))
    layers = (entry, free, replace(clamp, source="x"), kept, *counts)
    graph = Graph("g", STEPS, layers, ("n_free", "n_kept"))
    spikes = Reference.of(quantise(graph)).run(x[None].astype(np.int64)).values
    assert np.array_equal(spikes["free"], spikes["kept"])
    assert 0 < spikes["kept"].mean() < 1


def test_trigger(bundle: Bundle, told: dict[str, Any]) -> None:
    """The threshold is the score that 1 % of the toy background exceeds, to two digits."""
    (node,) = nodes(bundle, Threshold)
    assert float(node.value.values) == pytest.approx(
        told["score_above_which_is_1_percent"], rel=0.02
    )


def test_as_good_as_the_published_network(told: dict[str, Any]) -> None:
    """The network trained for its formats explains and separates as the published one does."""
    before = told["published"]
    explained = "r_squared_toy_background"
    assert told[explained] > before[explained] - 0.01
    for name, area in told["auc_against_toy_background"].items():
        assert area > before["auc_against_toy_background"][name] - 0.02, name
    assert min(list(told["spike_rate_toy_background"].values())[:-1]) > 0.1
