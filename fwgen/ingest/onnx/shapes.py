"""Operations that only move or name elements, and arithmetic on constants."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from fwgen.ingest.onnx.build import MAX_CONSTANTS
from fwgen.ingest.onnx.call import Call, Tensor
from fwgen.ingest.onnx.file import DOUBLE, FLOAT, MAX_RANK
from fwgen.ingest.onnx.values import Constant, OnnxSignal, Span

_SAME_ORDER = "Elements keep their order in firmware; remove the operation, or reorder the weights."


def _moved(c: Call, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The same elements in the same order, in another shape."""
    if prod(shape) != prod(x.shape) or min(shape, default=1) < 0:
        c.refuse(f"a shape of {prod(x.shape):,} elements", f"{shape}"[:80])
    if isinstance(x, Constant):
        return Constant(x.values.reshape(shape))
    if c.shared:
        x = c.builder.settle(x)
    return x.reshaped(shape)


def _first(c: Call) -> Tensor:
    x = c.given(0)
    if x is None:
        c.refuse("an input", "none")
    return x


def identity(c: Call) -> Tensor:
    """The input itself: nothing happens to it."""
    x = _first(c)
    return x if isinstance(x, Constant) else _moved(c, x, x.shape)


def dropout(c: Call) -> Tensor:
    """The input: nothing is dropped in inference."""
    if (training := c.given(2)) is not None and (
        not isinstance(training, Constant) or training.values.any()
    ):
        c.refuse("training_mode = false", "another", "Export the model for inference.")
    c.only("is_test", 1)
    return identity(c)


def cast(c: Call) -> Tensor:
    """The input, where its numbers stay what they are."""
    x, to = _first(c), c.integer("to")
    c.only("saturate", 1)
    if isinstance(x, OnnxSignal):
        if to not in {FLOAT, DOUBLE}:
            c.refuse("a cast to float or double", f"one to type {to}")
        c.builder.doubles |= to == DOUBLE
        return identity(c)
    kinds = {FLOAT: "<f4", DOUBLE: "<f8", 6: "<i4", 7: "<i8"}
    if to not in kinds:
        c.refuse("a cast to float, double, int32 or int64", f"one to type {to}")
    bounded(c, x.values.size)
    with np.errstate(invalid="ignore", over="ignore"):
        made = x.values.astype(kinds[to])
    if not (made == x.values).all():
        c.refuse("a cast that changes no number", "one that does")
    return Constant(made)


def reshape(c: Call) -> Tensor:
    """New shape; 0 keeps a dimension, -1 takes what is left."""
    x, wanted = _first(c), c.axes(1, "shape")
    if wanted is None or len(wanted) > MAX_RANK or any(v < -1 for v in wanted):
        c.refuse(f"a shape of at most {MAX_RANK} dimensions", f"{wanted}"[:80])
    keep = not c.integer("allowzero", 0)
    if keep and any(v == 0 and k >= len(x.shape) for k, v in enumerate(wanted)):
        c.refuse("dimensions that exist where the shape has a 0", f"{wanted} of {x.shape}"[:80])
    shape = [x.shape[k] if v == 0 and keep else v for k, v in enumerate(wanted)]
    rest = prod(v for v in shape if v != -1)
    if shape.count(-1) > 1 or (-1 in shape and (not rest or prod(x.shape) % rest)):
        c.refuse(f"a shape of {prod(x.shape):,} elements", f"{wanted}"[:80])
    return _moved(c, x, tuple(prod(x.shape) // rest if v == -1 else v for v in shape))


def _axis(c: Call, axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        c.refuse(f"an axis of {rank} dimensions", f"{axis}")
    return axis % rank


def flatten(c: Call) -> Tensor:
    """A matrix: the dimensions before the axis, and the others."""
    x = _first(c)
    axis = c.integer("axis", 1)
    axis = len(x.shape) if axis == len(x.shape) else _axis(c, axis, len(x.shape))
    return _moved(c, x, (prod(x.shape[:axis]), prod(x.shape[axis:])))


def squeeze(c: Call) -> Tensor:
    """Dimensions of one element are left out."""
    x, axes = _first(c), c.axes(1, "axes")
    rank = len(x.shape)
    gone = (
        {_axis(c, a, rank) for a in axes}
        if axes is not None
        else {k for k, v in enumerate(x.shape) if v == 1}
    )
    return _moved(c, x, tuple(v for k, v in enumerate(x.shape) if k not in gone))


def unsqueeze(c: Call) -> Tensor:
    """Dimensions of one element are put in."""
    x, axes = _first(c), c.axes(1, "axes")
    if not axes or len(x.shape) + len(axes) > MAX_RANK:
        c.refuse(f"axes, and at most {MAX_RANK} dimensions", f"{axes}"[:80])
    rank = len(x.shape) + len(axes)
    new = {_axis(c, a, rank) for a in axes}
    if len(new) != len(axes):
        c.refuse("each axis once", f"{axes}"[:80])
    old = iter(x.shape)
    return _moved(c, x, tuple(1 if k in new else next(old) for k in range(rank)))


def transpose(c: Call) -> Tensor:
    """Constants are transposed; of a signal only dimensions of one element may move."""
    x = _first(c)
    rank = len(x.shape)
    perm = c.integers("perm") or list(range(rank))[::-1]
    if sorted(perm) != list(range(rank)):
        c.refuse(f"a permutation of {rank} dimensions", f"{perm}"[:80])
    if isinstance(x, Constant):
        return Constant(x.values.transpose(perm), *(_along(p, perm) for p in (x.whole, x.step)))
    long = [k for k in perm if x.shape[k] > 1]
    if long != sorted(long):
        c.refuse("a transposition that leaves the order of elements", f"{perm}", _SAME_ORDER)
    return _moved(c, x, tuple(x.shape[k] for k in perm))


def _along(part: Any, perm: list[int]) -> Any:
    return part.transpose(perm) if part is not None and part.ndim == len(perm) else part


def shape(c: Call) -> Tensor:
    """The shape itself, a constant."""
    c.only("start", 0)
    if "end" in c.step.attributes:
        c.refuse("a whole shape", "an end")
    return Constant(np.array(_first(c).shape, dtype=np.int64))


def gather(c: Call) -> Tensor:
    """Elements of a constant."""
    if isinstance(c.given(0), OnnxSignal):
        c.refuse("a constant to gather from", "a value that depends on the event")
    values, where = c.constant(0).values, c.constant(1).values
    axis = _axis(c, c.integer("axis", 0), max(values.ndim, 1))
    if not values.ndim or where.dtype.kind not in "iu":
        c.refuse("a vector and whole numbers", f"{values.dtype}, {where.dtype}")
    size = values.shape[axis]
    if where.size and not (-size <= where.min() and where.max() < size):
        c.refuse(f"indices of {size} elements", "others")
    bounded(c, values.size // max(size, 1) * where.size)
    return Constant(np.take(values, where, axis=axis))


def constant(c: Call) -> Tensor:
    """A node that is a constant."""
    attributes = c.step.attributes
    if len(attributes) != 1:
        c.refuse("one value", f"{len(attributes)}")
    ((name, value),) = attributes.items()
    if name == "value" and isinstance(value, np.ndarray):
        return Constant(value)
    kinds = {"value_float": "<f4", "value_floats": "<f4", "value_int": "<i8", "value_ints": "<i8"}
    if name not in kinds or isinstance(value, str | np.ndarray):
        c.refuse("a tensor or numbers", f"attribute '{name}'"[:60])
    return Constant(np.array(value, dtype=kinds[name]))


def concat(c: Call) -> Tensor:
    """Constants along an axis; signals where that is one after the other in order."""
    rank = len(_first(c).shape)
    axis = _axis(c, c.integer("axis"), max(rank, 1))
    shapes = [t.shape for t in c.args if t is not None]
    if len(shapes) != len(c.args) or any(
        len(s) != rank or s[:axis] + s[axis + 1 :] != shapes[0][:axis] + shapes[0][axis + 1 :]
        for s in shapes
    ):
        c.refuse("inputs that differ along the axis only", f"{shapes}"[:120])
    whole = (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])
    if all(isinstance(t, Constant) for t in c.args):
        bounded(c, prod(whole))
        return Constant(np.concatenate([c.constant(k).values for k in range(len(c.args))], axis))
    if prod(whole[:axis]) != 1:
        c.refuse("an axis in front of which there is one element", f"shape {whole}", _SAME_ORDER)
    parts = [c.layer_of(k) for k in range(len(c.args))]
    spans = [p.span for p in parts if p.span is not None]
    span = None
    if len(spans) == len(parts):
        lo, hi = np.concatenate([np.stack([s.lo, s.hi]) for s in spans], axis=1)
        span = Span(max(s.frac for s in spans), lo, hi)
    return c.builder.layer("concat", c.label, [p.layer for p in parts], whole, span)


def bounded(c: Call, count: int) -> None:
    """Refuse constants that would take too much memory, before they are computed."""
    if not c.builder.allow(count):
        c.refuse(f"constants of at most {MAX_CONSTANTS:,} elements in all", "more")


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Sqrt": np.sqrt,
    "Neg": np.negative,
    "Relu": lambda x: np.maximum(x, 0),
}


def folded(c: Call) -> Constant:
    """Arithmetic on constants, in their own number type as a framework does it."""
    parts = [c.constant(k).values for k in range(len(c.args))]
    if c.step.op not in _ARITHMETIC or len({p.dtype for p in parts}) > 1:
        c.refuse("an operation on constants that fwgen computes", "another one, or mixed types")
    try:
        bounded(c, prod(np.broadcast_shapes(*(p.shape for p in parts))))
    except ValueError:
        c.refuse("shapes that fit", f"{[p.shape for p in parts]}"[:120])
    if parts[0].dtype.kind != "f" and c.step.op in {"Div", "Pow", "Sqrt"}:
        c.refuse("floating-point constants", f"{parts[0].dtype}")
    with np.errstate(all="ignore"):
        made = np.asarray(_ARITHMETIC[c.step.op](*parts))
    return Constant(made.astype(parts[0].dtype))
