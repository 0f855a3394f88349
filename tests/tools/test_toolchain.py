"""The tool chain: found where it is, and missing tools are named with what to do."""

import os
import shutil
from pathlib import Path

import pytest

from fwgen.errors import ToolError
from fwgen.tools import toolchain

DUT = Path(__file__).parents[1] / "verify" / "dut.v"


@pytest.fixture
def own_verilator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation prefix with a Verilator that only tells its version."""
    program = tmp_path / "bin" / "verilator"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'Verilator 5.036 2025-04-27 rev v5.036'\n")
    program.chmod(0o755)
    monkeypatch.setenv(toolchain.OWN_ROOT, str(tmp_path))
    return program


def test_every_needed_tool_is_here() -> None:
    """The environment of the tests has all tools that are not optional, with a version each."""
    for tool in toolchain.tools():
        assert tool.optional or tool.found, f"{tool.name}: {tool.how_to_get}"
        assert tool.needed_for
        assert tool.how_to_get
        assert tool.optional or tool.version


def test_package_version_is_a_number() -> None:
    """The package's version comes from its metadata, since its binary does not tell it."""
    assert int(toolchain.verilator_version().split(".")[0]) >= 5


def test_environment_serves_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package comes first on PATH, and MAKEFLAGS keeps what it held."""
    monkeypatch.setenv("MAKEFLAGS", "k")
    env = toolchain.environment()
    root = toolchain.verilator_root()
    assert env["VERILATOR_ROOT"] == str(root)
    assert env["PATH"].split(os.pathsep)[0] == str(root / "bin")
    assert env["MAKEFLAGS"].split()[0] == "k"
    assert "CFG_CXXFLAGS_PCH_I=-include" in env["MAKEFLAGS"].split()
    assert os.environ["MAKEFLAGS"] == "k"


def test_environment_adds_its_variables_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment made inside such an environment is the same."""
    flags = toolchain.environment()["MAKEFLAGS"]
    monkeypatch.setenv("MAKEFLAGS", flags)
    assert toolchain.environment()["MAKEFLAGS"] == flags


def test_own_verilator_is_used(own_verilator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FWGEN_VERILATOR_ROOT wins over the package, and its makefiles are left as they are."""
    monkeypatch.delenv("MAKEFLAGS", raising=False)
    env = toolchain.environment()
    assert shutil.which("verilator", path=env["PATH"]) == str(own_verilator)
    assert "VERILATOR_ROOT" not in env
    assert "MAKEFLAGS" not in env
    assert toolchain.verilator_version() == "5.036"


def test_wrong_own_verilator_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FWGEN_VERILATOR_ROOT without a Verilator is refused, not replaced by the package."""
    monkeypatch.setenv(toolchain.OWN_ROOT, str(tmp_path))
    with pytest.raises(ToolError) as caught:
        toolchain.environment()
    assert str(caught.value) == (
        f"FWGEN_VERILATOR_ROOT: needed a folder with bin/verilator; found {tmp_path}. "
        "Let FWGEN_VERILATOR_ROOT name a folder with bin/verilator, or unset it to use the package."
    )
    assert {tool.name: tool.found for tool in toolchain.tools()}["verilator"] is None


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """All missing tools come in one message, with how to get each."""
    monkeypatch.setenv("PATH", "")
    toolchain.require("python", "cocotb")
    with pytest.raises(ToolError) as caught:
        toolchain.require("python", "make", "g++")
    assert str(caught.value) == (
        "make, g++: needed building simulations; found not installed. "
        "apt-get install make (Debian, Ubuntu) or dnf install make (Fedora, RHEL); "
        "apt-get install g++ (Debian, Ubuntu) or dnf install gcc-c++ (Fedora, RHEL)."
    )


def test_lint_is_silent_on_clean_verilog() -> None:
    """A clean file gives no message."""
    assert not toolchain.lint([DUT], "dut")


def test_lint_gives_warnings(tmp_path: Path) -> None:
    """A warning comes back as text, with its name."""
    (tmp_path / "bad.v").write_text(
        "module bad (input wire [3:0] a_i, output wire [1:0] b_o);\n"
        "    assign b_o = a_i;\nendmodule\n"
    )
    assert "%Warning-WIDTHTRUNC" in toolchain.lint([tmp_path / "bad.v"], "bad")


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """So are the programs that it has started, and the message says what happened."""
    script = "echo $$ > outer; sh -c 'echo $$ > inner; sleep 60; echo > late'; :"
    with pytest.raises(ToolError) as caught:
        toolchain.run_tool(["sh", "-c", script], dict(os.environ), tmp_path, 1.0)
    assert str(caught.value) == (
        "sh: needed an end within 1 seconds; found a program that still runs, and was ended. Make "
        "the model smaller, or run on a faster or less busy machine."
    )
    for name in ("outer", "inner"):
        state = Path(f"/proc/{(tmp_path / name).read_text().strip()}/stat")
        assert not state.exists() or state.read_text().split()[2] == "Z"
    assert not (tmp_path / "late").exists()  # nobody has waited for it either


def test_program_that_cannot_start_is_an_error() -> None:
    """A program that is not there is a ToolError, not an OSError."""
    with pytest.raises(ToolError, match="no-such-tool: needed a program that starts"):
        toolchain.run_tool(["no-such-tool"], {"PATH": ""})
