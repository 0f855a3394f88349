"""The whole flow on the shipped model: contracts of the build folder and of report.json."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fwgen import cli
from fwgen.flow import build as flow
from fwgen.flow.verify import verify
from fwgen.verify.bench.prove import BACKENDS
from tests.ingest.drafts import small_draft

MODEL = Path(__file__).parents[2] / "models" / "snn_ae" / "model.yaml"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the shipped model with the default number of events."""
    out = tmp_path_factory.mktemp("flow") / "snn_ae"
    flow.build(MODEL, flow.Options(target="xcvu9p", out=out))
    return out


@pytest.fixture(scope="module")
def report(built: Path) -> dict[str, Any]:
    """Its report."""
    data: dict[str, Any] = json.loads((built / "report.json").read_text())
    return data


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The command line in process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["fwgen", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


def test_build_folder(built: Path) -> None:
    """A build holds what the README promises, and nothing half-written stands beside it."""
    names = {path.name for path in built.iterdir()}
    folders = {"rtl", "sim", "vivado", "model", "hls"}
    assert names == folders | {"report.json", "report.md", "manifest.json"}
    assert [path.name for path in built.parent.iterdir()] == ["snn_ae"]


def test_proof(report: dict[str, Any]) -> None:
    """The Verilog equals the reference on over 10,000 events, samples and corners among them."""
    proof = report["verification"]
    assert proof["mismatches"] == 0
    assert proof["events"] >= 10_000
    assert proof["comparisons"] > 20 * proof["events"]
    assert proof["implementations"] == ["reference", "hls4ml", "verilog"]
    assert set(proof["backends"]) == set(BACKENDS)
    kinds = proof["backends"]["native"]["events_by_kind"]
    assert kinds["corner"] > 0
    assert kinds["simulation 'hzz'"] == 500
    assert kinds["random"] > 0


def test_static_parts_are_proven_in_hls4ml(report: dict[str, Any]) -> None:
    """The dense layer before the spikes and the score behind them each become a project."""
    bench = report["verification"]["backends"]["hls4ml"]
    assert bench["projects"] == {
        "snn_ae_hls1": {"inputs": ["x"], "inside": ["enc1"], "outputs": ["enc1_current"]},
        "snn_ae_hls2": {
            "inputs": ["membrane", "x"],
            "inside": ["score"],
            "outputs": ["score", "trigger"],
        },
    }
    assert bench["outside"]["enc2"] == "part of the spiking network"
    note = "outside hls4ml: 'enc1_lif', 'enc2', 'enc2_lif', 'latent', "
    assert any(line.startswith(note) for line in report["notes"])


def test_latency_and_interval(report: dict[str, Any]) -> None:
    """Times stand in cycles, ns and crossings, simulated, and agree with one another."""
    for block in (report["latency"], report["interval"]):
        assert set(block) == {"cycles", "ns", "bx", "kind"}
        assert block["kind"] == "simulated"
        assert block["ns"] == round(block["cycles"] * 1000 / 240, 3)
        assert block["bx"] == round(block["cycles"] * 1000 / 240 / 25, 3)
    assert report["interval"]["cycles"] == 5


def test_budgets(report: dict[str, Any]) -> None:
    """The 25 ns, 50 ns and Level-1 budgets are there with their margins."""
    limits = {b["limit_ns"] for b in report["budgets"]}
    assert {25.0, 50.0, 4000.0, 10000.0, 12500.0} <= limits
    for b in report["budgets"]:
        assert {"name", "limit_ns", "value_ns", "margin_ns", "met"} <= set(b)
        assert b["margin_ns"] == round(b["limit_ns"] - b["value_ns"], 3)
        assert b["met"] == (b["margin_ns"] >= 0)


def test_every_figure_has_a_kind(report: dict[str, Any]) -> None:
    """Figure blocks say what they are; what no tool measured is absent."""
    for key in ("latency", "interval", "verification", "accuracy"):
        assert report[key]["kind"] in {"simulated", "synthesised", "estimated", "vendor"}
    assert report["resources"] is None


def test_accuracy_names_toys(report: dict[str, Any], built: Path) -> None:
    """Toy samples are called toy wherever a figure from them is shown."""
    sets = report["accuracy"]["sets"]
    assert {s["sample_kind"] for name, s in sets.items() if name.startswith("toy")} == {"toy"}
    for line in (built / "report.md").read_text().splitlines():
        if re.match(r"\| toy_", line):
            assert "(toy)" in line


def test_fixed_point_separates_as_well_as_the_float_model(report: dict[str, Any]) -> None:
    """Areas under the ROC curve agree; the float model is one that nobody trained."""
    assert report["accuracy"]["auc"]
    for pair in report["accuracy"]["auc"]:
        assert abs(pair["difference"]) < 0.01, pair


def test_same_input_same_bytes(built: Path, tmp_path: Path) -> None:
    """Another process, with another hash seed, writes byte-identical Verilog."""
    script = (
        "import sys; from pathlib import Path; from fwgen.flow.prepare import prepare;"
        "from fwgen.lower.lowering import lower; from fwgen.emit.top import emit_rtl;"
        "from fwgen.lower.circuit.pace import Pace; from fwgen.ir.schedule import Schedule;"
        "from fwgen.flow.writer import write_files; g = prepare(Path(sys.argv[1])).graph;"
        "write_files(Path(sys.argv[2]), emit_rtl(lower(g, Pace(240.0), "
        "schedule=Schedule.parse(sys.argv[3], 'argument')), g))"
    )
    chosen = json.loads((built / "report.json").read_text())["schedule"]["chosen"]
    command = [sys.executable, "-c", script, str(MODEL), str(tmp_path / "rtl"), chosen]
    subprocess.run(
        command, check=True, env={"PYTHONHASHSEED": "77", "PYTHONPATH": str(MODEL.parents[2])}
    )
    again = {p.name: p.read_bytes() for p in (tmp_path / "rtl").iterdir()}
    assert again == {p.name: p.read_bytes() for p in (built / "rtl").iterdir()}


def test_generated_files_name_no_place_and_no_date(built: Path) -> None:
    """Nothing in rtl/, and no text of the build, tells where or when it was made."""
    texts = [p for p in built.rglob("*") if p.is_file() and "work" not in p.parts]
    for path in texts:
        if path.suffix in {".v", ".json", ".md", ".txt", ".tcl", ".xdc"}:
            text = path.read_text()
            assert str(MODEL.parents[2]) not in text, path.name
            assert str(built) not in text, path.name
            assert not re.search(r"\b20\d\d-\d\d-\d\d\b", text), path.name


def test_no_foreign_source_in_rtl(built: Path) -> None:
    """Every Verilog file is fwgen's own, under Apache-2.0."""
    for path in (built / "rtl").iterdir():
        text = path.read_text()
        assert "SPDX-License-Identifier: Apache-2.0" in text, path.name
        assert "LGPL" not in text


def test_verify_runs_on_a_build(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """'fwgen verify' ends with 0 and prints its speed."""
    code = run(monkeypatch, "verify", str(built), "--events", "3000", "--backend", "native")
    assert code == 0
    assert "events a second" in capsys.readouterr().out


def test_verify_finds_edited_verilog(
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Verilog edited after the build is verified as it stands: exit code 3, and a note."""
    copy = tmp_path / "snn_ae"
    shutil.copytree(built, copy)
    neuron = copy / "rtl" / "snn_ae_enc2_lif__neuron0.v"
    kept, cleared = re.subn(r"if \(clear_i\) membrane_q <= .*;\s*else ", "", neuron.read_text())
    assert cleared == 1
    neuron.write_text(kept)
    assert run(monkeypatch, "verify", str(copy), "--events", "3000", "--backend", "native") == 3
    captured = capsys.readouterr()
    assert "mismatches; first: event" in captured.err
    assert "is not what was built" in captured.out + captured.err
    assert json.loads((copy / "report.json").read_text())["verification"]["mismatches"] > 0


def test_strict_ends_with_4_when_a_budget_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slow clock misses the model's own interval; the build stands, the exit code says so."""
    out = tmp_path / "slow"
    slow = ("--clock", "100", "--schedule", "wavefront")  # auto would take copies
    draft = small_draft()
    draft.model["budgets"] = {"latency_ns": 40}
    model = draft.write(tmp_path / "demo")
    arguments = (*slow, "--events", "200", "--strict", "--out", str(out))
    assert run(monkeypatch, "build", str(model), *arguments) == 4
    assert "missed: this model's latency, this model's interval" in capsys.readouterr().err
    assert (out / "manifest.json").is_file()


def test_a_loop_too_long_for_the_clock_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the table, in the last line, and in the exit code of --strict."""
    model, fast = str(small_draft().write(tmp_path / "demo")), ("--schedule", "wavefront,steps=3")
    assert run(monkeypatch, "check", model, *fast, "--explain") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "CHOSEN, misses clock" in said
    assert "AT A SLOWER CLOCK ONLY: the loop of" in said
    arguments = (*fast, "--events", "100", "--strict", "--out", str(tmp_path / "fast"))
    assert run(monkeypatch, "build", model, *arguments) == 4
    captured = capsys.readouterr()
    assert "needed loops that fit into a cycle of 4.167 ns; found" in captured.err
    assert "AT A SLOWER CLOCK ONLY" in " ".join(captured.out.split())


def test_report_shows_a_build(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """'fwgen report' prints the figures of the JSON."""
    assert run(monkeypatch, "report", str(built)) == 0
    text = capsys.readouterr().out
    assert "Latency and interval" in text
    assert "bit-exact over" in text


def test_rebuilding_replaces_and_foreign_files_stay(built: Path, tmp_path: Path) -> None:
    """A build may replace an earlier one of the model's name; other files beside it stay."""
    draft = small_draft()
    draft.model["name"] = "snn_ae"
    copy = tmp_path / "snn_ae"
    shutil.copytree(built, copy)
    (copy / "notes.txt").write_text("mine")
    (copy / "rtl" / "stale.v").write_text("module stale; endmodule\n")
    flow.build(draft.write(tmp_path / "demo"), flow.Options(out=copy, events=100))
    assert not (copy / "rtl" / "snn_ae_enc2.v").exists()
    assert not (copy / "rtl" / "stale.v").exists()
    assert (copy / "notes.txt").read_text() == "mine"


def test_force_never_deletes_somebody_elses_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder named like one of a build's, in a place that is no build, is left alone."""
    (tmp_path / "rtl").mkdir()
    (tmp_path / "rtl" / "mine.v").write_text("module mine; endmodule\n")
    assert run(monkeypatch, "build", str(MODEL), "--out", str(tmp_path), "--force") == 2
    assert "a build replaces it whole" in capsys.readouterr().err
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["mine.v"]


def test_a_build_cannot_replace_its_own_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that lies where the build would put its copy is refused, not overwritten."""
    shutil.copytree(MODEL.parent, tmp_path / "model")
    source = tmp_path / "model" / "model.yaml"
    assert run(monkeypatch, "build", str(source), "--out", str(tmp_path), "--force") == 2
    assert source.is_file()
    assert "Give another folder" in capsys.readouterr().err


def test_report_of_an_edited_build_says_so(
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """'fwgen report' compares the files with the manifest: its figures are of what was built."""
    copy = tmp_path / "snn_ae"
    shutil.copytree(built, copy)
    (copy / "rtl" / "snn_ae.v").write_text("// edited\n")
    assert run(monkeypatch, "report", str(copy)) == 0
    assert "rtl/snn_ae.v is not what was built" in capsys.readouterr().out


def test_a_missing_file_is_named(
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """'fwgen verify' names a file of the build that is gone."""
    copy = tmp_path / "snn_ae"
    shutil.copytree(built, copy)
    (copy / "rtl" / "snn_ae_dec2.v").unlink()
    assert run(monkeypatch, "verify", str(copy)) == 2
    assert "rtl/snn_ae_dec2.v: needed every file that the build wrote" in capsys.readouterr().err


def test_ports_come_from_the_model_not_from_a_file(built: Path, tmp_path: Path) -> None:
    """An interface.json that was tampered with is not read, since its names would be compiled."""
    copy = tmp_path / "snn_ae"
    shutil.copytree(built, copy)
    face = copy / "sim" / "interface.json"
    face.write_text(face.read_text().replace("score_o", "score_o; system"))
    report, _ = verify(copy, 500, ["native"])
    assert report["verification"]["mismatches"] == 0
    assert "sim/interface.json is not what was built" in report["notes"]


def test_vectors_for_any_simulator(built: Path) -> None:
    """sim/ holds hexadecimal vectors of every data port, one line an event."""
    lines = {p.name: p.read_text().splitlines() for p in (built / "sim").glob("vectors_*.hex")}
    assert set(lines) == {f"vectors_{n}.hex" for n in ("x_i", "score_o", "trigger_o", "membrane_o")}
    assert {len(rows) for rows in lines.values()} == {256}
    assert set(lines["vectors_trigger_o.hex"]) == {"0", "1"}
