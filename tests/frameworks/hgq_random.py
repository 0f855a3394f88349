"""Random HGQ2 models, each weight and each element of an activation with bits of its own.

Run as ``python -m tests.frameworks.hgq_random FOLDER COUNT SEED``, like `keras_random`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hgq.layers
import keras
import numpy as np
from hgq.config import QuantizerConfig
from hgq.quantizer import Quantizer

EVENTS = 1000
INPUT = ("fixed<7,3>", 7, 3)
ROUNDING = ("TRN", "RND", "RND_CONV", "S_RND", "TRN_ZERO", "RND_ZERO", "RND_MIN_INF", "RND_INF")
OVERFLOW = ("WRAP", "SAT", "SAT_SYM")


class Net:
    """One model in the making; ``last`` is the value to go on from."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self.rng = rng
        self.shown = keras.Input((size,))
        self.values = [(self.shown, size)]
        self.outputs: list[Any] = []
        self.seen: list[str] = []

    def pick(self, *choices: Any) -> Any:
        """One of them."""
        return choices[int(self.rng.integers(len(choices)))]

    def conf(self, place: str) -> QuantizerConfig:
        """A quantiser of random kind and modes; in half of all, one format for all elements."""
        keys: dict[str, Any] = {}
        if place == "datalane" and self.pick(True, False):
            keys = {"homogeneous_axis": None, "heterogeneous_axis": ()}
        rounding = self.pick(*ROUNDING)
        overflow = self.pick(*OVERFLOW)
        return QuantizerConfig(
            self.pick("kbi", "kif"), place, round_mode=rounding, overflow_mode=overflow, **keys
        )

    def step(self) -> None:
        """One more layer."""
        tensor, size = self.values[-1]
        kinds = "dense dense norm_dense norm quantizer function merge relu leaky prelu concat float"
        kind = self.pick(*kinds.split())
        common: dict[str, Any] = {"enable_ebops": self.pick(True, False)}
        if self.pick(True, False):
            common |= {"enable_oq": True, "oq_conf": self.conf("datalane")}
        match kind:
            case "dense" | "norm_dense":
                cls = hgq.layers.QDense if kind == "dense" else hgq.layers.QBatchNormDense
                size = int(self.rng.integers(1, 7))
                layer = cls(
                    size,
                    activation=self.pick("relu", None),
                    kq_conf=self.conf("weight"),
                    bq_conf=self.conf("bias"),
                    iq_conf=self.conf("datalane"),
                    **common,
                )
            case "norm":
                layer = hgq.layers.QBatchNormalization(
                    kq_conf=self.conf("weight"),
                    bq_conf=self.conf("bias"),
                    iq_conf=self.conf("datalane"),
                    center=self.pick(True, False),
                    **common,
                )
            case "quantizer":
                layer = Quantizer(self.conf("datalane"))
            case "function":
                table = QuantizerConfig("kbi", "table", overflow_mode="SAT", round_mode="RND")
                layer = hgq.layers.QUnaryFunctionLUT(
                    self.pick("tanh", "sigmoid", "relu"),
                    iq_conf=self.conf("datalane"),
                    oq_conf=table,
                    allow_heterogeneous_table=False,
                )
            case "relu":
                layer = self.pick(keras.layers.ReLU(6.0), keras.layers.Activation("relu6"))
            case "leaky":
                layer = keras.layers.LeakyReLU(negative_slope=0.25)
            case "prelu":
                layer = keras.layers.PReLU()
            case "concat":
                other, more = self.pick(*self.values)
                layer, tensor, size = keras.layers.Concatenate(), [tensor, other], size + more
            case "float":
                size = int(self.rng.integers(1, 4))
                layer = keras.layers.Dense(size, activation=self.pick("relu", "linear"))
            case _:
                other = self.pick(*[v for v in self.values if v[1] == size])[0]
                cls = self.pick(hgq.layers.QAdd, hgq.layers.QSubtract, hgq.layers.QMultiply)
                layer = cls(iq_confs=[self.conf("datalane"), self.conf("datalane")], **common)
                tensor = [tensor, other]
        out = layer(tensor)
        self.randomise(layer)
        self.values.append((out, size))
        self.outputs.append(out)
        self.seen.append(f"{type(layer).__name__} {layer.name}")

    def randomise(self, layer: Any) -> None:
        """Weights of few bits, and formats of their own."""
        for sub in layer._flatten_layers():
            name = type(sub).__name__
            if name.startswith("FixedPointQuantizer"):
                self.formats(sub)
            else:
                for weight in sub._trainable_variables + sub._non_trainable_variables:
                    self.weight(weight)

    def formats(self, quantiser: Any) -> None:
        """About 0 to 7 bits, some without any."""
        for variable in quantiser._trainable_variables + quantiser._non_trainable_variables:
            shape = variable.shape
            match variable.name:
                case "k":
                    # whether a table's values have a sign does not matter to what is compared
                    value = self.rng.integers(0, 2, shape)
                case "b":  # a table without any bit is no table
                    value = self.rng.integers(shape == (1, 1), 7, shape)
                case "i":
                    value = self.rng.integers(-1, 4, shape)
                case "f":
                    value = self.rng.integers(-2, 5, shape)
                case _:
                    continue
            wobble = 0 if variable.name == "k" else self.rng.uniform(-0.4, 0.4, shape)
            variable.assign(value + wobble)

    def weight(self, variable: Any) -> None:
        """Multiples of 1/64, ties of every quantiser among them; square roots are powers of two."""
        shape = variable.shape
        if variable.name == "moving_variance":
            variable.assign(4.0 ** self.rng.integers(-1, 2, shape) - 1e-3)
        elif variable.path.startswith("dense"):  # eight bits hold them, as the build chooses
            variable.assign(self.rng.integers(-8, 9, shape) / 8 if len(shape) > 1 else 0 * variable)
        elif len(shape):
            variable.assign(self.rng.integers(-128, 129, shape) / 64)


def build(seed: int) -> tuple[Any, np.ndarray, list[str]]:
    """A model, its events, and what it consists of."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 7))
    net = Net(rng, size)
    for _ in range(int(rng.integers(1, 5))):
        net.step()
    x = rng.integers(-(2 ** (INPUT[1] - 1)), 2 ** (INPUT[1] - 1), (EVENTS, size))
    events = x.astype(np.float32) * 2.0 ** (INPUT[2] - INPUT[1])
    return keras.Model(net.shown, net.outputs), events, net.seen


def main(folder: Path, count: int, seed: int) -> None:
    """Write models, events and expected outputs."""
    listed = []
    for index in range(count):
        model, x, seen = build(seed + index)
        path = folder / f"m{index}.keras"
        model.save(path)
        found = model(x)
        found = found if isinstance(found, list) else [found]
        arrays = {f"y{i}": np.asarray(value, np.float64) for i, value in enumerate(found)}
        np.savez(folder / f"m{index}.npz", x=x.astype(np.float64), **arrays)
        answers = {"input_format": INPUT[0], "wrap": "accept"}
        entry = {"path": str(path), "seen": seen, "outputs": len(found), "answers": answers}
        listed.append(entry)
    (folder / "models.json").write_text(json.dumps(listed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
