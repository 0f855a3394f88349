"""Keras 2, Keras 3 and QKeras models -> a draft of a bundle. The framework is not needed."""

from pathlib import Path

from fwgen.errors import BundleError
from fwgen.ingest.answers import INPUT_FORMAT, Question, ask
from fwgen.ingest.bundle.schema import MAX_SIZE
from fwgen.ingest.draft import Draft
from fwgen.ingest.keras.build import Builder, Value, format_of
from fwgen.ingest.keras.file import Weights, read_keras_file
from fwgen.ingest.keras.graph import Call, KerasModel, Tensor, no, read_model, shown
from fwgen.ingest.keras.hgq import HGQ_LAYERS, format_in_front
from fwgen.ingest.keras.layers import LAYERS, make
from fwgen.ingest.keras.quantisers import read_quantiser
from fwgen.ingest.keras.site import Site, check_keys, size_of
from fwgen.ingest.names import check_name
from fwgen.ingest.sources import Request
from fwgen.ir.fixed import Fixed

WRAP = Question("wrap", "whether formats of the file may wrap around", ("accept", "refuse"))
_FIRST = {
    ".h5": (b"\x89HDF",),
    ".hdf5": (b"\x89HDF",),
    ".keras": (b"PK", b"\x89HDF"),
    ".json": (b"{", b" ", b"\n"),
}


def accepts(path: Path) -> bool:
    """Whether the file's name and first bytes are those of a Keras model."""
    with path.open("rb") as stream:
        first = stream.read(4)
    return first.startswith(_FIRST.get(path.suffix.lower(), ()))


def read(request: Request) -> Draft:
    """The draft of a model.

    Raises
    ------
    BundleError
        If a part of the file is not understood, or an answer is missing.
    """
    where = str(request.path)
    if request.producer is not None:
        raise BundleError(
            "--producer",
            needed="none: a Keras file says itself what it needs",
            found=repr(request.producer[:80]),
            do="Leave it out.",
        )
    file = read_keras_file(request.path)
    model = read_model(where, file.model)
    check_name(request.name, "--name")
    size = size_of(model.shape)
    if size > MAX_SIZE:
        raise no(where, f"an event of at most {MAX_SIZE:,} elements", shown(size), "Shorten it.")
    if model.entrance is not None:
        check_keys(model.entrance, frozenset())
    draft = Draft(request.name, size, "", notes=list(file.notes))
    if request.name.lower() == draft.input_name:
        draft.input_name = "event"
    draft.provenance = {"framework": "Keras", "version": file.version[:80]}
    builder = _built(draft, model, file.weights)
    _check_outputs(where, draft)
    asked = request.answers.get(INPUT_FORMAT.key) or _format_in_front(model, file.weights)
    ask(where, [] if asked else [INPUT_FORMAT])
    draft.input_format = str(Fixed.parse(str(asked), f"--set {INPUT_FORMAT.key}"))
    accepted = request.answers.choice(WRAP) == "accept"
    if builder.wrapping and accepted:
        draft.accept_wrap = builder.wrapping
    elif builder.wrapping:
        draft.notes.append(_wraps(builder.wrapping))
    return draft


def _built(draft: Draft, model: KerasModel, weights: Weights) -> Builder:
    values: dict[Tensor, Value] = {model.input: Value(draft.input_name, model.shape)}
    builder = Builder(draft)
    elsewhere: list[str] = []
    for call in model.calls:
        builder.begin(call.layer.title, call.layer.where)
        sources = tuple(values[source] for source in call.sources)
        site = Site(builder, weights, call.layer, sources)
        made = values[call.tensor] = make(site, LAYERS | HGQ_LAYERS)
        if made.name != call.layer.title and made.name not in {s.name for s in sources}:
            elsewhere.append(f"{call.layer.title} is {made.name}")
    draft.outputs = list(dict.fromkeys(values[tensor].name for tensor in model.outputs))
    if elsewhere:
        draft.notes.append(f"Outputs by another name than in the file: {', '.join(elsewhere)}.")
    return builder


def _wraps(names: list[str]) -> str:
    return (
        f"HGQ2's formats wrap around beyond what training saw: {', '.join(names)}. The build "
        f"refuses those that an input can reach; --set {WRAP.key}=accept allows it."
    )


def _check_outputs(where: str, draft: Draft) -> None:
    if draft.input_name in draft.outputs or not draft.layers:
        raise no(where, "outputs that layers compute", "the input itself", "Remove that output.")


def _format_in_front(model: KerasModel, weights: Weights) -> str | None:
    """The format of the quantiser that stands in front of everything else, if one does."""
    readers = [call for call in model.calls if model.input in call.sources]
    if model.input in model.outputs:
        return None
    formats = {_format_of_input(call, weights, size_of(model.shape)) for call in readers}
    return formats.pop() if len(formats) == 1 else None


def _format_of_input(call: Call, weights: Weights, size: int) -> str | None:
    spec = call.layer.config.get("activation")
    if call.layer.kind != "QActivation" or spec is None:
        return format_in_front(call, weights, size)
    if isinstance(spec, str) and not spec.startswith("quantized_bits"):
        return None
    q = read_quantiser(spec, f"{call.layer.where}: activation")
    fmt = format_of(q) if q.name == "quantized_bits" else None
    return None if fmt is None else str(fmt)
