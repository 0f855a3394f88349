"""The part of a build that concerns the FPGA: estimate, synthesis, timing, proof of the netlist."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from fwgen.devices.catalogue import Device
from fwgen.devices.delays import model_for
from fwgen.ir.graph import Graph
from fwgen.synth import resources as counts
from fwgen.synth.netlist import read_netlist
from fwgen.synth.settings import FAMILIES, PESSIMISTIC, Settings
from fwgen.synth.timing import timing_block
from fwgen.synth.yosys import Mapped, cell_models, share_folder, synthesise, version
from fwgen.tools import toolchain
from fwgen.tools.plain import Json
from fwgen.verify.bench.prove import BenchResult, Subject, prove_native

NETLIST_EVENTS = 1000
NETLIST_JOB_EVENTS = 100  # a netlist takes its time over each of them


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What is synthesised, how, and for which device."""

    top: str
    layers: tuple[str, ...]
    device: Device
    clock_mhz: float
    settings: Settings

    @classmethod
    def of(cls, graph: Graph, device: Device, clock_mhz: float) -> "Synthesis":
        """The synthesis of a whole model.

        Raises
        ------
        ToolError
            If Yosys is missing.
        """
        share_folder()
        layers = tuple(node.name for node in graph)
        return cls(graph.name, layers, device, clock_mhz, Settings(FAMILIES[device.family]))

    @contextmanager
    def running(self, rtl: Sequence[Path], work: Path) -> Iterator[Callable[[], Mapped]]:
        """Synthesis in the background; the value waits for its end."""
        with ThreadPoolExecutor(1) as pool:
            future: Future[Mapped] = pool.submit(synthesise, self.top, rtl, self.settings, work)
            yield future.result

    def figures(self, mapped: Mapped) -> Json:
        """The report's ``resources`` and ``timing``.

        Raises
        ------
        ToolError
            If the netlist holds a cell that fwgen does not know.
        """
        netlist = read_netlist(mapped.json, self.top)
        rows = counts.count(netlist.cells)
        used = counts.total(rows)
        delays = model_for(self.device.family, self.device.part)
        return {
            "resources": {
                **used.as_json(),
                "kind": "synthesised",
                "tool": f"Yosys {version()}",
                "settings": mapped.settings.as_json(),
                "percent": counts.percent(used, self.device),
                "available": _available(self.device),
                "layers": counts.ordered(rows, self.layers),
                "note": PESSIMISTIC,
            },
            "timing": timing_block(netlist, delays, self.clock_mhz),
        }


def prove_netlist(subject: Subject, mapped: Mapped, seed: int) -> BenchResult:
    """The mapped netlist against the reference: what is counted is what is proven.

    Flip-flops whose first value Yosys left open (INIT=x) start from random ones.
    """
    work = subject.work / "netlist"
    rtl = [mapped.verilog, *cell_models()]
    netlist = replace(
        subject, rtl=rtl, work=work, effort=toolchain.NETLIST, job_events=NETLIST_JOB_EVENTS
    )
    bench = prove_native(netlist, NETLIST_EVENTS, seed)
    bench.what = "the mapped netlist, in models of its cells"
    shutil.rmtree(work, ignore_errors=True)
    return bench


def _available(device: Device) -> Json:
    names = ("lut", "ff", "dsp", "bram36", "uram", "slr")
    return {name: getattr(device, name) for name in names}
