"""Train the spiking autoencoder of arXiv 2508.00063 on toy events.

    pip install torch==2.13.0 snntorch==1.0.0 numpy uproot scikit-hep-testdata==0.2.0
    python train.py [--epochs 400] [--seed 0] [--out DIR]

Six dense layers 19 -> 24 -> 12 -> 4 -> 12 -> 24 -> 19 with bias, each followed by
``snn.Leaky(beta=0.9, threshold=1.2)`` (reset by subtraction, one step later); the last
threshold is 1200, so that the output layer never fires. The same input is shown at each
of 5 steps, membranes start at 0, the reconstruction is the output membrane after the
last step. Loss: mean squared error. Score: sum over the 19 inputs of
(membrane - x)**2. Adam at 1e-3, batches of 1000, 400 epochs, 100,000 background events.

Input: pT in GeV of [MET, 4 electrons, 4 muons, 10 jets]; x = scale * pT + offset where
pT is not 0, else 0. This is the paper's scaling (divide by the largest pT of the
background, add 0.1 where not zero, divide by the new maximum) in one step.

Files written:
    weights.npz    float32: weight (out, in) and bias (out,) of every layer of LAYERS
    events.npz     float32 (n, 19): raw pT in GeV, as read by the scaling above
    expected.npz   float64: score (500,) and membrane (500, 19) of the events "hzz"
    training.json  scaling, versions, seed, loss, spike rates, AUCs

The published recipe is kept without change: trained so, no hidden layer falls silent
(``spike_rate`` and ``r_squared`` in training.json). Only the events are other than the
paper's. The result is the same for the same versions, seed and kind of processor.
"""

import argparse
import copy
import json
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import snntorch as snn
import torch
from hzz_events import hzz_events
from numpy.typing import NDArray
from torch import Tensor, nn
from toy_events import SIGNALS, toy_background, toy_signal

Floats = NDArray[np.float64]
Record = dict[str, object]

LAYERS = ("enc1", "enc2", "latent", "dec1", "dec2", "recon")
SIZES = (19, 24, 12, 4, 12, 24, 19)
BETA = 0.9
THRESHOLD = 1.2
OUTPUT_THRESHOLD = 1200.0
STEPS = 5

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


class SpikingAutoencoder(nn.Module):
    """The network: ``LAYERS`` of sizes ``SIZES``, each followed by leaky neurons."""

    def __init__(self) -> None:
        super().__init__()
        for name, n_in, n_out in zip(LAYERS, SIZES[:-1], SIZES[1:], strict=True):
            self.add_module(name, nn.Linear(n_in, n_out))
            limit = OUTPUT_THRESHOLD if name == LAYERS[-1] else THRESHOLD
            self.add_module(f"{name}_neurons", snn.Leaky(beta=BETA, threshold=limit))

    def step(self, x: Tensor, membranes: dict[str, Tensor]) -> dict[str, Tensor]:
        """Advance by one step: update ``membranes``, return the spikes of each layer."""
        spikes: dict[str, Tensor] = {}
        for name in LAYERS:
            current = self.get_submodule(name)(x)
            before = membranes.get(name, torch.zeros_like(current))
            neurons = self.get_submodule(f"{name}_neurons")
            fired, membranes[name] = neurons(current, before)
            spikes[name] = x = fired.to(current.dtype)  # snnTorch fires in float32
        return spikes

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct x (n, 19): the output membrane (n, 19) after the last step."""
        membranes: dict[str, Tensor] = {}
        for _ in range(STEPS):
            self.step(x, membranes)
        return membranes[LAYERS[-1]]


def exact_double(model: SpikingAutoencoder) -> SpikingAutoencoder:
    """Copy the model in float64: float32 weights, but beta and thresholds as written.

    A plain cast would keep the float32 roundings 0.89999998 and 1.20000005.
    """
    double = copy.deepcopy(model).double()
    for name in LAYERS:
        neurons = double.get_submodule(f"{name}_neurons")
        limit = OUTPUT_THRESHOLD if name == LAYERS[-1] else THRESHOLD
        neurons.beta = torch.tensor(BETA, dtype=torch.float64)
        neurons.threshold = torch.tensor(limit, dtype=torch.float64)
    return double


def train(model: SpikingAutoencoder, x: Tensor, epochs: int) -> float:
    """Train on x (n, 19), printing the loss; return the mean loss of the last epoch."""
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    loss = float("nan")
    start = time.perf_counter()
    for epoch in range(1, epochs + 1):
        loss = train_epoch(model, optimiser, x)
        if epoch <= 5 or epoch % 10 == 0 or epoch == epochs:
            elapsed = time.perf_counter() - start
            print(f"epoch {epoch:4d}/{epochs}  loss {loss:.4e}  {elapsed:6.0f} s", flush=True)
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


@torch.no_grad()
def membrane(model: SpikingAutoencoder, x: Floats) -> Floats:
    """Reconstruct x (n, 19) in the model's own precision, returned as float64."""
    dtype = next(model.parameters()).dtype
    reconstruction: Tensor = model(torch.tensor(x, dtype=dtype))
    return reconstruction.numpy().astype(np.float64)


def score(model: SpikingAutoencoder, x: Floats) -> Floats:
    """Compute the anomaly score (n,) of x (n, 19), a sum of squared differences."""
    return np.asarray(((membrane(model, x) - x) ** 2).sum(axis=1))


@torch.no_grad()
def spike_rates(model: SpikingAutoencoder, x: Floats) -> dict[str, float]:
    """Compute each layer's spikes per neuron and step on x (n, 19)."""
    membranes: dict[str, Tensor] = {}
    shown = torch.tensor(x, dtype=torch.float32)
    steps = [model.step(shown, membranes) for _ in range(STEPS)]
    return {name: float(np.mean([float(s[name].mean()) for s in steps])) for name in LAYERS}


def r_squared(model: SpikingAutoencoder, x: Floats) -> float:
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


def measure(model: SpikingAutoencoder, scaling: Scaling, samples: dict[str, Floats]) -> Record:
    """Measure the trained network on the test samples, pT (n, 19) in GeV."""
    scores = {name: score(model, scaling(sample)) for name, sample in samples.items()}
    background = scores.pop("toy_background")
    x = scaling(samples["toy_background"])
    return {
        "spike_rate_toy_background": spike_rates(model, x),
        "spike_rate_hzz": spike_rates(model, scaling(samples["hzz"])),
        "r_squared_toy_background": r_squared(model, x),
        "auc_against_toy_background": {k: auc(background, v) for k, v in scores.items()},
        "test_events": {name: len(sample) for name, sample in samples.items()},
    }


def weights(model: SpikingAutoencoder) -> dict[str, NDArray[np.float32]]:
    """Take the weight (out, in) and bias (out,) of every layer as float32."""
    named = model.named_parameters()
    return {name: values.detach().numpy().astype(np.float32) for name, values in named}


def save(
    out: Path, model: SpikingAutoencoder, scaling: Scaling, samples: dict[str, Floats]
) -> None:
    """Write weights.npz, events.npz and expected.npz into the folder ``out``."""
    np.savez(out / "weights.npz", **weights(model))
    stored = {name: sample[:N_STORED] for name, sample in samples.items()}
    np.savez(out / "events.npz", **{k: v.astype(np.float32) for k, v in stored.items()})
    double = exact_double(model)
    x = scaling(stored["hzz"])
    expected = {"hzz_score": score(double, x), "hzz_membrane": membrane(double, x)}
    np.savez(out / "expected.npz", **expected)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train the spiking autoencoder on toy events.")
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    return parser.parse_args()


def main() -> None:
    """Train, measure and write the files."""
    args = arguments()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)
    train_pt = pt(toy_background(N_TRAIN, args.seed))
    scaling = Scaling.of(train_pt)
    print(f"scale {scaling.scale!r} per GeV, offset {scaling.offset!r}")
    model = SpikingAutoencoder()
    loss = train(model, torch.tensor(scaling(train_pt), dtype=torch.float32), args.epochs)
    samples = test_samples(args.seed)
    record: Record = {
        "scale": scaling.scale,
        "offset": scaling.offset,
        "seed": args.seed,
        "epochs": args.epochs,
        "training_events": N_TRAIN,
        "final_loss": loss,
        **measure(model, scaling, samples),
        "versions": {"python": platform.python_version()} | {k: version(k) for k in LIBRARIES},
    }
    args.out.mkdir(parents=True, exist_ok=True)
    save(args.out, model, scaling, samples)
    text = json.dumps(record, indent=2)
    (args.out / "training.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
