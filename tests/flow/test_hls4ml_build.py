"""The flow with hls4ml: a dense model is proven three ways, and what happens without hls4ml."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.flow import build as flow
from fwgen.flow.verify import verify
from fwgen.verify.hls4ml import run as hls4ml_run
from tests.flow.test_build import run

pytest.importorskip("hls4ml", reason="hls4ml is not installed")

MODEL = """
fwgen: 1
name: tagger
input: {name: x, size: 4, format: "fixed<8,4,RND,SAT>"}
layers:
  - {name: hidden, op: dense, units: 3, weight_format: "fixed<6,2>", bias_format: "fixed<6,2>"}
  - {name: active, op: relu}
  - {name: narrow, op: quantise, format: "ufixed<6,4,RND_CONV,SAT>"}
  - {name: mean, op: dense, units: 2, weight_format: "fixed<6,2>", bias_format: "fixed<6,2>"}
  - {name: score, op: sum_squares}
  - {name: hit, op: threshold, value: 9.0}
outputs: [score, hit]
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dense model."""
    folder, rng = tmp_path_factory.mktemp("model"), np.random.default_rng(3)
    sizes = {"hidden.weight": (3, 4), "hidden.bias": 3, "mean.weight": (2, 3), "mean.bias": 2}
    arrays = {name: rng.integers(-20, 20, size) / 16 for name, size in sizes.items()}
    np.savez(folder / "weights.npz", **arrays)
    (folder / "model.yaml").write_text(MODEL)
    return folder / "model.yaml"


@pytest.fixture(scope="module")
def built(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of it."""
    out = tmp_path_factory.mktemp("flow") / "tagger"
    flow.build(model, flow.Options(target="xcku115", clock_mhz=200, out=out))
    return out


def report_of(build: Path) -> dict[str, Any]:
    """The report of a build."""
    found: dict[str, Any] = json.loads((build / "report.json").read_text())
    return found


def test_a_dense_model_is_proven_three_ways(built: Path) -> None:
    """Reference, hls4ml and Verilog agree on at least 10,000 events, at every layer in hls4ml."""
    proof = report_of(built)["verification"]
    assert proof["implementations"] == ["reference", "hls4ml", "verilog"]
    assert proof["mismatches"] == 0
    bench = proof["backends"]["hls4ml"]
    assert bench["kind"] == "simulated"
    assert bench["events"] == 10_000
    assert bench["comparisons"] == 10_000 * (3 + 3 + 3 + 2 + 1 + 1)
    assert bench["outside"] == {}
    assert bench["projects"]["tagger_hls"] == {
        "inputs": ["x"],
        "inside": ["hidden", "active", "narrow", "mean", "score"],
        "outputs": ["score", "hit"],
    }
    text = (built / "report.md").read_text()
    assert "Verification: reference == hls4ml == verilog" in text
    assert "events (native, cocotb and hls4ml)" in text


def test_the_project_is_part_of_the_build(built: Path) -> None:
    """hls/ holds a whole project for the build's part and clock, hashed, with events for it."""
    place = built / "hls" / "tagger_hls"
    assert "set clock_period 5.0" in (place / "project.tcl").read_text()
    part = report_of(built)["device"]["part"]
    assert f'set part "{part}"' in (place / "project.tcl").read_text()
    manifest = json.loads((built / "manifest.json").read_text())
    assert "hls/tagger_hls/firmware/tagger_hls.cpp" in manifest["files"]
    assert manifest["versions"]["hls4ml"] == hls4ml_run.version()
    assert len((place / "tb_data" / "tb_input_features.dat").read_text().splitlines()) == 256
    assert os.access(place / "build_lib.sh", os.X_OK)
    for path in built.rglob("*"):
        if path.is_file() and path.suffix != ".npz":
            assert str(built.parent) not in path.read_text(), path


def test_verify_runs_hls4ml_alone(built: Path, tmp_path: Path) -> None:
    """'--backend hls4ml' compiles what is in hls/; the rows of the other benches are kept."""
    copy = tmp_path / "tagger"
    shutil.copytree(built, copy)
    report, benches = verify(copy, 2000, ["hls4ml"])
    assert list(benches) == ["hls4ml"]
    assert benches["hls4ml"].events == 2000
    assert benches["hls4ml"].first is None
    assert list(report["verification"]["backends"]) == ["native", "cocotb", "hls4ml"]
    assert report["latency"] == report_of(built)["latency"]


def test_verify_finds_an_edited_project(
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A weight changed in hls/ ends with 3, and the message names the layer."""
    copy = tmp_path / "tagger"
    shutil.copytree(built, copy)
    weights = copy / "hls" / "tagger_hls" / "firmware" / "weights" / "w2.txt"
    first, rest = weights.read_text().split(",", 1)
    weights.write_text(f"{float(first) + 0.0625:.4f},{rest}")
    assert run(monkeypatch, "verify", str(copy), "--backend", "hls4ml", "--events", "500") == 3
    captured = capsys.readouterr()
    assert re.search(r"first: event \d+ layer 'hidden'\[0\] in hls4ml's tagger_hls", captured.err)
    assert "every implementation to equal the integer reference" in captured.err
    assert "w2.txt is not what was built" in captured.out
    proof = report_of(copy)["verification"]
    assert proof["mismatches"] > 0
    assert proof["implementations"] == ["reference", "hls4ml"]  # the old rows are of other files


def test_a_build_without_hls4ml(
    model: Path,
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The build works, says what is missing, and asks for it only where it is needed."""
    monkeypatch.setattr(hls4ml_run, "installed", lambda: False)
    out = tmp_path / "tagger"
    shutil.copytree(built, out)  # its hls/ must not pass for this build's
    _, report, _ = flow.build(model, flow.Options(out=out, events=500))
    assert report["verification"]["implementations"] == ["reference", "verilog"]
    assert "hls4ml's C simulation is not compared: the build has no hls/" in report["notes"]
    assert not (out / "hls").exists()
    assert "hls4ml" not in json.loads((out / "manifest.json").read_text())["versions"]
    assert run(monkeypatch, "verify", str(out), "--backend", "hls4ml") == 2
    assert (
        f"{out / 'hls'}: needed an hls4ml project in the build; found none. "
        "Build again with hls4ml. Run 'pip install hls4ml'."
    ) in " ".join(capsys.readouterr().err.split())
