"""What the recipes of the autoencoders share: training, measuring, writing."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import qat
import tensorflow as tf
import tf_keras
from formats import Floats
from network import Arrays, Network, auc, r_squared

BACKGROUND = "toy_background"
BACKGROUND_KEPT = 0.01
"""Share of the toy background that the trigger passes."""


def train(
    network: "qat.Trainable", x: Floats, epochs: int, *, rate: float, loss_scale: float
) -> list[float]:
    """Train to reconstruct x (n, inputs); return the losses of some epochs.

    The loss is ``loss_scale`` times the mean squared error.
    """
    shown = tf_keras.Input(network.network.inputs)
    rebuilt = network(shown)[-1]
    clipped = network.network.input_format.keras()(shown)
    model = tf_keras.Model(shown, rebuilt)
    model.add_loss(loss_scale * tf.reduce_mean((rebuilt - clipped) ** 2))
    return qat.every_tenth(qat.fit(model, (x,), epochs=epochs, rate=rate))


def score(network: Network, values: Mapping[str, Floats], x: Floats) -> Floats:
    """Compute the score (n,): the squared error of an autoencoder, else the sum of squares.

    ``values`` are those of the network's layers on x (n, inputs). A last layer of another size
    than the input is an encoder's.
    """
    last = values[network.layers[-1].value]
    if last.shape[1] == network.inputs:
        last = last - network.input_format(x)
    return np.asarray((last**2).sum(axis=1))


def learnt(network: Network, arrays: Arrays, samples: Mapping[str, Floats]) -> dict[str, object]:
    """Measure the trained network on samples of inputs (n, inputs) it has not seen."""
    found, explained = {}, {}
    for name, x in samples.items():
        values = network.run(arrays, x)
        found[name] = score(network, values, x)
        last = values[network.layers[-1].value]
        if last.shape[1] == network.inputs:
            explained[name] = r_squared(network.input_format(x), last)
    background = found[BACKGROUND]
    threshold = float(np.quantile(background, 1 - BACKGROUND_KEPT, method="higher"))
    return {
        **({"r_squared": explained} if explained else {}),
        "auc_against_toy_background": {
            name: auc(background, values) for name, values in found.items() if name != BACKGROUND
        },
        "threshold": threshold,
        "passing": {name: float((values > threshold).mean()) for name, values in found.items()},
        "test_events": {name: len(x) for name, x in samples.items()},
    }


def store(
    out: Path,
    network: Network,
    arrays: Arrays,
    stored: Mapping[str, Floats],
    scaled: Callable[[Floats], Floats],
    record: "qat.Record",
    libraries: tuple[str, ...],
) -> None:
    """Write the files; ``scaled`` turns stored events into inputs. ReLUs are not stored."""
    results: Arrays = {}
    for name, raw in stored.items():
        x = scaled(raw)
        values = qat.expected(network, arrays, x)
        kept = [layer.value for layer in network.layers if not layer.relu]
        results |= {f"{name}_{value}": values[value] for value in kept}
        results[f"{name}_score"] = score(network, values, x)[:, None]
    qat.save(out, network, arrays, stored, results, record, libraries)
