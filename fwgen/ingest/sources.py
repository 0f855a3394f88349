"""Which module reads which file: every format that ``fwgen import`` knows, written out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fwgen.errors import BundleError
from fwgen.ingest.answers import Answers
from fwgen.ingest.draft import Draft


@dataclass(frozen=True, slots=True)
class Request:
    """What ``fwgen import`` was asked.

    Parameters
    ----------
    path
        The source file.
    name
        Name that the model will have.
    answers
        What ``--set`` says.
    producer
        Framework that wrote the file, which may answer for it.
    precision
        Format for whatever the file gives none; None where there was no ``--precision``.
    samples
        Raw events for range analysis, an ``.npz`` file; None where there was none.
    """

    path: Path
    name: str
    answers: Answers
    producer: str | None = None
    precision: str | None = None
    samples: Path | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One format: how it is recognised, and how it is read.

    ``accepts`` sees the path of a file that exists; it looks at a few bytes, never more.
    """

    name: str
    suffixes: tuple[str, ...]
    accepts: Callable[[Path], bool]
    read: Callable[[Request], Draft]


# each reader is loaded when a file is its own: none of them costs the others time


def _is_keras(path: Path) -> bool:
    from fwgen.ingest import keras  # noqa: PLC0415 - as said above

    return keras.accepts(path)


def _read_keras(request: Request) -> Draft:
    from fwgen.ingest import keras  # noqa: PLC0415 - as said above

    return keras.read(request)


SOURCES: tuple[Source, ...] = (
    Source("Keras, QKeras and HGQ2", (".h5", ".hdf5", ".keras", ".json"), _is_keras, _read_keras),
)


def read_source(request: Request) -> Draft:
    """The draft of a bundle, by the first format that accepts the file.

    Raises
    ------
    BundleError
        If there is no such file, no format takes it, or its reader refuses it.
    """
    path = request.path
    if not path.is_file():
        found = "something that is no file" if path.exists() else "no such file"
        raise BundleError(str(path), needed="a model file", found=found, do="Correct the path.")
    for source in SOURCES:
        if source.accepts(path):
            draft = source.read(request)
            request.answers.check_all_used()
            return draft
    known = "; ".join(f"{s.name} ({', '.join(s.suffixes)})" for s in SOURCES)
    raise BundleError(
        str(path),
        needed=f"a file of a format that fwgen reads: {known}",
        found=f"'{path.name[:80]}', which begins like none of them",
        do="Export the model to one of these, or write a bundle: docs/model-yaml.md.",
    )
