"""Keras, QKeras and HGQ2 models: the imported network computes what the live framework computes.

One process with the framework builds and saves the models and writes their outputs; another, in
which no framework can be imported, imports them and runs the integer reference. Every layer's value
is an output of its model, so networks are compared layer by layer, on 1,000 events each, with
``==``. FWGEN_TEST_GRAPHS sets the number of random models.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.frameworks

ROOT = Path(__file__).parents[2]
BLOCKED = ("tensorflow", "tf_keras", "keras", "qkeras", "hgq", "torch")
GRAPHS = int(os.environ.get("FWGEN_TEST_GRAPHS", "50"))
SEED = 1


def needs(module: str, extra: str) -> None:
    """Skip without the framework."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs the [{extra}] extra: pip install fwgen[{extra}]")


def run(module: str, *args: object, path: Path = ROOT) -> str:
    """The output of a module of this folder in a process of its own."""
    command = [sys.executable, "-m", f"tests.frameworks.{module}", *map(str, args)]
    found = os.environ | {"PYTHONPATH": f"{path}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, env=found, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def differences(folder: Path) -> dict[str, str]:
    """What differs, by model, imported where no framework can be."""
    block = folder / "blocked"
    block.mkdir()
    for name in BLOCKED:
        (block / f"{name}.py").write_text("raise ImportError('no framework here')\n")
    lines = [json.loads(line) for line in run("import_and_run", folder, path=block).splitlines()]
    assert len(lines) == len(json.loads((folder / "models.json").read_text()))
    return {
        f"{line['path']}: {line['seen']}": line["difference"]
        for line in lines
        if line["difference"]
    }


def test_random_qkeras_models(tmp_path: Path) -> None:
    """Random architectures and quantisers, as .h5, .keras and JSON with weights: equal."""
    needs("tf_keras", "keras")
    sys.stdout.write(f"{GRAPHS} models, seeds from {SEED}\n")
    run("keras_random", tmp_path, GRAPHS, SEED)
    assert differences(tmp_path) == {}


def test_kinds_of_keras_models(tmp_path: Path) -> None:
    """Sequential, pruned, shared, flattened and float networks: equal."""
    needs("tf_keras", "keras")
    run("keras_cases", tmp_path)
    assert differences(tmp_path) == {}


def test_random_hgq_models(tmp_path: Path) -> None:
    """Random HGQ2 models, with a format for each weight and element: equal."""
    needs("hgq", "hgq")
    sys.stdout.write(f"{GRAPHS} models, seeds from {SEED}\n")
    run("hgq_random", tmp_path, GRAPHS, SEED)
    assert differences(tmp_path) == {}
