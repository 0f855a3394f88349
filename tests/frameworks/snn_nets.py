"""Random spiking networks of dyadic numbers, run by snnTorch without any rounding.

Weights have 3 fraction bits, inputs 3, leak factors 2, thresholds 3; with at most 6 steps a
membrane has 16 fraction bits and few integer bits, which float32 holds: every one is exact. Behind
a synaptic current it has 26, so the networks run in float64.
"""

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import snntorch
import torch

EVENTS = 1000
RESETS = ("subtract", "zero", "none")
INPUT = "fixed<6,3>"
warnings.filterwarnings("ignore", module="snntorch")


def dyadic(rng: np.random.Generator, lo: float, hi: float, bits: int, shape: Any) -> np.ndarray:
    """Random multiples of ``2**-bits`` from ``lo`` to ``hi``."""
    scale = 2.0**bits
    return rng.integers(int(lo * scale), int(hi * scale), shape, endpoint=True) / scale


@dataclass
class Net:
    """A network, its events, and what a file of it does not say."""

    modules: dict[str, Any]
    delays: dict[str, bool]
    steps: int
    x: np.ndarray

    @property
    def net(self) -> Any:
        """As a torch module with the names of its layers."""
        return torch.nn.Sequential(*self.modules.values())

    def named(self) -> Any:
        """As a module whose state dict has the names of the layers."""
        holder = torch.nn.Module()
        for name, module in self.modules.items():
            holder.add_module(name, module)
        return holder

    def run(self) -> dict[str, np.ndarray]:
        """Spikes and membranes of all neurons, of shape (steps, events, size)."""
        seen: dict[str, list[np.ndarray]] = {}
        modules = copy.deepcopy(self.modules)
        for module in modules.values():
            module.double()
            if hasattr(module, "reset_mem"):
                module.reset_mem()
        with torch.no_grad():
            for _ in range(self.steps):
                value = torch.from_numpy(self.x).double()
                for name, module in modules.items():
                    value = module(value)
                    if not hasattr(module, "mem"):
                        continue
                    value = (value[0] if isinstance(value, tuple) else value).double()
                    module.spk = value  # as float64, which the recurrent weights are too
                    seen.setdefault(name, []).append(value.numpy().copy())
                    seen.setdefault(f"{name}.membrane", []).append(module.mem.numpy().copy())
        return {name: np.stack(values) for name, values in seen.items()}


def linear(rng: np.random.Generator, inputs: int, outputs: int, bias: bool) -> Any:
    """A layer of dyadic weights."""
    made = torch.nn.Linear(inputs, outputs, bias=bias)
    made.weight.data = torch.from_numpy(dyadic(rng, -1.5, 2, 3, (outputs, inputs))).float()
    if bias:
        made.bias.data = torch.from_numpy(dyadic(rng, -0.5, 1, 3, outputs)).float()
    return made


def leaky(rng: np.random.Generator, size: int, *, full: bool, hidden: bool, beyond: bool) -> Any:
    """Neurons with any reset and delay; ``full`` for one beta and threshold a neuron."""
    lo, hi = (-0.25, 1.25) if beyond else (0, 1)
    shape = size if full or rng.random() < 0.5 else ()
    beta = torch.tensor(dyadic(rng, lo, hi, 2, shape)).float()
    shape = size if full or rng.random() < 0.5 else ()
    threshold = torch.tensor(dyadic(rng, 0.25, 2, 3, shape)).float()
    return snntorch.Leaky(
        beta=beta,
        threshold=threshold,
        learn_beta=bool(rng.random() < 0.5),
        learn_threshold=bool(rng.random() < 0.5),
        reset_mechanism=RESETS[rng.integers(3)],
        reset_delay=bool(rng.random() < 0.5),
        init_hidden=hidden,
    )


def drops_nothing(rng: np.random.Generator) -> dict[str, Any]:
    """A reset and a delay with which these neurons keep the current of every step."""
    reset = RESETS[rng.integers(3)]
    return {"reset_mechanism": reset, "reset_delay": bool(rng.random() < 0.5) and reset != "zero"}


def synaptic(rng: np.random.Generator, size: int, *, full: bool, hidden: bool, beyond: bool) -> Any:
    """Neurons with a synaptic current."""
    lo, hi = (-0.25, 1.25) if beyond else (0, 1)
    shape = size if full or rng.random() < 0.5 else ()
    numbers = [torch.tensor(dyadic(rng, lo, hi, 2, shape)).float() for _ in range(2)]
    threshold = torch.tensor(dyadic(rng, 0.25, 2, 3, shape)).float()
    return snntorch.Synaptic(
        *numbers, threshold=threshold, init_hidden=hidden, **drops_nothing(rng)
    )


def recurrent(
    rng: np.random.Generator, size: int, *, full: bool, hidden: bool, beyond: bool
) -> Any:
    """Neurons that read their own spikes: all of one another's, or each its own."""
    keys = drops_nothing(rng) | {"init_hidden": hidden}
    return looped(rng, size, snntorch.RLeaky, keys, ("beta",), full=full, beyond=beyond)


def both(rng: np.random.Generator, size: int, *, full: bool, hidden: bool, beyond: bool) -> Any:
    """Neurons with a synaptic current that read their own spikes."""
    reset = "subtract" if rng.random() < 0.7 else "none"
    keys = {"reset_mechanism": reset, "init_hidden": hidden}
    factors = ("alpha", "beta")
    return looped(rng, size, snntorch.RSynaptic, keys, factors, full=full, beyond=beyond)


def looped(
    rng: np.random.Generator,
    size: int,
    kind: Any,
    keys: dict[str, Any],
    factors: tuple[str, ...],
    *,
    full: bool,
    beyond: bool,
) -> Any:
    """Recurrent neurons with these leak factors."""
    lo, hi = (-0.25, 1.25) if beyond else (0, 1)
    shape = size if full or rng.random() < 0.5 else ()
    keys |= {"learn_recurrent": bool(rng.random() < 0.5)}
    keys |= {key: torch.tensor(dyadic(rng, lo, hi, 2, shape)).float() for key in factors}
    weight = torch.tensor(dyadic(rng, -1.5, 2, 3, shape)).float()
    if rng.random() < 0.4:
        return kind(**keys, all_to_all=False, V=weight)
    made = kind(**keys, linear_features=size)
    made.recurrent = linear(rng, size, size, bias=bool(rng.random() < 0.5))
    return made


KINDS = {"leaky": leaky, "synaptic": synaptic, "rleaky": recurrent, "rsynaptic": both}


def random_net(seed: int, *, nir: bool = False, kinds: tuple[str, ...] = ("leaky",)) -> Net:
    """A network of these neurons in turn; ``nir`` for one that snnTorch can export."""
    rng = np.random.default_rng([seed, int(nir)])
    size = inputs = int(rng.integers(1, 6))
    modules: dict[str, Any] = {}
    delays = {}
    for k in range(int(rng.integers(1, 4))):
        if k or nir or len(kinds) > 1 or rng.random() < 0.9:
            outputs = int(rng.integers(1, 6))
            modules[f"fc{k}"] = linear(rng, size, outputs, bool(rng.random() < 0.6))
            size = outputs
        beyond = bool(rng.random() < 0.3)
        make = KINDS[kinds[(seed + k) % len(kinds)]]
        modules[f"lif{k}"] = make(rng, size, full=nir, hidden=nir, beyond=beyond)
        delays[f"lif{k}"] = bool(modules[f"lif{k}"].reset_delay)
    x = dyadic(rng, -4, 3.875, 3, (EVENTS, inputs))
    return Net(modules, delays, int(rng.integers(1, 7)), x)
