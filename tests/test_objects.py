"""The test session's own tools: what is compiled once is what would have been compiled."""

import os
import subprocess
from pathlib import Path

import pytest

KEEPER = Path(__file__).with_name("objcache.sh")


def compiled(folder: Path, source: Path, name: str, *options: str) -> str:
    """What a compiler that writes down its call leaves as the object, through the keeper."""
    compiler = folder / "compiler"
    compiler.write_text('#!/bin/sh\necho "$$ $*" > "$OUT"\n')
    compiler.chmod(0o755)
    kept, out = folder / "kept", folder / name
    kept.mkdir(exist_ok=True)
    env = os.environ | {"FWGEN_TEST_OBJECTS": str(kept), "OUT": str(out)}
    command = [KEEPER, compiler, *options, "-c", "-o", out, source]
    subprocess.run(command, check=True, env=env)
    return out.read_text()


def test_the_library_is_compiled_once_for_each_set_of_options(tmp_path: Path) -> None:
    """Same options: the same object, whatever the design's folder; other options: another."""
    source = tmp_path / "include" / "verilated.cpp"
    first = compiled(tmp_path, source, "a.o", "-O0", "-I/one")
    assert compiled(tmp_path, source, "b.o", "-O0", "-I/two") == first
    assert compiled(tmp_path, source, "c.o", "-O1", "-I/one") != first
    assert compiled(tmp_path, source.with_name("verilated_vpi.cpp"), "d.o", "-O0") != first


@pytest.mark.parametrize("name", ["harness.cpp", "Vdut__ALL.cpp"])
def test_all_else_is_compiled_each_time(name: str, tmp_path: Path) -> None:
    """A design's own sources never come from an earlier build."""
    source = tmp_path / "include" / name
    assert compiled(tmp_path, source, "a.o") != compiled(tmp_path, source, "b.o")
