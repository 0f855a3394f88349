"""The one place that writes a build: into a folder next to it first, then into its place.

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

import fwgen
from fwgen.errors import OutputError
from fwgen.report.document import dump
from fwgen.report.markdown import to_markdown
from fwgen.tools import toolchain
from fwgen.tools.plain import Json

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
    """A temporary folder next to ``out``, removed at the end whatever happens.

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


def write_report(folder: Path, report: Json) -> None:
    """Write a build's ``report.json``, and ``report.md`` from it.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    replace_text(folder / "report.json", dump(report))
    replace_text(folder / "report.md", to_markdown(report))


def manifest(report: Json, inputs: Iterable[Path], folder: Path) -> Json:
    """What a build was made from, by what, and what it holds; ``folder`` is still a staged one."""
    files = [p for part in OWN for p in sorted((folder / part).rglob("*"))]
    packages = ["alkaid", "cocotb", "numpy", *["hls4ml"] * (folder / "hls").is_dir()]
    return {
        "model": report["model"],
        "target": report["target"],
        "clock_mhz": report["clock_mhz"],
        "inputs": {path.name: sha256(path) for path in inputs},
        "files": {str(p.relative_to(folder)): sha256(p) for p in files if p.is_file()},
        "versions": {"fwgen": fwgen.__version__, **toolchain.versions(*packages)},
    }


def edits(folder: Path) -> list[str]:
    """Files of a build that are no longer what was built, by the manifest's hashes; sentences.

    Raises
    ------
    OutputError
        If a file of the build is missing, or its manifest is or is damaged.
    """
    digests = _digests(folder / MANIFEST)
    for name in digests:
        if not (folder / name).is_file():
            raise OutputError(
                str(folder / name),
                needed="every file that the build wrote",
                found="no such file",
                do="Build again.",
            )
    changed = [name for name, digest in digests.items() if sha256(folder / name) != digest]
    return [f"{name} is not what was built" for name in changed]


def _digests(path: Path) -> dict[str, str]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in data["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(
            str(path),
            needed="a finished build's manifest",
            found=str(error)[:200],
            do="Build again.",
        ) from None


def publish(staged: Path, out: Path, about: Json) -> None:
    """Move everything in ``staged`` to ``out``, replacing what bears the same names.

    ``about`` becomes the manifest. A folder of an earlier build that this one lacks goes as well.

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
        text = json.dumps(about, indent=2) + "\n"
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


def check_json(path: Path, inputs: Iterable[Path]) -> None:
    """Refuse a ``--json`` file that cannot be, or is one of the ``inputs``, before minutes pass.

    Raises
    ------
    OutputError
        With what is wrong with it.
    """
    try:
        if path.is_dir() or not path.parent.is_dir():
            found = "a folder" if path.is_dir() else f"no folder {path.parent}"
            raise _no_json(path, "a file in a folder that exists", found)
        if path.exists() and any(path.samefile(other) for other in inputs):
            raise _no_json(path, "a file of its own", "a file that the comparison reads")
    except OSError as error:
        raise _no_json(path, "a file that can be written", str(error)) from None


def write_json(found: Json, path: Path) -> None:
    """Write what was found, as JSON.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        replace_text(path, json.dumps(found, indent=2, allow_nan=False) + "\n")
    except OutputError as error:
        raise _no_json(path, "a file that can be written", error.found) from None


def _no_json(path: Path, needed: str, found: str) -> OutputError:
    return OutputError(f"--json {path}", needed=needed, found=found, do="Give another file.")


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
