"""One layer of a Keras model in the making: its configuration, its weights, and what it reads.

Every key of a layer's configuration is either understood, or on a written-out list of keys that
cannot change inference, or an error.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from fwgen.ingest.bundle.schema import MAX_SIZE
from fwgen.ingest.keras.build import Builder, LayerOut
from fwgen.ingest.keras.file import Floats, Weights
from fwgen.ingest.keras.graph import KerasLayer, no, shown

_IGNORED = frozenset({"name", "trainable", "batch_input_shape", "batch_shape", "build_config"})
_TRAINING = frozenset(
    {
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "bias_regularizer",
        "activity_regularizer",
        "kernel_constraint",
        "bias_constraint",
        "beta_initializer",
        "gamma_initializer",
        "moving_mean_initializer",
        "moving_variance_initializer",
        "beta_regularizer",
        "gamma_regularizer",
        "beta_constraint",
        "gamma_constraint",
        "alpha_initializer",
        "alpha_regularizer",
        "alpha_constraint",
        "kernel_range",  # of QKeras: they set the constraints
        "bias_range",
        "beta_range",
        "gamma_range",
        "momentum",
        "synchronized",
        "fused",
        "renorm_momentum",
        "rate",  # of Dropout
        "noise_shape",
        "seed",
        "stddev",
    }
)
# these change what a layer computes, so they must have the value that stands here
_FIXED: dict[str, tuple[object, ...]] = {
    "quantization_config": (None,),
    "lora_rank": (None,),
    "renorm": (False, None),
    "renorm_clipping": (None,),
    "virtual_batch_size": (None,),
    "adjustment": (None,),
    "threshold": (0, 0.0, None),
    "shared_axes": (None, []),
    "autocast": (True,),
    "sparse": (False, None),  # of InputLayer
    "ragged": (False, None),
    "optional": (False, None),
}


@dataclass(frozen=True, slots=True)
class Site:
    """One layer call in the making."""

    builder: Builder
    weights: Weights
    layer: KerasLayer
    sources: tuple[LayerOut, ...]

    @property
    def config(self) -> dict[str, Any]:
        """The layer's configuration."""
        return self.layer.config

    @property
    def where(self) -> str:
        """How messages name the layer."""
        return self.layer.where

    def vector(self) -> LayerOut:
        """The one vector that the layer reads.

        Raises
        ------
        BundleError
            If it reads several values, or one of more dimensions.
        """
        value = self.any_shape()
        if len(value.shape) != 1:
            raise no(
                self.where, "to read a vector", f"shape {value.shape}", "Put a Flatten in front."
            )
        return value

    def any_shape(self) -> LayerOut:
        """The one value that the layer reads.

        Raises
        ------
        BundleError
            If it reads several.
        """
        if len(self.sources) != 1:
            raise no(self.where, "to read one value", f"{len(self.sources)}")
        return self.sources[0]

    def flag(self, key: str, default: bool) -> bool:
        """A configuration key that is true or false."""
        value = self.config.get(key, default)
        if not isinstance(value, bool):
            raise no(f"{self.where}: {key}", "true or false", f"{shown(value)!r}")
        return value

    def number(self, key: str, default: float) -> float:
        """A configuration key that is a finite number."""
        value = self.config.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30:  # noqa: PLR2004 - no sense beyond
            raise no(f"{self.where}: {key}", "a finite number", f"{shown(value)!r}")
        return float(value)

    def whole(self, key: str) -> int:
        """A configuration key that is a whole number: a number of elements."""
        value = self.config.get(key)
        if type(value) is not int or not 1 <= value <= MAX_SIZE:
            raise no(
                f"{self.where}: {key}",
                f"a whole number from 1 to {MAX_SIZE:,}",
                f"{shown(value)!r}",
            )
        return value

    def reading(self, *sources: LayerOut) -> "Site":
        """The layer call with other values to read."""
        return replace(self, sources=sources)

    def array(self, arrays: dict[str, Floats], key: str, shape: tuple[int, ...]) -> Floats:
        """One of the layer's weights, of the shape that it must have."""
        if arrays[key].shape != shape:
            raise no(f"{self.where}: {key}", f"shape {shape}", f"{arrays[key].shape}")
        return arrays[key]


def size_of(shape: tuple[int, ...]) -> int:
    """Number of elements."""
    return math.prod(shape)


def check_keys(layer: KerasLayer, understood: frozenset[str]) -> None:
    """Refuse a configuration key that nobody honours."""
    for key, value in layer.config.items():
        if key in understood or key in _IGNORED or key in _TRAINING:
            continue
        if key == "dtype":
            _check_dtype(layer, value)
        elif key not in _FIXED or value not in _FIXED[key]:
            needed = (
                f"the keys {', '.join(sorted(understood)) or 'without one'} and those of training"
            )
            if key in _FIXED:
                needed = f"{_FIXED[key][0]!r}"
            raise no(
                f"{layer.where}: {shown(key)}",
                needed,
                f"{shown(value)!r}",
                "fwgen does not honour it, so it does not leave it out.",
            )


def _check_dtype(layer: KerasLayer, value: object) -> None:
    if isinstance(value, dict):
        config = value.get("config")
        value = config.get("name") if isinstance(config, dict) else value
    if value not in ("float32", None):
        raise no(
            f"{layer.where}: dtype",
            "float32",
            f"{shown(value)!r}",
            "Other types round elsewhere; train in float32.",
        )
