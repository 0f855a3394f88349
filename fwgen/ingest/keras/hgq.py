"""HGQ2 layers: every weight and every element of an activation with its own format.

Weights are stored as their quantisers leave them, on the finest grid that occurs in the array. An
activation's elements are put into groups of one format each (a dense layer of zeros and ones, which
is wires), converted group by group, and put back. HGQ2 0.2 on Keras 3 is followed: ``k`` sign bits,
``i`` integer bits without the sign, ``f`` fraction bits; an element without bits is 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ingest.keras.build import Builder, LayerOut
from fwgen.ingest.keras.file import Config, Floats, Weights
from fwgen.ingest.keras.graph import HGQ, LayerUse, check_origin, no, shown
from fwgen.ingest.keras.layers import Make, activated, pairs
from fwgen.ingest.keras.quantised_weights import exact_format
from fwgen.ingest.keras.site import Site
from fwgen.ir.fixed import Fixed, Overflow, Rounding

MAX_BITS = 64
_TIE = 1e-5

_UNDERSTOOD = frozenset(
    {"q_type", "round_mode", "overflow_mode", "trainable", "is_weight", "homogeneous_axis"}
    | {"heterogeneous_axis"}  # the arrays have the shape that these say
)
# start values, constraints, regularisers and training noise
_TRAINING = frozenset(
    {"place", "qnoise_factor", "k0", "b0", "i0", "f0", "i_decay_speed", "seed"}
    | {"bc", "ic", "fc", "br", "ir", "fr"}
)
_NONE = frozenset({"scaler", "affine", "bw_mapper"})
_ROUND: dict[str, Callable[[Any], Any]] = {
    "TRN": np.floor,
    "RND": lambda x: np.floor(x + np.float32(0.5)),
    "RND_CONV": np.rint,
    "TRN_ZERO": np.trunc,
    "RND_ZERO": lambda x: np.ceil(np.abs(x) - np.float32(0.5)) * np.sign(x),
    "RND_MIN_INF": lambda x: np.ceil(x - np.float32(0.5)),
    "RND_INF": lambda x: np.floor(np.abs(x) + np.float32(0.5)) * np.sign(x),
}
_OVERFLOW = ("WRAP", "SAT", "SAT_SYM")


@dataclass(frozen=True, slots=True, eq=False)
class Formats:
    """A quantiser: k, i and f of each element, its modes, and whether it only rounds."""

    k: NDArray[np.int64]
    i: NDArray[np.int64]
    f: NDArray[np.int64]
    rounding: str
    overflow: str
    rounds_only: bool

    def element(self, index: int) -> Fixed | None:
        """The format of one element of a vector; None where it is always 0."""
        signed, width = bool(self.k[index]), int((self.k + self.i + self.f)[index])
        overflow = Overflow(self.overflow)
        if width < 1 or (signed and width == 1 and overflow is Overflow.SAT_SYM):
            return None
        integer = width - int(self.f[index])
        return Fixed(signed, width, integer, Rounding(self.rounding), overflow)

    def apply(self, values: Floats) -> Floats:
        """Weights after the quantiser, as HGQ2 computes them in float32."""
        x, k = values.astype(np.float32), self.k.astype(np.float32)
        unit, top = _power(-self.f), _power(self.i)
        if self.overflow != "WRAP":
            highest = top - unit
            lowest = -k * (top if self.overflow == "SAT" else highest)
            x = np.clip(x, lowest, highest)
        x = (_ROUND[self.rounding](x / unit) * unit).astype(np.float32)
        if self.rounds_only:
            return np.asarray(x, dtype=np.float64)
        if self.overflow == "WRAP":
            span = _power(self.i + self.k)
            bias = k * span / np.float32(2)
            x = np.mod(x + bias, span) - bias
        kept = np.where(self.k + self.i + self.f > 0, x, np.float32(0))
        return np.asarray(kept, dtype=np.float64)


def _power(exponent: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.ldexp(np.float32(1), exponent)


def read_formats(where: str, spec: object, arrays: list[Floats], shape: tuple[int, ...]) -> Formats:
    """A quantiser of values of this shape, from its configuration and its arrays.

    Raises
    ------
    BundleError
        If it is of another kind, or an option is not honoured.
    """
    config = _config(where, spec)
    kind, rounding = config.get("q_type"), str(config.get("round_mode")).removeprefix("S_")
    overflow = config.get("overflow_mode")
    if kind not in {"kbi", "kif"}:
        raise no(f"{where}: q_type", "kbi or kif", f"{shown(kind)!r}", _USE_FIXED)
    if rounding not in _ROUND or overflow not in _OVERFLOW:
        found = f"{shown(rounding)}, {shown(overflow)}"
        raise no(where, f"a rounding mode {', '.join(_ROUND)}, and {', '.join(_OVERFLOW)}", found)
    # trainable arrays come first, and the integer bits are none where values wrap around
    wraps = overflow == "WRAP"
    first, second = ("b", "i") if kind == "kbi" else ("i", "f")
    order = [first, second, "k"]
    if wraps:
        order = ["b" if kind == "kbi" else "f", "k", "i", "speed"]
    if len(arrays) != len(order):
        raise no(where, f"{len(order)} arrays of its formats", f"{len(arrays)}")
    named = dict(zip(order, arrays, strict=True))
    whole = {key: _whole(where, key, named[key], shape) for key in order if key != "speed"}
    if "b" in whole:
        whole["f"] = whole["b"] - whole["i"]
    if not np.isin(whole["k"], (0, 1)).all():
        raise no(f"{where}: k", "0 or 1", "another number")
    if (np.abs(whole["k"] + whole["i"] + whole["f"]) > MAX_BITS).any():
        raise no(where, f"at most {MAX_BITS} bits", "more")
    weight = bool(config.get("is_weight")) and wraps and config.get("trainable") is True
    rounds_only = weight and (kind == "kif" or rounding == "RND")
    return Formats(whole["k"], whole["i"], whole["f"], rounding, str(overflow), rounds_only)


_USE_FIXED = "Use a fixed-point quantiser."


def _config(where: str, spec: object) -> Config:
    check_origin(where, spec)
    config = spec.get("config") if isinstance(spec, dict) else None
    if not isinstance(config, dict):
        raise no(where, "a quantiser's configuration", f"{shown(spec)!r}")
    for key, value in config.items():
        unheard = key not in _UNDERSTOOD and key not in _TRAINING
        if unheard and not (key in _NONE and value is None):
            needed = "none: fwgen does not honour it"
            raise no(f"{where}: {shown(key)}", needed, f"{shown(value)!r}", _USE_FIXED)
    return config


def _whole(where: str, key: str, array: Floats, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Rounded as HGQ2 does, for every element; the axis of the batch has one."""
    if not np.isfinite(array).all() or (np.abs(array) > MAX_BITS).any():
        raise no(f"{where}: {key}", f"numbers from -{MAX_BITS} to {MAX_BITS}", "others")
    whole = np.rint(array.astype(np.float32)).astype(np.int64)
    if whole.ndim == len(shape) + 1 and whole.shape[0] == 1:
        whole = whole[0]
    try:
        return np.ascontiguousarray(np.broadcast_to(whole, shape))
    except ValueError:
        raise no(f"{where}: {key}", f"shape {shape}", f"{array.shape}") from None


# ---- activations ----


def quantise_elements(build: Builder, value: LayerOut, formats: Formats, suffix: str) -> LayerOut:
    """The value with each element converted to its own format."""
    size = value.shape[0]
    groups: dict[Fixed, list[int]] = {}
    for index in range(size):
        fmt = formats.element(index)
        if fmt is not None:
            groups.setdefault(fmt, []).append(index)
    if len(groups) == 1 and len(next(iter(groups.values()))) == size:
        return LayerOut(_conversion(build, value.name, next(iter(groups)), suffix), value.shape)
    build.reserve(2 * size**2)
    order = [index for members in groups.values() for index in members]
    if not groups:  # no element has a bit
        return LayerOut(_wires(build, value.name, np.zeros((size, size)), suffix), value.shape)
    wires = np.zeros((len(order), size))
    wires[range(len(order)), order] = 1.0
    name, sorted_ = value.name, order == list(range(size))
    if not sorted_:
        name = _wires(build, name, wires, f"{suffix}_sort")
    parts, start = [], 0
    for index, (fmt, members) in enumerate(groups.items()):
        stop = start + len(members)
        part = name
        if len(groups) > 1:
            part = build.add("slice", name, f"{suffix}_part{index}", start=start, stop=stop)
        parts.append(_conversion(build, part, fmt, f"{suffix}_{index}"))
        start = stop
    name = build.add("concat", parts, f"{suffix}_all") if len(parts) > 1 else parts[0]
    if not sorted_:
        name = _wires(build, name, wires.T, suffix)
    return LayerOut(name, value.shape)


def _conversion(build: Builder, source: str, fmt: Fixed, suffix: str) -> str:
    name = build.quantise(source, fmt, suffix)
    if fmt.overflow is Overflow.WRAP:
        build.wrapping.append(name)
    return name


def _wires(build: Builder, source: str, weight: Floats, suffix: str) -> str:
    keys = {"bias": False, "weight_format": "ufixed<1,1>"}
    return build.part(build.add("dense", source, suffix, {"weight": weight}, **keys))


def _incoming(site: Site, value: LayerOut, key: str = "iq", conf: object = None) -> LayerOut:
    """The value after the layer's input quantiser, if it has one."""
    if not site.flag("enable_iq", True):
        return value
    spec = site.config.get("iq_conf") if conf is None else conf
    return _through(site, value, key, spec)


def _outgoing(site: Site, value: LayerOut) -> LayerOut:
    if not site.flag("enable_oq", False):
        return value
    return _through(site, value, "oq", site.config.get("oq_conf"))


def _through(site: Site, value: LayerOut, key: str, spec: object) -> LayerOut:
    formats = _formats(site, key, spec, value.shape)
    return quantise_elements(site.builder, value, formats, key.partition("/")[0] or "q")


def _formats(site: Site, key: str, spec: object, shape: tuple[int, ...]) -> Formats:
    arrays, where = site.weights.quantiser(site.layer.place, key), f"{site.where}: {key}"
    formats = read_formats(where.rstrip(": "), spec, arrays, shape)
    if formats.rounds_only and site.config.get("trainable") is not True:
        raise no(where, "a trainable layer: HGQ2 rounds frozen weights otherwise", "a frozen one")
    return formats


def format_in_front(call: LayerUse, weights: Weights, size: int) -> str | None:
    """The format of a layer's input quantiser, where all elements have the same; else None."""
    quantizer = call.layer.kind == f"{HGQ}Quantizer"
    spec = call.layer.config.get("config" if quantizer else "iq_conf")
    if call.layer.kind not in HGQ_LAYERS or spec is None:
        return None
    arrays = weights.quantiser(call.layer.place, "" if quantizer else "iq")
    formats = read_formats(call.layer.where, spec, arrays, (size,))
    found = {formats.element(index) for index in range(size)}
    return str(found.pop()) if len(found) == 1 and None not in found else None


# ---- layers ----


def _weight_names(site: Site, *names: str) -> list[str]:
    return [*names, *(["ebops_beta", "ebops"] if site.flag("enable_ebops", False) else [])]


def _dense(site: Site) -> LayerOut:
    names = ("kernel", "bias") if site.flag("use_bias", True) else ("kernel",)
    value, units = _incoming(site, site.vector()), site.whole("units")
    found = site.weights.take(site.layer.place, _weight_names(site, *names))
    kernel = site.array(found, "kernel", (value.shape[0], units))
    bias = site.array(found, "bias", (units,)) if "bias" in found else None
    return _made_dense(site, value, kernel, bias)


def _made_dense(site: Site, value: LayerOut, kernel: Floats, bias: Floats | None) -> LayerOut:
    units = kernel.shape[1]
    exact = _formats(site, "kq", site.config.get("kq_conf"), kernel.shape).apply(kernel)
    arrays = {"weight": exact.T}
    keys: dict[str, Any] = {"weight_format": str(exact_format(exact, f"{site.where}: kq"))}
    if bias is None:
        keys["bias"] = False
    else:
        arrays["bias"] = _formats(site, "bq", site.config.get("bq_conf"), (units,)).apply(bias)
        keys["bias_format"] = str(exact_format(arrays["bias"], f"{site.where}: bq"))
    name = site.builder.add("dense", value.name, "", arrays, units=units, **keys)
    return _outgoing(site, activated(site, LayerOut(name, (units,))))


def _scale(site: Site, found: dict[str, Floats], size: int) -> Floats:
    """``gamma / sqrt(variance + epsilon)`` in float32."""
    gamma = site.array(found, "gamma", (size,)) if "gamma" in found else np.ones(size)
    variance = site.array(found, "variance", (size,)).astype(np.float32)
    root = np.sqrt(variance + np.float32(site.number("epsilon", 1e-3)))
    if not (root > 0).all():
        raise no(f"{site.where}: variance", "variance + epsilon above 0", "another")
    return np.asarray(gamma.astype(np.float32) / root, dtype=np.float64)


def _norm_dense(site: Site) -> LayerOut:
    value, units = _incoming(site, site.vector()), site.whole("units")
    gamma = ("gamma",) if site.flag("scale", True) else ()
    names = [*_weight_names(site, "kernel", "bias", *gamma), "mean", "variance"]
    found = site.weights.take(site.layer.place, names)
    size = value.shape[0]
    kernel = site.array(found, "kernel", (size, units))
    bias = site.array(found, "bias", (units,)) - site.array(found, "mean", (size,)) @ kernel
    scaled = _scale(site, found, size)[:, None] * kernel
    for key, values in (("kq", scaled), ("bq", bias)):
        _check_sure(site, key, values)
    return _made_dense(site, value, scaled, bias)


def _norm(site: Site) -> LayerOut:
    value, axis = _incoming(site, site.vector()), site.config.get("axis", -1)
    if axis not in (-1, 1):
        raise no(f"{site.where}: axis", "the last one, -1 or 1", f"{shown(axis)!r}")
    names = ["gamma"] * site.flag("scale", True) + ["offset"] * site.flag("center", True)
    names = [*names, "mean", "variance", *_weight_names(site)]
    found = site.weights.take(site.layer.place, names)
    size = value.shape[0]
    scale = _scale(site, found, size)
    # without a centre HGQ2 0.2 adds 1, not 0
    offset = site.array(found, "offset", (size,)) if "offset" in found else np.ones(size)
    offset = offset - site.array(found, "mean", (size,)) * scale
    exact = {}
    for key, values in (("kq", scale), ("bq", offset)):
        _check_sure(site, key, values)
        formats = _formats(site, key, site.config.get(f"{key}_conf"), (size,))
        exact[key] = formats.apply(values)
    arrays = {
        "gamma": exact["kq"],
        "beta": exact["bq"],
        "mean": np.zeros(size),
        "variance": np.ones(size),
    }
    keys = {
        f"{key}_format": str(exact_format(exact[q], f"{site.where}: {q}"))
        for key, q in (("scale", "kq"), ("offset", "bq"))
    }
    name = site.builder.add("batch_norm", value.name, "", arrays, epsilon=0.0, **keys)
    return _outgoing(site, LayerOut(name, value.shape))


def _check_sure(site: Site, key: str, values: Floats) -> None:
    """Refuse numbers so near to a tie that float32 could round them either way."""
    formats = _formats(site, key, site.config.get(f"{key}_conf"), values.shape)
    steps = np.ldexp(values, formats.f)
    apart = np.abs(steps - np.floor(steps) - (0.0 if "TRN" in formats.rounding else 0.5))
    exact = steps == np.rint(steps * 2) / 2
    unsure = (apart < _TIE * np.maximum(1.0, np.abs(steps))) & ~exact
    if unsure.any():
        raise no(
            f"{site.where}: {key}",
            "scaled weights clearly nearer to one number of their format than to the next",
            f"{float(values[unsure].flat[0]):.9g}, just between two",
            "Another machine may round it the other way; change it a little.",
        )


def _function(site: Site) -> LayerOut:
    value = _incoming(site, site.vector())
    site.weights.take(site.layer.place, _weight_names(site))
    return _outgoing(site, activated(site, value, suffix=""))


def _quantizer(site: Site) -> LayerOut:
    value = site.vector()
    return _through(site, value, "", site.config.get("config"))


def _merge(op: str) -> Make:
    join = pairs(op)

    def function(site: Site) -> LayerOut:
        site.weights.take(site.layer.place, _weight_names(site))
        sources = list(site.sources)
        if site.flag("enable_iq", True):
            specs = site.config.get("iq_confs")
            if not isinstance(specs, list) or len(specs) != len(sources):
                raise no(f"{site.where}: iq_confs", f"{len(sources)} quantisers", "others")
            for index, spec in enumerate(specs):
                key = f"iq/quantizers/quantizer_{index}" if index else "iq/quantizers/quantizer"
                inner = site.reading(sources[index]).vector()
                sources[index] = _through(site, inner, key, spec)
        return _outgoing(site, join(site.reading(*sources)))

    return function


_QUANTISED = "enable_ebops enable_iq enable_oq iq_conf oq_conf"
_IGNORED = "ebops_factor beta0 parallelization_factor"  # costs in training
_DENSE = f"units use_bias activation kq_conf bq_conf {_QUANTISED} {_IGNORED}"
_BN_TRAINING = "bn_gamma_initializer bn_gamma_regularizer bn_gamma_constraint"
_TABLE = "allow_heterogeneous_table allow_heterogeneous_input"
_MERGE = f"enable_ebops enable_iq enable_oq iq_confs oq_conf {_IGNORED}"
HGQ_LAYERS: dict[str, tuple[Make, frozenset[str]]] = {
    "hgq>QDense": (_dense, frozenset(_DENSE.split())),
    "hgq>QBatchNormDense": (
        _norm_dense,
        frozenset(f"{_DENSE} scale epsilon {_BN_TRAINING}".split()),
    ),
    "hgq>QBatchNormalization": (
        _norm,
        frozenset(f"axis epsilon center scale kq_conf bq_conf {_QUANTISED} {_IGNORED}".split()),
    ),
    "hgq>QUnaryFunctionLUT": (
        _function,
        frozenset(f"activation {_TABLE} {_QUANTISED} {_IGNORED}".split()),
    ),
    "hgq>Quantizer": (_quantizer, frozenset({"config"})),
    "hgq>QAdd": (_merge("add"), frozenset(_MERGE.split())),
    "hgq>QSubtract": (_merge("subtract"), frozenset(_MERGE.split())),
    "hgq>QMultiply": (_merge("multiply"), frozenset(_MERGE.split())),
}
