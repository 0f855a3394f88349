"""Train the spiking autoencoder of arXiv 2508.00063 on toy events, then for its formats.

    pip install torch==2.13.0 snntorch==1.0.0 numpy uproot scikit-hep-testdata==0.2.0
    python train.py [--epochs 400] [--qat-epochs 240] [--seed 0] [--start FILE] [--out DIR]

Stage one is the published recipe. Six dense layers 19 -> 24 -> 12 -> 4 -> 12 -> 24 -> 19
with bias, each followed by ``snn.Leaky(beta=0.9, threshold=1.2)`` (reset by subtraction,
one step later); the last threshold is 1200, so that the output layer never fires. The same
input is shown at each of 5 steps, membranes start at 0, the reconstruction is the output
membrane after the last step. Loss: mean squared error. Score: sum over the 19 inputs of
(membrane - x)**2. Adam at 1e-3, batches of 1000, 400 epochs, 100,000 background events.

Stage two trains on from there in the firmware's arithmetic (``fixed_point.py``): 240
epochs with Adam, its rate falling from 1e-3 to 1e-5 along a cosine. A penalty on top of the
loss brings weights to 0 and keeps membranes narrow. ``--start`` reads stage one's
parameters from a file ``published.npz`` instead of training them.

Input: pT in GeV of [MET, 4 electrons, 4 muons, 10 jets]; x = scale * pT + offset where
pT is not 0, else 0. This is the paper's scaling (divide by the largest pT of the
background, add 0.1 where not zero, divide by the new maximum) in one step. Stage two and
the scores of its network take x rounded to the input's format.

Files written:
    weights.npz    float32, on their grids: weight (out, in) and bias (out,) of every layer
    published.npz  float32: the same of stage one
    events.npz     float32 (n, 19): raw pT in GeV, as read by the scaling above
    expected.npz   float64: SAMPLE_score (500,) and SAMPLE_membrane (500, 19) of the network
                   as it was trained, all on their grids; hzz_float_score and
                   hzz_float_membrane of the same parameters without any rounding
    training.json  scaling, versions, seed, formats, and for both stages loss, spike rates
                   and AUCs

Only the events are other than the paper's. The result is the same for the same versions,
seed and kind of processor.
"""

import argparse
import json
import math
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import fixed_point
import numpy as np
import torch
from fixed_point import FixedAutoencoder
from hzz_events import hzz_events
from numpy.typing import NDArray
from spiking import LAYERS, STEPS, THRESHOLD, SpikingAutoencoder
from torch import Tensor, nn
from toy_events import SIGNALS, toy_background, toy_signal

Floats = NDArray[np.float64]
Record = dict[str, object]
Model = SpikingAutoencoder | FixedAutoencoder

LEARNING_RATE = 1e-3
BATCH = 1000
N_TRAIN = 100_000
N_STORED = 500
N_TEST_BACKGROUND = 50_000
N_TEST_SIGNAL = 20_000
LIBRARIES = ("torch", "snntorch", "numpy", "uproot", "scikit-hep-testdata")


@dataclass(frozen=True, slots=True)
class Scaling:
    """x = scale * pT + offset where pT (GeV) is not 0, else 0; nothing is clamped."""

    scale: float
    """1 / GeV"""
    offset: float

    @classmethod
    def of(cls, pt: Floats) -> "Scaling":
        """Take the scaling from the largest pT of the training background (n, 19)."""
        largest = float(pt.max())
        return cls(1.0 / (1.1 * largest), 0.1 / 1.1)

    def __call__(self, pt: Floats) -> Floats:
        """Scale pT (n, 19) in GeV; the result has no unit."""
        return np.where(pt != 0, self.scale * pt + self.offset, 0.0)


def train(model: SpikingAutoencoder, x: Tensor, epochs: int) -> float:
    """Train on x (n, 19), printing the loss; return the mean loss of the last epoch."""
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    loss, tell = float("nan"), Progress(epochs)
    for epoch in range(1, epochs + 1):
        loss = train_epoch(model, optimiser, x)
        tell(epoch, loss)
    return loss


def train_epoch(model: SpikingAutoencoder, optimiser: torch.optim.Adam, x: Tensor) -> float:
    """Take one pass over x (n, 19) in shuffled batches; return the mean loss."""
    total = 0.0
    for batch in torch.randperm(len(x)).split(BATCH):
        loss = nn.functional.mse_loss(model(x[batch]), x[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += float(loss.detach()) * len(batch)
    return total / len(x)


def train_fixed(model: FixedAutoencoder, x: Tensor, epochs: int) -> float:
    """Train for the formats on x (n, 19) on its grid; return the mean loss of the last epoch.

    The loss returned and printed is without the penalty.
    """
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    steps = epochs * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step / steps))
    loss, tell = float("nan"), Progress(epochs)
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in torch.randperm(len(x)).split(BATCH):
            error = nn.functional.mse_loss(model(x[batch]), x[batch])
            optimiser.zero_grad()
            (error + model.penalty()).backward()
            optimiser.step()
            schedule.step()
            model.clip()
            total += float(error.detach()) * len(batch)
        loss = total / len(x)
        tell(epoch, loss)
    return loss


def cosine(done: float) -> float:
    """The learning rate as a share of the first one, when ``done`` of the training is over."""
    return 0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2


class Progress:
    """Prints the loss of some epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.start = epochs, time.perf_counter()

    def __call__(self, epoch: int, loss: float) -> None:
        """Tell an epoch's mean loss."""
        if epoch <= 5 or epoch % 10 == 0 or epoch == self.epochs:
            elapsed = time.perf_counter() - self.start
            print(f"epoch {epoch:4d}/{self.epochs}  loss {loss:.4e}  {elapsed:6.0f} s", flush=True)


@torch.no_grad()
def membrane(model: Model, x: Floats) -> Floats:
    """Reconstruct x (n, 19) in the model's own precision, returned as float64."""
    dtype = next(model.parameters()).dtype
    reconstruction: Tensor = model(torch.tensor(x, dtype=dtype))
    return reconstruction.numpy().astype(np.float64)


def score(model: Model, x: Floats) -> Floats:
    """Compute the anomaly score (n,) of x (n, 19), a sum of squared differences."""
    return np.asarray(((membrane(model, x) - x) ** 2).sum(axis=1))


@torch.no_grad()
def spike_rates(model: Model, x: Floats) -> dict[str, float]:
    """Compute each layer's spikes per neuron and step on x (n, 19)."""
    membranes: dict[str, Tensor] = {}
    shown = torch.tensor(x, dtype=torch.float32)
    steps = [model.step(shown, membranes) for _ in range(STEPS)]
    return {name: float(np.mean([float(s[name].mean()) for s in steps])) for name in LAYERS}


def r_squared(model: Model, x: Floats) -> float:
    """Compute the share of the variance of x (n, 19) that the reconstruction explains."""
    residual = ((membrane(model, x) - x) ** 2).sum()
    return float(1 - residual / ((x - x.mean(axis=0)) ** 2).sum())


def auc(background: Floats, signal: Floats) -> float:
    """Compute the chance that a signal score exceeds a background score; ties count half."""
    ordered = np.sort(background)
    below = np.searchsorted(ordered, signal, side="left")
    not_above = np.searchsorted(ordered, signal, side="right")
    return float((below + not_above).mean() / (2 * len(ordered)))


def pt(events: Floats) -> Floats:
    """Take the pT (n, 19) in GeV of events (n, 19, 4), rounded to float32 as stored."""
    return events[..., 0].astype(np.float32).astype(np.float64)


def test_samples(seed: int) -> dict[str, Floats]:
    """Make the samples, pT (n, 19) in GeV, that the training has not seen."""
    samples = {
        "hzz": pt(hzz_events()),
        "toy_background": pt(toy_background(N_TEST_BACKGROUND, seed + 1)),
    }
    for number, name in enumerate(SIGNALS, start=2):
        samples[f"toy_signal_{name}"] = pt(toy_signal(name, N_TEST_SIGNAL, seed + number))
    return samples


def measure(model: Model, scaled: dict[str, Floats]) -> Record:
    """Measure a trained network on the test samples, x (n, 19)."""
    scores = {name: score(model, x) for name, x in scaled.items()}
    background = scores.pop("toy_background")
    return {
        "spike_rate_toy_background": spike_rates(model, scaled["toy_background"]),
        "spike_rate_hzz": spike_rates(model, scaled["hzz"]),
        "r_squared_toy_background": r_squared(model, scaled["toy_background"]),
        "auc_against_toy_background": {k: auc(background, v) for k, v in scores.items()},
        "score_above_which_is_1_percent": float(np.quantile(background, 0.99)),
    }


def on_grid(x: Floats) -> Floats:
    """Round x to the input's format."""
    rounded: Floats = fixed_point.INPUT(torch.tensor(x, dtype=torch.float64)).numpy()
    return rounded


def weights(model: FixedAutoencoder) -> dict[str, NDArray[np.float32]]:
    """Take the weight (out, in) and bias (out,) of every layer as float32, on their grids."""
    found = {}
    for name in LAYERS:
        weight, bias = model.parameters_of(name)
        found |= {f"{name}.weight": weight.detach().numpy(), f"{name}.bias": bias.detach().numpy()}
    return found


def nonzero(model: FixedAutoencoder) -> dict[str, int]:
    """Count the weights of each layer that are not 0."""
    return {name: int(model.parameters_of(name)[0].count_nonzero()) for name in LAYERS}


def save(out: Path, model: FixedAutoencoder, scaling: Scaling, samples: dict[str, Floats]) -> None:
    """Write weights.npz, events.npz and expected.npz into the folder ``out``."""
    np.savez(out / "weights.npz", **weights(model))
    stored = {name: sample[:N_STORED] for name, sample in samples.items()}
    np.savez(out / "events.npz", **{k: v.astype(np.float32) for k, v in stored.items()})
    expected = {}
    for name, sample in stored.items():
        x = on_grid(scaling(sample))
        expected |= {f"{name}_score": score(model, x), f"{name}_membrane": membrane(model, x)}
    double, x = model.unrounded(), scaling(stored["hzz"])
    expected |= {"hzz_float_score": score(double, x), "hzz_float_membrane": membrane(double, x)}
    np.savez_compressed(out / "expected.npz", **expected)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train the spiking autoencoder on toy events.")
    parser.add_argument("--epochs", type=int, default=400, help="of stage one")
    parser.add_argument("--qat-epochs", type=int, default=240, help="of stage two")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, metavar="FILE", help="what stage one has given")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    return parser.parse_args()


def published(args: argparse.Namespace, x: Tensor) -> tuple[SpikingAutoencoder, Record]:
    """Train stage one, or read its parameters; return the network and its loss."""
    torch.manual_seed(args.seed)
    model = SpikingAutoencoder()
    if args.start:
        with np.load(args.start) as stored, torch.no_grad():
            for name, values in model.named_parameters():
                values.copy_(torch.tensor(stored[name]))
        return model, {}
    return model, {"final_loss": train(model, x, args.epochs)}


def main() -> None:
    """Train, measure and write the files."""
    args = arguments()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    train_pt = pt(toy_background(N_TRAIN, args.seed))
    scaling = Scaling.of(train_pt)
    print(f"scale {scaling.scale!r} per GeV, offset {scaling.offset!r}")
    x = scaling(train_pt)
    first, first_record = published(args, torch.tensor(x, dtype=torch.float32))
    args.out.mkdir(parents=True, exist_ok=True)
    kept = {name: values.detach().numpy() for name, values in first.named_parameters()}
    np.savez(args.out / "published.npz", **kept)

    torch.manual_seed(args.seed + 1000)  # stage two is then the same with --start
    model = FixedAutoencoder(first, THRESHOLD)
    loss = train_fixed(model, torch.tensor(on_grid(x), dtype=torch.float32), args.qat_epochs)

    samples = test_samples(args.seed)
    scaled = {name: scaling(sample) for name, sample in samples.items()}
    rounded = {name: on_grid(values) for name, values in scaled.items()}
    record: Record = {
        "scale": scaling.scale,
        "offset": scaling.offset,
        "seed": args.seed,
        "epochs": args.epochs,
        "qat_epochs": args.qat_epochs,
        "training_events": N_TRAIN,
        "formats": fixed_point.formats(),
        "beta": fixed_point.BETA,
        "threshold": fixed_point.THRESHOLD,
        "final_loss": loss,
        **measure(model, rounded),
        "nonzero_weights": nonzero(model),
        "published": {**first_record, **measure(first, scaled)},
        "test_events": {name: len(sample) for name, sample in samples.items()},
        "versions": {"python": platform.python_version()} | {k: version(k) for k in LIBRARIES},
    }
    save(args.out, model, scaling, samples)
    text = json.dumps(record, indent=2)
    (args.out / "training.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
