"""Hostile and broken Keras files: one sentence, exit 2, nothing written, in bounded time.

What is compared is the message's beginning, in words.
"""
# ruff: noqa: E501 - messages stand as the user sees them

import io
import json
import resource
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest

from fwgen import cli
from tests.cpu import cpu_within
from tests.ingest.keras.keras_files import QUANTISER, KerasDraft, dense, layer, node

AGAIN = "Save the model again, with model.save()."
HONOUR = "fwgen does not honour it, so it does not leave it out."


class Case(NamedTuple):
    """What is wrong, the file, and what is said; ``F`` stands for the file."""

    what: str
    make: Callable[[Path], Path]
    message: str


def h5(change: Callable[[KerasDraft], Any]) -> Callable[[Path], Path]:
    """A spoilt model as .h5."""

    def make(folder: Path) -> Path:
        draft = KerasDraft()
        change(draft)
        return draft.h5(folder / "m.h5")

    return make


def config(text: str | bytes) -> Callable[[Path], Path]:
    """Another text as configuration, in a JSON file."""

    def make(folder: Path) -> Path:
        return KerasDraft(text=text).pair(folder / "m.json")

    return make


def raw(name: str, content: bytes) -> Callable[[Path], Path]:
    """A file of these bytes."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def archive(draft: KerasDraft | None = None, **extra: bytes) -> Callable[[Path], Path]:
    """A .keras archive with more members."""
    return lambda folder: (draft or KerasDraft()).archive(folder / "m.keras", **extra)


def replaced(entry: dict[str, Any]) -> Callable[[Path], Path]:
    """The dense layer replaced."""
    return h5(lambda draft: draft.layers.__setitem__(2, entry))


def behind(entry: dict[str, Any]) -> Callable[[Path], Path]:
    """A layer behind the model."""
    return h5(lambda draft: draft.layers.append(entry))


def quantiser(text: object) -> Callable[[Path], Path]:
    """A QActivation behind the model."""
    return behind(layer("QActivation", activation=text))


def weights(**arrays: Any) -> Callable[[Path], Path]:
    """Other weights."""

    def change(draft: KerasDraft) -> None:
        draft.weights["d"] |= arrays
        draft.weights["d"] = {k: v for k, v in draft.weights["d"].items() if v is not None}

    return h5(change)


def functional(outputs: list[Any], **nodes: list[Any]) -> Callable[[Path], Path]:
    """The model with other connections."""
    return h5(lambda draft: draft.functional(outputs, **nodes))


def zipped(name: str, size: int) -> Callable[[Path], Path]:
    """An archive with one member of many zeros."""

    def make(folder: Path) -> Path:
        path = folder / "m.keras"
        members = {"config.json", "metadata.json", "model.weights.h5"}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for member in sorted(members):
                with file.open(member, "w") as stream:
                    for _ in range(size if member == name else 0):
                        stream.write(bytes(1024 * 1024))
        return path

    return make


def truncated(folder: Path) -> Path:
    """Half of a file."""
    path = KerasDraft().h5(folder / "m.h5")
    path.write_bytes(path.read_bytes()[:2000])
    return path


def external(folder: Path) -> Path:
    """A kernel that lies in another file."""
    path = KerasDraft().h5(folder / "m.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights/d/d/kernel:0"]
        file["model_weights/d/d/kernel:0"] = h5py.ExternalLink("/etc/passwd", "/x")
    return path


def huge(folder: Path) -> Path:
    """A kernel that claims 2 TB."""
    path = KerasDraft().h5(folder / "m.h5")
    with h5py.File(path, "a") as file:
        del file["model_weights/d/d/kernel:0"]
        file.create_dataset("model_weights/d/d/kernel:0", (2**20, 2**18), "f8", chunks=(1024, 1024))
    return path


def packed_otherwise(folder: Path) -> Path:
    """An archive of bzip2, which unpacks to a million times its size before anyone can stop it."""
    path = KerasDraft().archive(folder / "m.keras")
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def lying_zip(folder: Path) -> Path:
    """An archive whose directory claims a small member that is not there."""
    path = KerasDraft().archive(folder / "m.keras")
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 42 : at + 46] = struct.pack("<I", 10**6)
    path.write_bytes(bytes(content))
    return path


def weights_only(folder: Path) -> Path:
    """The weights file of a pair, alone."""
    KerasDraft().pair(folder / "m.json")
    return folder / "m_weights.h5"


def without_weights(folder: Path) -> Path:
    """The JSON file of a pair, alone."""
    path = KerasDraft().pair(folder / "m.json")
    (folder / "m_weights.h5").unlink()
    return path


def doubled(draft: KerasDraft) -> None:
    """Forty times a value beside itself, and an operation with one number an element."""
    nodes = {f"c{k}": node(f"c{k - 1}", f"c{k - 1}") for k in range(1, 40)}
    draft.layers += [layer("Concatenate", name) for name in ("c0", *nodes)]
    draft.layers.append(layer("Activation", "six", activation="relu6"))
    both = {"q": node("x_in"), "d": node("q"), "c0": node("d", "d"), "six": node("c39")}
    draft.functional([["six", 0, 0]], **both, **nodes)


def channels_first(draft: KerasDraft) -> None:
    """A matrix whose columns a Flatten takes one after the other."""
    draft.layers[0]["config"]["batch_input_shape"] = [None, 1, 3]
    draft.layers[1] = layer("Flatten", "f", data_format="channels_first")


def two_kernels(folder: Path) -> Path:
    """A layer with two weights of the same name, one of them elsewhere."""
    path = KerasDraft().h5(folder / "m.h5")
    with h5py.File(path, "a") as file:
        group = file["model_weights/d"]
        group.attrs["weight_names"] = ["d/kernel:0", "d/bias:0", "e/kernel:0"]
        group.create_dataset("e/kernel:0", data=np.ones((3, 2), np.float32))
    return path


def numpy_bytes() -> bytes:
    """An archive of NumPy's."""
    stream = io.BytesIO()
    np.savez(stream, a=np.zeros(3))
    return stream.getvalue()


D = "F: layer 'd' (QDense)"
L = "F: layer 'l'"
C = "F: layer '"
PICKLED = b"\x80\x04cos\nsystem\n."
Q = f"{L} (QActivation): activation"

CASES = [
    Case("no bytes", raw("m.h5", b""), "F: needed a file of a format that fwgen reads"),
    Case(
        "a pickle named .h5", raw("m.h5", PICKLED), "F: needed a file of a format that fwgen reads"
    ),
    Case("truncated", truncated, "F: needed a readable HDF5 file; found"),
    Case(
        "magic only",
        raw("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(64)),
        "F: needed a readable HDF5 file",
    ),
    Case(
        "a link elsewhere",
        external,
        "F: '/model_weights/d/d/kernel:0': needed data in the file itself; found a link to elsewhere.",
    ),
    Case(
        "2 TB of kernel",
        huge,
        "F: '/model_weights/d/d/kernel:0': needed at most 268,435,456 bytes in all; found a claim of more.",
    ),
    Case(
        "weights only",
        weights_only,
        "F: needed a model: an attribute model_config and a group model_weights; found weights only.",
    ),
    Case(
        "no weights beside",
        without_weights,
        "F: needed the weights in 'm_weights.h5' beside it; found no such file.",
    ),
    Case("no JSON", config("{"), "F: needed a JSON object; found"),
    Case("a JSON list", config(" [1]"), f"F: needed a JSON object; found none. {AGAIN}"),
    Case(
        "deep JSON",
        config('{"a":' + "[" * 200_000),
        f"F: needed a JSON object; found one nested too deeply. {AGAIN}",
    ),
    Case(
        "a key twice",
        config('{"class_name":"Sequential","class_name":"Model"}'),
        "F: needed a JSON object; found a key that stands twice.",
    ),
    Case("no UTF-8", config(b"{\xff\xfe}"), "F: needed a JSON object; found"),
    Case(
        "a subclassed model",
        config('{"class_name":"MyModel","config":{}}'),
        "F: needed a Sequential or Functional model; found 'MyModel'. Rebuild it as one; a subclassed model's code is not in its file.",
    ),
    Case(
        "no layers",
        config('{"class_name":"Sequential","config":{"layers":[]}}'),
        "F: needed 1 to 2000 layers; found 0.",
    ),
    Case(
        "100,000 layers",
        config(json.dumps({"class_name": "Sequential", "config": {"layers": [1] * 100_000}})),
        "F: needed 1 to 2000 layers; found 100,000.",
    ),
    Case(
        "an unknown key of the model", h5(lambda d: d.keys.update(wiring=1)), "F: needed the keys"
    ),
    Case(
        "a path in the archive",
        archive(**{"..__/__/evil": b"x"}),
        "F: needed an archive of config.json, metadata.json, model.weights.h5 and nothing else; found 4 files",
    ),
    Case(
        "a bomb as configuration",
        zipped("config.json", 17),
        "F/config.json: needed at most 16,777,216 bytes; found more.",
    ),
    Case(
        "a bomb as weights",
        zipped("model.weights.h5", 257),
        "F/model.weights.h5: needed at most 268,435,456 bytes; found more.",
    ),
    Case(
        "an archive of bzip2",
        packed_otherwise,
        "F: needed a readable archive; found a member that is neither plain nor deflated.",
    ),
    Case("a lying archive", lying_zip, "F: needed a readable archive; found"),
    Case("NumPy's archive", raw("m.keras", numpy_bytes()), "F: needed an archive of config.json"),
    Case(
        "a cut archive",
        raw("m.keras", b"PK\x03\x04" + bytes(40)),
        "F: needed a readable archive; found File is not a zip file.",
    ),
    Case(
        "another class's weights",
        archive(KerasDraft(weights={"dense": {"kernel": [[1.0]]}})),
        "F: layer 'd' (QDense): needed the weights kernel, bias; found 0 arrays.",
    ),
    Case(
        "a Lambda",
        behind(
            layer("Lambda", function={"class_name": "__lambda__", "config": {"code": "4wEAAAA="}})
        ),
        f"{L} (Lambda): needed one of the layers Dense, QDense",
    ),
    Case("a custom layer", behind(layer("MyLayer")), f"{L} (MyLayer): needed one of the layers"),
    Case(
        "a convolution",
        behind(layer("Conv1D", filters=2)),
        f"{L} (Conv1D): needed one of the layers",
    ),
    Case(
        "a softmax",
        behind(layer("Activation", activation="softmax")),
        f"{L} (Activation): needed one of the activations linear, relu, relu6, sigmoid, tanh, exponential, softplus; found 'softmax'. fwgen has no operation for it.",
    ),
    Case(
        "a custom function",
        behind(layer("Activation", activation={"class_name": "function", "config": "os.system"})),
        f"{L} (Activation): needed one of the activations",
    ),
    Case("an unknown key", replaced(dense(kernel_scale=2)), f"{D}: kernel_scale: needed the keys"),
    Case(
        "a type of 16 bits",
        replaced(dense(dtype="mixed_float16")),
        f"{D}: dtype: needed float32; found 'mixed_float16'. Other types round elsewhere; train in float32.",
    ),
    Case("LoRA", replaced(dense(lora_rank=4)), f"{D}: lora_rank: needed None; found '4'. {HONOUR}"),
    Case(
        "renormalisation",
        behind(layer("BatchNormalization", renorm=True)),
        f"{L} (BatchNormalization): renorm: needed False; found 'True'. {HONOUR}",
    ),
    Case(
        "half a unit",
        replaced(dense(units=1.5)),
        f"{D}: units: needed a whole number from 1 to 4,096; found '1.5'.",
    ),
    Case(
        "2**60 units",
        replaced(dense(units=2**60)),
        f"{D}: units: needed a whole number from 1 to 4,096; found '1152921504606846976'.",
    ),
    Case(
        "weights missing",
        weights(bias=None),
        "F: layer 'd' (QDense): needed the weights kernel, bias; found kernel.",
    ),
    Case(
        "weights too many",
        weights(gate=[1.0]),
        "F: layer 'd' (QDense): needed the weights kernel, bias; found",
    ),
    Case(
        "a kernel of another shape",
        weights(kernel=[[1.0, 2.0]]),
        f"{D}: kernel: needed shape (3, 2); found (1, 2).",
    ),
    Case(
        "a kernel of NaN",
        weights(kernel=[[np.nan, 0], [0, 0], [0, 0]]),
        f"{D}: kernel: needed finite numbers; found NaN or infinity.",
    ),
    Case(
        "code for a quantiser",
        quantiser("__import__('os').system('touch hacked')"),
        f"{Q}: needed a quantiser such as quantized_bits(8,0,alpha=1); found",
    ),
    Case(
        "code as an argument",
        quantiser("quantized_bits(open('/etc/passwd').read())"),
        f"{Q}: needed numbers, texts, True, False or None as arguments; found something else.",
    ),
    Case("a lambda as quantiser", quantiser("(lambda: 1)()"), f"{Q}: needed a quantiser such as"),
    Case(
        "a quantiser without end",
        quantiser("quantized_bits" + "(" * 900),
        f"{Q}: needed a quantiser such as",
    ),
    Case(
        "a long quantiser",
        quantiser("quantized_bits(8," + " " * 5000 + ")"),
        f"{Q}: needed a quantiser of at most 1000 characters; found a longer text.",
    ),
    Case(
        "an unknown quantiser",
        quantiser("quantized_magic(8)"),
        f"{Q}: needed one of the quantisers quantized_bits",
    ),
    Case(
        "an unknown option",
        quantiser("quantized_bits(8,0,beta=3)"),
        f"{Q}: quantized_bits: needed the options bits, integer",
    ),
    Case("an option twice", quantiser("quantized_bits(8,bits=3)"), f"{Q}: needed each option once"),
    Case(
        "too many arguments",
        quantiser("quantized_tanh(8,0,0,0,0,0)"),
        f"{Q}: needed at most 4 arguments of quantized_tanh; found 6.",
    ),
    Case(
        "bits of text",
        quantiser("quantized_bits('8')"),
        f"{Q}: quantized_bits: bits: needed a whole number from 1 to 32; found",
    ),
    Case(
        "10**9 bits",
        quantiser("quantized_bits(1000000000,0)"),
        f"{Q}: quantized_bits: bits: needed a whole number from 1 to 32; found",
    ),
    Case(
        "infinite bits",
        quantiser("quantized_bits(1e999,0)"),
        f"{Q}: quantized_bits: bits: needed a whole number from 1 to 32; found",
    ),
    Case(
        "noise",
        quantiser("quantized_bits(8,0,qnoise_factor=0.5)"),
        f"{Q}: quantized_bits: qnoise_factor: needed 1, since another mixes in values that are not quantised; found 0.5.",
    ),
    Case("a Bernoulli draw", quantiser("bernoulli(alpha=1)"), f"{Q}: needed one of the quantisers"),
    Case(
        "an odd alpha",
        quantiser("quantized_bits(8,0,alpha=0.3)"),
        f"{Q}: quantized_bits: alpha: needed 1 or a power of two",
    ),
    Case(
        "an activation's auto scale",
        quantiser("quantized_bits(8,0,alpha='auto_po2')"),
        f"{Q}: quantized_bits: alpha: needed 1 or a power of two: the scale of an activation must not depend on the batch; found auto_po2.",
    ),
    Case(
        "a ReLU through a sigmoid",
        quantiser("quantized_relu(8,0,1)"),
        f"{Q}: quantized_relu: use_sigmoid: needed 0; found 1.",
    ),
    Case(
        "a number as quantiser",
        quantiser(7),
        f"{Q}: needed a quantiser, as a text or with class_name and config; found '7'.",
    ),
    Case(
        "a scale of any size",
        replaced(
            dense(
                kernel_quantizer={
                    "class_name": "quantized_bits",
                    "config": QUANTISER["config"] | {"alpha": "auto"},
                }
            )
        ),
        f"{D}: kernel_quantizer: quantized_bits: alpha: needed 1, a power of two, or 'auto_po2'; found 'auto', whose scales are no powers of two.",
    ),
    Case(
        "Verilog in a name",
        replaced(dense(name="d;$finish//")),
        "F: layer 'd;$finish//' (QDense): needed",
    ),
    Case(
        "a reserved word",
        behind(layer("Activation", "module", activation="relu")),
        "F: layer 'module' (Activation): needed a name that is no word of Verilog or VHDL; found 'module'.",
    ),
    Case(
        "a name without letters",
        behind(layer("Activation", "$$$", activation="relu")),
        "F: layer '$$$' (Activation): needed a name of at most 48 letters",
    ),
    Case(
        "a name that steers the terminal",
        behind(layer("Activation", "\x1b[2J\x07", activation="softmax")),
        "F: layer '\\x1b[2J\\x07' (Activation): needed",
    ),
    Case(
        "a name twice",
        behind(dense()),
        "F: needed layers with names of their own; found 'd' twice.",
    ),
    Case(
        "a name of 10,000 letters",
        behind(layer("Activation", "a" * 10_000, activation="relu")),
        "F: layer 'aaaa",
    ),
    Case(
        "a cycle",
        functional([["d", 0, 0]], q=node("d"), d=node("q")),
        "F: needed at most 2000 calls, and no cycle; found one or more.",
    ),
    Case(
        "a layer that reads itself",
        functional([["d", 0, 0]], q=node("x_in"), d=node("d")),
        "F: needed at most 2000 calls, and no cycle; found one or more.",
    ),
    Case(
        "a layer that is not there",
        functional([["d", 0, 0]], q=node("x_in"), d=node("ghost")),
        "F: needed tensors of layers in the model; found 'ghost', call 0.",
    ),
    Case(
        "a call that is not there",
        functional([["d", 3, 0]], q=node("x_in"), d=node("q")),
        "F: needed tensors of layers in the model; found 'd', call 3.",
    ),
    Case(
        "a second tensor",
        functional([["d", 0, 1]], q=node("x_in"), d=node("q")),
        "F: needed tensors as [layer, call, 0]; found",
    ),
    Case(
        "an argument of a call",
        functional([["d", 0, 0]], q=node("x_in"), d=[[["q", 0, 0, {"scale": 2}]]]),
        "F: layer 'd' (QDense): needed a call without arguments of its own; found scale=2.",
    ),
    Case(
        "a call in training",
        functional([["d", 0, 0]], q=node("x_in"), d=[[["q", 0, 0, {"training": True}]]]),
        "F: layer 'd' (QDense): needed a call without arguments of its own; found training=True.",
    ),
    Case(
        "two values for one",
        functional([["d", 0, 0]], q=node("x_in"), d=node("q", "x_in")),
        f"{D}: needed to read one value; found 2.",
    ),
    Case(
        "the input as output",
        functional([["x_in", 0, 0]], q=node("x_in"), d=node("q")),
        "F: needed outputs that layers compute; found the input itself.",
    ),
    Case(
        "a matrix for a dense layer",
        h5(lambda d: d.layers[0]["config"].update(batch_input_shape=[None, 2, 3])),
        f"{D}: needed to read a vector; found shape (2, 3). Put a Flatten in front.",
    ),
    Case(
        "a shape that wraps around",
        behind(layer("Reshape", target_shape=[3, (2**65 + 2) // 3])),
        f"{L} (Reshape): target_shape: needed 2 elements; found [3, 12297829382473034411].",
    ),
    Case(
        "an input without size",
        h5(lambda d: d.layers[0]["config"].update(batch_input_shape=[None, None])),
        "F: needed an input shape (None, size), and layers; found none.",
    ),
    Case(
        "an input of 10**12",
        h5(lambda d: d.layers[0]["config"].update(batch_input_shape=[None, 10**12])),
        "F: needed an event of at most 4,096 elements; found 1000000000000.",
    ),
    Case(
        "a value doubled forty times",
        h5(doubled),
        f"{C}c13' (Concatenate): needed at most 16,384 elements; found 32768.",
    ),
    Case(
        "an input of half precision",
        h5(lambda d: d.layers[0]["config"].update(dtype="float16")),
        "F: layer 'x_in' (InputLayer): dtype: needed float32; found 'float16'.",
    ),
    Case(
        "a sparse input",
        h5(lambda d: d.layers[0]["config"].update(sparse=True)),
        "F: layer 'x_in' (InputLayer): sparse: needed False; found 'True'.",
    ),
    Case(
        "units of 3,000 digits",
        replaced(dense(units=10**3000)),
        f"{D}: units: needed a whole number from 1 to 4,096; found '1000",
    ),
    Case(
        "bits of 400 digits",
        quantiser({"class_name": "quantized_relu", "config": {"bits": 10**400}}),
        f"{Q}: quantized_relu: bits: needed a whole number from 1 to 32; found '1000",
    ),
    Case(
        "bits of 400 digits in a text",
        quantiser(f"quantized_relu({10**400})"),
        f"{Q}: quantized_relu: bits: needed a whole number from 1 to 32; found '1000",
    ),
    Case(
        "a layer of its own that has Keras' name",
        replaced(dense() | {"module": "mine.layers", "registered_name": "mine>QDense"}),
        "F: module: needed classes and functions of builtins, hgq, keras, qkeras, tensorflow, tensorflow_model_optimization, tf_keras; found 'mine.layers'. Code of your own is not in the file; use layers of these.",
    ),
    Case(
        "a model of its own",
        config(json.dumps({"module": "mine", "class_name": "Functional", "config": {}})),
        "F: module: needed classes and functions of builtins,",
    ),
    Case(
        "a function of its own that has Keras' name",
        behind(
            layer(
                "Activation",
                activation={"module": "mine", "class_name": "function", "config": "relu"},
            )
        ),
        f"{L} (Activation): activation: module: needed classes and functions of builtins,",
    ),
    Case(
        "a quantiser of its own that has QKeras' name",
        quantiser({"module": "mine", "class_name": "quantized_relu", "config": {"bits": 4}}),
        f"{Q}: module: needed classes and functions of builtins,",
    ),
    Case(
        "channels in front of a Flatten",
        h5(channels_first),
        "F: layer 'f' (Flatten): data_format: needed channels_last, since another puts the elements into another order; found 'channels_first'. Put the channels last in the model.",
    ),
    Case(
        "a kernel twice",
        two_kernels,
        f"{D}: needed the weights kernel, bias; found two of the name kernel.",
    ),
    Case(
        "an epsilon of text",
        behind(layer("BatchNormalization", epsilon="1")),
        f"{L} (BatchNormalization): needed the weights gamma, beta, moving_mean, moving_variance; found none.",
    ),
]


def call(monkeypatch: pytest.MonkeyPatch, path: Path, out: Path) -> None:
    """``fwgen import``."""
    monkeypatch.setattr(sys, "argv", ["fwgen", "import", str(path), "-o", str(out)])
    cli.main()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what.replace(" ", "-"))
def test_refused(
    case: Case,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence, exit code 2, no bundle, at most 10 s and 1 GB more than before."""
    path = case.make(tmp_path)
    out = tmp_path / "net"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with cpu_within(10), pytest.raises(SystemExit) as stopped:
        call(monkeypatch, path, out)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000
    said = " ".join(capsys.readouterr().err.split()).replace(" ".join(str(path).split()), "F")
    assert stopped.value.code == 2
    assert not out.exists()
    assert "Traceback" not in said
    assert said.startswith(f"error: {case.message}"), said


def test_enough() -> None:
    """At least 30 of them."""
    assert len(CASES) >= 30


def test_shell_in_a_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no letter or digit becomes an underscore, before anything is written."""
    draft = KerasDraft()
    draft.layers.append(layer("Activation", "[exec rm -rf /]; `x` $(y)", activation="relu"))
    path, out = draft.h5(tmp_path / "m.h5"), tmp_path / "net"
    with pytest.raises(SystemExit) as stopped:
        call(monkeypatch, path, out)
    assert stopped.value.code in (0, None)
    assert "name: exec_rm_rf_x_y" in (out / "model.yaml").read_text()
