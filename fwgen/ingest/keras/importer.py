"""Keras 2, Keras 3 and QKeras models -> a draft of a bundle. The framework is not needed."""

from pathlib import Path

from fwgen.ingest.answers import INPUT_FORMAT, Question, ask
from fwgen.ingest.bundle.schema import MAX_SIZE
from fwgen.ingest.draft import Draft
from fwgen.ingest.keras.entrance import event_format
from fwgen.ingest.keras.file import read_keras_file
from fwgen.ingest.keras.graph import no, read_model, shown
from fwgen.ingest.keras.site import check_keys, size_of
from fwgen.ingest.keras.walk import built
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
    request.refuse_producer("a Keras file")
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
    builder = built(draft, model, file.weights)
    _check_outputs(where, draft)
    asked = request.answers.get(INPUT_FORMAT.key) or event_format(model, file.weights)
    ask(where, [] if asked else [INPUT_FORMAT])
    draft.input_format = str(Fixed.parse(str(asked), f"--set {INPUT_FORMAT.key}"))
    accepted = request.answers.choice(WRAP) == "accept"
    if builder.wrapping and accepted:
        draft.accept_wrap = builder.wrapping
    elif builder.wrapping:
        draft.notes.append(_wraps(builder.wrapping))
    return draft


def _wraps(names: list[str]) -> str:
    return (
        f"HGQ2's formats wrap around beyond what training saw: {', '.join(names)}. The build "
        f"refuses those that an input can reach; --set {WRAP.key}=accept allows it."
    )


def _check_outputs(where: str, draft: Draft) -> None:
    if draft.input_name in draft.outputs or not draft.layers:
        raise no(where, "outputs that layers compute", "the input itself", "Remove that output.")
