"""All benches of a build, side by side; and the firmware alone, for a comparison by layers."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fwgen.emit.top import emit_rtl
from fwgen.errors import BundleError, ToolError
from fwgen.flow.prepare import Aim, Prepared
from fwgen.flow.progress import Stage
from fwgen.flow.writer import write_files
from fwgen.ir.ports import Interface
from fwgen.lower.lowering import lower
from fwgen.tools import toolchain
from fwgen.verify.bench.prove import (
    BACKENDS,
    BenchResult,
    Subject,
    compiled,
    prove_cocotb,
    prove_native,
)
from fwgen.verify.hls4ml.bench import HlsSubject, prove_hls4ml
from fwgen.verify.layers.firmware import Firmware

SEED = 1


def check_tools() -> None:
    """Refuse a machine that lacks what compiles and runs the Verilog.

    Raises
    ------
    ToolError
        With what is missing and how to get it.
    """
    toolchain.require("verilator", "g++", "make", "perl")


def check_backends(names: Sequence[str]) -> None:
    """Refuse a bench that does not exist.

    Raises
    ------
    BundleError
        With its name.
    """
    unknown = [name for name in names if name not in BACKENDS]
    if unknown:
        raise BundleError(
            "--backend",
            needed=f"one of {', '.join(BACKENDS)}",
            found=repr(unknown[0][:40]),
            do="Leave it out to run all.",
        )


def subject_of(ready: Prepared, interface: Interface, folder: Path, work: Path) -> Subject:
    """What the benches prove: a copy of a build's Verilog, since make refuses spaces in a path."""
    shutil.copytree(folder / "rtl", work / "rtl")
    rtl = sorted((work / "rtl").glob("*.v"))
    return Subject(ready.reference, interface, rtl, ready.bundle.samples, work)


def lint(rtl: Sequence[Path], top: str) -> None:
    """Refuse generated Verilog of which Verilator has anything to say.

    Raises
    ------
    ToolError
        With what it says.
    """
    messages = toolchain.lint(rtl, top)
    if messages:
        raise ToolError(
            "generated Verilog",
            needed="no messages from verilator --lint-only -Wall",
            found=messages[:2000],
            do="This is a fault of fwgen; please report it with the model.",
        )


def run_benches(
    subject: Subject, hls: HlsSubject | None, events: int, backends: Sequence[str], stage: Stage
) -> dict[str, BenchResult]:
    """Run the benches side by side, in the order of ``BACKENDS``."""
    results: dict[str, BenchResult] = {}
    with ThreadPoolExecutor(2) as pool:
        protocol = pool.submit(prove_cocotb, subject, SEED) if "cocotb" in backends else None
        wanted = hls if "hls4ml" in backends else None
        simulation = pool.submit(prove_hls4ml, subject, wanted, events, SEED) if wanted else None
        if "native" in backends:
            with stage("compiling the simulator"):
                compiled(subject)
            with stage(f"{events:,} events through Verilator against the reference") as advance:
                results["native"] = prove_native(subject, events, SEED, advance)
        if protocol:
            with stage("cocotb: protocol benches"):
                results["cocotb"] = protocol.result()
        if simulation:
            with stage("hls4ml: C simulation against the reference"):
                results["hls4ml"] = simulation.result()
    return results


def firmware_of(ready: Prepared, aim: Aim, work: Path, stage: Stage) -> Firmware:
    """A model's firmware by the plain schedule, written into ``work`` and compiled there.

    Raises
    ------
    FwgenError
        If the model cannot be lowered, or the simulator not be built.
    """
    with stage(f"lowering for {aim.clock_mhz:g} MHz, writing Verilog"):
        design = lower(ready.graph, aim.pace, ready.reference.analysis)
        written = write_files(work / "rtl", emit_rtl(design, ready.graph))
    rtl = sorted(path for path in written if path.suffix == ".v")
    subject = Subject(ready.reference, design.interface, rtl, ready.bundle.samples, work)
    firmware = Firmware(subject)
    with stage("compiling the simulator"):
        firmware.compile()
    return firmware
