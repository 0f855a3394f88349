"""Train the four smart-pixel networks of arXiv 2411.01118 on toy clusters.

    pip install tensorflow==2.21.0 tf_keras==2.21.0 qkeras==0.9.0 pyparsing numpy
    python train.py {vae_hp,vae_lp,classifier_hp,classifier_lp} [--seed 0] [--out DIR]

Inputs (53): the charge in 13 rows at 4 times, row by row, and y0 (``toy_tracks.py``). The
``hp`` networks take 10-bit inputs, ``sqrt(0.094 ln(charge))``; the ``lp`` networks 4-bit
inputs, 16 even bins over 0..8000 electrons with overflow.

``vae_*``: 53 -> 24 (ReLU) -> 8, the means of a variational autoencoder; log-variances and
the decoder 8 -> 24 -> 53 are real-valued and exist in training only. Trained on clusters of
all pT. 40 % of each layer's weights, the smallest, are then set to 0, and the rest trained
on. Score: the sum of the squared means.

``classifier_*``: 53 -> 24 -> 12 -> 1, ReLU between, nothing pruned. Binary cross entropy of the
sigmoid of the score; label 1 for pT above 0.2 GeV, as many tracks below as above.

Weights have 8 bits, ReLUs, means and score 8 bits, biases 10; all are rounded half to even in the
forward pass of the training. Adam, batches of 512, learning rate 2e-3 falling along a cosine
in each of the two phases, weight decay (L2) on top of the loss.

Files written, into ``models/smartpixel_NAME`` if no other folder is given:
    weights.npz    float64, on their grids: weight (out, in) and bias (out,) of every layer
    events.npz     float32 (500, 53) for each sample: the inputs, transformed, before rounding
    expected.npz   float64: SAMPLE_VALUE, what QKeras computes on these events with the exported
                   weights; the recipe stops if float64 NumPy differs anywhere
    training.json  seed, versions, losses, what the network learnt, formats, sparsity

The result is the same for the same versions, seed and kind of processor.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import qat
import tf_keras
import toy_tracks as toy
from formats import Floats, Format
from network import Arrays, Layer, Network, auc, r_squared

N_TRAIN = 200_000
N_TEST = 50_000
N_STORED = 500
PRUNED = 0.4
BACKGROUND_KEPT = 0.01
"""Share of ordinary tracks that the VAE's flag sends uncompressed."""
HIGH_PT_KEPT = 0.95
"""Share of high-pT tracks that the classifier keeps."""

BIAS = Format(10, 4)
SCORE = Format(8, 4)
HIGH = Format(10, 0, signed=False)
LOW = Format(4, 0, signed=False)
VAE_SAMPLES = {
    "toy_tracks": toy.all_tracks,
    "toy_irradiated": toy.irradiated,
    "toy_dead_rows": toy.dead_rows,
    "toy_merged": toy.merged,
}
CLASSIFIER_SAMPLES = {"toy_low_pt": toy.low_pt, "toy_high_pt": toy.high_pt}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one of the four networks is and how it is trained."""

    network: Network
    transform: Callable[[Floats], Floats]
    epochs: tuple[int, int]
    """of the first phase and, for the VAE behind pruning, of the second"""
    decay: float
    """L2 penalty of the weights"""
    width: float = 1.0
    """assumed error of a reconstructed input: the VAE's balance"""


def vae(fmt: Format) -> Network:
    """Make the encoder; its inputs arrive in ``fmt``."""
    hidden = Layer("enc1", "enc1_bits", 24, Format(8, 3), BIAS, Format(8, 3, signed=False))
    latent = Layer("mean", "latent", 8, Format(8, 3), BIAS, Format(8, 4))
    return Network(toy.INPUTS, fmt, (hidden, latent))


def classifier(fmt: Format) -> Network:
    """Make the classifier; its inputs arrive in ``fmt``."""
    layers = (
        Layer("fc1", "fc1_bits", 24, Format(8, 3), BIAS, Format(8, 3, signed=False)),
        Layer("fc2", "fc2_bits", 12, Format(8, 3), BIAS, Format(8, 3, signed=False)),
        Layer("fc3", "score", 1, Format(8, 3), BIAS, SCORE),
    )
    return Network(toy.INPUTS, fmt, layers)


RECIPES = {
    "vae_hp": Recipe(vae(HIGH), toy.high_precision, (60, 60), 1e-3, 0.04),
    "vae_lp": Recipe(vae(LOW), toy.low_precision, (60, 60), 1e-3, 0.015),
    "classifier_hp": Recipe(classifier(HIGH), toy.high_precision, (120, 0), 3e-5),
    "classifier_lp": Recipe(classifier(LOW), toy.low_precision, (120, 0), 3e-5),
}


def train_vae(recipe: Recipe, seed: int) -> tuple[Arrays, dict[str, object]]:
    """Train, prune and train on; return the arrays, losses and the share explained."""
    x = recipe.transform(toy.sample(toy.all_tracks, N_TRAIN, [seed, 0]))
    encoder = qat.Trainable(recipe.network, recipe.decay)
    decoder = qat.real_dense("decoder", 24, toy.INPUTS)
    model, rebuild = qat.variational(encoder, decoder, width=recipe.width)
    losses = [qat.fit(model, (x,), epochs=recipe.epochs[0], rate=2e-3)]
    encoder.prune(PRUNED)
    losses.append(qat.fit(model, (x,), epochs=recipe.epochs[1], rate=2e-3))
    arrays = encoder.arrays()
    test = recipe.transform(toy.sample(toy.all_tracks, N_TEST, [seed, 1]))
    means = recipe.network.run(arrays, test)["latent"]
    target = recipe.network.input_format(test)
    return arrays, {
        "losses": [qat.every_tenth(phase) for phase in losses],
        "r_squared_toy_tracks": r_squared(target, rebuild(means)),
        "variance_of_means": [float(value) for value in means.var(axis=0)],
    }


def train_classifier(recipe: Recipe, seed: int) -> tuple[Arrays, dict[str, object]]:
    """Train; return the arrays and the losses."""
    half = N_TRAIN // 2
    parts = [toy.sample(toy.low_pt, half, [seed, 2]), toy.sample(toy.high_pt, half, [seed, 3])]
    x = recipe.transform(np.concatenate(parts))
    target = np.repeat([0.0, 1.0], half)[:, None]
    network = qat.Trainable(recipe.network, recipe.decay)
    shown = tf_keras.Input(toy.INPUTS)
    model = tf_keras.Model(shown, network(shown)[-1])
    model.loss = tf_keras.losses.BinaryCrossentropy(from_logits=True)
    losses = qat.fit(model, (x, target), epochs=recipe.epochs[0], rate=2e-3)
    return network.arrays(), {"losses": [qat.every_tenth(losses)]}


def scores(recipe: Recipe, arrays: Arrays, clusters: Floats) -> Floats:
    """Compute the score (n,) of clusters (n, 53)."""
    values = recipe.network.run(arrays, recipe.transform(clusters))
    last = values[recipe.network.layers[-1].value]
    return (last**2).sum(axis=1) if last.shape[1] > 1 else last[:, 0]


def test_scores(
    recipe: Recipe, arrays: Arrays, samples: dict[str, Callable[..., Floats]], seed: int
) -> dict[str, Floats]:
    """Compute the scores of clusters that the training has not seen."""
    return {
        name: scores(recipe, arrays, toy.sample(make, N_TEST, [seed, 10 + number]))
        for number, (name, make) in enumerate(samples.items())
    }


def measure_vae(found: dict[str, Floats]) -> dict[str, object]:
    """Measure how the score tells clusters of a damaged sensor from ordinary ones."""
    background = found.pop("toy_tracks")
    threshold = float(np.quantile(background, 1 - BACKGROUND_KEPT, method="higher"))
    return {
        "auc_against_toy_tracks": {name: auc(background, s) for name, s in found.items()},
        "threshold": threshold,
        "passing": {
            "toy_tracks": float((background > threshold).mean()),
            **{name: float((s > threshold).mean()) for name, s in found.items()},
        },
    }


def measure_classifier(found: dict[str, Floats]) -> dict[str, object]:
    """Measure how the score tells high-pT from low-pT tracks."""
    background, signal = found["toy_low_pt"], found["toy_high_pt"]
    threshold = float(np.quantile(signal, 1 - HIGH_PT_KEPT, method="lower"))
    threshold -= SCORE.step  # the comparison is strict
    return {
        "auc": auc(background, signal),
        "threshold": threshold,
        "passing": {name: float((s > threshold).mean()) for name, s in found.items()},
    }


def store(
    name: str, recipe: Recipe, arrays: Arrays, record: qat.Record, args: argparse.Namespace
) -> None:
    """Write the files of a network."""
    samples = VAE_SAMPLES if name.startswith("vae") else CLASSIFIER_SAMPLES
    events, results = {}, {}
    for number, (sample, make) in enumerate(samples.items()):
        clusters = toy.sample(make, N_STORED, [args.seed, 20 + number])
        events[sample] = recipe.transform(clusters).astype(np.float32).astype(np.float64)
        values = qat.expected(recipe.network, arrays, events[sample])
        results |= {f"{sample}_{node}": value for node, value in values.items()}
        if name.startswith("vae"):
            results[f"{sample}_score"] = (values["latent"] ** 2).sum(axis=1, keepdims=True)
    out = args.out or Path(__file__).resolve().parents[1] / f"smartpixel_{name}"
    qat.save(out, recipe.network, arrays, events, results, record)


def main() -> None:
    """Train one network, measure it and write its files."""
    parser = argparse.ArgumentParser(description="Train a smart-pixel network on toy clusters.")
    parser.add_argument("network", choices=RECIPES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="DIR")
    args = parser.parse_args()
    qat.start(args.seed)
    recipe = RECIPES[args.network]
    is_vae = args.network.startswith("vae")
    arrays, learnt = (train_vae if is_vae else train_classifier)(recipe, args.seed)
    samples = VAE_SAMPLES if is_vae else CLASSIFIER_SAMPLES
    found = test_scores(recipe, arrays, samples, args.seed)
    record: qat.Record = {
        "seed": args.seed,
        "epochs": list(recipe.epochs),
        "weight_decay": recipe.decay,
        "training_events": N_TRAIN,
        "test_events": N_TEST,
        **learnt,
        **(measure_vae(found) if is_vae else measure_classifier(found)),
    }
    store(args.network, recipe, arrays, record, args)


if __name__ == "__main__":
    main()
