"""Constant matrices and normalisations in ``model.yaml``."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fwgen.errors import BundleError
from fwgen.ingest.bundle.base import MAX_SIZE, Layer
from fwgen.ingest.bundle.site import Makers, Site
from fwgen.ingest.bundle.weights import Weights
from fwgen.ingest.norm import norm_factors
from fwgen.ir.nodes import BatchNorm, Dense, Node, Real


class DenseLayer(Layer):
    """Arrays ``NAME.weight`` (units, inputs) and ``NAME.bias`` (units,) in the weights file."""

    op: Literal["dense"]
    units: Annotated[int | None, Field(ge=1, le=MAX_SIZE)] = None
    bias: bool = True
    weight_format: str | None = None
    bias_format: str | None = None
    accumulator_format: str | None = None


class BatchNormLayer(Layer):
    """Arrays ``NAME.gamma``, ``NAME.beta``, ``NAME.mean`` and ``NAME.variance`` (size,)."""

    op: Literal["batch_norm"]
    epsilon: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    gamma: bool = True
    beta: bool = True
    scale_format: str | None = None
    offset_format: str | None = None


def _dense(site: Site, layer: DenseLayer) -> list[Node]:
    weight = _matrix(site, layer)
    bias = np.zeros(weight.shape[0])
    if layer.bias:
        bias = site.arrays.take(f"{layer.name}.bias", layer.name)
    node = Dense(
        layer.name,
        source=site.source,
        weight=Real(weight, site.format("weight_format", layer.weight_format)),
        bias=Real(bias, site.format("bias_format", layer.bias_format)),
        accumulator=site.format("accumulator_format", layer.accumulator_format),
    )
    return [node]


def _matrix(site: Site, layer: DenseLayer) -> NDArray[np.float64]:
    arrays = site.arrays
    weight = arrays.take(f"{layer.name}.weight", layer.name)
    if weight.ndim != 2 or not weight.size or len(weight) > MAX_SIZE:  # noqa: PLR2004 - axes
        raise BundleError(
            f"{arrays.path}: '{layer.name}.weight'",
            needed=f"a matrix (units, inputs) of 1 to {MAX_SIZE} units",
            found=f"shape {weight.shape}",
            do="Store it as y = W x + b needs it; Keras kernels must be transposed.",
        )
    if layer.units is not None and len(weight) != layer.units:
        raise site.refuse(
            "units",
            needed=f"{len(weight)}, the rows of '{layer.name}.weight'",
            found=f"{layer.units}",
            do="Correct units or leave it out; if the array is a Keras kernel, transpose it.",
        )
    return weight


def _batch_norm(site: Site, layer: BatchNormLayer) -> list[Node]:
    """Inference: ``scale = gamma / sqrt(variance + epsilon)``, ``offset = beta - mean * scale``."""
    arrays = site.arrays
    found = {key: _moment(layer, key, arrays) for key in ("mean", "variance", "gamma", "beta")}
    variance = found["variance"] + layer.epsilon
    if not (variance > 0).all():
        raise BundleError(
            f"{arrays.path}: '{layer.name}.variance'",
            needed="variance + epsilon above 0",
            found=f"{float(variance.min()):g}",
            do="Store the moving variance, and the epsilon that the framework used.",
        )
    scale, offset = norm_factors(**found, epsilon=layer.epsilon)
    if not (np.isfinite(scale).all() and np.isfinite(offset).all()):
        raise BundleError(
            f"{arrays.path}: layer '{layer.name}'",
            needed="finite gamma / sqrt(variance + epsilon) and beta - mean * that",
            found="an infinite one",
            do="Look for a diverged training.",
        )
    node = BatchNorm(
        layer.name,
        source=site.source,
        scale=Real(scale, site.format("scale_format", layer.scale_format)),
        offset=Real(offset, site.format("offset_format", layer.offset_format)),
    )
    return [node]


def _moment(layer: BatchNormLayer, key: str, arrays: Weights) -> NDArray[np.float64]:
    """One array of a batch normalisation, as long as its mean."""
    mean = arrays.take(f"{layer.name}.mean", layer.name)
    if key == "gamma" and not layer.gamma:
        return np.ones_like(mean)
    if key == "beta" and not layer.beta:
        return np.zeros_like(mean)
    values = arrays.take(f"{layer.name}.{key}", layer.name)
    if mean.ndim != 1 or values.shape != mean.shape:
        raise BundleError(
            f"{arrays.path}: '{layer.name}.{key}'",
            needed="shape (size,), the same for gamma, beta, mean and variance",
            found=f"shape {values.shape}",
            do="Store one number for each element.",
        )
    return values


Layers = DenseLayer | BatchNormLayer
MAKERS: Makers = {DenseLayer: _dense, BatchNormLayer: _batch_norm}
