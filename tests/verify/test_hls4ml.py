"""hls4ml's C simulation against the reference: every layer, mode and random graphs."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fwgen.errors import ToolError
from fwgen.hls.projects import plan
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Node, Quantise
from fwgen.ir.text import to_text
from fwgen.verify.hls4ml import run as hls4ml_run
from fwgen.verify.hls4ml import worker as hls4ml_worker
from fwgen.verify.reference import Reference
from tests.ops.operation import dense, some_events
from tests.verify.hls_graphs import every_operation, graph, random_static_graph
from tests.verify.hls_projects import TARGET, Made, made

pytest.importorskip("hls4ml", reason="hls4ml is not installed")


def edited(whole: Made, tmp_path: Path, file: str, pattern: str, new: str) -> Made:
    """A copy of the only project with the first match in one of its files replaced."""
    (project,) = whole.plan.projects
    shutil.copytree(whole.folder, tmp_path / "hls")
    path = tmp_path / "hls" / project.name / file
    text, count = re.subn(pattern, new, path.read_text(), count=1)
    assert count == 1
    path.write_text(text)
    return Made(whole.reference, whole.plan, tmp_path / "hls", tmp_path / "work")


# ---- the same integers ----


def test_every_operation(tmp_path: Path) -> None:
    """Every node of every kind has the reference's integers inside hls4ml."""
    whole = made(every_operation(), tmp_path)
    bench = whole.prove()
    assert bench.first is None
    assert bench.mismatches == 0
    assert bench.events == 4000
    elements = sum(len(r) for name, r in whole.reference.analysis.values.items() if name != "x")
    assert bench.comparisons == 4000 * elements


def all_modes() -> Graph:
    """Every rounding with every overflow, signed and not, from fine to coarse and back."""
    nodes: list[Node] = [dense("d", "x", [[5, -3], [-7, 2]], [3, -3], frac=3, bias_frac=9)]
    for k, rounding in enumerate(Rounding):
        for j, overflow in enumerate(Overflow):
            signed = bool((k + j) % 2)
            name = f"{rounding}_{overflow}".lower()
            nodes.append(Quantise(f"{name}_s", "d", Fixed(True, 5 + j, 2, rounding, overflow)))
            nodes.append(Quantise(f"{name}_u", "d", Fixed(False, 4 + k, 1, rounding, overflow)))
            nodes.append(Quantise(f"{name}_w", "d", Fixed(signed, 3, 4, rounding, overflow)))
    return graph(2, "fixed<9,3>", *nodes)


def test_every_rounding_and_overflow(tmp_path: Path) -> None:
    """All 7 rounding and 4 overflow modes convert as docs/ir.md says."""
    whole = made(all_modes(), tmp_path)
    assert whole.prove(6000).first is None
    values = whole.reference.run(some_events(whole.reference.graph, 6000, 1))
    acted = {name[:-2] for name, count in values.overflows.items() if count}
    assert len(acted) == len(Rounding) * len(Overflow)  # every mode was at work


@pytest.mark.parametrize("seed", [int(os.environ.get("FWGEN_SEED", "7"))])
def test_random_graph(seed: int, tmp_path: Path) -> None:
    """Sixty random operations on one another, on odd grids, give the reference's integers."""
    agrees(seed, 60, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("run", range(12))
def test_random_graphs(run: int, tmp_path: Path) -> None:
    """More of them, with new seeds each time."""
    agrees(int(np.random.SeedSequence().generate_state(1)[0]) + run, 40, tmp_path)


def agrees(seed: int, count: int, folder: Path) -> None:
    """A random graph agrees; its seed and text are printed if it does not."""
    random = random_static_graph(seed, count)
    print(f"seed {seed}\n{to_text(random)}")  # noqa: T201 - pytest shows it on failure
    whole = made(random, folder)
    assert whole.plan.outside == {}
    assert whole.prove(3000).first is None


# ---- what is wrong is found ----


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two dense layers and what lies between."""
    nodes = (
        dense("first", "x", [[3, -5], [7, 2], [1, 1]], [9, -3, 5], frac=2, bias_frac=5),
        Quantise("q", "first", Fixed.parse("ufixed<6,4,RND_CONV,SAT>")),
        dense("second", "q", [[1, -1, 2]], [4]),
    )
    return made(graph(2, "fixed<8,4>", *nodes), tmp_path_factory.mktemp("hls"))


def test_a_flipped_weight_is_found(small: Made, tmp_path: Path) -> None:
    """The bench names the first layer whose integers differ, not only the output behind it."""
    wrong = edited(small, tmp_path, "firmware/weights/w2.txt", r"-1\.25", "-1.00").prove(500)
    assert wrong.mismatches > 100
    assert wrong.first is not None
    assert re.fullmatch(
        r"event 1 layer 'first'\[0\] in hls4ml's dut_hls: expected \d+, got \d+ "
        r"\(input integers \[-128, -128\]\)",
        wrong.first,
    )


def test_a_narrow_accumulator_is_found(small: Made, tmp_path: Path) -> None:
    """An accumulator with three bits too few changes sums that the corner events reach."""
    defines = "firmware/defines.h"
    wide = re.search(
        r"ap_fixed<(\d+),(\d+)> second_accum_t", (small.folder / "dut_hls" / defines).read_text()
    )
    assert wide is not None
    narrow = f"ap_fixed<{int(wide[1]) - 3},{int(wide[2]) - 3}> second_accum_t"
    wrong = edited(small, tmp_path, defines, re.escape(wide[0]), narrow).prove(500)
    assert wrong.first is not None
    assert "layer 'second'[0] in hls4ml's dut_hls" in wrong.first


def test_the_small_project_is_right(small: Made) -> None:
    """Nothing else makes the edited ones differ."""
    assert small.prove(500).first is None


def test_code_that_does_not_compile_is_named(small: Made, tmp_path: Path) -> None:
    """The end of g++'s message is shown."""
    broken = edited(small, tmp_path, "firmware/dut_hls.cpp", r"nnet::linear", "nnet::linera")
    with pytest.raises(ToolError) as error:
        broken.prove(10)
    assert str(error.value).startswith("g++ on the hls4ml project 'dut_hls': needed exit code 0")
    assert "linera" in str(error.value)
    assert error.value.do.startswith("If hls/ was not edited this is a fault of fwgen")


def test_code_that_crashes_stays_outside(small: Made, tmp_path: Path) -> None:
    """A crash ends the process that runs the code, not fwgen."""
    broken = edited(
        small, tmp_path, "firmware/dut_hls.cpp", r"nnet::linear", "abort(); nnet::linear"
    )
    with pytest.raises(ToolError, match=r"C simulation of the hls4ml project 'dut_hls'.*code -6"):
        broken.prove(10)


# ---- what is written ----


def texts(folder: Path) -> Mapping[str, bytes]:
    """Every file by relative name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_project_is_repeatable(small: Made, tmp_path: Path) -> None:
    """The same graph gives the same bytes elsewhere, and no file tells where or when."""
    again = made(small.reference.graph, tmp_path / "a place")
    assert texts(again.folder) == texts(small.folder)
    for name, data in texts(small.folder).items():
        text = data.decode()
        assert str(small.folder.parent) not in text, name
        assert "site-packages" not in text, name
        if "/ap_types/" not in name and "/nnet_utils/" not in name:  # hls4ml's own, as they are
            assert not re.search(r"\b20\d\d\b", text), name


def test_the_project_is_complete(small: Made) -> None:
    """Sources, scripts and settings for Vitis are there, with the part and the clock."""
    place = small.folder / "dut_hls"
    for name in ("build_prj.tcl", "firmware/parameters.h", "firmware/ap_types/ap_fixed.h"):
        assert (place / name).is_file(), name
    assert os.access(place / "build_lib.sh", os.X_OK)
    project = (place / "project.tcl").read_text()
    assert 'set part "xcvu9p-flga2104-2L-e"' in project
    assert "set clock_period 4.166" in project
    assert "ReuseFactor: 1" in (place / "hls4ml_config.yml").read_text()


def test_events_for_the_test_bench(small: Made) -> None:
    """hls4ml's bench gets numbers that a float holds, one event a line; else it gets none."""
    reference, (project,) = small.reference, small.plan.projects
    x = some_events(reference.graph, 5, 1)
    values, ranges = reference.run(x).values, reference.analysis.values
    found = hls4ml_run.bench_data(project, values, ranges)
    inputs = [
        [float(n) for n in line.split()] for line in found["tb_input_features.dat"].splitlines()
    ]
    assert np.array_equal(np.array(inputs) * 16, x)
    outputs = [float(n) for n in found["tb_output_predictions.dat"].split()]
    assert np.array_equal(np.array(outputs) * 4, values["second"][:, 0])
    wide = graph(1, "fixed<26,26>", Quantise("q", "x", Fixed.parse("fixed<8,8,TRN,SAT>")))
    fine = Reference.of(wide)
    (project,) = plan(wide, fine.analysis).projects
    values = fine.run(some_events(wide, 5, 1)).values
    assert hls4ml_run.bench_data(project, values, fine.analysis.values) == {}


# ---- what hls4ml must not change ----


def stand_in(layers: dict[str, str]) -> Any:
    """What hls4ml makes of layers whose results have the types given."""
    nodes = {
        name: SimpleNamespace(
            name=name, types={"result_t": SimpleNamespace(precision=fmt)}, weights={}
        )
        for name, fmt in layers.items()
    }
    backend = SimpleNamespace(convert_precision_string=lambda text: text)
    return SimpleNamespace(graph=nodes, config=SimpleNamespace(backend=backend))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"d": "fixed<8,4>"}, "hls4ml changed the layers to ['d']"),
        (
            {"d": "fixed<8,4>", "q": "fixed<9,4>"},
            "hls4ml changed the type result of 'q' from fixed<8,4> to fixed<9,4>",
        ),
    ],
)
def test_a_change_by_hls4ml_is_refused(found: dict[str, str], message: str) -> None:
    """A version of hls4ml that merges layers or infers another type is not trusted."""
    wanted = [
        {"name": name, "precision": {"result": "fixed<8,4>"}, "arrays": {}} for name in ("d", "q")
    ]
    with pytest.raises(SystemExit) as stop:
        hls4ml_worker._check(stand_in(found), wanted, [{}, {}])
    assert stop.value.code == message


def test_a_missing_hls4ml_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to get it."""
    monkeypatch.setattr(hls4ml_run, "installed", lambda: False)
    with pytest.raises(ToolError) as error:
        hls4ml_run.write_projects((), TARGET, tmp_path / "hls", tmp_path / "work")
    assert str(error.value) == (
        "the Python package 'hls4ml': needed hls4ml, to write its projects; "
        "found no such package. Run 'pip install hls4ml'."
    )
