"""What the Python face returns: figures by name, verdicts, and what a notebook shows."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fwgen
from fwgen.errors import BudgetError, BundleError, FitError, MismatchError, OutputError, TargetError
from fwgen.flow import build as flow
from tests.ingest.drafts import Draft
from tests.ingest.spiking.snn_files import nir_nodes, write_nir
from tests.vivado.builds import report_of

QUIET: dict[str, Any] = {"progress": False}


def build_of(folder: Path, **changes: Any) -> fwgen.Build:
    """An opened build whose report is that of the shipped model, with changes."""
    folder.mkdir(exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report_of() | changes))
    return fwgen.load(folder)


def test_the_face_is_written_out() -> None:
    """What stands in ``__all__`` is there, and a name that does not is an AttributeError."""
    assert set(fwgen.__all__) <= set(dir(fwgen))
    for name in fwgen.__all__:
        assert getattr(fwgen, name).__doc__, name
    with pytest.raises(AttributeError, match="module 'fwgen' has no attribute 'bild'"):
        _ = fwgen.bild


def test_a_build_knows_its_figures(tmp_path: Path) -> None:
    """By name, in the units that the name says; the whole report stands beside them."""
    build = build_of(tmp_path)
    report = build.report
    assert (build.name, build.target, build.clock_mhz) == ("snn_ae", "xcvu9p", report["clock_mhz"])
    assert (build.latency_ns, build.latency_cycles) == (
        report["latency"]["ns"],
        report["latency"]["cycles"],
    )
    assert (build.interval_ns, build.interval_cycles) == (
        report["interval"]["ns"],
        report["interval"]["cycles"],
    )
    assert build.events == report["verification"]["events"]
    assert build.folder == tmp_path
    assert build.benches == {}
    assert repr(build) == f"Build(folder={tmp_path!r})"
    assert str(build).startswith("snn_ae for xcvu9p at ")
    assert build._repr_markdown_().startswith("# snn_ae\n")


def test_exact_needs_events_and_no_mismatch(tmp_path: Path) -> None:
    """A build that nothing was simulated of is not exact."""
    proof = report_of()["verification"] | {"events": 5, "mismatches": 0, "backends": {}}
    assert build_of(tmp_path, verification=proof).exact
    assert not build_of(tmp_path, verification=proof | {"events": 0}).exact
    assert not build_of(tmp_path, verification=proof | {"mismatches": 1}).exact


def test_the_best_figures_come_first(tmp_path: Path) -> None:
    """Vivado's before Yosys' before the estimate, each with its kind; too many do not fit."""
    estimate = {"kind": "estimated", "lut": 10, "ff": 20, "dsp": 0}
    build = build_of(tmp_path, estimate=estimate, resources=None, vendor=None)
    assert build.resources == {"lut": 10, "ff": 20, "dsp": 0, "kind": "estimated"}
    assert build.fits
    vendor = {"kind": "vendor", "lut": 9, "available": {"lut": 8}}
    build = build_of(tmp_path, estimate=estimate, vendor=vendor)
    assert build.resources == {"lut": 9, "kind": "vendor"}
    assert not build.fits
    assert build_of(tmp_path, estimate=None, resources=None, vendor=None).resources == {}


def test_judge_raises_what_the_command_line_ends_with(tmp_path: Path) -> None:
    """Mismatches always, budgets and fit if ``strict``."""
    proof = report_of()["verification"] | {"events": 5, "mismatches": 0, "backends": {}}
    good = {"verification": proof, "budgets": [], "loop": None, "vendor": None, "estimate": None}
    build_of(tmp_path, **good).judge(strict=True)
    with pytest.raises(MismatchError, match="found 2 mismatches; first: none described"):
        build_of(tmp_path, **good | {"verification": proof | {"mismatches": 2}}).judge()
    budget = {"name": "mine", "of": "latency", "limit_ns": 1.0, "value_ns": 2.0, "margin_ns": -1.0}
    budget |= {"met": False, "required": True, "kind": "simulated"}
    late = build_of(tmp_path, **good | {"budgets": [budget]})
    assert late.missed_budgets == ["mine"]
    late.judge()
    with pytest.raises(BudgetError, match="found missed: mine"):
        late.judge(strict=True)
    vendor = {"kind": "vendor", "lut": 9, "available": {"lut": 8}}
    with pytest.raises(FitError, match="9 LUT"):
        build_of(tmp_path, **good | {"vendor": vendor}).judge(strict=True)


def test_only_a_build_can_be_opened(tmp_path: Path) -> None:
    """Anything else is refused as the command line refuses it."""
    with pytest.raises(OutputError, match="needed a folder that 'fwgen build' has written"):
        fwgen.load(tmp_path / "nowhere")


def test_check_takes_text_paths_and_options(draft: Draft, tmp_path: Path) -> None:
    """Paths may be text; the options reach the schedule; a sentence, and tables in a notebook."""
    folder = draft.write(tmp_path / "demo")
    slow, fast = (fwgen.check(str(folder), clock_mhz=mhz, **QUIET) for mhz in (1, 1000))
    assert slow.latency_cycles < fast.latency_cycles
    assert slow.clock_mhz == 1.0
    assert fwgen.check(folder / "model.yaml", target="pynq-z2", **QUIET).target == "xc7z020"
    assert str(slow).startswith("demo is valid: latency ")
    assert slow.text.startswith("graph demo ")
    assert slow.graph.name == "demo"
    assert slow.resources["kind"] == "estimated"
    shown = slow._repr_markdown_()
    assert "## Number formats and bounds" in shown
    assert ("## Schedules" in shown) == bool(slow.report["schedule"]["candidates"])


def test_every_schedule_is_shown_if_asked(draft: Draft, tmp_path: Path) -> None:
    """With a schedule of one's own there is nothing to choose, unless ``explain`` is given."""
    folder = draft.write(tmp_path / "demo")
    asked = {"schedule": "unrolled", **QUIET}
    assert len(fwgen.check(folder, **asked).tables) == 2
    assert len(fwgen.check(folder, explain=True, **asked).tables) == 3


@pytest.mark.parametrize("call", [fwgen.check, fwgen.build])
def test_a_wish_is_refused_before_the_model_is_read(call: Any, tmp_path: Path) -> None:
    """A misspelt device takes no time, and writes nothing."""
    with pytest.raises(TargetError, match="Did you mean 'xcvu9p'"):
        call(tmp_path / "none", target="xcvu9", **QUIET)
    with pytest.raises(BundleError, match="--schedule"):
        call(tmp_path / "none", schedule="fast", **QUIET)
    assert list(tmp_path.iterdir()) == []


def test_every_option_of_a_build_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is lost or taken for another."""
    seen: list[Any] = []

    def build(model: Path, options: flow.Options, _stage: object) -> Any:
        seen.extend([model, options])
        return Path("there"), {"model": "m"}, {}

    monkeypatch.setattr(flow, "build", build)
    wishes = {"target": "u250", "clock_mhz": 5.0, "schedule": "auto", "explain": True}
    wishes |= {"events": 7, "force": True, "resources": False}
    built = fwgen.build("a", out="b", targets="c", **wishes, **QUIET)
    assert (built.folder, built.name) == (Path("there"), "m")
    assert seen == [Path("a"), flow.Options(out=Path("b"), targets=Path("c"), **wishes)]
    fwgen.build("a", resources=True, **QUIET)
    assert seen[3] == flow.Options(resources=True)


def test_compare_takes_arrays(draft: Draft, tmp_path: Path) -> None:
    """Arrays by name are read as strictly as a file, and leave none behind."""
    folder = draft.write(tmp_path / "demo")
    x = np.array([[0.0, 0.25, 0.5], [0.75, 0.125, 0.25]])
    enc = x @ draft.weights["enc.weight"].T + draft.weights["enc.bias"]
    found = fwgen.compare(folder, {"x": x, "enc": enc}, firmware=False, **QUIET)
    assert found.exact
    assert found.events == 2
    assert [row["name"] for row in found.layers][:2] == ["x", "enc"]
    found.judge(strict=True)
    enc[1, 0] += 1
    found = fwgen.compare(folder, {"x": x, "enc": enc}, firmware=False, **QUIET)
    assert not found.exact
    assert found.first["given"] == "enc"
    assert "first layer that differs: 'enc'" in str(found)
    assert "| enc | dense |" in found._repr_markdown_()
    found.judge()
    with pytest.raises(MismatchError, match="your outputs to equal the integer reference"):
        found.judge(strict=True)
    found.save(tmp_path / "found.json")
    assert json.loads((tmp_path / "found.json").read_text()) == found.report
    with pytest.raises(BundleError, match="shape"):
        fwgen.compare(folder, {"x": x[:, :2], "enc": enc}, firmware=False, **QUIET)


def test_an_imported_model_serves_as_a_path(tmp_path: Path) -> None:
    """Answers may be plain values; without them the error asks for all at once."""
    source = write_nir(tmp_path / "net.nir", nir_nodes())
    with pytest.raises(BundleError, match="--set reset="):
        fwgen.import_model(source, tmp_path / "net", producer="snntorch")
    answers = {"reset": "subtract", "reset_delay": True, "readout": "membrane", "steps": 4}
    answers |= {"input_format": "fixed<6,3>"}
    model = fwgen.import_model(source, str(tmp_path / "net"), producer="snntorch", answers=answers)
    assert (model.name, len(model.layers)) == ("net", 3)
    assert model.bundle.graph.steps == 4
    assert str(model).startswith(f"3 layers written to {tmp_path / 'net' / 'model.yaml'}, for ")
    assert fwgen.check(model, **QUIET).name == "net"


def test_a_targets_file_is_passed_on(draft: Draft, tmp_path: Path) -> None:
    """The user's own devices and budgets."""
    folder = draft.write(tmp_path / "demo")
    (tmp_path / "mine.yaml").write_text(
        "fwgen_targets: 1\nbudgets: [{name: my trigger, limit_ns: 1500}]\n"
    )
    found = fwgen.check(folder, targets=str(tmp_path / "mine.yaml"), **QUIET)
    assert "my trigger" in [b["name"] for b in found.report["budgets"]]
    shutil.rmtree(folder)
