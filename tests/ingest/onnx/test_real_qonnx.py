"""Public ``.onnx`` files: each imports with the numbers that its nodes say, or is refused by name.

They lie in ``../shared/real`` beside the checkout, or where FWGEN_REAL says.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.errors import BundleError
from fwgen.flow.import_ import answers_of, import_model
from fwgen.flow.prepare import prepare
from fwgen.ingest.bundle.reader import Bundle
from fwgen.ingest.onnx.file import read_onnx
from fwgen.ingest.sources import Request
from fwgen.ir.nodes import BatchNorm
from fwgen.ir.ranges import const

REAL = Path(os.environ.get("FWGEN_REAL", Path(__file__).parents[3].parent / "shared" / "real"))
EVENTS = np.random.default_rng(1).integers(0, 256, (200, 784)) * (np.arange(200) % 2)[:, None]


def real(name: str) -> Path:
    """A public file; the test is skipped where there is none."""
    if not (REAL / "qonnx" / name).exists():
        pytest.skip(f"needs {REAL / 'qonnx' / name}")
    return REAL / "qonnx" / name


def imported(path: Path, out: Path) -> Bundle:
    """The bundle of a file."""
    return import_model(Request(path, "net", answers_of(["input_format=ufixed<8,0>"])), out)


def quant(x: Any, scale: Any, zero: Any, bits: Any, **_: Any) -> Any:
    """Narrow, with a sign: the only one in these files."""
    top = 2 ** (bits - 1) - 1
    return (np.round(np.clip(x / scale + zero, -top, top)) - zero) * scale


def norm(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, **keys: Any) -> Any:
    """A batch normalisation in inference."""
    return gamma * (x - mean) / np.sqrt(variance + keys["epsilon"]) + beta


NUMPY: dict[str, Callable[..., Any]] = {
    "Mul": np.multiply,
    "Sub": np.subtract,
    "Add": np.add,
    "Div": np.divide,
    "Pow": np.power,
    "MatMul": np.matmul,
    "BatchNormalization": norm,
    "Quant": quant,
    "BipolarQuant": lambda x, scale: np.where(x >= 0, scale, -scale),
    "Transpose": lambda x, perm: x.transpose(perm),
    "Reshape": lambda x, _: x,
}


def executed(path: Path) -> dict[str, Any]:
    """Every node's result for the events, in double precision."""
    model = read_onnx(path)
    tensors: dict[str, Any] = {k: v.astype(np.float64) for k, v in model.constants.items()}
    (event,) = (port.name for port in model.inputs if port.name not in tensors)
    tensors[event] = EVENTS / 256
    found = {}
    for step in model.steps:
        if step.op in {"Shape", "Gather", "Unsqueeze", "Concat", "Constant"}:  # of the new shape
            value = step.attributes.get("value", np.zeros(0))
        else:
            value = NUMPY[step.op](*(tensors[k] for k in step.inputs), **step.attributes)
        tensors[step.outputs[0]] = found[step.name] = np.asarray(value, dtype=np.float64)
    return found


@pytest.mark.parametrize("name", ["TFC_1W1A", "TFC_2W2A"])
def test_the_tfc_networks_have_the_numbers_of_their_nodes(tmp_path: Path, name: str) -> None:
    """Sums and activations of all four layers are equal integers.

    The last scale divides by a root of real numbers, which no format holds. The integers behind it
    are those of the stored 24 bits, exactly; the stored number is compared with the real one.
    """
    path = real(f"tfc/{name}.onnx")
    imported(path, tmp_path / "net")
    ready, wanted = prepare(tmp_path / "net"), executed(path)
    values = ready.reference.run(EVENTS).values
    made = {
        node.name: values[node.name] * 2.0 ** -ready.reference.analysis.values[node.name].frac
        for node in ready.graph
        if node.name in wanted
    }
    (last,) = ready.graph.outputs
    norm = ready.graph[last]
    assert isinstance(norm, BatchNorm)
    scale, offset = (const(p).values * 2.0 ** -const(p).fmt.frac for p in (norm.scale, norm.offset))
    stored = scale * wanted[norm.source] + offset
    assert (made.pop(last) == stored).all()
    assert np.allclose(stored.astype(float), wanted[last], rtol=0, atol=2e-6)  # real numbers
    assert [key.split("_")[0] for key in made].count("MatMul") == 4
    assert len(made) >= 8
    for key, value in made.items():
        assert (value == wanted[key]).all(), key


REFUSED = [
    (
        "mnist-conv/model.onnx",
        "found 'Conv' (2 nodes, first 'Convolution28'); 'MaxPool' (2 nodes, first 'Pooling66').",
    ),
    ("eltwise_chanlast_testcase.onnx", "found 'Conv' (1 node, first 'Conv_0')."),
]


@pytest.mark.parametrize(("name", "found"), REFUSED, ids=[name for name, _ in REFUSED])
def test_refused_by_the_operations_name(tmp_path: Path, name: str, found: str) -> None:
    """Convolutions are named, beside what is read; nothing is written."""
    path = real(name)
    with pytest.raises(BundleError) as error:
        imported(path, tmp_path / "net")
    said = str(error.value)
    assert said.startswith(f"{path}: operations: needed those that fwgen reads: Add, Batch")
    assert said.endswith(
        f"{found} Replace them in the model; convolutions and pooling are not supported yet."
    )
    assert not (tmp_path / "net").exists()
