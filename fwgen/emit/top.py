"""A lowered design -> Verilog files. Nothing is written here."""

from collections.abc import Iterator, Mapping, Sequence

from fwgen.emit.cells import cell_text, cells_of
from fwgen.emit.instances import Instance, Wire, Wiring, driven_by
from fwgen.emit.literals import repeated
from fwgen.emit.module import circuit_text
from fwgen.emit.nets import AT, Modules, Nets, own
from fwgen.emit.neurons import lif_files
from fwgen.emit.render import places, render
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Neurons
from fwgen.lower.design import CircuitBlock, Design, LifBlock, OutputBlock, RestartBlock


def emit_rtl(design: Design, graph: Graph) -> dict[str, str]:
    """All Verilog files of a design by name, cells included; the top's file bears its name."""
    modules = Modules(design)
    files = {f"{design.name}.v": _top(design, modules)}
    for block in design.blocks:
        match block:
            case CircuitBlock() if own(block) == block.name:
                module = modules.of(block)
                files[f"{module}.v"] = circuit_text(module, block.circuit, block.about)
            case LifBlock() if own(block) == block.name:
                files |= lif_files(modules.of(block), modules.names, block, _neurons(block, graph))
    return files | {f"{cell}.v": cell_text(cell) for cell in cells_of(design)}


def _neurons(block: LifBlock, graph: Graph) -> Neurons:
    node = graph[block.name]
    if not isinstance(node, Neurons):
        raise TypeError(f"block '{block.name}' belongs to no lif layer")
    return node


def _top(design: Design, modules: Modules) -> str:
    face, nets, copies = design.interface, Nets(design), design.schedule.copies
    wires = {
        s.net: Wire(nets.drive(s), s.width - 1) for block in design.blocks for s in driven_by(block)
    }
    early = _taken_early(design)
    blocks = _instances(design, Wiring(nets, modules), wires, early)
    assigns = [line for out in design.outputs for line in _assigns(nets, out)]
    return render(
        "top.v.j2",
        name=design.name,
        summary=f"{len(design.blocks)} blocks, {design.steps} time steps, {design.schedule}",
        latency=f"{face.latency} cycle{'s' * (face.latency > 1)}",
        often=f"{face.interval} cycles" if face.interval > 1 else "cycle",
        interval=face.interval,
        last=design.last,
        of_msb=copies * (design.last + 1) - 1,
        copies=copies,
        ports=[*face.inputs, *face.outputs],
        inputs=[Wire(p.name, p.width - 1) for p in face.inputs],
        outputs=[Wire(p.name, p.width - 1) for p in face.outputs],
        early=[wires[net] for net in early],
        blocks=blocks,
        assigns=[f"valid_o = {AT}[{design.last}]", *assigns],
        unused=list(nets.unread()),
    )


def _instances(
    design: Design, wiring: Wiring, wires: Mapping[str, Wire], early: Sequence[str]
) -> list[Instance]:
    """All blocks, each with the wires that it drives but for those that stand before all."""
    return [
        wiring.instance(block, [wires[s.net] for s in driven_by(block) if s.net not in early])
        for block in design.blocks
    ]


def _taken_early(design: Design) -> list[str]:
    """Nets of loops, which are declared before all blocks."""
    made, looped = set[str](), set[str]()
    for block in design.blocks:
        if isinstance(block, RestartBlock) and block.input.net not in made:
            looped.add(block.input.net)
        made |= {signal.net for signal in driven_by(block)}
    driven = (s.net for block in design.blocks for s in driven_by(block))
    return [net for net in driven if net in looped]


def _assigns(nets: Nets, out: OutputBlock) -> Iterator[str]:
    """A port of the top, element by element where it is wider than the signal."""
    signal, width = out.signal, out.signal.fmt.width
    net, more = nets.read([signal]), out.fmt.width - width
    if not more:
        yield f"{out.port} = {net}"
        return
    for i in range(signal.count):
        sign = f"{net}[{i * width + width - 1}]" if signal.fmt.signed else "1'b0"
        value = f"{{{repeated(more, sign)}, {net}{places(i, width)}}}"
        yield f"{out.port}{places(i, out.fmt.width)} = {value}"
