"""A lowered design -> Verilog files. Nothing is written here."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fwgen.assets import asset_dir
from fwgen.emit.circuit import Writer
from fwgen.emit.neurons import lif_controls, lif_files, lif_module, lif_ports
from fwgen.emit.render import render
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Lif
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Add, Vector
from fwgen.lower.design import (
    Block,
    CircuitBlock,
    CountBlock,
    DelayBlock,
    Design,
    FirstSpikeBlock,
    HoldBlock,
    LatencyBlock,
    LifBlock,
    MaximumBlock,
    MergeBlock,
    RestartBlock,
    Signal,
    TrainBlock,
)

_NET = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SUM = "fwgen_sum"  # what additions with a carry instantiate
_CELLS = {
    DelayBlock: "fwgen_delay",
    HoldBlock: "fwgen_hold",
    CountBlock: "fwgen_count",
    FirstSpikeBlock: "fwgen_first",
    MaximumBlock: "fwgen_maximum",
    LatencyBlock: "fwgen_latency",
    MergeBlock: "fwgen_merge",
    RestartBlock: "fwgen_restart",
    TrainBlock: "fwgen_train",
}


def emit_rtl(design: Design, graph: Graph) -> dict[str, str]:
    """All Verilog files of a design by name, cells included; the top's file bears its name."""
    files = {f"{design.name}.v": _top(design)}
    for block in design.blocks:
        match block:
            case CircuitBlock() if not block.module or block.module == block.name:
                files[f"{design.name}_{block.name}.v"] = _circuit(design, block)
            case LifBlock() if not block.copy:
                files |= lif_files(design.name, block, _neurons(block, graph))
    cells = {"fwgen_events", *(_CELLS[type(b)] for b in design.blocks if type(b) in _CELLS)}
    circuits = (block.circuit for block in design.blocks if isinstance(block, CircuitBlock))
    cells |= {SUM} if any(has_carries(circuit) for circuit in circuits) else set()
    return files | {f"{cell}.v": cell_text(cell) for cell in sorted(cells)}


def has_carries(circuit: Circuit) -> bool:
    """Whether a circuit instantiates `SUM`."""
    return any(isinstance(op, Add) and op.carry for op in circuit.ops)


def cell_text(cell: str) -> str:
    """The Verilog of one of fwgen's cells."""
    return (asset_dir("templates") / "cells" / f"{cell}.v").read_text(encoding="utf-8")


def _port(vector: Vector) -> dict[str, Any]:
    return {
        "name": vector.name,
        "msb": vector.width - 1,
        "count": len(vector.words),
        "fmt": vector.fmt,
    }


def _circuit(design: Design, block: CircuitBlock) -> str:
    writer, circuit = Writer(), block.circuit
    body = writer.body(circuit)
    updates, assigns = writer.updates(circuit), writer.assigns(circuit)
    return render(
        "circuit.v.j2",
        about=block.about,
        module=f"{design.name}_{block.name}",
        latency=block.latency,
        inputs=[_port(v) for v in circuit.inputs],
        outputs=[_port(v) for v in circuit.outputs],
        ports=[_port(v) for v in [*circuit.inputs, *circuit.outputs]],
        body=body,
        updates=updates,
        assigns=assigns,
        unused=[*writer.unread_ports(circuit), *writer.unread()],
    )


def _neurons(block: LifBlock, graph: Graph) -> Lif:
    node = graph[block.name]
    if not isinstance(node, Lif):
        raise TypeError(f"block '{block.name}' belongs to no lif layer")
    return node


# ---- top ----


def _top(design: Design) -> str:
    face, moments = design.interface, _Moments(design)
    blocks = [_instance(design, block, moments) for block in design.blocks]
    return render(
        "top.v.j2",
        name=design.name,
        summary=f"{len(design.blocks)} blocks, {design.steps} time steps, {design.schedule}",
        latency=face.latency,
        interval=face.interval,
        last=design.last,
        copies=design.schedule.copies,
        ports=[*face.inputs, *face.outputs],
        inputs=[{"name": p.name, "msb": p.width - 1} for p in face.inputs],
        outputs=[{"name": p.name, "msb": p.width - 1} for p in face.outputs],
        early=_taken_early(design, blocks),
        blocks=blocks,
        assigns=list(_output_assigns(design)),
        unused=[*moments.unread(), *_unread_nets(blocks, design)],
    )


def _taken_early(design: Design, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Wires of loops, which stand before all blocks; the block that drives one does not."""
    made, looped = set[str](), set[str]()
    for block, entry in zip(design.blocks, blocks, strict=True):
        if isinstance(block, RestartBlock) and block.input.net not in made:
            looped.add(block.input.net)
        made |= {wire["net"] for wire in entry["wires"]}
    early = [wire for entry in blocks for wire in entry["wires"] if wire["net"] in looped]
    for entry in blocks:
        entry["wires"] = [wire for wire in entry["wires"] if wire["net"] not in looped]
    return early


def _unread_nets(blocks: Sequence[dict[str, Any]], design: Design) -> Iterator[str]:
    """Nets that no block and no output reads: a state of which only the spikes go on."""
    read = {out.signal.net for out in design.outputs}
    for block in blocks:
        made = {wire["net"] for wire in block["wires"]}
        for port in block["ports"]:
            nets = set(_NET.findall(port["net"]))
            read |= nets if not nets <= made else set()
    yield from (w["net"] for b in blocks for w in b["wires"] if w["net"] not in read)


@dataclass(slots=True)
class _Moments:
    """The moments of events that blocks ask for."""

    design: Design
    _read: set[str] = field(default_factory=set)

    def at(self, cycle: int, copy: int = 0) -> str:
        """The bit that is high in this cycle of an event that a copy has."""
        copies, last = self.design.schedule.copies, self.design.last
        if cycle < 0:  # of taking an event, and of no other cycle of one in this copy
            return "ready_o"
        bit = f"event__at[{cycle}]"
        if copies > 1:
            bit = f"event__of[{copy * (last + 1) + cycle}]"
        self._read.add(bit)
        return bit

    def unread(self) -> list[str]:
        """Bits that no block has asked for, for the lint."""
        copies, last = self.design.schedule.copies, self.design.last
        # the last one says that the results are valid
        found = [f"event__at[{k}]" for k in range(last)]
        of = [f"event__of[{k}]" for k in range(copies * (last + 1))]
        found += of if copies > 1 else ["event__of"]
        return [bit for bit in found if bit not in self._read]


def _instance(design: Design, block: Block, moments: _Moments) -> dict[str, Any]:
    """One block as the top template places it."""
    clock, entry = ("clk_i", "clk_i"), {"about": block.about, "instance": f"{block.name}__block"}
    match block:
        case CircuitBlock():
            clocked = [clock] if Writer().updates(block.circuit) else []
            ports = [*clocked, *((p, s.net) for p, s in block.inputs)]
            ports += [(p, s.net) for p, s in block.outputs]
            shown = [s for _, s in block.outputs]
            return entry | _parts(f"{design.name}_{block.module or block.name}", ports, shown)
        case LifBlock():
            return entry | _lif(design, block, moments)
        case CountBlock():
            return entry | _gathering(block, "bit_i", block.values, "count_o", moments)
        case FirstSpikeBlock():
            return entry | _gathering(block, "bit_i", block.values, "index_o", moments)
        case MaximumBlock():
            found = _gathering(block, "data_i", block.values, "data_o", moments)
            signed = {"name": "SIGNED", "value": int(block.output.fmt.signed)}
            return entry | found | {"parameters": [*found["parameters"], signed]}
        case LatencyBlock():
            ports = [clock, ("load_i", moments.at(block.load, block.copy))]
            ports += [("step_i", block.step.net), ("spike_o", _joined(block.spikes))]
            sizes = {"COUNT": block.step.count, "WIDTH": block.step.fmt.width}
            sizes |= {"LANES": len(block.spikes)}
            return entry | _parts(_CELLS[LatencyBlock], ports, list(block.spikes), sizes)
        case MergeBlock():
            copies = range(len(block.inputs))
            due = [moments.at(block.time - 1, copy) for copy in reversed(copies[1:])]
            ports = [clock, ("due_i", f"{{{', '.join(due)}}}"), ("data_i", _joined(block.inputs))]
            ports.append(("data_o", block.output.net))
            sizes = {"WIDTH": block.output.width, "COPIES": len(copies)}
            return entry | _parts(_CELLS[MergeBlock], ports, [block.output], sizes)
        case TrainBlock():
            return entry | _train(block, moments)
        case RestartBlock():
            ports = [("first_i", moments.at(block.first, block.copy))]
            ports += [("data_i", block.input.net), ("data_o", block.output.net)]
            sizes = {"WIDTH": block.output.width}
            return entry | _parts(_CELLS[RestartBlock], ports, [block.output], sizes)
        case HoldBlock():
            ports = [clock, ("load_i", moments.at(block.load, block.copy))]
            ports += [("data_i", block.input.net), ("data_o", block.output.net)]
            sizes = {"WIDTH": block.output.width}
            return entry | _parts(_CELLS[HoldBlock], ports, [block.output], sizes)
        case DelayBlock():
            ports = [clock, ("data_i", block.input.net), ("data_o", block.output.net)]
            sizes = {"WIDTH": block.output.width, "CYCLES": block.cycles}
            return entry | _parts(_CELLS[DelayBlock], ports, [block.output], sizes)
        case _:
            raise TypeError(f"no instance for {type(block).__name__}")


def _train(block: TrainBlock, moments: _Moments) -> dict[str, Any]:
    """The shift register of an event's spikes; lanes beyond the last step get zeros."""
    width, data = sum(s.width for s in block.outputs), block.input.net
    if more := width * block.cycles - block.input.width:
        data = f"{{{{{more}{{1'b0}}}}, {data}}}"
    ports = [("clk_i", "clk_i"), ("load_i", moments.at(block.load, block.copy))]
    ports += [("data_i", data), ("data_o", _joined(block.outputs))]
    sizes = {"WIDTH": width, "CYCLES": block.cycles}
    return _parts(_CELLS[TrainBlock], ports, list(block.outputs), sizes)


def _gathering(
    block: CountBlock | FirstSpikeBlock | MaximumBlock,
    into: str,
    lanes: Sequence[Signal],
    out: str,
    moments: _Moments,
) -> dict[str, Any]:
    """A cell that gathers a value over all steps."""
    ends = (moments.at(block.first, block.copy), moments.at(block.last, block.copy))
    ports = [("clk_i", "clk_i"), *zip(("first_i", "last_i"), ends, strict=True)]
    ports += [(into, _joined(lanes)), (out, block.output.net)]
    sizes = {"COUNT": block.output.count, "WIDTH": block.output.fmt.width}
    sizes |= {"LANES": len(lanes), "ENDING": block.ending}
    return _parts(_CELLS[type(block)], ports, [block.output], sizes)


def _lif(design: Design, block: LifBlock, moments: _Moments) -> dict[str, Any]:
    ports = [("clk_i", "clk_i")]
    before = block.first - 1
    ports += [(name, moments.at(before, block.copy)) for name in lif_controls(block)]
    ports += [(f"current{lane}_i", s.net) for lane, s in enumerate(block.currents)]
    outs = list(lif_ports(block))
    ports += [(name, s.net) for name, s in outs]
    return _parts(lif_module(design.name, block), ports, [s for _, s in outs])


def _joined(signals: Sequence[Signal]) -> str:
    """Vectors as one, the first in the lowest bits."""
    if len(signals) == 1:
        return signals[0].net
    return f"{{{', '.join(s.net for s in reversed(signals))}}}"


def _places(index: int, width: int) -> str:
    return f"[{index * width + width - 1}:{index * width}]"


def _parts(
    module: str,
    ports: list[tuple[str, str]],
    outputs: list[Signal],
    parameters: dict[str, int] | None = None,
) -> dict[str, Any]:
    return {
        "module": module,
        "parameters": [{"name": k, "value": v} for k, v in (parameters or {}).items()],
        "ports": [{"name": name, "net": net} for name, net in ports],
        "wires": [{"net": s.net, "msb": s.width - 1} for s in outputs],
    }


def _output_assigns(design: Design) -> Iterator[str]:
    for out in design.outputs:
        signal, width = out.signal, out.signal.fmt.width
        if width == out.fmt.width:
            yield f"{out.port} = {signal.net}"
            continue
        more = out.fmt.width - width
        for i in range(signal.count):
            low = _places(i, width)
            sign = f"{signal.net}[{i * width + width - 1}]" if signal.fmt.signed else "1'b0"
            yield (
                f"{out.port}{_places(i, out.fmt.width)} = "
                f"{{{{{more}{{{sign}}}}}, {signal.net}{low}}}"
            )
