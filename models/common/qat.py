"""Quantisation-aware training of a `Network` with QKeras, pruning, and the trained arrays.

Import this module first: it chooses Keras 2 for TensorFlow, which QKeras 0.9 needs, and one
thread, so that a seed gives the same network again on the same kind of processor.
"""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import json
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from formats import Floats, Format
from network import Arrays, Layer, Network, summary
from numpy.typing import NDArray
from qkeras import QActivation, QDense

LIBRARIES = ("tensorflow", "tf_keras", "qkeras", "numpy")
Record = dict[str, object]


def start(seed: int) -> None:
    """Seed everything and ask TensorFlow for repeatable results on one thread."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    tf_keras.utils.set_random_seed(seed)


class Keep(tf_keras.constraints.Constraint):
    """Holds pruned weights at 0 and keeps all others from rounding to 0.

    Until `prune` is called it does nothing. Afterwards exactly the weights chosen then are 0, so
    that the sparsity is the one asked for, neither more nor less.
    """

    def __init__(self, shape: tuple[int, int], fmt: Format) -> None:
        self.mask = tf.Variable(np.ones(shape, np.float32), trainable=False)
        self.floor = tf.Variable(0.0, trainable=False)
        self.fmt = fmt

    def __call__(self, kernel: Any) -> Any:
        """Apply it to a kernel (in, out)."""
        sign = tf.where(kernel < 0, -1.0, 1.0)
        return self.mask * sign * tf.maximum(tf.abs(kernel), self.floor)

    def prune(self, kernel: NDArray[np.float32], share: float) -> None:
        """Choose the smallest ``share`` of the kernel's weights, rounded, to be 0."""
        order = np.argsort(np.abs(kernel), axis=None, kind="stable")
        mask = np.ones(kernel.size, np.float32)
        mask[order[: round(share * kernel.size)]] = 0.0
        self.mask.assign(mask.reshape(kernel.shape))
        self.floor.assign(0.51 * self.fmt.step)


class Trainable:
    """A `Network` as QKeras layers; ``decay`` is the L2 penalty of its weights."""

    def __init__(self, network: Network, decay: float = 0.0) -> None:
        self.network = network
        self.keeps: list[Keep] = []
        self.dense: list[Any] = []
        size = network.inputs
        for layer in network.layers:
            self.keeps.append(Keep((size, layer.units), layer.weight))
            self.dense.append(quantised_dense(layer, self.keeps[-1], decay))
            size = layer.units

    def __call__(self, x: Any) -> list[Any]:
        """Connect the layers behind the Keras tensor x; return the value of each layer."""
        values = []
        x = QActivation(self.network.input_format.keras())(x)
        for layer, dense in zip(self.network.layers, self.dense, strict=True):
            fmt = layer.out
            x = QActivation(fmt.keras_relu() if layer.relu else fmt.keras())(dense(x))
            values.append(x)
        return values

    def prune(self, share: float) -> None:
        """Set the smallest ``share`` of each layer's weights to 0 for good."""
        for keep, dense in zip(self.keeps, self.dense, strict=True):
            keep.prune(dense.kernel.numpy(), share)
            dense.kernel.assign(keep(dense.kernel))

    def arrays(self) -> Arrays:
        """Take the quantised weights (out, in) and biases (out,) of every layer as float64."""
        found: Arrays = {}
        for layer, dense in zip(self.network.layers, self.dense, strict=True):
            found[f"{layer.name}.weight"] = layer.weight(dense.kernel.numpy().T)
            found[f"{layer.name}.bias"] = layer.bias(dense.bias.numpy())
        self.network.check(found)
        return found


def quantised_dense(layer: Layer, keep: Keep, decay: float) -> Any:
    """Make the QKeras layer of a `Layer`."""
    return QDense(
        layer.units,
        kernel_quantizer=layer.weight.keras(),
        bias_quantizer=layer.bias.keras(),
        kernel_constraint=keep,
        kernel_regularizer=tf_keras.regularizers.l2(decay),
        name=layer.name,
    )


def deployed(network: Network, weights: Mapping[str, Floats], x: Floats) -> Arrays:
    """Compute every value on x (n, inputs) with QKeras in float32 from the exported arrays.

    The quantisers give grid values themselves here, and no sum of products in these networks
    needs more than 24 bits, so that float32 is exact; `expected` compares it with NumPy.
    """
    shown = tf_keras.Input(network.inputs)
    value = QActivation(network.input_format.keras(straight_through=False))(shown)
    values = []
    for layer in network.layers:
        fmt = layer.out
        quantiser = fmt.keras_relu if layer.relu else fmt.keras
        grid = layer.weight.keras(straight_through=False)
        dense = QDense(layer.units, kernel_quantizer=grid, name=layer.name)
        value = QActivation(quantiser(straight_through=False))(dense(value))
        values.append(value)
        dense.set_weights([weights[f"{layer.name}.weight"].T, weights[f"{layer.name}.bias"]])
    results = tf_keras.Model(shown, values).predict(x.astype(np.float32), 4096, verbose=0)
    results = results if isinstance(results, list) else [results]
    named = zip(network.layers, results, strict=True)
    return {layer.value: result.astype(np.float64) for layer, result in named}


def expected(network: Network, weights: Mapping[str, Floats], x: Floats) -> Arrays:
    """Compute every value on x (n, inputs) with QKeras and in float64 NumPy; both are equal.

    Raises
    ------
    ValueError
        If they are not.
    """
    x = network.input_format(x)  # float32 holds these, but not every x
    theirs, ours = deployed(network, weights, x), network.run(weights, x)
    for name, values in ours.items():
        if not np.array_equal(values, theirs[name]):
            raise ValueError(f"{name}: QKeras and NumPy differ")
    return theirs


def fit(
    model: Any, data: tuple[Floats, ...], *, epochs: int, rate: float, batch: int = 512
) -> list[float]:
    """Train with Adam and a learning rate falling from ``rate`` to 1 % of it along a cosine.

    ``data`` is (x,) for a model with a loss of its own, else (x, target). Returns the loss of
    every epoch.
    """
    steps = epochs * -(-len(data[0]) // batch)
    schedule = tf_keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.01)
    loss = None if len(data) == 1 else model.loss
    model.compile(optimizer=tf_keras.optimizers.legacy.Adam(schedule), loss=loss)
    shown = [part.astype(np.float32) for part in data]
    log = tf_keras.callbacks.LambdaCallback(on_epoch_end=_print_epoch)
    history = model.fit(*shown, batch_size=batch, epochs=epochs, verbose=0, callbacks=[log])
    return [float(value) for value in history.history["loss"]]


def _print_epoch(epoch: int, logs: Mapping[str, float]) -> None:
    if epoch < 3 or epoch % 10 == 9:
        print(f"  epoch {epoch + 1:4d}  loss {logs['loss']:.5f}", flush=True)


def every_tenth(losses: list[float]) -> list[float]:
    """Thin out the losses of a phase: the first, every tenth and the last epoch's."""
    kept = [loss for epoch, loss in enumerate(losses, 1) if epoch == 1 or epoch % 10 == 0]
    return kept if len(losses) % 10 == 0 else [*kept, losses[-1]]


def variational(
    encoder: Trainable, decoder: Any, *, width: float, scale: float = 1.0
) -> tuple[Any, Callable[[Floats], Floats]]:
    """Build a variational autoencoder around an encoder whose last layer gives the means.

    The log-variances come from a layer of their own beside the means, of real numbers, and
    exist in training only, as does the decoder. Loss: sum of squared differences divided by
    2 * width**2, plus ``scale`` times the Kullback-Leibler divergence from the unit Gaussian
    (D. P. Kingma and M. Welling, arXiv 1312.6114). Returns the model to train, and a function
    that reconstructs from latent words (n, latents).
    """
    size = encoder.network.inputs
    shown = tf_keras.Input(size)
    values = encoder(shown)
    mean = values[-1]
    log_variance = tf_keras.layers.Dense(mean.shape[-1], name="log_variance")(values[-2])
    log_variance = tf.clip_by_value(log_variance, -10.0, 2.0)
    noise = tf.random.normal(tf.shape(mean))
    rebuilt = decoder(mean + tf.exp(log_variance / 2) * noise)
    clipped = encoder.network.input_format.keras()(shown)
    error = tf.reduce_sum((rebuilt - clipped) ** 2, axis=1) / (2 * width**2)
    divergence = tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1 - log_variance, axis=1) / 2
    model = tf_keras.Model(shown, rebuilt)
    model.add_loss(tf.reduce_mean(error + scale * divergence))
    return model, lambda latent: np.asarray(decoder(latent.astype(np.float32)), np.float64)


def real_dense(name: str, *sizes: int) -> Any:
    """Make dense layers of real numbers with ReLUs between them: a decoder for training."""
    hidden = [tf_keras.layers.Dense(size, activation="relu") for size in sizes[:-1]]
    return tf_keras.Sequential([*hidden, tf_keras.layers.Dense(sizes[-1])], name=name)


def save(
    out: Path,
    network: Network,
    weights: Arrays,
    events: Mapping[str, Floats],
    results: Mapping[str, Floats],
    record: Record,
    libraries: tuple[str, ...] = LIBRARIES,
) -> None:
    """Write weights.npz, events.npz (float32), expected.npz and training.json into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out / "weights.npz", **weights)
    shown = {name: values.astype(np.float32) for name, values in events.items()}
    np.savez_compressed(out / "events.npz", **shown)
    np.savez_compressed(out / "expected.npz", **results)
    versions = {"python": platform.python_version()} | {name: version(name) for name in libraries}
    text = json.dumps({**record, **summary(network, weights), "versions": versions}, indent=2)
    (out / "training.json").write_text(text + "\n", encoding="utf-8")
    print(text)
