"""Keras models of a kind each, saved with what the live framework says; like `keras_random`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.frameworks.keras_random import EVENTS, L, qkeras, tf_keras

GRID = "quantized_bits(6,2,alpha=1)"
Case = tuple[Any, str, dict[str, str]]  # a model, its form, the answers and options


def dyadic(model: Any, rng: np.random.Generator) -> Any:
    """The model with weights of a few bits."""
    model.set_weights([rng.integers(-8, 9, w.shape) / 8 for w in model.get_weights()])
    return model


def sequential_of_texts(rng: np.random.Generator) -> Case:
    """A Sequential model whose quantisers are texts."""
    model = tf_keras.Sequential(
        [
            tf_keras.Input((4,)),
            qkeras.QActivation(GRID),
            qkeras.QDense(5, kernel_quantizer=GRID, bias_quantizer=GRID),
            qkeras.QActivation("quantized_relu(5,2)"),
            L.Dropout(0.2),
            qkeras.QDense(2, kernel_quantizer="ternary(alpha=1)", use_bias=False),
        ]
    )
    return dyadic(model, rng), "h5", {}


def pruned(rng: np.random.Generator, form: str = "h5") -> Case:
    """Pruning wrappers, whose masks act on the weights in inference too."""
    from tensorflow_model_optimization.sparsity import keras as sparsity  # noqa: PLC0415

    dense = qkeras.QDense(4, kernel_quantizer=GRID, bias_quantizer=GRID, name="d")
    model = tf_keras.Sequential(
        [
            tf_keras.Input((4,)),
            sparsity.prune_low_magnitude(dense),
            qkeras.QActivation("quantized_relu(5,2)"),
        ]
    )
    names = [w.name for w in model.weights]
    values = [rng.integers(-8, 9, w.shape) / 8 for w in model.weights]
    kept = [_pruning(name, value) for name, value in zip(names, values, strict=True)]
    model.set_weights(kept)
    return model, form, {"input_format": "fixed<6,3>"}


def _pruning(name: str, value: np.ndarray) -> Any:
    if "step" in name:
        return 0
    return (value > 0).astype(float) if "mask" in name else value


def pruned_archive(rng: np.random.Generator) -> Case:
    """The same as a .keras archive."""
    return pruned(rng, "keras")


def shared(rng: np.random.Generator) -> Case:
    """One layer that two values go through."""
    shown = tf_keras.Input((3,))
    dense = qkeras.QDense(3, kernel_quantizer=GRID, bias_quantizer=GRID, name="twice")
    first = qkeras.QActivation(GRID)(dense(qkeras.QActivation(GRID)(shown)))
    return dyadic(tf_keras.Model(shown, [first, dense(first)]), rng), "json", {}


def real_numbers(rng: np.random.Generator) -> Case:
    """A network without quantisers, in a precision that loses nothing."""
    shown = tf_keras.Input((4,))
    hidden = L.Dense(5, activation="relu")(shown)
    hidden = L.LeakyReLU(0.25)(L.Dense(3)(hidden))
    model = dyadic(tf_keras.Model(shown, L.Dense(2)(hidden)), rng)
    return model, "h5", {"input_format": "fixed<6,3>", "precision": "fixed<32,16>"}


def flattened(rng: np.random.Generator) -> Case:
    """A matrix that is flattened, and shaped once more."""
    shown = tf_keras.Input((2, 3))
    flat = L.Reshape((6,))(L.Flatten()(qkeras.QActivation(GRID)(shown)))
    dense = qkeras.QDense(2, kernel_quantizer=GRID, bias_quantizer=GRID)
    return dyadic(tf_keras.Model(shown, dense(flat)), rng), "keras", {}


CASES: tuple[Callable[[np.random.Generator], Case], ...] = (
    sequential_of_texts,
    pruned,
    pruned_archive,
    shared,
    real_numbers,
    flattened,
)


def main(folder: Path) -> None:
    """Write models, events and expected outputs."""
    listed = []
    for index, case in enumerate(CASES):
        rng = np.random.default_rng(index)
        model, form, answers = case(rng)
        path = folder / f"{case.__name__}.{form}"
        if form == "json":
            path.write_text(model.to_json())
            model.save_weights(folder / f"{case.__name__}_weights.h5")
        else:
            model.save(path)
        shape = (EVENTS, *model.input_shape[1:])
        x = rng.integers(-32, 32, shape).astype(np.float32) / 8
        found = model(x)
        found = found if isinstance(found, list) else [found]
        arrays = {f"y{i}": np.asarray(value, np.float64) for i, value in enumerate(found)}
        flat = x.reshape(EVENTS, -1).astype(np.float64)
        np.savez(folder / f"{path.stem}.npz", x=flat, **arrays)
        entry = {"path": str(path), "seen": [case.__name__], "outputs": len(found)}
        listed.append(entry | {"answers": answers})
    (folder / "models.json").write_text(json.dumps(listed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
