"""Train the two ADC2021 networks of arXiv 2108.03986 on toy events.

    pip install tensorflow==2.21.0 tf_keras==2.21.0 qkeras==0.9.0 pyparsing numpy \
        uproot scikit-hep-testdata==0.2.0
    python train.py {ae,vae} [--seed 0] [--out DIR]

``ae``: dense layers 57 -> 32 -> 16 -> 3 -> 16 -> 32 -> 57 with bias, a ReLU after each but the
latent one and the output. Loss and score: the sum over the 57 inputs of (reconstruction - x)**2.

``vae``: the encoder 57 -> 32 -> 16 -> 3 alone, ReLU between; its results are the means of a
variational autoencoder. Log-variances and the decoder 3 -> 16 -> 32 -> 57 are real-valued and
exist in training only. Score: the sum of the squared means.

Inputs: [pT, eta, phi] of MET, 4 electrons, 4 muons and 10 jets, scaled as ``adc_inputs.py``
says. Events are those of ``models/snn_ae``.

Weights, ReLUs, latent words and the reconstruction have 8 bits, biases and inputs 10; all
are rounded half to even in the forward pass of the training. Nothing is pruned. Adam, batches of
512, 150 epochs, learning rate 1e-3 (``ae``) or 2e-3 (``vae``) falling along a cosine, weight decay
(L2) on top of the loss.

Files written, into ``models/adc_NAME`` if no other folder is given:
    weights.npz    float64, on their grids: weight (out, in) and bias (out,) of every layer
    events.npz     float32 (500, 57) for each sample: the inputs, scaled, before rounding
    expected.npz   float64: SAMPLE_VALUE, what QKeras computes on these events with the exported
                   weights (the recipe stops if float64 NumPy differs anywhere), and
                   SAMPLE_score, in float64 NumPy from that value
    training.json  seed, versions, losses, what the network learnt, formats

The result is the same for the same versions, seed and kind of processor.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import qat
from adc_inputs import INPUTS, inputs
from autoencoder import learnt, store, train
from collisions import LIBRARIES, N_STORED, N_TRAIN, test_events, training_events
from formats import Floats, Format
from network import Arrays, Layer, Network, r_squared

EPOCHS = 150
DECAY_AE = 3e-4
DECAY_VAE = 1e-3
WIDTH = 0.3
"""Assumed error of a reconstructed input: the VAE's balance."""

INPUT = Format(10, 5)
WEIGHT, BIAS = Format(8, 2), Format(10, 4)
RELU, LATENT = Format(8, 4, signed=False), Format(8, 5)
ENCODER = (
    Layer("enc1", "enc1_bits", 32, WEIGHT, BIAS, RELU),
    Layer("enc2", "enc2_bits", 16, WEIGHT, BIAS, RELU),
)
AUTOENCODER = Network(
    INPUTS,
    INPUT,
    (
        *ENCODER,
        Layer("latent", "latent_bits", 3, WEIGHT, BIAS, LATENT),
        Layer("dec1", "dec1_bits", 16, WEIGHT, BIAS, RELU),
        Layer("dec2", "dec2_bits", 32, WEIGHT, BIAS, RELU),
        Layer("recon", "recon_bits", INPUTS, WEIGHT, BIAS, Format(8, 5)),
    ),
)
VARIATIONAL = Network(INPUTS, INPUT, (*ENCODER, Layer("mean", "latent", 3, WEIGHT, BIAS, LATENT)))


def train_ae(x: Floats) -> tuple[Arrays, dict[str, object]]:
    """Train the autoencoder on x (n, 57); return its arrays and losses."""
    network = qat.Trainable(AUTOENCODER, DECAY_AE)
    losses = train(network, x, EPOCHS, rate=1e-3, loss_scale=float(INPUTS))
    return network.arrays(), {"losses": losses}


def train_vae(x: Floats) -> tuple[Arrays, dict[str, object]]:
    """Train the encoder on x (n, 57); return its arrays, losses and the share explained."""
    encoder = qat.Trainable(VARIATIONAL, DECAY_VAE)
    decoder = qat.real_dense("decoder", 16, 32, INPUTS)
    model, rebuild = qat.variational(encoder, decoder, width=WIDTH)
    losses = qat.every_tenth(qat.fit(model, (x,), epochs=EPOCHS, rate=2e-3))
    arrays = encoder.arrays()
    means = VARIATIONAL.run(arrays, x)["latent"]
    return arrays, {
        "losses": losses,
        "r_squared_training": r_squared(INPUT(x), rebuild(means)),
        "variance_of_means_training": [float(value) for value in means.var(axis=0)],
    }


def main() -> None:
    """Train one network, measure it and write its files."""
    parser = argparse.ArgumentParser(description="Train an ADC2021 network on toy events.")
    parser.add_argument("network", choices=("ae", "vae"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="DIR")
    args = parser.parse_args()
    qat.start(args.seed)
    network = AUTOENCODER if args.network == "ae" else VARIATIONAL
    x = inputs(training_events(args.seed))
    arrays, found = (train_ae if args.network == "ae" else train_vae)(x)
    samples = {name: inputs(events) for name, events in test_events(args.seed).items()}
    record: qat.Record = {
        "seed": args.seed,
        "epochs": EPOCHS,
        "weight_decay": DECAY_AE if args.network == "ae" else DECAY_VAE,
        "training_events": N_TRAIN,
        **found,
        **learnt(network, arrays, samples),
    }
    out = args.out or Path(__file__).resolve().parents[1] / f"adc_{args.network}"
    stored = {name: sample[:N_STORED] for name, sample in samples.items()}
    store(out, network, arrays, stored, lambda raw: raw, record, LIBRARIES)


if __name__ == "__main__":
    main()
