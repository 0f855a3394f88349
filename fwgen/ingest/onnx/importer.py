"""ONNX and QONNX files -> drafts. The graph is walked once, from its input to its outputs."""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from math import prod
from pathlib import Path

from fwgen.errors import BundleError
from fwgen.ingest.draft import Draft, Names
from fwgen.ingest.onnx.build import Builder
from fwgen.ingest.onnx.call import Call, Tensor
from fwgen.ingest.onnx.entrance import check_event, event_format
from fwgen.ingest.onnx.file import DOUBLE, HOW, OnnxModel, OnnxNode, read_onnx
from fwgen.ingest.onnx.graph import check_order, check_versions, event, live
from fwgen.ingest.onnx.labels import label, legal
from fwgen.ingest.onnx.operations import check_operations, check_size, format_of, operation_of
from fwgen.ingest.onnx.values import Constant, OnnxSignal, Span
from fwgen.ingest.sources import Request
from fwgen.ir.fixed import Fixed


def accepts(path: Path) -> bool:
    """Whether a file is an ONNX model: the format begins with no signature."""
    return path.suffix.lower() == ".onnx"


def read(request: Request) -> Draft:
    """The draft of an ONNX or QONNX model.

    Raises
    ------
    BundleError, FormatError
        If anything in the file is not understood, or would not be exact.
    """
    where = str(request.path)
    request.refuse_producer("an ONNX file")
    model = read_onnx(request.path)
    check_versions(where, model)
    check_order(where, model)
    return _Walk(where, model, request).draft()


def _kept(arg: Tensor | None) -> Iterable[OnnxSignal]:
    """What an input has become, which its other readers will find again."""
    if isinstance(arg, OnnxSignal):
        yield from (x for x in (arg.settled, arg.unclipped) if x is not None)


class _Walk:
    """Goes through the nodes of one model."""

    def __init__(self, where: str, model: OnnxModel, request: Request) -> None:
        self.where, self.model, self.request = where, model, request
        self.port, self.shape = event(where, model)
        self.steps = live(model)
        check_operations(where, self.steps)
        self.readers = Counter(name for step in self.steps for name in step.inputs)
        self.readers.update(port.name for port in model.outputs)
        names = Names(request.name)
        self.input_name = legal(where, names, self.port.name, "x")
        self.labels = [label(where, names, k, step) for k, step in enumerate(self.steps)]
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
        check_event(self.where, self.port, size)
        self.builder.doubles |= self.port.kind == DOUBLE
        first = partial(self._first_quantiser, self.port.name)
        fmt, made = event_format(self.where, self.request, first)
        draft.input_format = str(fmt)
        self.tensors[self.port.name] = OnnxSignal(
            self.input_name,
            self.shape,
            self.input_name,
            Span.of(fmt, size),
            made=fmt if made else None,
        )

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
            if not isinstance(tensor, OnnxSignal):
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

    def _run(self, k: int, step: OnnxNode) -> None:
        operation = operation_of(step)
        if operation is None:
            raise self._no(step.place, "a known operation", "another")
        call = self._call(k, step)
        operation.check(call)
        first = len(self.builder.draft.layers)
        result = operation.run(call)
        if isinstance(result, OnnxSignal):
            if call.next_format is None:
                kept = {other.layer for arg in call.args for other in _kept(arg)}
                result = self.builder.renamed(result, call.label, first, kept)
            check_size(call, result.size)
            if self.readers[step.outputs[0]] != 1:
                result = result.but(open_dense=False, settled=result.settled)
        self.tensors[step.outputs[0]] = result

    def _call(self, k: int, step: OnnxNode) -> Call:
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

    def _following(self, step: OnnxNode) -> tuple[Fixed | None, str]:
        if step.op not in {"Sigmoid", "Tanh"}:
            return None, ""
        name = step.outputs[0]
        readers = [(k, s) for k, s in enumerate(self.steps) if name in s.inputs]
        if self.readers[name] != 1 or len(readers) != 1:
            return None, ""
        return self._format(*readers[0]), self.labels[readers[0][0]]

    def _format(self, k: int, step: OnnxNode) -> Fixed | None:
        """The number format that a node is, or None."""
        args = tuple(self.tensors.get(name) for name in step.inputs)
        return format_of(Call(step, args, self.labels[k], self.builder, 1))

    # ---- notes and refusals ----

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
