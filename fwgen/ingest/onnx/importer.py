"""ONNX and QONNX files -> drafts. The graph is walked once, from its input to its outputs."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path

from fwgen.errors import BundleError, FormatError
from fwgen.ingest.answers import INPUT_FORMAT, ask
from fwgen.ingest.bundle.schema import MAX_SIZE
from fwgen.ingest.draft import Draft, Names
from fwgen.ingest.names import check_name
from fwgen.ingest.onnx import ops, quantisers, shapes
from fwgen.ingest.onnx.build import Builder
from fwgen.ingest.onnx.call import Call, Tensor
from fwgen.ingest.onnx.file import DOUBLE, FLOAT, HOW, OnnxModel, Step, read_onnx
from fwgen.ingest.onnx.graph import QONNX, check_order, check_versions, event, live
from fwgen.ingest.onnx.values import Constant, Signal, Span
from fwgen.ingest.sources import Request
from fwgen.ir.fixed import Fixed

MAX_LABEL = 34  # parts of an operation add to it
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_./:+ -]*")
_KINDS = frozenset({FLOAT, DOUBLE})


@dataclass(frozen=True, slots=True)
class Operation:
    """How a node is read: fewest and most inputs, and the attributes that are understood."""

    run: Callable[[Call], Tensor]
    inputs: tuple[int, int] = (1, 1)
    attributes: frozenset[str] = frozenset()


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

_QUANT = _op(quantisers.quant, (4, 4), "signed narrow rounding_mode")
QUANTISERS: dict[str, Operation] = {
    "Quant": _QUANT,
    "IntQuant": _QUANT,
    "BipolarQuant": _op(quantisers.bipolar_quant, (2, 2)),
    "Trunc": _op(quantisers.trunc, (5, 6), "rounding_mode signed narrow"),
}


def accepts(path: Path) -> bool:
    """Whether a file is an ONNX model: the format begins with no sign of its own."""
    return path.suffix.lower() == ".onnx"


def read(request: Request) -> Draft:
    """The draft of an ONNX or QONNX model.

    Raises
    ------
    BundleError, FormatError
        If anything in the file is not understood, or would not be exact.
    """
    where = str(request.path)
    if request.producer is not None:
        raise BundleError(
            "--producer",
            needed="none: an ONNX file says itself what it needs",
            found=repr(request.producer[:80]),
            do="Leave it out.",
        )
    model = read_onnx(request.path)
    check_versions(where, model)
    check_order(where, model)
    return _Walk(where, model, request).draft()


def _operation(step: Step) -> Operation | None:
    known = QUANTISERS if step.domain in QONNX else OPERATIONS if not step.domain else {}
    return known.get(step.op)


def _kept(arg: Tensor | None) -> Iterable[Signal]:
    """What an input has become, which its other readers will find again."""
    if isinstance(arg, Signal):
        yield from (x for x in (arg.settled, arg.unclipped) if x is not None)


class _Walk:
    """Goes through the nodes of one model."""

    def __init__(self, where: str, model: OnnxModel, request: Request) -> None:
        self.where, self.model, self.request = where, model, request
        self.port, self.shape = event(where, model)
        self.steps = live(model)
        self._check_operations()
        self.readers = Counter(name for step in self.steps for name in step.inputs)
        self.readers.update(port.name for port in model.outputs)
        names = Names(request.name)
        self.input_name = self._legal(names, self.port.name, "x")
        self.labels = [self._label(names, k, step) for k, step in enumerate(self.steps)]
        self.tensors: dict[str, Tensor] = {
            name: Constant(array) for name, array in model.constants.items()
        }
        draft = Draft(request.name, prod(self.shape), "", self.input_name)
        self.builder = Builder(where, draft, names)

    def draft(self) -> Draft:
        """The draft of the whole model."""
        draft = self.builder.draft
        for k, step in enumerate(self.steps):
            if step.op == "Constant":
                self._run(k, step)
        self._add_input(draft)
        for k, step in enumerate(self.steps):
            if step.op != "Constant":
                self._run(k, step)
        draft.outputs = list(self._outputs())
        draft.provenance |= {"framework": self.model.producer, "version": self.model.version}
        draft.notes += self._notes()
        return draft

    # ---- the graph's ends ----

    def _add_input(self, draft: Draft) -> None:
        size = prod(self.shape)
        if size > MAX_SIZE or self.port.kind not in _KINDS:
            raise BundleError(
                f"{self.where}: input {self.port.name[:80]!r}",
                needed=f"an event of 1 to {MAX_SIZE:,} float numbers",
                found=f"{size:,} of type {self.port.kind}",
                do="Shorten the event.",
            )
        self.builder.doubles |= self.port.kind == DOUBLE
        fmt, made = self._input_format()
        draft.input_format = str(fmt)
        self.tensors[self.port.name] = Signal(
            self.input_name,
            self.shape,
            self.input_name,
            Span.of(fmt, size),
            made=fmt if made else None,
        )

    def _input_format(self) -> tuple[Fixed, bool]:
        """The event's format, and whether a quantiser that comes first has said it."""
        given = self.request.answers.get(INPUT_FORMAT.key)
        if given is not None:
            return Fixed.parse(given, f"--set {INPUT_FORMAT.key}"), False
        found = self._first_quantiser(self.port.name)
        if found is None:
            ask(self.where, [INPUT_FORMAT])
            raise FormatError(self.where, needed="a format", found="none", do="Give one.")
        return found, True

    def _first_quantiser(self, name: str) -> Fixed | None:
        """The format of the quantiser that alone reads a tensor, past what changes nothing."""
        while self.readers[name] == 1:
            readers = [(k, s) for k, s in enumerate(self.steps) if name in s.inputs]
            if len(readers) != 1:
                return None
            k, step = readers[0]
            if step.op not in {"Reshape", "Flatten", "Identity", "Dropout", "Squeeze", "Unsqueeze"}:
                return self._format(k, step)
            name = step.outputs[0]
        return None

    def _outputs(self) -> Iterable[str]:
        found: set[str] = set()
        for port in self.model.outputs:
            tensor = self.tensors.get(port.name)
            if not isinstance(tensor, Signal):
                raise self._no(
                    f"output {port.name[:80]!r}", "one that depends on the event", "a constant"
                )
            layer = self.builder.settle(tensor).layer
            if layer in found or layer == self.input_name:
                raise self._no(
                    f"output {port.name[:80]!r}",
                    "outputs that layers compute, each once",
                    "the input, or the same as another",
                )
            found.add(layer)
            yield layer
        if not found:
            raise self._no("outputs", "an output", "none")

    # ---- one node ----

    def _run(self, k: int, step: Step) -> None:
        operation = _operation(step)
        if operation is None:
            raise self._no(step.place, "a known operation", "another")
        call = self._call(k, step)
        low, high = operation.inputs
        if not low <= len(step.inputs) <= high:
            call.refuse(f"{low} to {high} inputs", f"{len(step.inputs)}")
        unknown = sorted(set(step.attributes) - operation.attributes)
        if unknown:
            understood = ", ".join(sorted(operation.attributes)) or "none"
            call.refuse(f"attributes that fwgen understands: {understood}", repr(unknown[0][:80]))
        first = len(self.builder.draft.layers)
        result = operation.run(call)
        if isinstance(result, Signal):
            if call.next_format is None:
                kept = {other.layer for arg in call.args for other in _kept(arg)}
                result = self.builder.renamed(result, call.label, first, kept)
            if not 0 < result.size <= MAX_SIZE * 4:
                call.refuse(f"1 to {MAX_SIZE * 4:,} elements", f"{result.size:,}")
            if self.readers[step.outputs[0]] != 1:
                result = result.but(open_dense=False, settled=result.settled)
        self.tensors[step.outputs[0]] = result

    def _call(self, k: int, step: Step) -> Call:
        args = tuple(self.tensors.get(name) if name else None for name in step.inputs)
        missing = [n for n, a in zip(step.inputs, args, strict=True) if n and a is None]
        if missing:
            raise self._no(step.place, "first outputs of nodes as inputs", repr(missing[0][:80]))
        following = self._following(step)
        return Call(
            step=step,
            args=args,
            label=self.labels[k],
            builder=self.builder,
            opset=self.model.opsets.get(step.domain, 1),
            shared=bool(step.inputs) and self.readers[step.inputs[0]] > 1,
            next_format=following[0],
            next_label=following[1],
        )

    def _following(self, step: Step) -> tuple[Fixed | None, str]:
        if step.op not in {"Sigmoid", "Tanh"}:
            return None, ""
        name = step.outputs[0]
        readers = [(k, s) for k, s in enumerate(self.steps) if name in s.inputs]
        if self.readers[name] != 1 or len(readers) != 1:
            return None, ""
        return self._format(*readers[0]), self.labels[readers[0][0]]

    def _format(self, k: int, step: Step) -> Fixed | None:
        """The number format that a node is, or None."""
        if _operation(step) is not _QUANT:
            return None
        args = tuple(self.tensors.get(name) for name in step.inputs)
        return quantisers.format_of(Call(step, args, self.labels[k], self.builder, 1), (1,))

    # ---- names, checks and notes ----

    def _check_operations(self) -> None:
        """Refuse all unknown operations at once."""
        unknown: dict[str, list[str]] = {}
        for step in self.steps:
            if _operation(step) is None or not step.outputs:
                domain = f" of domain {step.domain[:60]!r}" if step.domain else ""
                unknown.setdefault(f"{step.op[:60]!r}{domain}", []).append(step.name)
        if not unknown:
            return
        found = "; ".join(
            f"{what} ({len(names)} node{'s' * (len(names) > 1)}, first {names[0][:60]!r})"
            for what, names in list(unknown.items())[:5]
        )
        raise BundleError(
            f"{self.where}: operations",
            needed=f"those that fwgen reads: {', '.join(sorted(OPERATIONS | QUANTISERS))}",
            found=found,
            do="Replace them in the model; convolutions and pooling are not supported yet.",
        )

    def _label(self, names: Names, k: int, step: Step) -> str:
        wanted = step.name or f"{step.op}_{step.outputs[0]}"
        if not _PLAIN_NAME.fullmatch(wanted):
            raise BundleError(
                f"{self.where}: node {wanted[:80]!r}",
                needed="a name of letters, digits and . / : + - _",
                found="other characters",
                do="Rename the node; its name is used in Verilog, Tcl and file names.",
            )
        return self._legal(names, wanted, f"{step.op}_{k}")

    def _legal(self, names: Names, wanted: str, otherwise: str) -> str:
        """The name, its end if it is long, or another if it cannot be one at all."""
        plain = re.sub("[^A-Za-z0-9]+", "_", wanted).strip("_")
        if len(plain) > MAX_LABEL:
            plain = plain[-MAX_LABEL:].partition("_")[2]
        try:
            check_name(plain, self.where)
        except BundleError:
            plain = otherwise
        return names.fresh(plain, self.where)

    def _notes(self) -> Iterable[str]:
        if len(self.shape) > 2:  # noqa: PLR2004 - batch and elements
            yield f"The event is the input of shape {self.shape} in row-major order."
        if self.builder.rounded:
            yield (
                f"Scales or offsets of {', '.join(self.builder.rounded)} are no binary fractions "
                "and keep 24 significant bits, as many as float32 has."
            )
        if self.builder.inexact_in_float32:
            yield (
                f"Sums of {', '.join(self.builder.inexact_in_float32)} can need more than the 24 "
                "bits of float32: they are exact here, and may be rounded by the framework."
            )

    def _no(self, place: str, needed: str, found: str) -> BundleError:
        return BundleError(f"{self.where}: {place}", needed=needed, found=found, do=HOW)
