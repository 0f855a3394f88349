"""A quantised dense network, exactly: its layers and what they compute, in NumPy alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from formats import Floats, Format, signed_digits

Arrays = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Layer:
    """Dense layer, then ReLU if ``out`` is unsigned, then conversion to ``out``."""

    name: str
    value: str
    """name of the converted value"""
    units: int
    weight: Format
    bias: Format
    out: Format

    @property
    def relu(self) -> bool:
        """Whether a ReLU follows."""
        return not self.out.signed


@dataclass(frozen=True, slots=True)
class Network:
    """Layers in a row, and the format in which the inputs arrive."""

    inputs: int
    input_format: Format
    layers: tuple[Layer, ...]

    def run(self, weights: Mapping[str, Floats], x: Floats) -> Arrays:
        """Compute the converted value of every layer, by its name, on x (n, inputs).

        ``weights`` holds ``NAME.weight`` (out, in) and ``NAME.bias`` (out,), on their grids.
        Everything is a multiple of a power of two below 2**53 of them, so float64 is exact.
        """
        values: Arrays = {}
        x = self.input_format(x)
        for layer in self.layers:
            total = x @ weights[f"{layer.name}.weight"].T + weights[f"{layer.name}.bias"]
            x = values[layer.value] = layer.out(total)
        return values

    def check(self, weights: Mapping[str, Floats]) -> None:
        """Check that every weight and bias lies on its grid.

        Raises
        ------
        ValueError
            If one does not.
        """
        for layer in self.layers:
            layer.weight.integers(weights[f"{layer.name}.weight"])
            layer.bias.integers(weights[f"{layer.name}.bias"])


def summary(network: Network, weights: Mapping[str, Floats]) -> dict[str, object]:
    """Sparsity, formats and the digits that set the cost in logic, for training.json."""
    kernels = {layer.name: weights[f"{layer.name}.weight"] for layer in network.layers}
    zeros = sum(int((kernel == 0).sum()) for kernel in kernels.values())
    digits = {
        layer.name: signed_digits(layer.weight.integers(kernels[layer.name]))
        for layer in network.layers
    }
    return {
        "formats": {
            "input": str(network.input_format),
            **{
                layer.name: {
                    "weight": layer.weight.parameter,
                    "bias": layer.bias.parameter,
                    layer.value: str(layer.out),
                }
                for layer in network.layers
            },
        },
        "weights": {name: kernel.size for name, kernel in kernels.items()},
        "zero_weights": {name: int((kernel == 0).sum()) for name, kernel in kernels.items()},
        "sparsity": zeros / sum(kernel.size for kernel in kernels.values()),
        "signed_digits": digits,
    }


def auc(background: Floats, signal: Floats) -> float:
    """Compute the chance that a signal score exceeds a background score; ties count half."""
    ordered = np.sort(background)
    below = np.searchsorted(ordered, signal, side="left")
    not_above = np.searchsorted(ordered, signal, side="right")
    return float((below + not_above).mean() / (2 * len(ordered)))


def r_squared(x: Floats, reconstruction: Floats) -> float:
    """Compute the share of the variance of x (n, size) that the reconstruction explains."""
    return float(1 - ((reconstruction - x) ** 2).sum() / ((x - x.mean(axis=0)) ** 2).sum())
