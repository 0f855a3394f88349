"""Quantisers of QONNX: ``Quant``, ``BipolarQuant`` and ``Trunc``, on signals and on weights.

The definitions are those of the package qonnx (``qonnx.custom_op.general``), which says how a
framework executes such a node.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np

from fwgen.ingest.onnx.build import Builder
from fwgen.ingest.onnx.call import Call, Tensor
from fwgen.ingest.onnx.rounding import BUILT, MODES, bipolar, native, whole
from fwgen.ingest.onnx.shapes import bounded
from fwgen.ingest.onnx.values import SIGNIFICANT, Constant, Numbers, OnnxSignal, power_of_two
from fwgen.ir.fixed import Fixed

MAX_BITS = 24
"""Beyond, a float32 does not hold the bounds of a quantiser."""

_POWERS = "Train with scales that are powers of two."


@dataclass(frozen=True, slots=True, eq=False)
class Quantiser:
    """The parameters of a Quant node: results lo..hi before scale and zero point."""

    scale: Numbers
    zero: Numbers
    lo: int
    hi: int
    mode: str
    bits: int
    signed: bool

    @property
    def sign_only(self) -> bool:
        """One bit with a sign: qonnx takes it as -1 or 1."""
        return self.bits == 1 and self.signed

    @property
    def fmt(self) -> Fixed | None:
        """The number format that does the same, if there is one."""
        if any(self.zero) or len(self.scale) > 1 or self.sign_only:
            return None
        k = power_of_two(self.scale[0])
        return None if k is None else native(self.lo, self.hi, -k, self.mode)


def quantiser(c: Call, size: tuple[int, ...]) -> Quantiser:
    """What a Quant node on a tensor of this shape says.

    Raises
    ------
    BundleError
        If anything of it is unknown or cannot be.
    """
    signed, narrow = _flag(c, "signed", 1), _flag(c, "narrow", 0)
    mode = _mode(c, "ROUND")
    bits = _bits(c, 3)
    for k in (0, 1, 2):
        if isinstance(given := c.given(k), Constant) and given.values.dtype != np.float32:
            c.refuse(
                f"float32 numbers as input {k}", f"{given.values.dtype}, which rounds elsewhere"
            )
    scale, zero = (c.exact(k, c.spread(k, c.constant(k).values, size)) for k in (1, 2))
    if not all(v > 0 for v in scale):
        c.refuse("scales above 0", "one of 0 or below")
    if any(v.denominator != 1 or abs(v) >= 1 << MAX_BITS for v in zero):
        c.refuse("whole zero points", "a broken one")
    lo, hi = _limits(bits, signed=signed, narrow=narrow)
    return Quantiser(scale, zero, lo, hi, mode, bits, signed)


def _flag(c: Call, name: str, default: int) -> bool:
    value = c.integer(name, default)
    if value not in {0, 1}:
        c.refuse(f"{name} = 0 or 1", f"{value}")
    return bool(value)


def _mode(c: Call, default: str) -> str:
    mode: str = c.text("rounding_mode", default).upper()
    if mode not in MODES and mode not in BUILT:
        c.refuse(f"a rounding_mode of {', '.join((*MODES, *BUILT))}", repr(mode[:40]))
    return mode


def _bits(c: Call, k: int) -> int:
    value = c.scalar(k)
    if not value.is_integer() or value < 1:
        c.refuse("a whole number of bits", f"{value:g}")
    return int(min(value, 1 << 20))


def _limits(bits: int, *, signed: bool, narrow: bool) -> tuple[int, int]:
    if signed:
        top = (1 << min(bits, 64) - 1) - 1
        return -top - (not narrow), top
    return 0, (1 << min(bits, 64)) - 1 - narrow


def quant(c: Call) -> Tensor:
    """A tensor of numbers on a grid, within bounds."""
    x = c.given(0)
    if isinstance(x, Constant):
        return _stored(c, x)
    x = c.signal()
    q = quantiser(c, x.shape)
    if x.plain and x.made is not None and x.made == q.fmt:
        return x.but(label=c.label)
    if q.bits > MAX_BITS:
        c.refuse(f"at most {MAX_BITS} bits, whose bounds float32 holds", f"{q.bits}")
    if q.lo == q.hi:
        c.refuse("a quantiser with more than one result", f"{q.bits} bit, narrow")
    unit = 0 if len(q.scale) > 1 or any(q.zero) else power_of_two(q.scale[0]) or 0
    if unit or q.scale[0] == 1:
        x = _ready(c.builder, x)
    scaled = c.builder.affine(x, 1 / q.scale, q.zero)
    if x.shift is not None and x.span is not None and not c.builder.doubles:
        scaled.divided = x.span.largest < 1 << SIGNIFICANT
    if q.sign_only:
        made = bipolar(c.builder, scaled, c.label)
    else:
        made = whole(c.builder, scaled, q.lo, q.hi, q.mode, c.label, unit)
    return _back(c, c.builder.affine(made, q.scale, -q.zero * q.scale, c.label), made)


def _ready(b: Builder, x: OnnxSignal) -> OnnxSignal:
    """The signal as a layer, if that is exact; it may still be clipped, as rounding does it."""
    inner = x.but(clipped=False)
    if x.span is None or inner.shift is not None or not b.is_exact(x):
        return x
    if not x.clipped:
        return b.settle(x)
    return b.settle(inner, b.helper(x.label, "affine")).but(clipped=True)


def _back(c: Call, result: OnnxSignal, made: OnnxSignal) -> OnnxSignal:
    """The result, which remembers its format if it is the quantised layer itself."""
    same = result.plain and result.layer == made.layer
    return result.but(label=c.label, made=made.made if same else None)


def _stored(c: Call, x: Constant) -> Constant:
    """Weights, quantised in float32 just as qonnx does it."""
    q = quantiser(c, x.shape)
    bounded(c, 3 * x.values.size)
    values = x.values.astype(np.float32)
    scale, zero = (c.constant(k).values.astype(np.float32) for k in (1, 2))
    with np.errstate(all="ignore"):
        y = values / scale + zero
        if q.sign_only:
            y = np.where(y >= 0, np.float32(1), np.float32(-1))
        else:
            y = np.where(y > q.hi, np.float32(q.hi), y)
            y = _ROUND[q.mode](np.where(y < q.lo, np.float32(q.lo), y))
        y = (y - zero).astype(np.float32)
    return _product(y, scale)


def _product(y: Any, scale: Any) -> Constant:
    """``y * scale`` as float32 has it, and its factors where the scale is no power of two."""
    values = (y * scale).astype(np.float32)
    mantissa = np.frexp(scale)[0]
    if (np.abs(mantissa) == 0.5).all() or not np.isfinite(values).all():  # noqa: PLR2004 - powers of two
        return Constant(values)
    return Constant(values, y.astype(np.float64), scale.astype(np.float64))


_ROUND: dict[str, Callable[[Any], Any]] = {
    "ROUND": np.round,
    "HALF_EVEN": np.round,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "DOWN": np.trunc,
    "ROUND_TO_ZERO": np.trunc,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + np.float32(0.5)),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - np.float32(0.5)),
}


def bipolar_quant(c: Call) -> Tensor:
    """The scale where x is 0 or more, else minus the scale."""
    x = c.given(0)
    if isinstance(x, Constant):
        values = x.values.astype(np.float32)
        c.spread(1, c.constant(1).values, x.shape)
        bounded(c, 3 * values.size)
        y = np.where(values >= 0, np.float32(1), np.float32(-1))
        return _product(y, c.constant(1).values.astype(np.float32))
    x = c.signal()
    scale = c.along(1, x)
    return c.builder.affine(bipolar(c.builder, x, c.label), scale, 0, c.label)


def trunc(c: Call) -> Tensor:
    """Fewer bits of a quantised value: version 1 divides it, version 2 has its own scale."""
    x = c.signal()
    second = c.opset > 1
    bits_in, bits_out = _bits(c, 3), _bits(c, 5 if second else 4)
    scale = _power(c, 1)
    if any(c.exact(2, c.constant(2).values)):
        c.refuse("a zero point of 0", "another")
    shift, result = bits_in - bits_out, scale
    if second:
        result = _power(c, 4)
        shift = power_of_two(result / scale) or 0
    if bits_in > MAX_BITS or not 0 <= shift <= MAX_BITS:
        c.refuse(f"at most {MAX_BITS} bits, and fewer behind", f"{bits_in} and {bits_out}")
    grid = _whole(c.builder, c.builder.affine(x, 1 / scale, 0), c)
    divided = c.builder.affine(grid, Fraction(1, 1 << shift), 0)
    lo, hi = _reach(c, divided)
    if second:
        lo, hi = _limits(bits_out, signed=_flag(c, "signed", 1), narrow=_flag(c, "narrow", 0))
    made = whole(c.builder, divided, lo, hi, _mode(c, "FLOOR"), c.label)
    return _back(c, c.builder.affine(made, result, 0, c.label), made)


def _power(c: Call, k: int) -> Fraction:
    """A scale that is a power of two."""
    value = c.exact(k, [c.scalar(k)])[0]
    if power_of_two(value) is None:
        c.refuse(f"a power of two as input {k}", f"{float(value):g}", _POWERS)
    return value  # type: ignore[no-any-return]  # of an object array


def _whole(b: Builder, x: OnnxSignal, c: Call) -> OnnxSignal:
    """The signal rounded to whole numbers, ties to even: nothing to do if it has no others."""
    x = b.relu_done(x)
    if x.shift is not None and x.span is not None and x.span.frac <= x.shift:
        return x
    lo, hi = _reach(c, x)
    return whole(b, x, lo, hi, "ROUND", b.helper(c.label, "grid"))


def _reach(c: Call, x: OnnxSignal) -> tuple[int, int]:
    """Bounds of a format that holds all that the signal can be, rounded anyhow."""
    if x.span is None:
        c.refuse("a quantised value", "one whose format is still open", "Quantise the weights too.")
    ends = np.concatenate([v * x.scale + x.offset for v in map(_exact, (x.span.lo, x.span.hi))])
    fmt = Fixed.holding(min(floor(min(ends)), -1), max(ceil(max(ends)), 1), 0)
    return fmt.lo, fmt.hi


def _exact(values: Any) -> Numbers:
    return np.array([Fraction(v) for v in values.tolist()], dtype=object)


def format_of(c: Call, shape: tuple[int, ...]) -> Fixed | None:
    """The number format of a Quant node, or None if it is not just that."""
    quantised = c.step.op in {"Quant", "IntQuant"} and isinstance(c.given(1), Constant)
    if not quantised or not all(isinstance(c.given(k), Constant) for k in (2, 3)):
        return None
    if c.constant(1).values.size > 1 or c.constant(2).values.size > 1:
        return None
    return quantiser(c, shape).fmt
