"""What QKeras makes of weights: each quantiser's arithmetic, in float32 where it rounds.

Its straight-through sum ``x + (q - x)`` gives q itself, which is 0 or of x's sign: the difference
is exact, or off by at most half a unit in the last place of q, whose last bits are 0.

A scale that QKeras chooses (``auto_po2``) follows from logarithms of float32 sums, whose last bits
depend on the machine. Where such a logarithm lies too near to the middle between two whole numbers
to be sure, the model is refused.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ingest.keras.graph import no
from fwgen.ingest.keras.quantisers import Quantiser, shift_of
from fwgen.ingest.precision import short_format
from fwgen.ir.fixed import Fixed, Rounding

Floats = NDArray[np.float64]
_F32 = NDArray[np.float32]

EPSILON = np.float32(1e-7)  # of Keras
MAX_EXACT_BITS = 64
_NEAR = 1e-4
_LOG2 = np.float32(np.log(2.0))


def quantised(q: Quantiser, values: Floats, *, trainable: bool = False) -> tuple[Floats, Fixed]:
    """The weights after their quantiser, exactly, and a format that holds them.

    ``trainable`` says that QKeras turns ``alpha=None`` into ``auto_po2``, as a layer does with its
    kernel's quantiser.

    Raises
    ------
    BundleError
        If the result is no number of a few bits, or cannot be told for sure.
    """
    alpha = q.alpha
    if trainable and "alpha" in q.options and q.options["alpha"] is None:
        alpha = "auto_po2"
    x = values.astype(np.float32)
    if alpha == "auto":
        raise no(
            f"{q.where}: alpha",
            "1, a power of two, or 'auto_po2'",
            "'auto', whose scales are no powers of two",
            "Train with alpha='auto_po2' or a number; a scale of its own takes a multiplier.",
        )
    if not isinstance(alpha, str) and shift_of(alpha) is None:
        raise no(
            f"{q.where}: alpha", "1 or a power of two", f"{alpha:g}", "Fold it into the layer."
        )
    result, fmt = _QUANTISERS[q.name](q, x, alpha)
    exact = np.asarray(result, dtype=np.float64)
    return exact, fmt or exact_format(exact, q.where)


def exact_format(values: Floats, where: str) -> Fixed:
    """The narrowest format that holds all values exactly.

    Raises
    ------
    BundleError
        If it would need more than 64 bits.
    """
    fmt = short_format(values, MAX_EXACT_BITS)
    if fmt is None:
        raise no(where, f"values that {MAX_EXACT_BITS} bits hold exactly", "others", _WIDE)
    return fmt


_WIDE = "Use a quantiser with fewer different scales."


# ---- one function a quantiser: (quantiser, float32 weights, alpha) -> values and format ----


def _bits(q: Quantiser, x: _F32, alpha: float | str) -> tuple[Any, Fixed | None]:
    bits, integer = int(q["bits"]), int(q["integer"])
    if isinstance(alpha, str):
        return _bits_auto(q, x, bits, integer), None
    signed = bool(q["keep_negative"])
    free = bits - signed
    if free == 0:
        return alpha * np.where(x < 0, -1.0, 1.0), None
    m = 2**free
    grid = np.rint(np.ldexp(x.astype(np.float64), free - integer))
    lowest = -m + int(q["symmetric"]) if signed else 0
    exact = alpha * np.ldexp(np.clip(grid, lowest, m - 1), integer - free)
    scale = shift_of(alpha) or 0
    return exact, Fixed(signed, bits, integer + signed + scale, Rounding.RND_CONV)


def _bits_auto(q: Quantiser, x: _F32, bits: int, integer: int) -> Floats:
    if q["scale_axis"] is not None:
        raise no(f"{q.where}: scale_axis", "no axis of its own", f"{q['scale_axis']}")
    if bits < 2:  # noqa: PLR2004 - a sign, and a bit
        raise no(f"{q.where}: bits", "at least 2 bits with alpha='auto_po2'", f"{bits}")
    half = np.float32(2 ** (bits - 1) - 1)
    x = (x / np.float32(2.0**integer)).astype(np.float32)
    axis = 0
    top = np.max(np.abs(x), axis=axis, keepdims=True)
    scale = _power_of_two(q, top * np.float32(2) / (np.float32(2) * half))
    z = x
    for _ in range(5):
        v = np.floor(np.abs(x) / scale + np.float32(0.5))
        z = np.sign(x) * np.where(v < half, v, half)
        scale = _least_squares(q, x, z.astype(np.float32))
    # the scale is 2**(bits - keep_negative) times that of z / 2**(bits - keep_negative)
    return np.ldexp(z.astype(np.float64) * scale.astype(np.float64), integer)


def _least_squares(q: Quantiser, x: _F32, z: _F32) -> _F32:
    """The power of two near ``sum(x z) / sum(z z)``, by column, or by element of a vector."""
    if x.ndim > 1:
        over = np.mean(x * z, axis=0, keepdims=True, dtype=np.float64)
        under = np.mean(z * z, axis=0, keepdims=True, dtype=np.float64)
    else:
        over, under = (x * z).astype(np.float64), (z * z).astype(np.float64)
    ratio = over.astype(np.float32) / (under.astype(np.float32) + EPSILON)
    return _power_of_two(q, ratio)


def _power_of_two(q: Quantiser, values: Any) -> _F32:
    return np.ldexp(np.float32(1), _whole_log2(q, values + EPSILON))


def _whole_log2(q: Quantiser, values: Any) -> NDArray[np.int64]:
    """Logarithms to base 2 of float32 numbers, rounded; refuses those just between two numbers."""
    exact = np.log(values.astype(np.float32)).astype(np.float32) / _LOG2
    middle = np.abs(exact - np.floor(exact) - 0.5) < _NEAR
    if middle.any():
        raise no(
            q.where,
            "scales clearly nearer to one power of two than to the next",
            f"{float(np.asarray(values)[middle].flat[0]):.9g}, just between two",
            "Store the quantised weights with alpha=1: another machine may round this one "
            "the other way.",
        )
    return np.asarray(np.rint(exact), dtype=np.int64)


def _binary(q: Quantiser, x: _F32, alpha: float | str) -> tuple[Any, Fixed | None]:
    sign = np.where(x < 0, np.float32(-1), np.float32(1))
    if q.options.get("use_01"):
        sign = (sign + np.float32(1)) / np.float32(2)
    scale: Any = _least_squares(q, x, sign) if isinstance(alpha, str) else alpha
    return sign.astype(np.float64) * np.asarray(scale, np.float64), None


def _ternary(q: Quantiser, x: _F32, alpha: float | str) -> tuple[Any, Fixed | None]:
    if not isinstance(alpha, str):
        return alpha * (np.sign(x) * (np.abs(x) >= dead_band(q))), None
    if q["threshold"] is not None:
        raise no(f"{q.where}: threshold", f"none beside alpha='{alpha}'", f"{q['threshold']}")
    axis = 0 if x.ndim > 1 else None
    scale = np.float32(2) * np.max(np.abs(x), axis=axis, keepdims=True) / np.float32(3)
    scale = _power_of_two(q, scale)
    z = x
    for _ in range(int(q["number_of_unrolls"])):
        z = np.sign(x) * (np.rint(x / scale) != 0)  # exactly half the scale rounds to 0
        scale = _least_squares(q, x, z.astype(np.float32))
    return z.astype(np.float64) * scale.astype(np.float64), None


def dead_band(q: Quantiser) -> float:
    """What ``|x|`` must reach to count, a float32 number."""
    return float(np.float32(0.33 if q["threshold"] is None else q["threshold"]))


def _po2(q: Quantiser, x: _F32, _alpha: float | str) -> tuple[Any, Fixed | None]:
    sign = np.where(x < 0, -1.0, 1.0)
    return sign * np.exp2(_exponents(q, np.abs(x), int(q["bits"]) - 1)), None


def _relu_po2(q: Quantiser, x: _F32, _alpha: float | str) -> tuple[Any, Fixed | None]:
    if q["negative_slope"]:
        raise no(f"{q.where}: negative_slope", "0", f"{q['negative_slope']}")
    return np.exp2(_exponents(q, np.maximum(x, np.float32(0)), int(q["bits"]))), None


def _exponents(q: Quantiser, x: _F32, bits: int) -> Floats:
    """The exponents of powers of two near x, clipped to what ``bits`` bits say."""
    limit, quadratic = q["max_value"], bool(q["quadratic_approximation"])
    if q["log2_rounding"] != "rnd" or (limit is not None and limit < 0):
        raise no(q.where, "log2_rounding 'rnd', and max_value of at least 0", "others", _WIDE)
    effective = bits - (limit is None or limit > 1)
    if not 0 <= effective <= 5:  # noqa: PLR2004 - exponents to 32: beyond what a format holds
        raise no(f"{q.where}: bits", "exponents of at most 6 bits with their sign", f"{q['bits']}")
    lowest, highest = -(2**effective), 2**effective - 1
    if quadratic:
        highest = 2 * (highest // 2)
    seen = np.maximum(x, EPSILON)
    if limit is not None:
        seen = np.where(seen >= limit, np.float32(limit), seen).astype(np.float32)
    whole = _whole_log2(q, np.sqrt(seen) if quadratic else seen)
    clipped = np.clip(whole, lowest, highest) * (2 if quadratic else 1)
    return np.where(x < EPSILON, lowest, clipped).astype(np.float64)


def _none(q: Quantiser, _x: _F32, _alpha: float | str) -> tuple[Any, Fixed | None]:
    raise no(q.where, f"a quantiser of weights: {', '.join(_WEIGHTS)}", f"'{q.name}'")


_WEIGHTS = {
    "quantized_bits": _bits,
    "binary": _binary,
    "stochastic_binary": _binary,
    "ternary": _ternary,
    "stochastic_ternary": _ternary,
    "quantized_po2": _po2,
    "quantized_relu_po2": _relu_po2,
}
_QUANTISERS = (
    dict.fromkeys(("quantized_relu", "quantized_tanh", "quantized_sigmoid"), _none) | _WEIGHTS
)
