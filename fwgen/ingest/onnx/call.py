"""One operation of an ONNX graph and what it is given, and the refusals that all of them share."""

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, prod
from typing import Any, NoReturn

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.onnx.build import Builder
from fwgen.ingest.onnx.file import Attribute, OnnxNode
from fwgen.ingest.onnx.values import Constant, Numbers, OnnxSignal, numbers
from fwgen.ir.fixed import Fixed
from fwgen.ir.shapes import MAX_ELEMENTS

Tensor = Constant | OnnxSignal


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A node with its inputs.

    Parameters
    ----------
    step, args
        The node, and its inputs; None for one that is left out.
    label
        Name of the layer that would hold its result.
    builder
        Where layers are made.
    opset
        Version of the operation's domain.
    shared
        Whether something else reads the first input as well.
    next_format, next_label
        Where the only reader of the result is a quantiser that is a number format: that, and the
        name of its layer.
    """

    step: OnnxNode
    args: tuple[Tensor | None, ...]
    label: str
    builder: Builder
    opset: int
    shared: bool = False
    next_format: Fixed | None = None
    next_label: str = ""

    # ---- attributes ----

    def _attribute(self, name: str, default: Attribute | None, kind: type) -> Any:
        value = self.step.attributes.get(name, default)
        if value is not None and type(value) is not kind:
            self.refuse(f"attribute '{name}' as a {kind.__name__}", f"{value!r}"[:60])
        return value

    def integer(self, name: str, default: int | None = None) -> Any:
        """An attribute that is a whole number; required if there is no default."""
        value = self._attribute(name, default, int)
        if value is None:
            self.refuse(f"attribute '{name}'", "none")
        return value

    def real(self, name: str, default: float | None = None, *, finite: bool = True) -> Any:
        """An attribute that is a float32."""
        value = self._attribute(name, default, float)
        if finite and value is not None and not isfinite(value):
            self.refuse(f"attribute '{name}' as a finite number", f"{value}")
        return value

    def text(self, name: str, default: str | None = None) -> Any:
        """An attribute that is a text."""
        return self._attribute(name, default, str)

    def integers(self, name: str) -> list[int] | None:
        """An attribute that is a list of whole numbers; None where there is none."""
        value: list[int] | None = self._attribute(name, None, list)
        if value is not None and not all(type(v) is int for v in value):
            self.refuse(f"attribute '{name}' as whole numbers", f"{value!r}"[:60])
        return value

    def only(self, name: str, value: int) -> None:
        """An attribute that may have one value only, its default."""
        if (found := self.integer(name, value)) != value:
            self.refuse(f"{name} = {value}", f"{found}", "Export the model for inference.")

    # ---- inputs ----

    def given(self, k: int) -> Tensor | None:
        """Input number k, or None."""
        return self.args[k] if k < len(self.args) else None

    def signal(self, k: int = 0) -> OnnxSignal:
        """Input number k, which must depend on the event."""
        found = self.given(k)
        if not isinstance(found, OnnxSignal):
            self.refuse(f"a value that depends on the event as input {k}", "a constant")
        return found

    def constant(self, k: int) -> Constant:
        """Input number k, which must not depend on the event."""
        found = self.given(k)
        if not isinstance(found, Constant):
            what = "nothing" if found is None else "a value that depends on the event"
            self.refuse(f"a constant as input {k}", what)
        return found

    def axes(self, k: int, name: str) -> list[int] | None:
        """Whole numbers that are an input in new versions and an attribute in old ones."""
        if self.given(k) is None:
            return self.integers(name)
        values = self.constant(k).values
        if values.dtype.kind not in "iu" or values.ndim > 1:
            self.refuse(f"whole numbers as input {k}", f"{values.dtype} of shape {values.shape}")
        return [int(v) for v in values.ravel()]

    def scalar(self, k: int) -> float:
        """A constant of one number."""
        values = self.constant(k).values
        if values.size != 1:
            self.refuse(f"one number as input {k}", f"{values.size:,} numbers")
        return float(values.ravel()[0])

    def exact(self, k: int, values: Any) -> Numbers:
        """Numbers of input k as fractions."""
        try:
            return numbers(values)
        except (ValueError, OverflowError):
            self.refuse(f"finite numbers as input {k}", "infinity or no number")

    def along(self, k: int, x: OnnxSignal) -> Numbers:
        """The constant of input k, one number for each element of a signal, or one for all."""
        return self.exact(k, self.spread(k, self.constant(k).values, x.shape))

    def spread(self, k: int, values: Any, shape: tuple[int, ...]) -> Any:
        """A constant broadcast to a shape of the same number of elements; one number stays one."""
        if values.size == 1:
            return values.ravel()
        try:
            wide = np.broadcast_shapes(values.shape, shape)
        except ValueError:
            wide = ()
        if prod(wide) != prod(shape) or prod(shape) > MAX_ELEMENTS:
            self.refuse(
                f"input {k} of a shape that fits {shape} and makes it no larger", f"{values.shape}"
            )
        return np.broadcast_to(values, wide).ravel()

    def widened(self, k: int, x: OnnxSignal) -> tuple[int, ...]:
        """Shape of an element-wise result of a signal and the constant of input k."""
        shape = self.constant(k).shape
        return (
            np.broadcast_shapes(shape, x.shape)
            if prod(shape) > 1 or x.size == 1
            else (np.broadcast_shapes((1,) * len(shape), x.shape))
        )

    def layer_of(self, k: int = 0) -> OnnxSignal:
        """Input k as a separate layer."""
        return self.builder.settle(self.signal(k))

    # ---- refusals ----

    def refuse(
        self, needed: str, found: str, do: str = "Change the model, or its export."
    ) -> NoReturn:
        """An error that names the node."""
        raise BundleError(
            f"{self.builder.where}: {self.step.place}", needed=needed, found=found, do=do
        )


def fractions_of(values: Any) -> Numbers:
    """Fractions of finite numbers, as `numbers` has them, without making equal ones one."""
    return np.array([Fraction(v) for v in np.asarray(values).ravel().tolist()], dtype=object)
