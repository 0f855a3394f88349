"""Vivado scripts: golden texts, sound Tcl, commands in the right order.

``FWGEN_GOLDEN=1 pytest tests/emit/test_vivado.py`` writes the golden files anew.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import fwgen
from fwgen.emit.vivado import SCRIPTS, VivadoRun, emit_vivado, period_ps
from fwgen.errors import TargetError

GOLDEN = Path(__file__).parents[1] / "golden" / "vivado"
RUN = VivadoRun(
    top="snn_ae",
    sources=("snn_ae.v", "fwgen_events.v", "snn_ae_enc1.v"),
    part="xcvu9p-flga2104-2L-e",
    family="UltraScale+",
    clock_mhz=360.0,
)
# Tcl that answers every command it does not know by printing it
STUBS = """
proc unknown {args} { puts $args; return {} }
set argv [lrange $argv 1 end]
set argc [llength $argv]
source [lindex $script 0]
"""


@pytest.mark.parametrize("name", SCRIPTS)
def test_golden(name: str) -> None:
    """The scripts of a given run are these, byte for byte."""
    text = emit_vivado(RUN)[name].replace(f"fwgen {fwgen.__version__}.", "fwgen VERSION.")
    path = GOLDEN / name
    if os.environ.get("FWGEN_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_order_of_files_does_not_matter() -> None:
    """Folders list their files in any order; the scripts name them in one."""
    turned = VivadoRun(RUN.top, RUN.sources[::-1], RUN.part, RUN.family, RUN.clock_mhz)
    assert emit_vivado(turned) == emit_vivado(RUN)


def test_the_7_series_names_its_own_clock_buffers() -> None:
    """An UltraScale site would be no site of a Virtex-7."""
    seven = VivadoRun("top", ("top.v",), "xc7vx690tffg1927-2", "7 series", 240.0)
    assert "BUFGCTRL_X0Y0" in emit_vivado(seven)["ooc.xdc"]
    assert "BUFGCE" not in emit_vivado(seven)["ooc.xdc"]


@pytest.mark.parametrize(
    ("clock", "period"),
    [(40.0, 25_000), (240.0, 4_166), (320.0, 3_125), (360.0, 2_777), (1.0, 10**6)],
)
def test_the_period_is_never_longer_than_the_clocks(clock: float, period: int) -> None:
    """A constraint rounded up would pass designs that do not close."""
    assert period_ps(clock) == period


@pytest.mark.parametrize("bad", ["a b", "x;exit", "[exec ls]", "$env(HOME)", "a\nb", "-force", ""])
@pytest.mark.parametrize("where", ["top", "part", "source"])
def test_a_word_that_tcl_would_read_otherwise_is_refused(bad: str, where: str) -> None:
    """Names are checked at the door already; here once more, before they become a script."""
    words = {"top": "t", "part": "p", "source": "s.v"} | {where: bad}
    with pytest.raises(TargetError, match=r"^Vivado scripts: needed names of letters, digits"):
        emit_vivado(VivadoRun(words["top"], (words["source"],), words["part"], "7 series", 240.0))


def test_tclint_finds_nothing() -> None:
    """Every golden file is clean under tclint's rules."""
    tclint = shutil.which("tclint")
    if tclint is None:
        pytest.skip("tclint is not installed (pip install tclint, in an environment of its own)")
    done = subprocess.run([tclint, str(GOLDEN)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture
def tclsh() -> str:
    """A Tcl interpreter."""
    found = shutil.which("tclsh")
    if found is None:
        pytest.skip("tclsh is not installed (apt-get install tcl)")
    return found


def commands(tclsh: str, name: str, folder: Path, *arguments: str) -> list[str]:
    """What a script asks of Vivado, one command a line, when Tcl itself runs it."""
    script = folder / "stubs.tcl"
    script.write_text(f"set script {{{GOLDEN / name}}}\n{STUBS}")
    command = [tclsh, str(script), "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return done.stdout.splitlines()


def test_synthesis_runs_in_tcl(tclsh: str, tmp_path: Path) -> None:
    """Sources, constraints, synthesis, reports, checkpoint, in this order."""
    found = commands(tclsh, "synth.tcl", tmp_path)
    joined = " ".join(found)
    assert "set_param" not in joined
    assert found[0].startswith("read_verilog")
    assert "../rtl/fwgen_events.v ../rtl/snn_ae.v ../rtl/snn_ae_enc1.v" in " ".join(joined.split())
    part = "-part xcvu9p-flga2104-2L-e"
    assert f"synth_design -top snn_ae {part} -mode out_of_context" in joined
    order = ["read_xdc", "synth_design", "report_utilization", "report_timing", "write_checkpoint"]
    places = [joined.index(word) for word in order]
    assert places == sorted(places)


def test_implementation_runs_in_tcl(tclsh: str, tmp_path: Path) -> None:
    """The steps of implementation in their order; the constraints are read if the clock is gone."""
    found = [line.split()[0] for line in commands(tclsh, "impl.tcl", tmp_path)]
    assert found[:3] == ["open_checkpoint", "get_clocks", "read_xdc"]
    assert found[3:7] == ["opt_design", "place_design", "phys_opt_design", "route_design"]
    assert found[-1] == "write_checkpoint"


def test_threads_are_passed_on(tclsh: str, tmp_path: Path) -> None:
    """-tclargs N sets the number of threads, before anything else."""
    for name in ("synth.tcl", "impl.tcl"):
        assert commands(tclsh, name, tmp_path, "4")[0] == "set_param general.maxThreads 4"


def test_constraints_run_in_tcl(tclsh: str, tmp_path: Path) -> None:
    """One clock on clk_i, then a delay for every other port."""
    found = commands(tclsh, "ooc.xdc", tmp_path)
    asked = [line for line in found if not line.startswith("get_ports")]
    assert asked[0].startswith("create_clock -name clk -period 2.777")
    assert [line.split()[:4] for line in asked[1:]] == [
        ["set_input_delay", "-clock", "clk", "0.833"],
        ["set_output_delay", "-clock", "clk", "0.833"],
    ]
