"""``fwgen import``: a trained model's file -> a bundle in its place, or nothing at all."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from fwgen.errors import BundleError, FwgenError, OutputError
from fwgen.flow.sample_ranges import ranges
from fwgen.flow.writer import sha256, staging
from fwgen.ingest.answers import Answers
from fwgen.ingest.bundle.reader import Bundle, read_bundle
from fwgen.ingest.draft import Draft
from fwgen.ingest.precision import Precision, Ranges, complete
from fwgen.ingest.sources import Request, read_source
from fwgen.quantise.passes import wrapping

MODEL, WEIGHTS = "model.yaml", "weights.npz"


def answers_of(settings: list[str]) -> Answers:
    """``KEY=VALUE`` texts as answers; see `by_key`."""
    return Answers(by_key(settings))


def by_key(settings: Sequence[str]) -> dict[str, str]:
    """Values by key from ``KEY=VALUE`` texts.

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
    return given


def request_of(
    source: Path,
    name: str,
    answers: Mapping[str, object],
    producer: str | None = None,
    precision: str | None = None,
    samples: Path | None = None,
) -> Request:
    """A request whose answers are plain values: text, numbers, True and False."""
    said = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in answers.items()}
    return Request(source, name, Answers(said), producer, precision, samples)


def import_model(request: Request, out: Path, *, force: bool = False) -> Bundle:
    """Convert a model file; the bundle is checked before it appears at ``out``.

    Raises
    ------
    FwgenError
        If the source, an answer or the output folder is refused; nothing is written then.
    """
    _check_place(out, force=force)
    draft = read_source(request)
    precision = Precision.of(request.precision, _ranges_on(request.samples))
    complete(draft, precision, str(request.path))
    draft.provenance |= {"source": request.path.name, "source_sha256": sha256(request.path)}
    with staging(out) as staged:
        _write_model(staged / MODEL, draft)
        _write_arrays(staged / WEIGHTS, draft.arrays)
        try:
            graph = read_bundle(staged / MODEL).graph
            if draft.accept_wrap:
                draft.accept_wrap = [n for n in draft.accept_wrap if n in wrapping(graph)]
                _write_model(staged / MODEL, draft)
        except FwgenError as error:
            raise _of_source(error, request.path, staged) from None
        out.mkdir(exist_ok=True)
        for name in (WEIGHTS, MODEL):
            (staged / name).replace(out / name)
    return read_bundle(out)


def _write_model(path: Path, draft: Draft) -> None:
    path.write_text(draft.as_yaml(), encoding="utf-8", newline="\n")


def _ranges_on(samples: Path | None) -> Callable[[Draft], Ranges] | None:
    return None if samples is None else lambda draft: ranges(draft, samples)


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
