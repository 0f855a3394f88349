"""A build folder as 'fwgen build' leaves it, without the time that a real one takes."""

import json
from pathlib import Path
from typing import Any

from fwgen.emit.vivado import VivadoRun, emit_vivado
from fwgen.flow.writer import write_files
from fwgen.ingest import targets
from fwgen.report.device_tables import device_block

FIXTURES = Path(__file__).parent / "fixtures"


def report_of(target: str = "xcvu9p") -> dict[str, Any]:
    """A report of ``snn_ae`` at 240 MHz in which nothing was synthesised yet."""
    device = targets.device(target)
    time = {"cycles": 12, "ns": 50.0, "bx": 2.0, "kind": "simulated"}
    verification = {"kind": "simulated", "events": 10, "mismatches": 0, "comparisons": 10}
    return {
        "report_version": 1,
        "model": "snn_ae",
        "target": device.name,
        "device": device_block(device),
        "clock_mhz": 240.0,
        "latency": time,
        "interval": time,
        "budgets": [],
        "verification": verification | {"implementations": ["a", "b"], "backends": {}},
        "resources": None,
        "accuracy": None,
        "interface": {"top": "snn_ae", "inputs": [], "outputs": []},
        "formats": [],
        "notes": [],
    }


def build_folder(folder: Path, target: str = "xcvu9p") -> Path:
    """Report, manifest, one Verilog file and the Vivado scripts."""
    device = targets.device(target)
    write_files(folder, {"report.json": json.dumps(report_of(target))})
    write_files(folder / "rtl", {"snn_ae.v": "module snn_ae; endmodule\n"})
    run = VivadoRun("snn_ae", ("snn_ae.v",), device.part, device.family, 240.0)
    write_files(folder / "vivado", emit_vivado(run))
    write_files(folder, {"manifest.json": json.dumps({"model": "snn_ae", "files": {}})})
    return folder


def texts(name: str) -> dict[str, str]:
    """The reports of one folder of fixtures."""
    files = (FIXTURES / name).iterdir()
    return {path.name: path.read_text(encoding="utf-8") for path in files}
