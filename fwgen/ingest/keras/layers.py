"""Each layer of Keras and QKeras -> layers of a bundle."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ingest.keras.build import LayerOut
from fwgen.ingest.keras.file import Floats
from fwgen.ingest.keras.graph import check_origin, no, shown
from fwgen.ingest.keras.quantised_weights import quantised
from fwgen.ingest.keras.quantisers import Quantiser, read_quantiser
from fwgen.ingest.keras.site import Site, check_keys, size_of
from fwgen.ir.shapes import MAX_ELEMENTS

LEAKY_RELU_SLOPE = 0.2  # of the activation 'leaky_relu' of Keras 3
_LESS = "Make the layer smaller."
_SHOW_OPERATION = "fwgen has no operation for it yet."


def make(site: Site, layers: "Layers") -> LayerOut:
    """The layers of one call; the value of the last. ``layers`` are those that are known.

    Raises
    ------
    BundleError
        If the layer, a key of it, or its weights are not understood.
    """
    kind = site.layer.kind
    if kind not in layers:
        do = _SHOW_OPERATION
        if kind == "Lambda":
            do = "It holds code, which fwgen never runs; use layers."
        raise no(site.where, f"one of the layers {', '.join(layers)}", f"'{shown(kind)}'", do)
    function, understood = layers[kind]
    check_keys(site.layer, understood)
    made = function(site)
    if (size := size_of(made.shape)) > MAX_ELEMENTS:
        raise no(site.where, f"at most {MAX_ELEMENTS:,} elements", f"{size}", _LESS)
    return made


# ---- one function a layer ----


def _identity(site: Site) -> LayerOut:
    return site.any_shape()


def _flatten(site: Site) -> LayerOut:
    value = site.any_shape()
    if len(value.shape) > 1 and site.config.get("data_format") not in (None, "channels_last"):
        raise no(
            f"{site.where}: data_format",
            "channels_last, since another puts the elements into another order",
            f"{shown(site.config['data_format'])!r}",
            "Put the channels last in the model.",
        )
    return LayerOut(value.name, (size_of(value.shape),))


def _reshape(site: Site) -> LayerOut:
    value, wanted = site.any_shape(), site.config.get("target_shape")
    size = size_of(value.shape)
    if not isinstance(wanted, list) or any(type(n) is not int or n < -1 or n == 0 for n in wanted):
        raise no(f"{site.where}: target_shape", "a list of sizes", f"{shown(wanted)!r}")
    known = -size_of(tuple(wanted)) if -1 in wanted else size_of(tuple(wanted))
    shape = tuple(size // known if n == -1 and known else n for n in wanted)
    if size_of(shape) != size or len(shape) > 8:  # noqa: PLR2004 - axes
        raise no(f"{site.where}: target_shape", f"{size} elements", f"{shown(wanted)}")
    return LayerOut(value.name, shape)


def _dense(site: Site) -> LayerOut:
    return _dense_layer(site, None, None)


def _qdense(site: Site) -> LayerOut:
    kernel = optional_quantiser(site, "kernel_quantizer")
    bias = optional_quantiser(site, "bias_quantizer")
    return _dense_layer(site, kernel, bias)


def optional_quantiser(site: Site, key: str) -> Quantiser | None:
    """The quantiser under a key, or None where there is none."""
    spec = site.config.get(key)
    return None if spec is None else read_quantiser(spec, f"{site.where}: {key}")


def _dense_layer(site: Site, kernel_q: Quantiser | None, bias_q: Quantiser | None) -> LayerOut:
    value, units = site.vector(), site.whole("units")
    names = ["kernel", "bias"] if site.flag("use_bias", True) else ["kernel"]
    found = site.weights.take(site.layer.place, names)
    kernel = site.array(found, "kernel", (value.shape[0], units))
    keys: dict[str, Any] = {}
    if kernel_q is not None:
        kernel, keys["weight_format"] = _weights(site, "kernel", kernel_q, kernel, trainable=True)
    arrays = {"weight": kernel.T}
    if "bias" in found:
        arrays["bias"] = site.array(found, "bias", (units,))
        if bias_q is not None:
            arrays["bias"], keys["bias_format"] = _weights(site, "bias", bias_q, arrays["bias"])
    else:
        keys["bias"] = False
    name = site.builder.add("dense", value.name, "", arrays, units=units, **keys)
    return activated(site, LayerOut(name, (units,)))


def _weights(
    site: Site, key: str, q: Quantiser, values: Floats, *, trainable: bool = False
) -> tuple[Floats, str]:
    _check_finite(site, key, values)
    exact, fmt = quantised(q, values, trainable=trainable)
    return exact, str(fmt)


def _check_finite(site: Site, key: str, values: NDArray[np.float64]) -> None:
    if not np.isfinite(values).all():
        raise no(f"{site.where}: {key}", "finite numbers", "NaN or infinity", "Train it again.")


def activated(site: Site, value: LayerOut, suffix: str = "act") -> LayerOut:
    """The activation inside a layer, as the layer after it."""
    spec = site.config.get("activation")
    if spec is None:
        return value
    return _activation_of(site, value, spec, suffix)


def _activation_of(site: Site, value: LayerOut, spec: object, suffix: str) -> LayerOut:
    """Keras' functions by name; everything else is a quantiser."""
    build, size = site.builder, size_of(value.shape)
    if isinstance(spec, dict) and spec.get("class_name") == "function":
        check_origin(f"{site.where}: activation", spec)
        spec = spec.get("config")
    if isinstance(spec, str) and "(" not in spec and not spec.startswith(_QUANTISER_PREFIXES):
        if spec == "leaky_relu":
            return LayerOut(build.leaky(value.name, LEAKY_RELU_SLOPE, suffix), value.shape)
        return LayerOut(build.activation(value.name, spec, suffix, size), value.shape)
    q = read_quantiser(spec, f"{site.where}: activation")
    return LayerOut(build.quantiser(value.name, q, suffix, size), value.shape)


_QUANTISER_PREFIXES = ("quantized_", "binary", "ternary", "stochastic_", "bernoulli")


def _activation(site: Site) -> LayerOut:
    return _activation_of(site, site.any_shape(), site.config.get("activation"), "")


def _relu(site: Site) -> LayerOut:
    value, build = site.any_shape(), site.builder
    slope, highest = site.number("negative_slope", 0.0), site.config.get("max_value")
    name = build.leaky(value.name, slope, "") if slope else build.add("relu", value.name)
    if highest is not None:
        if slope or site.number("max_value", 0.0) <= 0:
            raise no(
                f"{site.where}: max_value", "a number above 0, without negative_slope", "another"
            )
        name = build.clipped(name, float(highest), size_of(value.shape))
    return LayerOut(name, value.shape)


def _leaky_relu(site: Site) -> LayerOut:
    value = site.any_shape()
    key = "negative_slope" if "negative_slope" in site.config else "alpha"
    return LayerOut(site.builder.leaky(value.name, site.number(key, 0.3), ""), value.shape)


def _prelu(site: Site) -> LayerOut:
    value = site.vector()
    found = site.weights.take(site.layer.place, ["alpha"])
    alpha = site.array(found, "alpha", value.shape)
    _check_finite(site, "alpha", alpha)
    return LayerOut(site.builder.leaky(value.name, alpha, ""), value.shape)


def _batch_norm(site: Site) -> LayerOut:
    return _norm(site, {})


def _qbatch_norm(site: Site) -> LayerOut:
    quantisers = {
        weight: optional_quantiser(site, f"{key}_quantizer")
        for weight, key in (
            ("gamma", "gamma"),
            ("beta", "beta"),
            ("moving_mean", "mean"),
            ("moving_variance", "variance"),
        )
    }
    return _norm(site, {key: q for key, q in quantisers.items() if q is not None})


def _norm(site: Site, quantisers: dict[str, Quantiser]) -> LayerOut:
    value, axis = site.vector(), site.config.get("axis", -1)
    if axis not in (-1, 1, [-1], [1]):
        raise no(f"{site.where}: axis", "the last one, -1 or 1", f"{shown(axis)!r}")
    gamma, beta = site.flag("scale", True), site.flag("center", True)
    names = ["gamma"] * gamma + ["beta"] * beta + ["moving_mean", "moving_variance"]
    found = site.weights.take(site.layer.place, names)
    arrays = {}
    for key in names:
        values = site.array(found, key, value.shape)
        if key in quantisers:
            trainable = key in {"gamma", "moving_variance"}  # as QKeras has it
            values, _ = _weights(site, key, quantisers[key], values, trainable=trainable)
        arrays[key.removeprefix("moving_")] = values
    switches = {} if gamma else {"gamma": False}
    switches |= {} if beta else {"beta": False}
    epsilon = site.number("epsilon", 1e-3)
    name = site.builder.add("batch_norm", value.name, "", arrays, epsilon=epsilon, **switches)
    return LayerOut(name, value.shape)


def _concatenate(site: Site) -> LayerOut:
    if any(len(value.shape) != 1 for value in site.sources):
        raise no(site.where, "vectors", "values of more dimensions", "Put a Flatten in front.")
    if site.config.get("axis", -1) not in (-1, 1):
        raise no(f"{site.where}: axis", "-1 or 1", f"{shown(site.config['axis'])!r}")
    size = sum(value.shape[0] for value in site.sources)
    name = site.builder.add("concat", [value.name for value in site.sources])
    return LayerOut(name, (size,))


def pairs(op: str) -> Callable[[Site], LayerOut]:
    """A layer that joins two values, or more one after the other."""

    def function(site: Site) -> LayerOut:
        shapes = {value.shape for value in site.sources}
        many = len(site.sources)
        if len(shapes) != 1 or many < 2 or (many > 2 and op == "subtract"):  # noqa: PLR2004 - a pair
            raise no(site.where, "two values of one shape", f"shapes {sorted(shapes)}"[:120])
        name = site.sources[0].name
        for index, value in enumerate(site.sources[1:]):
            name = site.builder.add(op, [name, value.name], f"{index}" if index else "")
        return LayerOut(name, site.sources[0].shape)

    return function


Make = Callable[[Site], LayerOut]
Layers = Mapping[str, tuple[Make, frozenset[str]]]


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NORM = "axis epsilon center scale"
LAYERS: dict[str, tuple[Make, frozenset[str]]] = {
    "Dense": (_dense, _keys("units use_bias activation")),
    "QDense": (_qdense, _keys("units use_bias activation kernel_quantizer bias_quantizer")),
    "BatchNormalization": (_batch_norm, _keys(_NORM)),
    "QBatchNormalization": (
        _qbatch_norm,
        _keys(f"{_NORM} gamma_quantizer beta_quantizer mean_quantizer variance_quantizer"),
    ),
    "Activation": (_activation, _keys("activation")),
    "QActivation": (_activation, _keys("activation")),
    "ReLU": (_relu, _keys("max_value negative_slope")),
    "LeakyReLU": (_leaky_relu, _keys("alpha negative_slope")),
    "PReLU": (_prelu, _keys("")),
    "Flatten": (_flatten, _keys("data_format")),
    "Reshape": (_reshape, _keys("target_shape")),
    "Dropout": (_identity, _keys("")),
    "GaussianNoise": (_identity, _keys("")),
    "GaussianDropout": (_identity, _keys("")),
    "Concatenate": (_concatenate, _keys("axis")),
    "Add": (pairs("add"), _keys("")),
    "Subtract": (pairs("subtract"), _keys("")),
    "Multiply": (pairs("multiply"), _keys("")),
}
