"""The wheel: templates and benches travel with it, and it builds a model from anywhere."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.ingest.drafts import small_draft

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "-w",
        str(out),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    return next(out.glob("fwgen-*.whl"))


def test_wheel_holds_the_folders(wheel: Path) -> None:
    """templates/, sim/ and vivado/ are inside the package."""
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("templates", "sim", "vivado"):
        prefix = f"fwgen/assets/{folder}/"
        top = {n.removeprefix(prefix) for n in names if n.startswith(prefix)}
        files = (p for p in (ROOT / folder).rglob("*") if p.is_file())
        mine = {p.relative_to(ROOT / folder).as_posix() for p in files if p.suffix != ".pyc"}
        assert top == mine, folder


def test_installed_wheel_builds_a_model(wheel: Path, tmp_path: Path) -> None:
    """In a clean environment, away from the checkout, the installed command checks and lowers."""
    place = tmp_path / "env"
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    model = small_draft().write(tmp_path / "model")
    command = [place / "bin" / "fwgen", "build", model, "--events", "1000"]
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "bit-exact" in done.stdout
    assert (tmp_path / "build" / "demo" / "rtl" / "demo.v").is_file()
