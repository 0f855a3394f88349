"""The collision events of the autoencoders: toy and simulated, in the ADC2021 layout.

They are those of ``models/snn_ae``: same generator, same reader, same seeds, so that the
networks can be compared event by event.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "snn_ae"))

from formats import Floats
from hzz_events import hzz_events
from toy_events import SIGNALS, toy_background, toy_signal

N_TRAIN = 100_000
N_TEST_BACKGROUND = 50_000
N_TEST_SIGNAL = 20_000
N_STORED = 500
LIBRARIES = ("tensorflow", "tf_keras", "qkeras", "numpy", "uproot", "scikit-hep-testdata")


def training_events(seed: int) -> Floats:
    """Make the toy background events (100000, 19, 4) to train on."""
    return toy_background(N_TRAIN, seed)


def test_events(seed: int) -> dict[str, Floats]:
    """Make the samples (n, 19, 4) that the training has not seen."""
    samples = {
        "hzz": hzz_events(),
        "toy_background": toy_background(N_TEST_BACKGROUND, seed + 1),
    }
    for number, name in enumerate(SIGNALS, start=2):
        samples[f"toy_signal_{name}"] = toy_signal(name, N_TEST_SIGNAL, seed + number)
    return samples
