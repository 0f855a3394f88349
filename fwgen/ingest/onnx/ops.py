"""Arithmetic, layers and activations of ONNX on signals."""

from fractions import Fraction
from math import isqrt, prod
from typing import Any

import numpy as np

from fwgen.ingest.onnx.call import Call, Tensor, fractions_of
from fwgen.ingest.onnx.rounding import clip as clipped
from fwgen.ingest.onnx.rounding import sign as sign_of
from fwgen.ingest.onnx.shapes import folded
from fwgen.ingest.onnx.values import Constant, Numbers, OnnxSignal, Reals, Span, numbers
from fwgen.ir.fixed import Fixed, Rounding

_NO_PRODUCT = "fwgen multiplies by constants, or two vectors of the same size."


# ---- element by element ----


def add(c: Call) -> Tensor:
    """Sum of two signals, of a signal and a constant, or of constants."""
    return _sum(c, 1)


def subtract(c: Call) -> Tensor:
    """Difference of two tensors, signals or constants."""
    return _sum(c, -1)


def _sum(c: Call, second: int) -> Tensor:
    match c.given(0), c.given(1):
        case OnnxSignal() as a, OnnxSignal() as b:
            return _pair(c, "add" if second > 0 else "subtract", a, b)
        case OnnxSignal() as x, Constant():
            return _affine(c, 1, x, 1, second * c.along(1, x))
        case Constant(), OnnxSignal() as x:
            return _affine(c, 0, x, second, c.along(0, x))
        case _:
            return folded(c)


def multiply(c: Call) -> Tensor:
    """Product of two tensors, signals or constants."""
    match c.given(0), c.given(1):
        case OnnxSignal() as a, OnnxSignal() as b:
            return _pair(c, "multiply", a, b)
        case OnnxSignal() as x, Constant():
            return _affine(c, 1, x, c.along(1, x), 0)
        case Constant(), OnnxSignal() as x:
            return _affine(c, 0, x, c.along(0, x), 0)
        case _:
            return folded(c)


def divide(c: Call) -> Tensor:
    """A signal, or a constant, over a constant."""
    if isinstance(c.given(1), OnnxSignal):
        c.refuse("a constant as divisor", "a value that depends on the event", _NO_PRODUCT)
    match c.given(0), c.given(1):
        case OnnxSignal() as x, Constant():
            below = c.along(1, x)
            if not all(below):
                c.refuse("divisors other than 0", "a 0")
            return _affine(c, 1, x, 1 / below, 0)
        case _:
            return folded(c)


def negate(c: Call) -> Tensor:
    """Minus the input."""
    if isinstance(c.given(0), Constant):
        return folded(c)
    return c.builder.affine(c.signal(), -1, 0, c.label)


def _affine(c: Call, k: int, x: OnnxSignal, scale: Any, offset: Any) -> OnnxSignal:
    """``scale * x + offset``, of which input k is the constant."""
    shape = c.widened(k, x)
    return c.builder.affine(x, scale, offset, c.label).reshaped(shape)


def _pair(c: Call, op: str, a: OnnxSignal, b: OnnxSignal) -> OnnxSignal:
    if a.size != b.size:
        c.refuse("two vectors of the same size", f"shapes {a.shape} and {b.shape}", _NO_PRODUCT)
    shape = np.broadcast_shapes(a.shape, b.shape)
    if prod(shape) != a.size:
        c.refuse("two vectors of the same size", f"shapes {a.shape} and {b.shape}", _NO_PRODUCT)
    a, b = c.builder.settle(a), c.builder.settle(b)
    span = None
    if a.span is not None and b.span is not None:
        span = _combined(op, a.span, b.span)
    return c.builder.layer(op, c.label, [a.layer, b.layer], shape, span)


def _combined(op: str, a: Span, b: Span) -> Span:
    if op == "add":
        return Span(max(a.frac, b.frac), a.lo + b.lo, a.hi + b.hi)
    if op == "subtract":
        return Span(max(a.frac, b.frac), a.lo - b.hi, a.hi - b.lo)
    corners = np.array([x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)])
    return Span(a.frac + b.frac, corners.min(axis=0), corners.max(axis=0))


# ---- matrices ----


def matmul(c: Call) -> Tensor:
    """A signal times a constant matrix."""
    x, weight = c.signal(0), c.constant(1)
    if len(weight.shape) != 2:  # noqa: PLR2004 - a matrix
        c.refuse("a matrix as input 1", f"shape {weight.shape}")
    if not x.shape or x.shape[-1] != weight.shape[0] or prod(x.shape[:-1]) != 1:
        c.refuse(
            f"one row of {weight.shape[0]} elements",
            f"shape {x.shape}",
            "A layer applied to several rows is not supported; flatten the event first.",
        )
    return _dense(c, x, _turned(weight), None, (*x.shape[:-1], weight.shape[1]))


def gemm(c: Call) -> Tensor:
    """``alpha * A B + beta * C``, A a signal of one row; B and C constants."""
    x, weight = c.signal(0), c.constant(1)
    c.only("transA", 0)
    if len(weight.shape) != 2 or len(x.shape) != 2 or x.shape[0] != 1:  # noqa: PLR2004 - a matrix
        c.refuse("one row and a matrix", f"shapes {x.shape} and {weight.shape}")
    if not c.integer("transB", 0):
        weight = _turned(weight)
    if x.shape[1] != weight.shape[1]:
        c.refuse(f"a row of {weight.shape[1]} elements", f"shape {x.shape}")
    shape = (1, weight.shape[0])
    (alpha,), (beta,) = numbers(c.real("alpha", 1.0)), numbers(c.real("beta", 1.0))
    bias = None
    if c.given(2) is not None:
        bias = beta * c.exact(2, c.spread(2, c.constant(2).values, shape))
    if not alpha:
        c.refuse("an alpha other than 0", "0")
    return _dense(c, x, weight, bias, shape, alpha)


def _turned(weight: Constant) -> Constant:
    """The matrix as ``y = W x`` needs it."""
    step = weight.step
    return Constant(
        weight.values.T,
        None if weight.whole is None else weight.whole.T,
        step.T if step is not None and step.ndim == 2 else step,  # noqa: PLR2004 - a matrix
    )


def _dense(
    c: Call,
    x: OnnxSignal,
    weight: Constant,
    bias: Numbers | None,
    shape: tuple[int, ...],
    alpha: Fraction = Fraction(1),
) -> OnnxSignal:
    """A dense layer; scales that are the same for all its inputs come after it."""
    values, behind = _split(c, weight)
    if x.uniform and not x.clipped and x.span is not None:
        behind = behind * x.scale
        x = x.but(scale=numbers(1))
    x, summed = c.builder.settle(x), behind
    behind = behind * alpha
    apart = not all(v == 1 for v in behind)
    first = None
    if bias is not None and not apart:
        first, bias = np.broadcast_to(bias.astype(np.float64), (len(values),)), None
    name = c.builder.helper(c.label, "sum") if apart else c.label
    found = c.builder.dense(name, x, values, first, shape, summed)
    if apart or bias is not None:
        found = c.builder.affine(found, behind, 0 if bias is None else bias, c.label)
    return found


def _split(c: Call, weight: Constant) -> tuple[Reals, Numbers]:
    """Weights to store, and the scale of each output that is not in them."""
    values = weight.values.astype(np.float64)
    if not values.size or not np.isfinite(values).all():
        c.refuse("finite weights", f"shape {weight.shape}, or an infinite one")
    step = weight.step
    per_output = step is not None and (
        step.size == 1 or (step.ndim == 2 and step.shape[1] == 1)  # noqa: PLR2004 - a column
    )
    if weight.whole is None or step is None or not per_output:
        return values, numbers(1)
    return weight.whole, c.exact(1, step)


def batch_normalization(c: Call) -> Tensor:
    """Inference: gamma * (x - mean) / sqrt(variance + epsilon) + beta, along the second axis."""
    x = c.signal()
    c.only("training_mode", 0)
    c.only("spatial", 1)
    c.only("is_test", 1)
    if any(c.step.outputs[1:]):
        c.refuse("one output", f"{len(c.step.outputs)}", "Export the model for inference.")
    if len(x.shape) < 2:  # noqa: PLR2004 - batch and channels
        c.refuse("a batch and channels", f"shape {x.shape}")
    spread = (1, x.shape[1]) + (1,) * (len(x.shape) - 2)
    found = []
    for k in range(1, 5):
        values = c.constant(k).values
        if values.shape != (x.shape[1],):
            c.refuse(f"{x.shape[1]} numbers as input {k}", f"shape {values.shape}")
        wide = np.broadcast_to(values.reshape(spread), x.shape).ravel()
        c.exact(k, values)
        found.append(fractions_of(wide))
    gamma, beta, mean, variance = found
    variance = variance + Fraction(c.real("epsilon", float(np.float32(1e-5))))
    if not all(v > 0 for v in variance):
        c.refuse("variance + epsilon above 0", f"{float(min(variance)):g}")
    scale = gamma / np.array([_root(v) for v in variance], dtype=object)
    return c.builder.affine(x, scale, beta - mean * scale, c.label)


def _root(value: Fraction) -> Fraction:
    """The square root, exact where it is a binary fraction, else to sixty decimal places."""
    return Fraction(isqrt((value.numerator << 400) // value.denominator), 1 << 200)


# ---- activations ----


def relu(c: Call) -> Tensor:
    """max(x, 0)."""
    return folded(c) if isinstance(c.given(0), Constant) else c.builder.relu(c.signal(), c.label)


def leaky_relu(c: Call) -> Tensor:
    """X from 0 on, alpha x below."""
    return _leaky(c, c.signal(), [c.real("alpha", float(np.float32(0.01)))])


def prelu(c: Call) -> Tensor:
    """A leaky ReLU with one slope an element."""
    x = c.signal()
    return _leaky(c, x, c.spread(1, c.constant(1).values, x.shape))


def _leaky(c: Call, x: OnnxSignal, alpha: Any) -> OnnxSignal:
    inner, outer = c.builder.factored(c.builder.relu_done(x))
    if list(outer) == [1]:
        return _leaky_layer(c, c.builder.settle(x), alpha, c.label)
    inner = c.builder.settle(inner, c.builder.helper(x.label, "sum"))
    found = _leaky_layer(c, inner, alpha, c.builder.helper(c.label, "leaky"))
    return c.builder.affine(found, outer, 0, c.label)


def _leaky_layer(c: Call, x: OnnxSignal, alpha: Any, name: str) -> OnnxSignal:
    slopes = c.exact(1, alpha).astype(np.float64)
    keys: dict[str, Any] = {"alpha": float(slopes[0])}
    arrays = {}
    if len(slopes) > 1:
        keys, arrays = {"alpha": f"{name}.alpha"}, {"alpha": slopes}
    span = None
    if x.span is not None:
        fmt = c.builder.exact(f"alpha of {name}", slopes)
        keys["alpha_format"] = str(fmt)
        ends = [np.where(v < 0, slopes * v, v) for v in (x.span.lo, x.span.hi)]
        # a negative slope turns at 0, so that 0 may be the least
        lo, hi = np.minimum(np.minimum(*ends), 0), np.maximum(*ends)
        span = Span(x.span.frac + max(fmt.frac, 0), lo, hi)
    return c.builder.layer("leaky_relu", name, x.layer, x.shape, span, arrays, **keys)


def clip(c: Call) -> Tensor:
    """The larger of x and min, the smaller of that and max."""
    x = c.signal()
    lo, hi = _bound(c, 1, "min", -_LARGEST), _bound(c, 2, "max", _LARGEST)
    if lo is not None and hi is not None and lo > hi:
        c.refuse("min not above max", f"{float(lo):g} and {float(hi):g}")
    if lo is None and hi is None:
        return _moved_alias(c, x)
    return clipped(c.builder, x, lo, hi, c.label)


def _moved_alias(c: Call, x: OnnxSignal) -> OnnxSignal:
    return (c.builder.settle(x) if c.shared else x).but()


_LARGEST = float(np.finfo(np.float32).max)


def _bound(c: Call, k: int, name: str, none: float) -> Fraction | None:
    """A bound that is an input in new versions and an attribute in old ones; None without any.

    ``none`` is the bound that bounds no float32.
    """
    value = c.real(name, finite=False) if c.given(k) is None else c.scalar(k)
    if value is None or value / none >= 1:
        return None
    return c.exact(k, [value])[0]  # type: ignore[no-any-return]  # of an object array


def sign(c: Call) -> Tensor:
    """-1, 0 or 1."""
    return sign_of(c.builder, c.signal(), c.label)


def table(c: Call) -> Tensor:
    """Sigmoid or tanh: a table of the format of the quantiser after it."""
    x = c.layer_of()
    function = c.step.op.lower()
    fmt = c.next_format
    if fmt is None:
        return c.builder.layer("table", c.label, x.layer, x.shape, None, function=function)
    _check_ends(c, x, fmt)
    found = c.builder.layer(
        "table",
        c.next_label,
        x.layer,
        x.shape,
        Span.of(fmt, x.size),
        function=function,
        format=str(fmt),
    )
    return found.but(made=fmt)


_REACHED = {"Sigmoid": 15.0, "Tanh": 7.5}
_DIRECTED = frozenset({Rounding.TRN, Rounding.TRN_ZERO})


def _check_ends(c: Call, x: OnnxSignal, fmt: Fixed) -> None:
    """In float32 both functions become 1, which exactly they never are: no level begins there."""
    far = x.span is None or max(x.span.hi.max(), -x.span.lo.min()) > _REACHED[c.step.op]
    if far and (fmt.rounding in _DIRECTED or fmt.frac < 0):
        c.refuse(
            "a quantiser behind it that rounds to nearest, with a scale of at most 1",
            f"{fmt}, which tells 1 in float32 from a number just below",
            "Use rounding_mode ROUND, or a narrower range in front.",
        )
