"""Random QKeras models on grids on which float32 is exact, and what the live framework says.

Run as ``python -m tests.frameworks.keras_random FOLDER COUNT SEED``: builds COUNT models in one
process, saves each in one of the forms that Keras writes, and its outputs for 1,000 events.
"""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import qkeras
import tf_keras

EVENTS = 1000
FORMS = ("h5", "keras", "json")
INPUT = ("fixed<6,3>", 6, 3)
EPSILON = 2.0**-10
L = tf_keras.layers


@dataclass
class Value:
    """A tensor, its size, and about how many bits its numbers have."""

    tensor: Any
    size: int
    bits: int


@dataclass
class Net:
    """One model in the making."""

    rng: np.random.Generator
    values: list[Value] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def pick(self, *choices: Any) -> Any:
        """One of them."""
        return choices[int(self.rng.integers(len(choices)))]

    def put(self, what: str, tensor: Any, size: int, bits: int, *, output: bool = True) -> None:
        """The next value; it becomes an output unless it is the one before."""
        self.values.append(Value(tensor, size, bits))
        self.seen.append(what)
        if output:
            self.outputs.append(tensor)

    @property
    def last(self) -> Value:
        """The value to go on from."""
        return self.values[-1]

    # ---- quantisers ----

    def activation_quantiser(self) -> tuple[Any, int]:
        """A quantiser of activations, as an object or a text, and its bits."""
        bits, integer = int(self.rng.integers(2, 7)), int(self.rng.integers(0, 4))
        kinds = "bits relu relu leaky tanh sigmoid binary ternary alpha stochastic"
        if self.last.bits <= 9:  # a table has at most 2**14 entries
            kinds += " real_tanh real_sigmoid"
        match self.pick(*kinds.split()):
            case "bits":
                keep, sym = self.pick(True, True, False), self.pick(0, 1)
                text = f"quantized_bits({bits},{integer},{sym},{keep},alpha=1)"
                return self.either(text), bits
            case "relu":
                return self.either(f"quantized_relu({bits},{integer})"), bits
            case "leaky":
                slope = self.pick(1.0, 0.5, 0.25) if bits > 2 else 1.0
                return qkeras.quantized_relu(bits, integer, negative_slope=slope), bits + 2
            case "tanh":
                text = f"quantized_tanh({bits},symmetric={self.pick(0, 1)})"
                return self.either(text), bits
            case "sigmoid":
                return self.either(f"quantized_sigmoid({bits})"), bits
            case "binary":
                text = f"binary(use_01={self.pick(0, 1)},alpha={self.pick(1, 0.5, 4.0)})"
                return self.either(text), 2
            case "ternary":
                threshold = self.pick("", ",threshold=0.5", ",threshold=1.25")
                return self.either(f"ternary(alpha={self.pick(1, 2.0)}{threshold})"), 2
            case "real_tanh":
                return qkeras.quantized_tanh(bits, use_real_tanh=True), bits
            case "real_sigmoid":
                return qkeras.quantized_sigmoid(bits, use_real_sigmoid=True), bits
            case "alpha":
                return self.either(f"quantized_bits({bits},{integer},alpha=0.25)"), bits
            case _:
                return self.either(f"stochastic_{self.pick('binary', 'ternary')}(alpha=1)"), 2

    def quantiser_of_sums(self) -> tuple[Any, int]:
        """A quantiser of numbers too wide for a table."""
        self.values.append(Value(self.last.tensor, self.last.size, 14))
        made = self.activation_quantiser()
        self.values.pop()
        return made

    def either(self, text: str) -> Any:
        """The text itself, or the object that it stands for."""
        return text if self.rng.random() < 0.5 else qkeras.get_quantizer(text)

    def weight_quantiser(self) -> Any:
        """A quantiser of a kernel."""
        bits, integer = int(self.rng.integers(2, 6)), int(self.rng.integers(0, 3))
        kinds = "bits bits auto binary ternary binary_auto ternary_auto stochastic po2 one none"
        match self.pick(*kinds.split()):
            case "bits":
                return qkeras.quantized_bits(
                    bits,
                    integer,
                    symmetric=self.pick(0, 1),
                    keep_negative=self.pick(True, True, False),
                    alpha=self.pick(1, 1, 0.5, 2),
                )
            case "auto":
                return qkeras.quantized_bits(bits, integer, alpha=self.pick(None, "auto_po2"))
            case "binary":
                return qkeras.binary(use_01=self.pick(False, True), alpha=self.pick(1, 0.5))
            case "ternary":
                return qkeras.ternary(alpha=1, threshold=self.pick(None, 0.25))
            case "binary_auto":
                return qkeras.binary(alpha=self.pick(None, "auto_po2"))
            case "ternary_auto":
                return qkeras.ternary(alpha=self.pick(None, "auto_po2"))
            case "stochastic":
                return self.pick(qkeras.stochastic_binary, qkeras.stochastic_ternary)(alpha=1)
            case "po2":
                return qkeras.quantized_po2(4, max_value=2)
            case "one":
                return qkeras.quantized_bits(1, 0, alpha=1)
            case _:
                return None

    # ---- layers ----

    def step(self) -> None:
        """One more layer."""
        if self.last.bits > 9:
            self.quantise()
            return
        kinds = "dense dense dense quantise norm leaky prelu relu relu6 join concat drop function"
        match self.pick(*kinds.split()):
            case "dense":
                self.dense()
            case "quantise":
                self.quantise()
            case "norm" if self.last.size < 8:  # vectors: TensorFlow's rsqrt(4) is not 1/2
                self.norm()
            case "leaky":
                alpha = self.pick(0.5, 0.25, 0.125)
                self.put("leaky", L.LeakyReLU(alpha)(self.last.tensor), self.last.size, 12)
            case "prelu":
                self.prelu()
            case "relu":
                self.put(
                    "relu", L.Activation("relu")(self.last.tensor), self.last.size, self.last.bits
                )
            case "relu6":
                self.put(
                    "relu6", L.ReLU(max_value=6)(self.last.tensor), self.last.size, self.last.bits
                )
            case "join":
                self.join()
            case "concat":
                other = self.pick(*self.values)
                tensor = L.Concatenate()([self.last.tensor, other.tensor])
                bits = max(self.last.bits, other.bits)
                self.put("concat", tensor, self.last.size + other.size, bits)
            case "drop":
                layer = self.pick(L.Dropout(0.5), L.Flatten(), L.Activation("linear"))
                self.put(
                    "drop", layer(self.last.tensor), self.last.size, self.last.bits, output=False
                )
            case _:
                self.quantise()
                function = self.pick("sigmoid", "tanh")
                tensor = L.Activation(function)(self.last.tensor)
                quantiser = f"quantized_bits({self.pick(4, 8)},0,alpha=1)"
                self.put(function, qkeras.QActivation(quantiser)(tensor), self.last.size, 8)

    def quantise(self) -> None:
        """A QActivation."""
        quantiser, bits = self.activation_quantiser()
        tensor = qkeras.QActivation(quantiser)(self.last.tensor)
        self.put(f"QActivation {quantiser}", tensor, self.last.size, bits)

    def dense(self) -> None:
        """A QDense, with or without an activation inside."""
        units, kernel = int(self.rng.integers(1, 7)), self.weight_quantiser()
        bias = self.pick(None, qkeras.quantized_bits(4, 1, alpha=1), qkeras.ternary(alpha=1))
        inside, bits = self.pick((None, 14), (None, 14), ("relu", 14), self.quantiser_of_sums())
        layer = qkeras.QDense(
            units,
            kernel_quantizer=kernel,
            bias_quantizer=bias,
            use_bias=bias is not None,
            activation=inside,
        )
        tensor = layer(self.last.tensor)
        layer.set_weights([self.weights(w.shape, kernel) for w in layer.get_weights()])
        self.put(f"QDense {kernel} {bias} {inside}", tensor, units, bits)

    def weights(self, shape: tuple[int, ...], quantiser: Any) -> np.ndarray:
        """From -1 to 1: multiples of 1/64, ties of every quantiser among them, or any float32."""
        if quantiser is not None and self.pick(True, False):
            return self.rng.uniform(-1, 1, shape).astype(np.float32)
        if quantiser is None:  # float weights of few bits, which the build's own formats hold
            return self.rng.integers(-8, 9, shape).astype(np.float32) / 8
        return self.rng.integers(-64, 65, shape).astype(np.float32) / 64

    def norm(self) -> None:
        """A normalisation whose square root is a power of two."""
        size = self.last.size
        gamma, beta = (self.rng.integers(-8, 9, size) / 4 for _ in range(2))
        mean = self.rng.integers(-4, 5, size) / 2
        variance = 4.0 ** self.rng.integers(-1, 2, size) - EPSILON
        if self.pick(True, False):
            layer = L.BatchNormalization(epsilon=EPSILON)
        else:
            grid = "quantized_bits(5,2,alpha=1)"
            layer = qkeras.QBatchNormalization(
                epsilon=EPSILON,
                gamma_quantizer=grid,
                beta_quantizer=grid,
                mean_quantizer=grid,
                variance_quantizer=None,
            )
        tensor = layer(self.last.tensor)
        layer.set_weights([gamma, beta, mean, variance])
        self.put(type(layer).__name__, tensor, size, self.last.bits + 6)

    def prelu(self) -> None:
        """A PReLU with a slope an element."""
        layer = L.PReLU()
        tensor = layer(self.last.tensor)
        layer.set_weights([self.rng.integers(0, 5, self.last.size) / 4])
        self.put("prelu", tensor, self.last.size, self.last.bits + 3)

    def join(self) -> None:
        """Two values of one size, one of them an earlier one."""
        alike = [v for v in self.values if v.size == self.last.size]
        other = self.pick(*alike)
        layer, growth = self.pick((L.Add, 1), (L.Subtract, 1), (L.Multiply, other.bits))
        if self.last.bits + growth > 20:
            self.quantise()
            return
        tensor = layer()([self.last.tensor, other.tensor])
        self.put(layer.__name__, tensor, self.last.size, max(self.last.bits, other.bits) + growth)


def build(seed: int) -> tuple[Any, np.ndarray, list[str]]:
    """A model, its events, and what it consists of."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 7))
    net = Net(rng)
    shown = tf_keras.Input((size,))
    net.put("input", shown, size, INPUT[1], output=False)
    if net.pick(True, False):
        net.quantise()
    for _ in range(int(rng.integers(2, 8))):
        net.step()
    if not net.outputs:
        net.dense()
    x = rng.integers(-(2 ** (INPUT[1] - 1)), 2 ** (INPUT[1] - 1), (EVENTS, size))
    events = x.astype(np.float32) * 2.0 ** (INPUT[2] - INPUT[1])
    return tf_keras.Model(shown, net.outputs), events, net.seen


def save(model: Any, folder: Path, name: str, form: str) -> Path:
    """The model in one of the forms; the path to import."""
    path = folder / f"{name}.{form}"
    if form != "json":
        model.save(path)
        return path
    path.write_text(model.to_json())
    model.save_weights(folder / f"{name}_weights.h5")
    return path


def main(folder: Path, count: int, seed: int) -> None:
    """Write models, events and expected outputs."""
    tf_keras.utils.set_random_seed(seed)
    listed = []
    for index in range(count):
        model, x, seen = build(seed + index)
        path = save(model, folder, f"m{index}", FORMS[index % len(FORMS)])
        found = model(x)
        found = found if isinstance(found, list) else [found]
        arrays = {f"y{i}": np.asarray(value, np.float64) for i, value in enumerate(found)}
        np.savez(folder / f"m{index}.npz", x=x.astype(np.float64), **arrays)
        answers = {"input_format": INPUT[0]}
        entry = {"path": str(path), "seen": seen, "outputs": len(found), "answers": answers}
        listed.append(entry)
    (folder / "models.json").write_text(json.dumps(listed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
