"""LUTs, flip-flops and DSPs of a lowered design, estimated without synthesis.

Every block becomes a network of bits (`fwgen.lower.netbits`), which LUTs of six inputs cover
(`fwgen.lower.cover`). Constants go through the blocks from front to back, and what is read from
back to front, as synthesis lets them. ``docs/estimates.md`` has the measured error against Yosys.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fwgen.lower.circuit import Circuit
from fwgen.lower.cover import FREE, Bit, Cost, Network
from fwgen.lower.design import (
    Block,
    CircuitBlock,
    CountBlock,
    DelayBlock,
    Design,
    HoldBlock,
    LifBlock,
    Signal,
)
from fwgen.lower.lif import NeuronCircuit
from fwgen.lower.netbits import Bits, delay_cost

__all__ = ["MODEL", "Cost", "circuit_cost", "estimate"]

MODEL = (
    "fwgen/lower/cost.py: networks of bits covered by LUTs; measured against Yosys 0.70 in "
    "docs/estimates.md"
)
_CONTROL = "control"


def estimate(design: Design) -> dict[str, Cost]:
    """Cost by layer, in the order of the blocks; the event control under ``""``."""
    flow, rows = _Flow(), {block.name.partition("__")[0]: FREE for block in design.blocks}
    circuits = {block.name: flow.forward(block) for block in design.blocks}
    for output in design.outputs:
        flow.want(output.signal, range(output.signal.width))
    for block in reversed(design.blocks):
        layer = block.name.partition("__")[0]
        rows[layer] += flow.cost(block, circuits.get(block.name))
    rows[""] = _control_cost(design)
    return rows


def circuit_cost(circuit: Circuit) -> Cost:
    """Cost of a circuit on its own, all of whose output is read."""
    bits = Bits()
    bits.run(circuit)
    return bits.net.build(b for port in circuit.outputs for b in bits.outputs(port).values())


def _control_cost(design: Design) -> Cost:
    """Which cycle each event is in, and from that whether the next may enter."""
    net, busy = Network(), [(_CONTROL, i) for i in range(design.interface.interval - 1)]
    ready = net.function("~", net.tree("|", busy)) if busy else 1
    needed = [ready, net.function("&", ("valid", 0), ready)]
    return net.build(needed) + Cost(ff=design.last + 1)


@dataclass(slots=True)
class _Flow:
    """What is known of the signals between blocks, by net: constant bits, and bits that are read.

    Bits are places in the packed vector.
    """

    fixed: dict[str, dict[int, int]] = field(default_factory=dict)
    read: dict[str, set[int]] = field(default_factory=dict)

    def want(self, signal: Signal, places: Iterable[int]) -> None:
        """Note that a later block reads these bits."""
        self.read.setdefault(signal.net, set()).update(places)

    def wanted(self, signal: Signal) -> list[int]:
        """Bits that have to be there."""
        fixed = self.fixed.get(signal.net, {})
        return [i for i in sorted(self.read.get(signal.net, ())) if i not in fixed]

    def forward(self, block: Block) -> Bits | None:
        """A circuit's bits; notes which of a block's output are constant."""
        if isinstance(block, HoldBlock | DelayBlock):
            self.fixed[block.output.net] = self.fixed.get(block.input.net, {})
        return self._constants(block) if isinstance(block, CircuitBlock) else None

    def _constants(self, block: CircuitBlock) -> Bits:
        fixed: dict[Bit, int] = {
            (port, i): value
            for port, signal in block.inputs
            for i, value in self.fixed.get(signal.net, {}).items()
        }
        bits = Bits(fixed=fixed)
        bits.run(block.circuit)
        for port, (_, signal) in zip(block.circuit.outputs, block.outputs, strict=True):
            out = bits.outputs(port)
            self.fixed[signal.net] = {i: b for i, b in out.items() if isinstance(b, int)}
        return bits

    def cost(self, block: Block, bits: Bits | None) -> Cost:
        """Cost of one block, whose readers have been counted before."""
        match block:
            case CircuitBlock() if bits:
                return self._circuit(block, bits)
            case LifBlock():
                return self._lif(block)
            case CountBlock():
                self.want(block.spikes, range(block.spikes.width))
                return _counter_cost(block.output.fmt.width) * block.spikes.count
            case HoldBlock():
                return Cost(ff=self._through(block.input, block.output))
            case DelayBlock():
                return delay_cost(self._through(block.input, block.output), block.cycles)
            case _:
                return FREE

    def _through(self, source: Signal, result: Signal) -> int:
        """Number of bits that are handed on."""
        wanted = self.wanted(result)
        self.want(source, wanted)
        return len(wanted)

    def _circuit(self, block: CircuitBlock, bits: Bits) -> Cost:
        needed: list[Bit] = []
        for vector, (_, signal) in zip(block.circuit.outputs, block.outputs, strict=True):
            out = bits.outputs(vector)
            needed += [out[i] for i in self.wanted(signal)]
        cost = bits.net.build(needed)
        signals = dict(block.inputs)
        for port, i in _names(bits.net.read):
            self.want(signals[port], [i])
        return cost

    def _lif(self, block: LifBlock) -> Cost:
        cost, width = FREE, block.current.fmt.width
        built = [_neuron(kind, block) for kind in block.core.kinds]
        for n, kind in enumerate(block.core.of):
            cost += built[kind]
            # unread bits do not pass three boundaries: the neuron's, the layer's and the source's
            self.want(block.current, range(n * width, n * width + width))
        return cost


def _neuron(kind: NeuronCircuit, block: LifBlock) -> Cost:
    """One neuron with its registers.

    Only that part of the state is there that the results or the state itself read.
    """
    bits = Bits()
    net, width, first = bits.net, kind.membrane.width, ("first", 0)
    state = {("membrane_q", i): ("membrane", i) for i in range(width)}
    bits.words["membrane"] = tuple(net.choose(first, 0, bit) for bit in state)
    bits.words["reset"] = (net.choose(first, kind.initial_reset, ("reset_q", 0)),)
    bits.words["current"] = tuple(("current", i) for i in range(kind.current.width))
    bits.run(kind.circuit)
    after = bits.of(kind.next_membrane, width)
    stored: dict[Bit, Bit] = {
        bit: net.register("membrane", i, after[i]) for i, bit in enumerate(state)
    }
    if not kind.reset.constant:
        stored["reset_q", 0] = net.register("reset", 0, bits.of(kind.next_reset, 1)[0])
    shown = list(stored.values())[:width] if block.membrane else []
    if block.spikes:
        shown.append(net.register("spike", 0, bits.of(kind.spike, 1)[0]))
    cost, seen = FREE, set[Bit]()
    while shown:
        cost += net.build(shown)
        shown = [stored[bit] for bit in net.read - seen if bit in stored]
        seen |= net.read
    return cost


def _counter_cost(width: int) -> Cost:
    """A counter of ones that starts anew, whose sum has a bit more than it."""
    net = Network()
    start: list[Bit] = [net.choose(("first", 0), 0, ("count", i)) for i in range(width)]
    spike: list[Bit] = [("spike", 0), *[0] * width]
    total = net.add("sum", [*start, 0], spike, minus=False)
    return net.build(total[:width]) + Cost(ff=width)


def _names(bits: Iterable[Bit]) -> list[tuple[str, int]]:
    return [bit for bit in bits if not isinstance(bit, int)]
