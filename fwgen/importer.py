"""``fwgen import``: a trained model's file -> a bundle in its place, or nothing at all."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fwgen.errors import BundleError, FwgenError, OutputError
from fwgen.ingest.answers import Answers
from fwgen.ingest.bundle import Bundle, read_bundle
from fwgen.ingest.sources import Request, read_source
from fwgen.writer import sha256, staging

MODEL, WEIGHTS = "model.yaml", "weights.npz"


def answers_of(settings: list[str]) -> Answers:
    """``KEY=VALUE`` texts as answers.

    Raises
    ------
    BundleError
        If one is not of that form, or a key stands twice.
    """
    given: dict[str, str] = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not (key and equals and value) or key in given:
            raise BundleError(
                "--set",
                needed="KEY=VALUE, each key once",
                found=repr(text[:80]),
                do="For example --set dt=1e-3.",
            )
        given[key] = value
    return Answers(given)


def import_model(request: Request, out: Path, *, force: bool = False) -> Bundle:
    """Convert a model file; the bundle is checked before it appears at ``out``.

    Raises
    ------
    FwgenError
        If the source, an answer or the output folder is refused; nothing is written then.
    """
    _check_place(out, force=force)
    draft = read_source(request)
    draft.provenance |= {"source": request.path.name, "source_sha256": sha256(request.path)}
    with staging(out) as staged:
        (staged / MODEL).write_text(draft.as_yaml(), encoding="utf-8", newline="\n")
        _write_arrays(staged / WEIGHTS, draft.arrays)
        try:
            read_bundle(staged / MODEL)
        except FwgenError as error:
            raise _of_source(error, request.path, staged) from None
        out.mkdir(exist_ok=True)
        for name in (WEIGHTS, MODEL):
            (staged / name).replace(out / name)
    return read_bundle(out)


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # NumPy's stub of keywords


def _of_source(error: FwgenError, source: Path, staged: Path) -> FwgenError:
    """The error in words of the source: the staged files will be gone when it is read."""
    where = error.where.replace(f"{staged}/", "").replace(str(staged), "")
    return type(error)(f"{source}: as {where}", needed=error.needed, found=error.found, do=error.do)


def _check_place(out: Path, *, force: bool) -> None:
    if out.exists() and not out.is_dir():
        raise OutputError(
            str(out), needed="a folder, or nothing yet", found="a file", do="Give another with -o."
        )
    if out.is_dir() and any(out.iterdir()) and not force:
        raise OutputError(
            str(out),
            needed="an empty folder, or nothing yet",
            found="files in it",
            do=f"Give another with -o, or --force to replace its {MODEL} and {WEIGHTS}.",
        )
