"""Helpers of the Keras importers: values by tensor, and operations that take several layers.

Every function appends layers to the draft and returns the name of the last; a chain of operations
that one Keras layer makes begins with the layer's own name.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fwgen.ingest.draft import Draft, Names
from fwgen.ingest.keras.graph import no
from fwgen.ingest.keras.quantised_weights import dead_band, exact_format
from fwgen.ingest.keras.quantisers import Quantiser, shift_of
from fwgen.ingest.precision import short_format
from fwgen.ir.fixed import Fixed, Overflow, Rounding

ALPHA_BITS = 16
MAX_WIRES = 1 << 25
FUNCTIONS = {"sigmoid": "sigmoid", "tanh": "tanh", "exponential": "exp", "softplus": "softplus"}
ACTIVATIONS = ("linear", "relu", "relu6", *FUNCTIONS)
_BELOW_ZERO = -(2.0**-200)


@dataclass(frozen=True, slots=True)
class LayerOut:
    """A value on its way: the draft's layer that makes it, and its shape without the batch."""

    name: str
    shape: tuple[int, ...]


class Builder:
    """Appends the layers of one Keras layer after the other to a draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.names = Names(draft.name, draft.input_name)
        self.wrapping: list[str] = []  # layers whose format wraps around
        self._wires = 0
        self._base = ""
        self._where = ""

    def begin(self, name: str, where: str) -> None:
        """The layers that follow are made for the Keras layer of this name."""
        self._base, self._where = name, where

    def add(
        self,
        op: str,
        source: str | list[str],
        suffix: str = "",
        arrays: Mapping[str, ArrayLike] | None = None,
        **keys: object,
    ) -> str:
        """One layer, named after the Keras layer."""
        wanted = f"{self._base}_{suffix}" if suffix else self._base
        name = self.names.fresh(wanted, self._where)
        return self.draft.add(op, name, source, arrays, **keys)

    def part(self, name: str) -> str:
        """The layer, as a part of an exact operation, which needs no format inside."""
        self.draft.parts.add(name)
        return name

    def reserve(self, count: int) -> None:
        """Refuse more elements of matrices that no file holds than `MAX_WIRES`, in all."""
        self._wires += count
        if self._wires > MAX_WIRES:
            raise no(
                self._where,
                f"formats by element for which {MAX_WIRES:,} wires are enough in all",
                "more",
                "Give the elements of long vectors one format.",
            )

    def quantise(self, source: str, fmt: Fixed, suffix: str = "q") -> str:
        """A layer that converts a value to a number format."""
        return self.add("quantise", source, suffix, format=str(fmt))

    def affine(self, source: str, scale: float, offset: float, suffix: str, size: int) -> str:
        """``scale * x + offset``, exactly."""
        formats = {
            "scale_format": str(exact_format(np.array([scale]), self._where)),
            "offset_format": str(exact_format(np.array([offset]), self._where)),
        }
        arrays = {"gamma": scale, "beta": offset, "mean": 0.0, "variance": 1.0}
        full = {key: np.full(size, value) for key, value in arrays.items()}
        return self.part(self.add("batch_norm", source, suffix, full, epsilon=0.0, **formats))

    def clipped(self, source: str, highest: float, size: int) -> str:
        """``min(x, highest)``, exactly: what lies above is subtracted."""
        above = self.affine(source, 1.0, -highest, "above", size)
        excess = self.add("relu", above, "excess")
        return self.part(self.add("subtract", [source, excess], "clipped"))

    def leaky(self, source: str, alpha: ArrayLike, suffix: str) -> str:
        """Slope below zero; exact where 16 bits hold it, else left to the build."""
        slopes = np.asarray(alpha, dtype=np.float64)
        fmt = short_format(np.atleast_1d(slopes), ALPHA_BITS)
        text = None if fmt is None else str(fmt)
        if slopes.ndim == 0:
            return self.add("leaky_relu", source, suffix, alpha=float(slopes), alpha_format=text)
        name = self.names.fresh(f"{self._base}_{suffix}" if suffix else self._base, self._where)
        arrays = {"alpha": slopes}
        key = f"{name}.alpha"
        return self.draft.add("leaky_relu", name, source, arrays, alpha=key, alpha_format=text)

    def activation(self, source: str, function: str, suffix: str, size: int) -> str:
        """An activation function of Keras by its name."""
        if function == "linear":
            return source
        if function == "relu":
            return self.add("relu", source, suffix)
        if function == "relu6":
            return self.clipped(self.add("relu", source, suffix), 6.0, size)
        if function in FUNCTIONS:
            return self.add("table", source, suffix, function=FUNCTIONS[function])
        raise no(
            self._where,
            f"one of the activations {', '.join(ACTIVATIONS)}",
            f"'{function[:80]}'",
            "fwgen has no operation for it.",
        )

    # ---- QKeras quantisers of activations ----

    def quantiser(self, source: str, q: Quantiser, suffix: str, size: int) -> str:
        """A QKeras quantiser of an activation; ``suffix`` ends the name of its first layer."""
        match q.name:
            case "quantized_bits":
                return self._bits(source, q, suffix, size)
            case "quantized_relu":
                return self._relu(source, q, suffix)
            case "quantized_tanh":
                return self._tanh(source, q, suffix)
            case "quantized_sigmoid":
                return self._sigmoid(source, q, suffix, size)
            case "binary" | "stochastic_binary":
                return self._binary(source, q, suffix, size)
            case "ternary" | "stochastic_ternary":
                return self._ternary(source, q, suffix, size)
            case _:
                raise no(q.where, "a quantiser of activations with linear steps", f"'{q.name}'")

    def _alpha(self, q: Quantiser) -> float:
        alpha = q.alpha
        if isinstance(alpha, str) or shift_of(alpha) is None:
            raise no(
                f"{q.where}: alpha",
                "1 or a power of two: the scale of an activation must not depend on the batch",
                f"{alpha}",
                "Give a number as alpha.",
            )
        return alpha

    def _scaled(self, source: str, alpha: float, size: int) -> str:
        return source if alpha == 1.0 else self.affine(source, alpha, 0.0, "scaled", size)

    def _bits(self, source: str, q: Quantiser, suffix: str, size: int) -> str:
        alpha, fmt = self._alpha(q), format_of(q)
        if fmt is None:  # one bit with a sign is -1 or 1
            return self._signs(source, alpha, suffix, size)
        return self._scaled(self.quantise(source, fmt, suffix), alpha, size)

    def _relu(self, source: str, q: Quantiser, suffix: str) -> str:
        if q["use_sigmoid"]:
            raise no(f"{q.where}: use_sigmoid", "0", "1", "Train with use_sigmoid=0.")
        if q["relu_upper_bound"] is not None and not q["is_quantized_clip"]:
            raise no(
                f"{q.where}: relu_upper_bound",
                "none beside is_quantized_clip=False",
                f"{q['relu_upper_bound']}",
                "Choose bits and integer that give the bound.",
            )
        bits, integer, slope = int(q["bits"]), int(q["integer"]), float(q["negative_slope"])
        if slope == 0.0:
            positive = self.add("relu", source, suffix and f"{suffix}_relu")
            return self.quantise(positive, _saturating(False, bits, integer))
        shift = shift_of(slope)
        # below zero the same grid, from -slope * 2**integer on
        if shift is None or bits < 2 or bits + shift < 1:  # noqa: PLR2004 - a sign, and a bit
            raise no(
                f"{q.where}: negative_slope",
                f"0, or a power of two from {2.0 ** (1 - bits):g} with at least 2 bits",
                f"{slope:g}",
                "Choose one.",
            )
        positive = self.add("relu", source, suffix and f"{suffix}_relu")
        leaky = self.part(self.leaky(source, slope, "leaky"))
        negative = self.part(self.add("subtract", [leaky, positive], "negative"))
        above = self.quantise(positive, _saturating(False, bits - 1, integer), "above")
        below = self.quantise(
            negative, _saturating(True, bits + shift, integer + shift + 1), "below"
        )
        return self.part(self.add("add", [above, below], "q"))

    def _tanh(self, source: str, q: Quantiser, suffix: str) -> str:
        bits, symmetric = int(q["bits"]), bool(q["symmetric"])
        if symmetric and bits == 1:
            raise no(q.where, "at least 2 bits with symmetric=1", "1")
        fmt = _saturating(True, bits, 1, symmetric=symmetric)
        if not q["use_real_tanh"]:  # its own is x between -1 and 1: saturation does the rest
            return self.quantise(source, fmt, suffix)
        return self.add("table", source, suffix, function="tanh", format=str(fmt))

    def _sigmoid(self, source: str, q: Quantiser, suffix: str, size: int) -> str:
        if q["symmetric"]:
            raise no(f"{q.where}: symmetric", "0", "1", "Its lowest value is no format's.")
        fmt = _saturating(False, int(q["bits"]), 0)
        if q["use_real_sigmoid"]:
            return self.add("table", source, suffix, function="sigmoid", format=str(fmt))
        line = self.affine(source, 0.5, 0.5, suffix and f"{suffix}_line", size)
        return self.quantise(line, fmt)

    def _binary(self, source: str, q: Quantiser, suffix: str, size: int) -> str:
        alpha = self._alpha(q)
        if not q.options.get("use_01"):
            return self._signs(source, alpha, suffix, size)
        bit = self.add("threshold", source, suffix, value=_BELOW_ZERO)
        return self._scaled(bit, alpha, size)

    def _signs(self, source: str, alpha: float, suffix: str, size: int) -> str:
        bit = self.add("threshold", source, suffix, value=_BELOW_ZERO)
        return self.affine(bit, 2 * alpha, -alpha, "sign", size)

    def _ternary(self, source: str, q: Quantiser, suffix: str, size: int) -> str:
        alpha, limit = self._alpha(q), dead_band(q)
        if limit <= 0:
            raise no(f"{q.where}: threshold", "a number above 0", f"{limit:g}", "Choose one.")
        # x >= limit, and x > -limit: each one bit; their sum is the sign plus one
        reached = self.add("threshold", source, suffix, value=math.nextafter(limit, -math.inf))
        not_below = self.add("threshold", source, "low", value=-limit)
        total = self.part(self.add("add", [reached, not_below], "sum"))
        return self.affine(total, alpha, -alpha, "sign", size)


def format_of(q: Quantiser) -> Fixed | None:
    """The format that ``quantized_bits`` converts to; None for one bit with a sign."""
    signed, bits = bool(q["keep_negative"]), int(q["bits"])
    if bits == 1 and signed:
        return None
    symmetric = signed and bool(q["symmetric"])
    return _saturating(signed, bits, int(q["integer"]) + signed, symmetric=symmetric)


def _saturating(signed: bool, bits: int, integer: int, *, symmetric: bool = False) -> Fixed:
    overflow = Overflow.SAT_SYM if symmetric else Overflow.SAT
    return Fixed(signed, bits, integer, Rounding.RND_CONV, overflow)
