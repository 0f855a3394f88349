"""The one place that writes a build: into a folder beside it first, then into its place.

A finished build is a folder with a ``manifest.json``. The manifest is removed before the first
file of a new build arrives and written last, so whatever interrupts a build, no folder claims to
be one that is not.
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fwgen.errors import OutputError

MANIFEST = "manifest.json"


OWN = ("rtl", "sim", "model", "vivado", "hls")  # folders of a build, replaced whole


def check_output(out: Path, model: str, inputs: Iterable[Path], *, force: bool) -> None:
    """Refuse a folder that holds anything but an earlier build of the same model.

    Raises
    ------
    OutputError
        If it does, unless ``force`` is given; with ``force`` too if a folder that a build would
        replace is somebody else's, or holds one of the ``inputs``.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(
            str(out),
            needed="a folder, or nothing yet",
            found="a file",
            do="Give another folder with --out.",
        )
    if not out.exists() or not any(out.iterdir()):
        return
    _keep_strangers(out, inputs)
    found = _built_model(out)
    if found != model and not force:
        raise OutputError(
            str(out),
            needed=f"an empty folder, or an earlier build of '{model}'",
            found="something else" if found is None else f"a build of '{found}'",
            do="Give another folder with --out, or --force to write into it; other files stay.",
        )


def _keep_strangers(out: Path, inputs: Iterable[Path]) -> None:
    place = out.resolve()
    own = [out / name for name in OWN if (out / name).exists()]
    inside = [p for p in inputs if any(p.resolve().is_relative_to(place / name) for name in OWN)]
    if inside or (own and _built_model(out) is None):
        raise OutputError(
            str(out),
            needed="no folder of that name but an earlier build's, since a build replaces it whole",
            found=str(inside[0] if inside else own[0]),
            do="Give another folder with --out.",
        )


def _built_model(out: Path) -> str | None:
    try:
        return str(json.loads((out / MANIFEST).read_text(encoding="utf-8"))["model"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A temporary folder beside ``out``, removed at the end whatever happens.

    Raises
    ------
    OutputError
        If nothing can be written there.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise _unwritable(out, error) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder for simulators; removed at the end whatever happens."""
    with tempfile.TemporaryDirectory(prefix="fwgen-") as folder:
        yield Path(folder)


def write_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write texts by relative name; the paths in the order of the names."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in sorted(files.items()):
        paths.append(folder / name)
        paths[-1].write_text(text, encoding="utf-8", newline="\n")
    return paths


def publish(staged: Path, out: Path, manifest: Mapping[str, Any]) -> None:
    """Move everything in ``staged`` to ``out``, replacing what bears the same names.

    A folder of an earlier build that this one lacks goes as well.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    try:
        out.mkdir(exist_ok=True)
        (out / MANIFEST).unlink(missing_ok=True)
        for name in OWN:
            if (out / name).is_dir() and not (staged / name).exists():
                shutil.rmtree(out / name)
        for entry in sorted(staged.iterdir()):
            target = out / entry.name
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            entry.replace(target)
        text = json.dumps(manifest, indent=2) + "\n"
        (staged / MANIFEST).write_text(text, encoding="utf-8")
        (staged / MANIFEST).replace(out / MANIFEST)
    except OSError as error:
        raise _unwritable(out, error) from None


def replace_text(path: Path, text: str) -> None:
    """Replace a file's text in one step.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text, encoding="utf-8", newline="\n")
        fresh.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        str(path),
        needed="a place where files can be written",
        found=str(error),
        do="Give another folder with --out.",
    )
