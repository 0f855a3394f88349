"""The spiking autoencoder in the firmware's own arithmetic, for the second stage of training.

In the forward pass every number is what the firmware has: weights and biases are rounded to
their formats, the current of the first layer is rounded and clamped, membranes are rounded half
up in each step, beta and the thresholds are dyadic. float32 holds all of it without rounding, so
that the trained network is the quantised one, integer for integer. In the backward pass roundings
and the clamp are the identity (straight-through estimators, Y. Bengio et al., arXiv 1308.3432),
and spikes have snnTorch's surrogate gradient.

The first layer is the dear one in logic, because it multiplies numbers where the others add up
weights of spikes. Its weights are 0 or a power of two with a sign: one addition a weight.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import snntorch as snn
import torch
from spiking import LAYERS, OUTPUT_THRESHOLD, STEPS, SpikingAutoencoder
from torch import Tensor, nn

BETA = 29 / 32
THRESHOLD = 19 / 16

WEIGHT_DECAY = {"enc1": 3e-8, "enc2": 2e-8, "latent": 2e-8, "dec1": 2e-8, "dec2": 2e-8}
"""Added to the loss for each layer: this times the sum of its weights' magnitudes."""
REACH = {"enc2": 16, "latent": 4, "dec1": 8, "dec2": 16}
"""Largest magnitude that a layer's membranes should be able to reach."""
REACH_DECAY = 1e-5
"""Added to the loss for each neuron: this times what its membrane may exceed ``REACH`` by."""


@dataclass(frozen=True, slots=True)
class Format:
    """``fixed<width,integer,RND>``, or ``ufixed`` without a sign."""

    width: int
    integer: int
    signed: bool = True
    saturates: bool = False

    def __str__(self) -> str:
        """Write it as in model.yaml."""
        kind, end = "fixed" if self.signed else "ufixed", ",SAT" if self.saturates else ""
        return f"{kind}<{self.width},{self.integer},RND{end}>"

    @property
    def frac(self) -> int:
        """Number of fraction bits."""
        return self.width - self.integer

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value."""
        low, high = (-1, 1) if self.signed else (0, 2)
        reach = 2.0 ** (self.integer - 1)
        return low * reach, high * reach - 2.0**-self.frac

    def __call__(self, x: Tensor) -> Tensor:
        """Round half up and saturate; the gradient passes."""
        return through(lambda v: torch.clamp(half_up(v, self.frac), *self.range), x)


INPUT = Format(8, 0, signed=False, saturates=True)
CURRENT = Format(6, 1, signed=False, saturates=True)
WEIGHTS = {
    "enc1": Format(6, 4),
    "enc2": Format(6, 2),
    "latent": Format(6, 2),
    "dec1": Format(6, 2),
    "dec2": Format(6, 2),
    "recon": Format(7, -3),
}
BIASES = {
    "enc1": Format(7, 2),
    "enc2": Format(7, 3),
    "latent": Format(6, 2),
    "dec1": Format(7, 3),
    "dec2": Format(7, 3),
    "recon": Format(7, -3),
}
MEMBRANE_FRAC = {"enc1": 5, "enc2": 4, "latent": 4, "dec1": 4, "dec2": 4, "recon": 8}


class _Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:  # noqa: ARG004
        return function(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ARG004
        return gradient, None


def through(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a function whose gradient is taken to be 1."""
    result: Tensor = _Through.apply(x, function)
    return result


def half_up(x: Tensor, frac: int) -> Tensor:
    """Round to ``frac`` fraction bits, ties towards plus infinity: ``RND``."""
    return torch.floor(x * 2.0**frac + 0.5) * 2.0**-frac


def power_of_two(x: Tensor, fmt: Format) -> Tensor:
    """Round to the nearest of 0 and the powers of two, with either sign, that a format holds."""
    powers = 2.0 ** torch.arange(-fmt.frac, fmt.integer - 1)
    values = torch.cat([-powers.flip(0), torch.zeros(1), powers])
    return values[torch.bucketize(x, (values[1:] + values[:-1]) / 2)]


class FixedAutoencoder(nn.Module):
    """The network of `SpikingAutoencoder` on the grids above, beginning with its parameters.

    Weights of spiking layers are scaled with the threshold: the spikes stay the same.
    """

    def __init__(self, start: SpikingAutoencoder, threshold: float) -> None:
        super().__init__()
        self.neurons: dict[str, snn.Leaky] = {}
        for name in LAYERS:
            layer = start.get_submodule(name)
            last = name == LAYERS[-1]
            scale = 1.0 if last else THRESHOLD / threshold
            for part in ("weight", "bias"):
                values = getattr(layer, part).detach().clone() * scale
                self.register_parameter(f"{name}_{part}", nn.Parameter(values))
            self.neurons[name] = snn.Leaky(
                beta=BETA,
                threshold=OUTPUT_THRESHOLD if last else THRESHOLD,
                state_quant=_rounding(MEMBRANE_FRAC[name]),
            )
        self.clip()

    def parameters_of(self, name: str) -> tuple[Tensor, Tensor]:
        """The weight (out, in) and bias (out,) of a layer on their grids."""
        weight, bias = self.get_parameter(f"{name}_weight"), self.get_parameter(f"{name}_bias")
        fmt = WEIGHTS[name]
        if name == LAYERS[0]:
            return through(lambda w: power_of_two(w, fmt), weight), BIASES[name](bias)
        return fmt(weight), BIASES[name](bias)

    def step(self, x: Tensor, membranes: dict[str, Tensor]) -> dict[str, Tensor]:
        """Advance by one step: update ``membranes``, return the spikes of each layer."""
        held = self._held()
        return self._advance(self._first(x, held), membranes, held)

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct x (n, 19): the output membrane (n, 19) after the last step."""
        held, membranes = self._held(), dict[str, Tensor]()
        current = self._first(x, held)
        for _ in range(STEPS):
            self._advance(current, membranes, held)
        return membranes[LAYERS[-1]]

    def _held(self) -> dict[str, tuple[Tensor, Tensor]]:
        return {name: self.parameters_of(name) for name in LAYERS}

    def _first(self, x: Tensor, held: dict[str, tuple[Tensor, Tensor]]) -> Tensor:
        """The first layer's current, the same in each step, from x on its grid."""
        return CURRENT(nn.functional.linear(x, *held[LAYERS[0]]))

    def _advance(
        self,
        current: Tensor,
        membranes: dict[str, Tensor],
        held: dict[str, tuple[Tensor, Tensor]],
    ) -> dict[str, Tensor]:
        spikes: dict[str, Tensor] = {}
        for name, behind in zip(LAYERS, (*LAYERS[1:], None), strict=True):
            before = membranes.get(name, torch.zeros_like(current))
            spikes[name], membranes[name] = self.neurons[name](current, before)
            if behind:
                current = nn.functional.linear(spikes[name], *held[behind])
        return spikes

    def penalty(self) -> Tensor:
        """What is added to the loss, so that weights become 0 and membranes stay narrow."""
        total = torch.zeros(())
        for name, decay in WEIGHT_DECAY.items():
            total = total + decay * self.get_parameter(f"{name}_weight").abs().sum()
        return total + REACH_DECAY * sum(self._excess())

    def _excess(self) -> Iterator[Tensor]:
        """By how much each neuron's membrane may exceed its layer's reach.

        The highest current in all steps would leave the membrane at ``steady`` times it, less
        what the spikes take off: three thresholds are counted.
        """
        steady = sum(BETA**k for k in range(STEPS))
        for name, reach in REACH.items():
            weight, bias = self.get_parameter(f"{name}_weight"), self.get_parameter(f"{name}_bias")
            low = weight.clamp(max=0).sum(1) + bias
            high = weight.clamp(min=0).sum(1) + bias
            taken = 3 * THRESHOLD * (high > 0)
            yield nn.functional.relu(-low * steady - 0.97 * reach).sum()
            yield nn.functional.relu(high * steady - taken - 0.97 * reach).sum()

    @torch.no_grad()
    def clip(self) -> None:
        """Bring parameters back into the range of their formats."""
        for name in LAYERS:
            low, high = WEIGHTS[name].range
            if name == LAYERS[0]:
                low, high = low / 2, -low / 2  # the largest power of two with both signs
            self.get_parameter(f"{name}_weight").clamp_(low, high)
            self.get_parameter(f"{name}_bias").clamp_(*BIASES[name].range)

    @torch.no_grad()
    def unrounded(self) -> SpikingAutoencoder:
        """The network with these parameters in float64, with no rounding and no clamp."""
        model = SpikingAutoencoder(BETA, THRESHOLD)
        for name in LAYERS:
            layer = model.get_submodule(name)
            for part, values in zip(("weight", "bias"), self.parameters_of(name), strict=True):
                getattr(layer, part).copy_(values)
        return model.double()  # exact: all numbers are dyadic and short


def _rounding(frac: int) -> Callable[[Tensor], Tensor]:
    return lambda membrane: through(lambda u: half_up(u, frac), membrane)


def formats() -> dict[str, object]:
    """All formats as in model.yaml."""
    layers = {n: {"weight": str(WEIGHTS[n]), "bias": str(BIASES[n])} for n in LAYERS}
    layers[LAYERS[0]]["enc1_current"] = str(CURRENT)
    return {"input": str(INPUT), **layers}
