"""Imported ONNX and QONNX models against qonnx's own execution, layer by layer, as integers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the [onnx] extra: onnx")
pytest.importorskip("qonnx", reason="needs the [onnx] extra: qonnx")

from qonnx.core.modelwrapper import ModelWrapper  # noqa: E402
from qonnx.core.onnx_exec import execute_onnx  # noqa: E402

from fwgen.flow.prepare import prepare  # noqa: E402
from fwgen.ir.fixed import Fixed  # noqa: E402
from fwgen.verify.float_model import evaluate  # noqa: E402
from tests.frameworks.onnx_graphs import Made, plain_graph, random_graph  # noqa: E402

pytestmark = pytest.mark.frameworks

REAL = Path(os.environ.get("FWGEN_REAL", Path(__file__).parents[3] / "shared" / "real"))
EVENTS = 1000
GRAPHS = int(os.environ.get("FWGEN_TEST_GRAPHS", "50"))
SEED = int(os.environ.get("FWGEN_TEST_SEED", "5000"))


def import_without_onnx(folder: Path) -> None:
    """Import all models of a folder in a process that cannot import onnx."""
    block = folder / "blocked"
    block.mkdir()
    for name in ("onnx", "qonnx", "onnxruntime", "google"):
        (block / f"{name}.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    script = Path(__file__).with_name("import_all.py")
    env = os.environ | {"PYTHONPATH": str(block)}
    subprocess.run([sys.executable, str(script), str(folder)], env=env, check=True, timeout=600)


def executed(model: "onnx.ModelProto", events: np.ndarray) -> dict[str, np.ndarray]:
    """Every tensor of a model for a batch of events, by name."""
    wrapped = ModelWrapper(model)
    from qonnx.transformation.infer_shapes import InferShapes  # noqa: PLC0415

    wrapped = wrapped.transform(InferShapes())
    (name,) = (i.name for i in wrapped.graph.input if wrapped.get_initializer(i.name) is None)
    shape = wrapped.get_tensor_shape(name)
    return execute_onnx(wrapped, {name: events.reshape(shape).astype(np.float32)}, True)


def compare(
    folder: Path, context: dict[str, np.ndarray], events: np.ndarray, outputs: list[str]
) -> list[str]:
    """Compare an imported bundle with tensors; returns the names of the layers compared."""
    ready = prepare(folder)
    values = ready.reference.run(events).values
    pairs = {node.name: node.name for node in ready.graph if node.name in context}
    pairs |= dict(zip(ready.graph.outputs, outputs, strict=True))
    for layer, tensor in pairs.items():
        frac = ready.reference.analysis.values[layer].frac
        mine = np.asarray(values[layer], dtype=np.float64) * 2.0**-frac
        theirs = context[tensor].reshape(len(events), -1).astype(np.float64)
        wrong = np.argwhere(mine != theirs)
        assert not len(wrong), (
            f"{layer} differs from {tensor} {len(wrong)} times; first at {wrong[0]}: "
            f"{mine[tuple(wrong[0])]} and {theirs[tuple(wrong[0])]}"
        )
    return sorted(pairs)


def events_of(made: Made, seed: int) -> np.ndarray:
    """Random events in the input's format, its extremes first."""
    fmt = Fixed.parse(made.fmt)
    events = np.random.default_rng(seed).integers(fmt.lo, fmt.hi + 1, (EVENTS, made.size))
    events[0], events[1], events[2] = 0, fmt.lo, fmt.hi
    return events


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all random graphs and their bundles."""
    folder = tmp_path_factory.mktemp("graphs")
    for k in range(GRAPHS):
        made = random_graph(SEED + k)
        onnx.save(made.model, folder / f"g{k}.onnx")
        (folder / f"g{k}.json").write_text(json.dumps(made.answers), encoding="utf-8")
    import_without_onnx(folder)
    return folder


@pytest.mark.parametrize("k", range(GRAPHS))
def test_a_random_graph_has_the_integers_of_qonnx(imported: Path, k: int) -> None:
    """Each layer that is a tensor of the graph, and each output, is equal for a thousand events."""
    print(f"seed {SEED + k}")  # noqa: T201 - shown when the test fails
    error = imported / f"g{k}.error"
    assert not error.exists(), error.read_text(encoding="utf-8")
    made = random_graph(SEED + k, EVENTS)
    events = events_of(made, SEED + k)
    real = events * 2.0 ** -Fixed.parse(made.fmt).frac
    context = executed(made.model, real)
    outputs = [port.name for port in made.model.graph.output]
    compared = compare(imported / f"g{k}", context, events, outputs)
    assert len(compared) > 1


@pytest.mark.parametrize("trained", [False, True])
def test_plain_onnx_without_quantisers(tmp_path: Path, trained: bool) -> None:
    """Numbers of few bits give equal integers; trained ones the same network, at a precision.

    With ``--precision`` the integers are no longer those of float32, and a float model is compared
    with float32: that of the bundle, before any rounding.
    """
    count = max(1, GRAPHS // 5)
    for k in range(count):
        made = plain_graph(SEED + k, trained=trained)
        onnx.save(made.model, tmp_path / f"g{k}.onnx")
        (tmp_path / f"g{k}.json").write_text(json.dumps(made.answers), encoding="utf-8")
    import_without_onnx(tmp_path)
    for k in range(count):
        error = tmp_path / f"g{k}.error"
        assert not error.exists(), error.read_text(encoding="utf-8")
        made = plain_graph(SEED + k, EVENTS, trained=trained)
        events = events_of(made, k)
        real = events * 2.0 ** -Fixed.parse(made.fmt).frac
        context = executed(made.model, real)
        outputs = [port.name for port in made.model.graph.output]
        if not trained:
            assert len(compare(tmp_path / f"g{k}", context, events, outputs)) > 2
            continue
        ready = prepare(tmp_path / f"g{k}")
        (last,) = ready.graph.outputs
        theirs = context[outputs[0]]
        mine = evaluate(ready.bundle.graph, real)[last]
        # the float model beside float32; nothing here is an integer
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5)
        frac = ready.reference.analysis.values[last].frac
        assert np.abs(ready.reference.run(events).values[last] * 2.0**-frac - theirs).max() < 1e-2


def real_model(name: str) -> Path:
    """A public model; the test is skipped where it is not there."""
    path = REAL / "qonnx" / name
    if not path.is_file():
        pytest.skip(f"needs {path}")
    return path


@pytest.mark.parametrize("name", ["TFC_1W1A", "TFC_2W2A"])
def test_the_tfc_networks_are_equal_layer_by_layer(tmp_path: Path, name: str) -> None:
    """Binary and 2-bit networks of Brevitas, with scales of batch normalisation as trained.

    All quantised activations and sums are equal. The last scale is a division by a root, which
    float32 rounds several times: there the sums in front of it are compared, and its own numbers to
    the last bits of float32.
    """
    source = real_model(f"tfc/{name}.onnx")
    (tmp_path / "tfc.onnx").write_bytes(source.read_bytes())
    (tmp_path / "tfc.json").write_text('{"input_format": "ufixed<8,0>"}', encoding="utf-8")
    import_without_onnx(tmp_path)
    model = onnx.load(source)
    tensors = {node.name: node.output[0] for node in model.graph.node}
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = EVENTS
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_value = EVENTS
    del model.graph.value_info[:]
    events = np.random.default_rng(1).integers(0, 256, (EVENTS, 784))
    events[EVENTS // 2 :] *= np.random.default_rng(2).random((EVENTS // 2, 784)) < 0.3
    context = executed(model, events / 256)
    ready = prepare(tmp_path / "tfc")
    values = ready.reference.run(events).values
    compared = []
    for node in ready.graph:
        if node.name not in tensors or node.name in ready.graph.outputs:
            continue
        frac = ready.reference.analysis.values[node.name].frac
        assert (values[node.name] * 2.0**-frac == context[tensors[node.name]]).all(), node.name
        compared.append(node.name.split("_")[0])
    assert compared.count("MatMul") == 4
    assert len(compared) >= 8
    (last,) = ready.graph.outputs
    frac = ready.reference.analysis.values[last].frac
    theirs = context[tensors[last]]
    assert np.abs(values[last] * 2.0**-frac - theirs).max() <= 2e-6
    assert (values[last].argmax(axis=1) == theirs.argmax(axis=1)).all()
