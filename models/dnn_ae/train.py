"""Train the dense twin of the spiking autoencoder of arXiv 2508.00063 on toy events.

    pip install tensorflow==2.21.0 tf_keras==2.21.0 qkeras==0.9.0 pyparsing numpy \
        uproot scikit-hep-testdata==0.2.0
    python train.py [--seed 0] [--out DIR]

Dense layers 19 -> 24 -> 12 -> 4 -> 12 -> 24 -> 19 with bias; a ReLU after each but the
latent one and the output. Events, scaling of the inputs and seeds are those of
``models/snn_ae``: x = scale * pT + offset where pT is not 0, else 0, for the pT in GeV of [MET, 4
electrons, 4 muons, 10 jets]. Score: sum over the 19 inputs of (reconstruction - x)**2.

Weights have 8 bits, ReLUs and latent words 8, biases 10, the reconstruction 11 and the
inputs 12; all are rounded half to even in the forward pass of the training. Loss: mean
squared error, times 1000. Adam, batches of 512, 150 epochs, learning rate 2e-3 falling
along a cosine, weight decay (L2) on top of the loss.

Files written:
    weights.npz    float64, on their grids: weight (out, in) and bias (out,) of every layer
    events.npz     float32 (500, 19) for each sample: raw pT in GeV
    expected.npz   float64: SAMPLE_VALUE, what QKeras computes on these events with the exported
                   weights (the recipe stops if float64 NumPy differs anywhere), and
                   SAMPLE_score, in float64 NumPy from the reconstruction
    training.json  scaling, seed, versions, losses, what the network learnt, formats

The result is the same for the same versions, seed and kind of processor.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import qat
from autoencoder import learnt, store, train
from collisions import LIBRARIES, N_STORED, N_TRAIN, test_events, training_events
from formats import Floats, Format
from network import Layer, Network

EPOCHS = 150
DECAY = 1e-4

WEIGHT, BIAS = Format(8, 2), Format(10, 2)
RELU, LATENT = Format(8, 1, signed=False), Format(8, 2)
NETWORK = Network(
    19,
    Format(12, 1, signed=False),
    (
        Layer("enc1", "enc1_bits", 24, WEIGHT, BIAS, RELU),
        Layer("enc2", "enc2_bits", 12, WEIGHT, BIAS, RELU),
        Layer("latent", "latent_bits", 4, WEIGHT, BIAS, LATENT),
        Layer("dec1", "dec1_bits", 12, WEIGHT, BIAS, RELU),
        Layer("dec2", "dec2_bits", 24, WEIGHT, BIAS, RELU),
        Layer("recon", "recon_bits", 19, WEIGHT, BIAS, Format(11, 1)),
    ),
)


def pt(events: Floats) -> Floats:
    """Take the pT (n, 19) in GeV of events (n, 19, 4), rounded to float32 as stored."""
    return events[..., 0].astype(np.float32).astype(np.float64)


def main() -> None:
    """Train, measure and write the files."""
    parser = argparse.ArgumentParser(description="Train the dense autoencoder on toy events.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    args = parser.parse_args()
    qat.start(args.seed)
    train_pt = pt(training_events(args.seed))
    scale, offset = 1.0 / (1.1 * float(train_pt.max())), 0.1 / 1.1

    def scaled(raw: Floats) -> Floats:
        return np.where(raw != 0, scale * raw + offset, 0.0)

    x = scaled(train_pt)
    network = qat.Trainable(NETWORK, DECAY)
    losses = train(network, x, EPOCHS, rate=2e-3, loss_scale=1000.0)
    arrays = network.arrays()
    samples = {name: pt(events) for name, events in test_events(args.seed).items()}
    record: qat.Record = {
        "scale": scale,
        "offset": offset,
        "seed": args.seed,
        "epochs": EPOCHS,
        "weight_decay": DECAY,
        "training_events": N_TRAIN,
        "losses": losses,
        **learnt(NETWORK, arrays, {name: scaled(raw) for name, raw in samples.items()}),
    }
    stored = {name: raw[:N_STORED] for name, raw in samples.items()}
    store(args.out, NETWORK, arrays, stored, scaled, record, LIBRARIES)


if __name__ == "__main__":
    main()
