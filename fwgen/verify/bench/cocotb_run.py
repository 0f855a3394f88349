"""Protocol benches: ``sim/test_protocol.py`` run by cocotb on the generated Verilog."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from fwgen.assets import asset_dir
from fwgen.ir.ports import Interface, Port
from fwgen.tools import toolchain
from fwgen.verify.bench.interface_json import Integers, pack, to_json

_BENCH = "test_protocol"
_CONTROL = ("clk_i", "rst_i", "valid_i", "ready_o", "valid_o")
_JOB, _PORTS, _RESULTS, _COUNTS = "job.json", "ports.vlt", "results.xml", "checked.txt"

# cocotb makes every wire public, which takes Verilator minutes on large designs: ports are enough.
_VERILATE = (
    *("--no-public-flat-rw", "--no-timing", "-Wno-fatal"),
    *("--x-assign", "unique", "--x-initial", "unique"),
)


@dataclass(frozen=True, slots=True)
class CocotbResult:
    """Outcome of the benches; ``messages`` holds a line for every test that failed.

    ``events_checked`` counts events that came out on time with the right integers.
    """

    tests: int
    failures: int
    messages: tuple[str, ...]
    events_checked: int

    @property
    def ok(self) -> bool:
        """Whether tests ran and none failed."""
        return self.tests > 0 and self.failures == 0


def run(
    interface: Interface,
    rtl_files: Sequence[Path],
    work_dir: Path,
    inputs: Sequence[Integers],
    expected: Sequence[Integers],
    *,
    seed: int = 1,
) -> CocotbResult:
    """Build the Verilog with cocotb in ``work_dir`` and run all benches.

    Parameters
    ----------
    inputs, expected
        Integers of each input and output port, (n, count) with n > 0; the benches go through them
        again and again.
    seed
        Of the power-up state, the gaps and the noise.

    Raises
    ------
    ToolError
        If a tool is missing or fails; a bench that fails is a result.
    ValueError
        If there is no event, or a value is none of its port's.
    """
    if not all(len(values) for values in (*inputs, *expected)):
        raise ValueError("the benches need at least one event")
    toolchain.require("verilator", "g++", "make", "perl", "cocotb")
    work = toolchain.work_folder(work_dir)
    _prepare(interface, rtl_files, work, seed)
    _write_vectors(interface, work, inputs, expected)
    done = toolchain.run_tool([sys.executable, "-m", __name__], _environment(work, rtl_files), work)
    log = work / "cocotb.log"
    log.write_text(done.stdout, encoding="utf-8")
    if not (work / _RESULTS).is_file():
        raise toolchain.failure(f"cocotb in {work}", done, f"Read {log}.")
    return _result(work)


def _prepare(interface: Interface, rtl_files: Sequence[Path], work: Path, seed: int) -> None:
    for old in (_RESULTS, _COUNTS):
        (work / old).unlink(missing_ok=True)
    (work / "interface.json").write_text(to_json(interface), encoding="utf-8")
    (work / _PORTS).write_text(_public_ports(interface), encoding="utf-8")
    sources = [str(path.resolve()) for path in rtl_files]
    options = [*_VERILATE, *toolchain.effort(rtl_files).verilator]
    job = {"top": interface.top, "sources": sources, "options": options, "seed": seed}
    (work / _JOB).write_text(json.dumps(job), encoding="utf-8")


def _public_ports(interface: Interface) -> str:
    names = [*_CONTROL, *(port.name for port in (*interface.inputs, *interface.outputs))]
    rules = [f'public_flat_rw -module "{interface.top}" -var "{name}"' for name in names]
    return "\n".join(["`verilator_config", *rules, ""])


def _write_vectors(
    interface: Interface, work: Path, inputs: Sequence[Integers], expected: Sequence[Integers]
) -> None:
    arrays = _packed("in", interface.inputs, inputs) | _packed("out", interface.outputs, expected)
    np.savez(work / "vectors.npz", allow_pickle=False, **arrays)


def _packed(side: str, ports: Sequence[Port], values: Sequence[Integers]) -> dict[str, Integers]:
    both = enumerate(zip(ports, values, strict=True))
    return {f"{side}_{i}": pack(port, array) for i, (port, array) in both}


def _environment(work: Path, rtl_files: Sequence[Path]) -> dict[str, str]:
    env = toolchain.environment()
    # The simulator's Python must find this fwgen, installed or not, and the benches.
    paths = [str(asset_dir("sim")), str(Path(__file__).parents[3]), env.get("PYTHONPATH", "")]
    env["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    env["MAKEFLAGS"] = " ".join(
        [env.get("MAKEFLAGS", ""), *toolchain.effort(rtl_files).make]
    ).strip()
    return env | {
        "PYTHONDONTWRITEBYTECODE": "1",  # nothing appears next to the shipped bench
        "PYTHONUNBUFFERED": "1",  # the log keeps the order of things
        "FWGEN_INTERFACE": str(work / "interface.json"),
        "FWGEN_VECTORS": str(work / "vectors.npz"),
        "FWGEN_CHECKED": str(work / _COUNTS),
    }


def _result(work: Path) -> CocotbResult:
    # cocotb wrote this file just now: no stranger's XML.
    cases = list(ET.parse(work / _RESULTS).iter("testcase"))  # noqa: S314
    bad = [(case, fault) for case in cases for fault in case if fault.tag in {"failure", "error"}]
    counts = work / _COUNTS
    return CocotbResult(
        tests=len(cases),
        failures=len(bad),
        messages=tuple(f"{case.get('name')}: {_reason(fault)}" for case, fault in bad),
        events_checked=sum(map(int, counts.read_text().split())) if counts.is_file() else 0,
    )


def _reason(fault: ET.Element) -> str:
    text = fault.get("message") or fault.text or "no message"
    return text.strip().splitlines()[0]


def _inside() -> None:
    """Build and run the job, in the process that ``run`` starts in its work folder."""
    from cocotb_tools.runner import VerilatorControlFile, Verilog, get_runner  # noqa: PLC0415

    job = json.loads(Path(_JOB).read_text(encoding="utf-8"))
    runner = get_runner("verilator")
    runner.build(
        sources=[VerilatorControlFile(Path(_PORTS).resolve()), *map(Verilog, job["sources"])],
        hdl_toplevel=job["top"],
        build_dir="cocotb",
        build_args=job["options"],
        timescale=("1ns", "1ps"),
        always=True,
    )
    runner.test(
        test_module=_BENCH,
        hdl_toplevel=job["top"],
        hdl_toplevel_lang="verilog",
        build_dir="cocotb",
        test_dir=".",
        seed=job["seed"],
        plusargs=["+verilator+rand+reset+2", f"+verilator+seed+{job['seed']}"],
        results_xml=str(Path(_RESULTS).resolve()),
    )


if __name__ == "__main__":
    try:
        _inside()
    except RuntimeError as error:  # a command failed, and its own words are above in the log
        sys.exit(str(error))
