"""The network of arXiv 2508.00063 in real numbers: six dense layers of leaky neurons."""

import snntorch as snn
import torch
from torch import Tensor, nn

LAYERS = ("enc1", "enc2", "latent", "dec1", "dec2", "recon")
SIZES = (19, 24, 12, 4, 12, 24, 19)
BETA = 0.9
THRESHOLD = 1.2
OUTPUT_THRESHOLD = 1200.0
STEPS = 5


class SpikingAutoencoder(nn.Module):
    """The network: ``LAYERS`` of sizes ``SIZES``, each followed by leaky neurons."""

    def __init__(self, beta: float = BETA, threshold: float = THRESHOLD) -> None:
        super().__init__()
        for name, n_in, n_out in zip(LAYERS, SIZES[:-1], SIZES[1:], strict=True):
            self.add_module(name, nn.Linear(n_in, n_out))
            limit = OUTPUT_THRESHOLD if name == LAYERS[-1] else threshold
            self.add_module(f"{name}_neurons", snn.Leaky(beta=beta, threshold=limit))

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
