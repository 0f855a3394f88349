"""Layers of LIF neurons -> Verilog: one module a layer, one for each kind of neuron in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fwgen.emit.circuit import Writer
from fwgen.emit.literals import literal
from fwgen.emit.memories import ENTRY
from fwgen.emit.render import places, render
from fwgen.ir.cast import to_real
from fwgen.ir.nodes import Const, Neurons, Reset, ShiftLeak
from fwgen.lower.circuit.names import Names
from fwgen.lower.circuit.words import Word
from fwgen.lower.design import LifBlock, Signal
from fwgen.lower.spiking.neurons import NeuronCircuit

_EQUATIONS = {
    (Reset.SUBTRACT, True): "v = beta*u + x - r*threshold; spike = v > threshold; u' = v",
    (Reset.ZERO, True): "v = beta*(r ? 0 : u) + x; spike = v > threshold; u' = v",
    (Reset.NONE, True): "v = beta*u + x; spike = v > threshold; u' = v",
    (Reset.SUBTRACT, False): "v = beta*u + x - r*threshold; spike = v > threshold; "
    "u' = v - (spike - r)*threshold",
    (Reset.ZERO, False): "v = beta*(r ? 0 : u) + x; spike = v > threshold; u' = v - (spike - r)*v",
    (Reset.NONE, False): "v = beta*u + x; spike = v > threshold; u' = v",
}
_INTEGRATES = "u' = v = beta*u + x"


def lif_ports(block: LifBlock) -> Iterator[tuple[str, Signal]]:
    """The layer's outputs by their ports."""
    for lane, signal in enumerate(block.spikes):
        yield f"spike{lane}_o", signal
    for lane, signal in enumerate(block.membranes):
        yield f"membrane{lane}_o", signal
    if block.membrane:
        yield "membrane_o", block.membrane


def lif_controls(block: LifBlock) -> list[str]:
    """Which moments of an event the layer asks for: ``clear_i``, or none without a state."""
    return ["clear_i"] * any(kind.reads(kind.membrane) for kind in block.core.kinds)


def lif_files(stem: str, modules: Names, block: LifBlock, node: Neurons) -> dict[str, str]:
    """The files of a layer by name: ``stem`` is its module, ``modules`` are all of the design."""
    kinds = [
        _Neuron(modules.take(f"{stem}__neuron{i}"), block, kind)
        for i, kind in enumerate(block.core.kinds)
    ]
    files = {f"{stem}.v": _layer(stem, block, kinds)}
    return files | {f"{kind.module}.v": kind.text(node) for kind in kinds}


def _layer(stem: str, block: LifBlock, kinds: list["_Neuron"]) -> str:
    core = block.core
    size, width = len(core.of), core.current.width
    currents = [f"current{lane}_i" for lane in range(core.steps.lanes)]
    neurons = []
    for i, kind in enumerate(core.of):
        ports = [(name, name) for name in kinds[kind].controls]
        ports += [(name, name + places(i, s.fmt.width)) for name, s in lif_ports(block)]
        ports += [(name, name + places(i, width)) for name in currents]
        named = [{"name": name, "net": net} for name, net in ports]
        neurons.append({"index": i, "module": kinds[kind].module, "ports": named})
    return render(
        "lif_layer.v.j2",
        about=block.about,
        module=stem,
        controls=lif_controls(block),
        outputs=[{"name": name, "msb": s.width - 1} for name, s in lif_ports(block)],
        currents=[{"name": name, "msb": width * size - 1} for name in currents],
        neurons=neurons,
    )


@dataclass(frozen=True, slots=True)
class _Neuron:
    """One kind of neuron of a layer as Verilog."""

    module: str
    block: LifBlock
    kind: NeuronCircuit

    @property
    def controls(self) -> list[str]:
        kind = self.kind
        return ["clear_i"] * kind.reads(kind.membrane)

    @property
    def _from_shown(self) -> bool:
        """Whether the last step's membrane is what ``shown`` holds."""
        steps = self.block.core.steps
        return self.block.membrane is not None and steps.last_lane == steps.lanes - 1

    @property
    def _shows(self) -> bool:
        """Whether a port shows the membrane after the last lane."""
        return self._from_shown or bool(self.block.membranes)

    def text(self, node: Neurons) -> str:
        """The text of the Verilog file."""
        kind, core = self.kind, self.block.core
        writer = Writer(kind.circuit.names.copy())
        writer.names.claim(self._ports)
        reads, registers = list(self._reads(writer)), self._registers(writer)
        body = writer.body(kind.circuit)
        for register in registers:
            word, width = register.pop("word"), register.pop("bits")
            register["value"] = writer.bits(word, width)
        ports, assigns = self._outputs(writer)
        return render(
            "lif_neuron.v.j2",
            about=f"One neuron of layer '{node.name}'",
            module=self.module,
            alone=core.steps.cycles == 1,
            equation=_EQUATIONS[node.reset, node.reset_delay] if node.fires else _INTEGRATES,
            membrane_format=core.membrane,
            current_format=core.current,
            beta=_beta_text(node),
            threshold=_constant_text(node.threshold) if node.fires else "none",
            inputs=[
                *self.controls,
                *(f"[{core.current.width - 1}:0] {w.name}_i" for w in kind.currents),
            ],
            outputs=ports,
            registers=registers,
            reads=reads,
            body=body,
            entry=ENTRY,
            fills=writer.fills,
            assigns=assigns,
            unused=[*self._idle(registers), *writer.unread()],
        )

    @property
    def _ports(self) -> list[str]:
        """What else is declared in the module besides the circuit's own signals."""
        names = [name for name, _ in lif_ports(self.block)]
        names += [f"{word.name}_i" for word in self.kind.currents]
        lanes = [_spike(lane).name for lane in range(len(self.block.spikes))]
        membranes = range(len(self.block.membranes) - 1)
        lanes += [self._membrane(lane).name for lane in membranes]
        shown = [] if self._from_shown or not self.block.membrane else [self._result.name]
        return names + lanes + shown

    def _reads(self, writer: Writer) -> Iterator[str]:
        """Inputs under the names that the circuit knows them by."""
        kind = self.kind
        for word in kind.currents:
            if not word.constant:
                one = "[0]" if self.block.core.current.width == 1 else ""
                cut = one or f"[{word.width - 1}:0]"
                yield f"{writer.declare(word)} = {word.name}_i{cut}"

    def _idle(self, registers: list[dict[str, Any]]) -> Iterator[str]:
        """Ports that nothing reads."""
        if not registers:
            yield "clk_i"
        yield from (f"{w.name}_i" for w in self.kind.currents if w.constant)

    def _registers(self, writer: Writer) -> list[dict[str, Any]]:
        """Registers: declared now; their values are written when the circuit is."""
        kind, found = self.kind, []
        width = self.block.core.membrane.width
        if kind.reads(kind.membrane):
            found.append((kind.membrane, kind.after[-1], True))
        if kind.reads(kind.shown) or self._shows:
            found.append((kind.shown, kind.after[-1], False))
        if self.block.membrane and not self._from_shown:
            result = self._result
            found.append((result, kind.after[self.block.core.steps.last_lane], False))
        others = range(len(self.block.membranes) - 1)
        found += [(self._membrane(lane), kind.after[lane], False) for lane in others]
        for lane, spike in enumerate(kind.spikes if self.block.spikes else ()):
            if not spike.constant and not self._late(lane):
                found.append((_spike(lane), spike, False))
        return [
            {
                "name": held.name,
                "declaration": writer.declare(held, "reg"),
                "cleared": cleared,
                "zero": literal(0, held.width),
                "word": word,
                "bits": min(held.width, width),
            }
            for held, word, cleared in found
        ]

    def _membrane(self, lane: int) -> Word:
        """What shows the membrane after a lane."""
        state = self.kind.shown
        if lane == len(self.block.membranes) - 1:
            return state
        return Word(f"membrane{lane}_q", state.lo, state.hi)

    @property
    def _result(self) -> Word:
        state = self.kind.shown
        return Word("result_q", state.lo, state.hi)

    def _late(self, lane: int) -> bool:
        return self.kind.late and lane == len(self.kind.spikes) - 1

    def _outputs(self, writer: Writer) -> tuple[list[str], list[str]]:
        ports, assigns, kind = [], [], self.kind
        for lane, _ in enumerate(self.block.spikes):
            spike = kind.spikes[lane]
            held = spike if spike.constant or self._late(lane) else _spike(lane)
            ports.append(f"spike{lane}_o")
            assigns.append(f"spike{lane}_o = {writer.bits(held, 1)}")
        width = self.block.core.membrane.width
        for lane in range(len(self.block.membranes)):
            ports.append(f"[{width - 1}:0] membrane{lane}_o")
            assigns.append(f"membrane{lane}_o = {writer.bits(self._membrane(lane), width)}")
        if self.block.membrane:
            held = kind.shown if self._from_shown else self._result
            ports.append(f"[{width - 1}:0] membrane_o")
            assigns.append(f"membrane_o = {writer.bits(held, width)}")
        return ports, assigns


def _spike(lane: int) -> Word:
    """The register of a lane's spike."""
    return Word(f"spike{lane}_q", 0, 1)


def _beta_text(node: Neurons) -> str:
    if isinstance(node.beta, ShiftLeak):
        return f"1 - 2**-{node.beta.shift} by shift and subtract"
    return _constant_text(node.beta)


def _constant_text(param: object) -> str:
    if not isinstance(param, Const):
        raise TypeError("only integer graphs are emitted")
    values = sorted(set(to_real(param.values, param.fmt.frac).ravel().tolist()))
    text = repr(values[0]) if len(values) == 1 else f"{values[0]!r} to {values[-1]!r} by neuron"
    return f"{text} as {param.fmt}"
