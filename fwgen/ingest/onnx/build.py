"""Layers of a draft from signals: what is exact, and what keeps as many bits as float32 has."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import nextafter
from typing import Any

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.draft import Draft, Names
from fwgen.ingest.onnx.values import (
    SIGNIFICANT,
    Numbers,
    OnnxSignal,
    Reals,
    Span,
    exact_format,
    is_short,
    numbers,
    shortened,
    uniform,
)
from fwgen.ir.fixed import Fixed

MAX_EXACT_WIDTH = 64
MAX_SCALES = 1 << 18
MAX_DIGITS = 1 << 12  # bits of a fraction
MAX_CONSTANTS = 1 << 25


class Builder:
    """Writes layers into a draft; ``where`` begins its messages."""

    def __init__(self, where: str, draft: Draft, names: Names) -> None:
        self.where = where
        self.draft = draft
        self.names = names
        self.rounded: list[str] = []
        self.inexact_in_float32: list[str] = []
        self.doubles = False  # whether the framework computes in double precision anywhere
        self._scales = 0
        self._constants = 0

    def allow(self, count: int) -> bool:
        """Whether so many elements may be computed for another constant."""
        self._constants += count
        return self._constants <= MAX_CONSTANTS

    # ---- layers as they are ----

    def layer(
        self,
        op: str,
        name: str,
        sources: str | Sequence[str],
        shape: tuple[int, ...],
        span: Span | None,
        arrays: dict[str, Any] | None = None,
        **keys: Any,
    ) -> OnnxSignal:
        """One layer, and the signal that is its value."""
        self.draft.add(op, name, sources, arrays, **keys)
        return OnnxSignal(name, shape, name, span and span.sound)

    def helper(self, label: str, what: str) -> str:
        """A name for a layer that is part of an operation only."""
        return self.names.fresh(f"{label}_{what}", f"{self.where}: {label}")

    def renamed(self, x: OnnxSignal, name: str, first: int, kept: set[str]) -> OnnxSignal:
        """A plain signal's layer under another name, if it is one of those from ``first`` on.

        Layers of the names ``kept`` stay as they are: others know them.
        """
        made = {row["name"] for row in self.draft.layers[first:]} - kept
        if not x.plain or x.layer == name or x.layer not in made:
            return x
        self._rename(x.layer, name)
        return x.but(layer=name, label=name)

    def _rename(self, old: str, new: str) -> None:
        arrays, parts = self.draft.arrays, self.draft.parts
        if old in parts:
            parts.remove(old)
            parts.add(new)
        for key in [key for key in arrays if key.startswith(f"{old}.")]:
            arrays[f"{new}.{key[len(old) + 1 :]}"] = arrays.pop(key)
        for row in self.draft.layers:
            own = row["name"] == old
            for key, value in row.items():
                if own and isinstance(value, str) and value.startswith(f"{old}."):
                    row[key] = f"{new}.{value[len(old) + 1 :]}"
                elif key in {"name", "from"} and value == old:
                    row[key] = new
                elif key == "from" and isinstance(value, list):
                    row[key] = [new if source == old else source for source in value]

    def dense(
        self,
        name: str,
        x: OnnxSignal,
        weight: Reals,
        bias: Reals | None,
        shape: tuple[int, ...],
        behind: Numbers,
    ) -> OnnxSignal:
        """``weight @ x + bias``, with formats that hold the numbers, or without any.

        Weights of more than 16 bits are taken for numbers that no quantiser has made: their format
        is then open. ``behind`` are scales that a framework multiplies by before it sums.
        """
        fmt = exact_format(weight)
        made = fmt is not None and fmt.width <= 16 and x.span is not None  # noqa: PLR2004 - as quantisers do
        arrays: dict[str, Any] = {"weight": weight}
        keys: dict[str, Any] = {"units": len(weight), "bias": bias is not None}
        if made:
            keys["weight_format"] = str(fmt)
        if bias is not None:
            arrays["bias"] = bias
            if made:
                keys["bias_format"] = str(self.exact(f"bias of {name}", bias))
        span = None
        if made and fmt is not None and x.span is not None:
            span = _product(x.span, weight, fmt, bias)
            digits = max(0 if is_short(v, 1) else _significant(v) for v in behind)
            if int(span.largest).bit_length() + digits > SIGNIFICANT:
                self.inexact_in_float32.append(name)
        found = self.layer("dense", name, x.layer, shape, span, arrays, **keys)
        return found.but(open_dense=bias is None)

    def exact(self, what: str, values: Reals) -> Fixed:
        """The format that holds all the values.

        Raises
        ------
        BundleError
            If it were wider than `MAX_EXACT_WIDTH` bits.
        """
        fmt = exact_format(values)
        if fmt is None or fmt.width > MAX_EXACT_WIDTH:
            raise BundleError(
                f"{self.where}: {what}",
                needed=f"numbers that one format of at most {MAX_EXACT_WIDTH} bits holds exactly",
                found="largest and smallest too far apart",
                do="Put a quantiser behind them in the model.",
            )
        return fmt

    # ---- arithmetic on signals: no layer yet ----

    def affine(
        self, x: OnnxSignal, scale: Any, offset: Any, label: str | None = None
    ) -> OnnxSignal:
        """``scale * x + offset``; both numbers, or arrays of fractions, (1,) or (size,)."""
        a, b = numbers(scale), numbers(offset)
        self._scales += max(len(x.scale), len(x.offset), len(a), len(b))
        if self._scales > MAX_SCALES or _digits(x.scale, x.offset, a, b) > MAX_DIGITS:
            raise BundleError(
                f"{self.where}: {label or x.label}",
                needed=f"at most {MAX_SCALES:,} numbers in all scales, and short chains of them",
                found="more, or a longer chain",
                do="Join scales that follow one another.",
            )
        if any(b) or not all(v > 0 for v in a):
            x = self.relu_done(x)
        return x.but(
            label=label or x.label,
            scale=uniform(x.scale * a),
            offset=uniform(x.offset * a + b) if any(x.offset) else b,
            made=None,
            divided=False,
        )

    def relu(self, x: OnnxSignal, label: str) -> OnnxSignal:
        """``max(x, 0)``."""
        if x.clipped:
            return x
        clipped = x.but(label=label, clipped=True, open_dense=False, made=None)
        if x.uniform or x.span is None:
            return self.relu_done(clipped)
        return clipped

    def relu_done(self, x: OnnxSignal) -> OnnxSignal:
        """A clipped signal as one that is not: its relu becomes a layer."""
        if not x.clipped:
            return x
        if x.unclipped is None:
            x.unclipped = self._relu(x)
        return x.unclipped

    def factored(self, x: OnnxSignal) -> tuple[OnnxSignal, Numbers]:
        """A signal and positive numbers whose product is ``x``.

        What keeps the order of numbers around 0 may stand between the two: where only the scale is
        no binary fraction nothing is rounded then.
        """
        if x.span is None or self.is_exact(x):
            return x, numbers(1)
        outer = np.array([abs(v) or Fraction(1) for v in x.scale], dtype=object)
        inner = x.but(scale=uniform(x.scale / outer), offset=uniform(x.offset / outer))
        return (inner, outer) if self.is_exact(inner) else (x, numbers(1))

    def _relu(self, x: OnnxSignal) -> OnnxSignal:
        inner, outer = x.but(clipped=False), numbers(1)
        if not x.uniform:
            inner, outer = self.factored(inner)
            inner = self.settle(inner, self.helper(x.label, "affine"))
        scale = uniform(inner.scale * outer)
        name = self.helper(x.label, "relu")
        span = inner.span and replace(
            inner.span, lo=np.maximum(inner.span.lo, 0), hi=np.maximum(inner.span.hi, 0)
        )
        found = self.layer("relu", name, inner.layer, x.shape, span)
        return found.but(label=x.label, scale=scale)

    # ---- signals become layers ----

    def settle(self, x: OnnxSignal, name: str | None = None) -> OnnxSignal:
        """The signal as a separate layer; numbers that no format holds keep 24 bits."""
        if x.settled is not None:
            return x.settled
        x.settled = self._settle(x, name or x.label)
        return x.settled

    def _settle(self, x: OnnxSignal, name: str) -> OnnxSignal:
        if x.clipped:
            done = self.relu_done(x)
            return done if done.plain else self._settle(done, name)
        if x.plain:
            return x
        if x.open_dense and list(x.scale) == [1]:
            return self._biased(x, name)
        scale, offset = x.scale, x.offset
        if x.span is not None and not self.is_exact(x):
            scale, offset = self.shortened(x)
            self.rounded.append(name)
        return self.affine_layer(x, name, scale, offset)

    def is_exact(self, x: OnnxSignal) -> bool:
        """Whether double precision holds scale and offset."""
        return all(map(is_short, [*x.scale, *x.offset]))

    def shortened(self, x: OnnxSignal, bits: int = SIGNIFICANT) -> tuple[Numbers, Numbers]:
        """Scale and offset with as many significant bits, where they have more than a double."""
        scale, offset = ([shortened(v, bits) for v in part] for part in (x.scale, x.offset))
        return numbers(scale), numbers(offset)

    def affine_layer(self, x: OnnxSignal, name: str, scale: Numbers, offset: Numbers) -> OnnxSignal:
        """The layer ``scale * x.layer + offset``, of numbers that double precision holds."""
        a, b = (np.broadcast_to(v.astype(np.float64), (x.size,)) for v in (scale, offset))
        keys: dict[str, Any] = {"epsilon": 0.0}
        span = None
        if x.span is not None:
            fa, fb = self.exact(f"scales of {name}", a), self.exact(f"offsets of {name}", b)
            keys |= {"scale_format": str(fa), "offset_format": str(fb)}
            ends = x.span.lo * a + b, x.span.hi * a + b
            frac = max(fa.frac + x.span.frac, fb.frac)
            span = Span(frac, np.minimum(*ends), np.maximum(*ends))
            self.draft.parts.add(name)
        arrays = {"gamma": a, "beta": b, "mean": np.zeros(x.size), "variance": np.ones(x.size)}
        return self.layer("batch_norm", name, x.layer, x.shape, span, arrays, **keys)

    def _biased(self, x: OnnxSignal, name: str) -> OnnxSignal:
        """The dense layer of the signal takes the offset as its bias, and the signal's name."""
        layer = next(row for row in self.draft.layers if row["name"] == x.layer)
        bias = np.broadcast_to(x.offset.astype(np.float64), (x.size,))
        layer["bias"] = True
        span = x.span
        if span is not None:
            fmt = self.exact(f"bias of {name}", bias)
            layer["bias_format"] = str(fmt)
            span = Span(max(span.frac, fmt.frac), span.lo + bias, span.hi + bias)
        self._rename(x.layer, name)
        self.draft.arrays[f"{name}.bias"] = bias
        return OnnxSignal(name, x.shape, name, span)

    # ---- comparisons: exact whatever the numbers ----

    def bit(self, x: OnnxSignal, name: str, *, at_zero: bool) -> OnnxSignal:
        """1 where ``x`` is above 0, or at 0 with ``at_zero``, else 0; a signal of a threshold.

        Scale and offset move into the threshold, as an exact fraction that is then rounded to the
        nearest double that decides in the same way about every number of the layer's grid.
        """
        x = self.relu_done(x)
        if not all(x.scale):
            raise BundleError(
                f"{self.where}: {name}",
                needed="scales other than 0 in front of a comparison",
                found="a 0",
                do="Remove the elements that are always the same.",
            )
        edges = -x.offset / x.scale
        up = x.scale > 0
        # x above 0: layer > edge going up; not layer >= edge going down
        values = [
            _just_below(edge) if rising == at_zero else _at_most(edge)
            for edge, rising in zip(*np.broadcast_arrays(edges, up), strict=True)
        ]
        values = [values[0]] * x.size if len(values) == 1 else values
        found = self._threshold(name, x, values)
        return found.but(
            scale=numbers([1 if v else -1 for v in up]), offset=numbers([not v for v in up])
        )

    def _threshold(self, name: str, x: OnnxSignal, values: list[float]) -> OnnxSignal:
        edges = np.array(values)
        if x.span is not None:  # what lies far outside need not be told apart
            edges = np.clip(edges, x.span.lo - 1, x.span.hi + 1)
        span = Span(0, np.zeros(x.size), np.ones(x.size))
        self.draft.add("threshold", name, x.layer, {"value": edges}, value=f"{name}.value")
        return OnnxSignal(name, x.shape, name, span)


def _significant(value: Fraction) -> int:
    """Bits that float32 has of a number."""
    return next((k for k in range(SIGNIFICANT) if is_short(value, k)), SIGNIFICANT)


def _digits(*parts: Numbers) -> int:
    """Bits of the longest numerator or denominator."""
    longest = 0
    for value in (v for part in parts for v in part):
        longest = max(longest, value.numerator.bit_length(), value.denominator.bit_length())
    return longest


def _at_most(edge: Fraction) -> float:
    """The largest double that is not above a fraction."""
    value = float(edge)
    return nextafter(value, -np.inf) if Fraction(value) > edge else value


def _just_below(edge: Fraction) -> float:
    """The largest double below a fraction."""
    value = _at_most(edge)
    return nextafter(value, -np.inf) if Fraction(value) == edge else value


def _product(x: Span, weight: Reals, fmt: Fixed, bias: Reals | None) -> Span:
    up, down = np.maximum(weight, 0), np.minimum(weight, 0)
    lo, hi = up @ x.lo + down @ x.hi, up @ x.hi + down @ x.lo
    frac = fmt.frac + x.frac
    if bias is not None:
        held = exact_format(bias)
        lo, hi, frac = lo + bias, hi + bias, max(frac, held.frac if held else 0)
    return Span(frac, lo, hi)
