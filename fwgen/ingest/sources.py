"""Which module reads which file: every format that ``fwgen import`` knows, written out."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

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

    def refuse_producer(self, file: str) -> None:
        """Refuse ``--producer`` for a ``file``, such as 'an ONNX file', that needs none.

        Raises
        ------
        BundleError
            If one is given.
        """
        if self.producer is not None:
            raise BundleError(
                "--producer",
                needed=f"none: {file} says itself what it needs",
                found=repr(self.producer[:80]),
                do="Leave it out.",
            )


class Reader(Protocol):
    """A module that reads one format.

    ``accepts`` sees the path of a file that exists; it looks at a few bytes, never more.
    """

    def accepts(self, path: Path) -> bool:
        """Whether the file is of this format."""

    def read(self, request: Request) -> Draft:
        """The draft of a bundle."""


@dataclass(frozen=True, slots=True)
class Source:
    """One format. Its module is loaded when a file may be its own: none costs the others time."""

    name: str
    suffixes: tuple[str, ...]
    module: str

    def reader(self) -> Reader:
        """The module that reads files of this format, loaded now."""
        return cast(Reader, import_module(f"fwgen.ingest.{self.module}"))


SOURCES: tuple[Source, ...] = (
    Source("NIR", (".nir",), "nir.importer"),
    Source("Keras, QKeras and HGQ2", (".h5", ".hdf5", ".keras", ".json"), "keras.importer"),
    Source("ONNX and QONNX", (".onnx",), "onnx.importer"),
    Source("a snnTorch state dict", (".pt", ".pth", ".safetensors", ".npz"), "snntorch.importer"),
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
        reader = source.reader()
        if reader.accepts(path):
            draft = reader.read(request)
            request.answers.check_all_used()
            return draft
    known = "; ".join(f"{s.name} ({', '.join(s.suffixes)})" for s in SOURCES)
    raise BundleError(
        str(path),
        needed=f"a file of a format that fwgen reads: {known}",
        found=f"'{path.name[:80]}', which begins like none of them",
        do="Export the model to one of these, or write a bundle: docs/model-yaml.md.",
    )
