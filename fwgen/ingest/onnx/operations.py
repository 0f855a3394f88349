"""The operations of ONNX and QONNX that are read, and how."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fwgen.errors import BundleError
from fwgen.ingest.bundle.schema import MAX_SIZE
from fwgen.ingest.onnx import ops, quantisers, shapes
from fwgen.ingest.onnx.call import Call, Tensor
from fwgen.ingest.onnx.file import OnnxNode
from fwgen.ingest.onnx.graph import QONNX
from fwgen.ir.fixed import Fixed


@dataclass(frozen=True, slots=True)
class Operation:
    """How a node is read: fewest and most inputs, and the attributes that are understood."""

    run: Callable[[Call], Tensor]
    inputs: tuple[int, int] = (1, 1)
    attributes: frozenset[str] = frozenset()

    def check(self, call: Call) -> None:
        """Refuse a node with more or fewer inputs, or with attributes that are not understood."""
        low, high = self.inputs
        if not low <= len(call.step.inputs) <= high:
            call.refuse(f"{low} to {high} inputs", f"{len(call.step.inputs)}")
        unknown = sorted(set(call.step.attributes) - self.attributes)
        if unknown:
            understood = ", ".join(sorted(self.attributes)) or "none"
            call.refuse(f"attributes that fwgen understands: {understood}", repr(unknown[0][:80]))


def _op(
    run: Callable[[Call], Tensor], inputs: tuple[int, int] = (1, 1), attributes: str = ""
) -> Operation:
    return Operation(run, inputs, frozenset(attributes.split()))


# attributes of old versions that choose training, or say what is the case, are checked by the
# operation itself; 'momentum', 'ratio' and 'seed' act in training only
OPERATIONS: dict[str, Operation] = {
    "Add": _op(ops.add, (2, 2)),
    "BatchNormalization": _op(
        ops.batch_normalization, (5, 5), "epsilon momentum spatial training_mode is_test"
    ),
    "Cast": _op(shapes.cast, attributes="to saturate"),
    "Clip": _op(ops.clip, (1, 3), "min max"),
    "Concat": _op(shapes.concat, (1, 256), "axis"),
    "Constant": _op(shapes.constant, (0, 0), "value value_float value_floats value_int value_ints"),
    "Div": _op(ops.divide, (2, 2)),
    "Dropout": _op(shapes.dropout, (1, 3), "ratio seed is_test"),
    "Flatten": _op(shapes.flatten, attributes="axis"),
    "Gather": _op(shapes.gather, (2, 2), "axis"),
    "Gemm": _op(ops.gemm, (2, 3), "alpha beta transA transB"),
    "Identity": _op(shapes.identity),
    "LeakyRelu": _op(ops.leaky_relu, attributes="alpha"),
    "MatMul": _op(ops.matmul, (2, 2)),
    "Mul": _op(ops.multiply, (2, 2)),
    "Neg": _op(ops.negate),
    "PRelu": _op(ops.prelu, (2, 2)),
    "Pow": _op(shapes.folded, (2, 2)),
    "Relu": _op(ops.relu),
    "Reshape": _op(shapes.reshape, (1, 2), "shape allowzero"),
    "Shape": _op(shapes.shape, attributes="start end"),
    "Sigmoid": _op(ops.table),
    "Sign": _op(ops.sign),
    "Sqrt": _op(shapes.folded),
    "Squeeze": _op(shapes.squeeze, (1, 2), "axes"),
    "Sub": _op(ops.subtract, (2, 2)),
    "Tanh": _op(ops.table),
    "Transpose": _op(shapes.transpose, attributes="perm"),
    "Unsqueeze": _op(shapes.unsqueeze, (1, 2), "axes"),
}

QUANT = _op(quantisers.quant, (4, 4), "signed narrow rounding_mode")
QUANTISERS: dict[str, Operation] = {
    "Quant": QUANT,
    "IntQuant": QUANT,
    "BipolarQuant": _op(quantisers.bipolar_quant, (2, 2)),
    "Trunc": _op(quantisers.trunc, (5, 6), "rounding_mode signed narrow"),
}


def operation_of(step: OnnxNode) -> Operation | None:
    """How a node is read; None for one that is not known."""
    known = QUANTISERS if step.domain in QONNX else OPERATIONS if not step.domain else {}
    return known.get(step.op)


def check_operations(where: str, steps: Iterable[OnnxNode]) -> None:
    """Refuse all unknown operations at once.

    Raises
    ------
    BundleError
        If there is one; the message says what is known.
    """
    unknown: dict[str, list[str]] = {}
    for step in steps:
        if operation_of(step) is None or not step.outputs:
            domain = f" of domain {step.domain[:60]!r}" if step.domain else ""
            unknown.setdefault(f"{step.op[:60]!r}{domain}", []).append(step.name)
    if not unknown:
        return
    found = "; ".join(
        f"{what} ({len(names)} node{'s' * (len(names) > 1)}, first {names[0][:60]!r})"
        for what, names in list(unknown.items())[:5]
    )
    raise BundleError(
        f"{where}: operations",
        needed=f"those that fwgen reads: {', '.join(sorted(OPERATIONS | QUANTISERS))}",
        found=found,
        do="Replace them in the model; convolutions and pooling are not supported yet.",
    )


def check_size(call: Call, size: int) -> None:
    """Refuse a result that is empty or too long."""
    if not 0 < size <= MAX_SIZE * 4:
        call.refuse(f"1 to {MAX_SIZE * 4:,} elements", f"{size:,}")


def format_of(call: Call) -> Fixed | None:
    """The number format that a node is, or None."""
    return quantisers.format_of(call, (1,)) if operation_of(call.step) is QUANT else None
