"""LUTs, flip-flops and DSPs of a lowered design, estimated without synthesis.

Every block becomes a network of bits (`fwgen.lower.estimate.bits`), which LUTs of six inputs cover
(`fwgen.lower.estimate.luts`). Constants go through the blocks from front to back, and what is read
from back to front, as synthesis lets them. ``docs/measurements/estimates.md`` has the measured
error against Yosys.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.design import (
    Block,
    CircuitBlock,
    CountBlock,
    DelayBlock,
    Design,
    FirstSpikeBlock,
    GatherBlock,
    HoldBlock,
    LatencyBlock,
    LifBlock,
    MaximumBlock,
    MergeBlock,
    RestartBlock,
    Signal,
    TrainBlock,
)
from fwgen.lower.estimate.bits import Bits, delay_cost
from fwgen.lower.estimate.luts import FREE, Bit, Cost, Network
from fwgen.lower.spiking.encoders import latency_cost
from fwgen.lower.spiking.neurons import LifCore, NeuronCircuit, NeuronReads, Steps
from fwgen.lower.spiking.readouts import count_cost, first_cost, maximum_cost
from fwgen.lower.spiking.trains import train_cost

__all__ = ["MODEL", "Cost", "circuit_cost", "estimate"]

MODEL = (
    "fwgen/lower/estimate: networks of bits covered by LUTs; measured against Yosys 0.70 in "
    "docs/measurements/estimates.md"
)
_CONTROL = "control"


def estimate(design: Design) -> dict[str, Cost]:
    """Cost by layer, in the order of the blocks; the event control under ``""``."""
    flow, rows = _Flow(), {block.layer: FREE for block in design.blocks}
    circuits = {block.name: flow.forward(block) for block in design.blocks}
    for output in design.outputs:
        flow.want(output.signal, range(output.signal.width))
    for state in _looped(design):
        flow.want(state, range(state.width))
    for block in reversed(design.blocks):
        rows[block.layer] += flow.cost(block, circuits.get(block.name))
    rows[""] = _control_cost(design)
    return rows


def _looped(design: Design) -> Iterator[Signal]:
    """Registers that a block before them reads: the state of a loop, which reads itself."""
    made = {b.output.net: i for i, b in enumerate(design.blocks) if isinstance(b, DelayBlock)}
    for index, block in enumerate(design.blocks):
        if isinstance(block, RestartBlock) and made.get(block.input.net, 0) > index:
            yield block.input


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
    copies = design.schedule.copies
    own = copies * (design.last + 2) if copies > 1 else 0
    return net.build(needed) + Cost(ff=design.last + 1 + own)


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
                return self._gathering(block, count_cost)
            case FirstSpikeBlock():
                return self._gathering(block, first_cost)
            case MaximumBlock():
                return self._gathering(block, maximum_cost)
            case LatencyBlock():
                return self._latency(block)
            case MergeBlock():
                return self._merge(block)
            case TrainBlock():
                return self._train(block)
            case RestartBlock():
                return Cost(lut=self._through(block.input, block.output))
            case HoldBlock():
                return Cost(ff=self._through(block.input, block.output))
            case DelayBlock():
                return delay_cost(self._through(block.input, block.output), block.cycles)
            case _:
                return FREE

    def _train(self, block: TrainBlock) -> Cost:
        """Columns of the shift register that are read."""
        cost, lanes = FREE, len(block.outputs)
        for lane, output in enumerate(block.outputs):
            wanted = self.wanted(output)
            steps = block.input.count // output.count
            cost += train_cost(steps, lanes, lane) * len(wanted)
            steps_held = range(lane, steps, lanes)
            self.want(block.input, [t * output.count + i for t in steps_held for i in wanted])
        return cost

    def _gathering(self, block: GatherBlock, each: Callable[[int, int], Cost]) -> Cost:
        for signal in block.values:
            self.want(signal, range(signal.width))
        return each(block.output.fmt.width, len(block.values)) * block.output.count

    def _latency(self, block: LatencyBlock) -> Cost:
        """The indices' registers, and what compares them."""
        self.want(block.step, range(block.step.width))
        width, count = block.step.fmt.width, block.step.count
        stored = len(self.wanted(block.step))
        return latency_cost(width, count, len(block.spikes)) + Cost(ff=stored)

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
        cost, width = FREE, block.currents[0].fmt.width
        read = NeuronReads(bool(block.spikes), block.membrane is not None, bool(block.membranes))
        built = [_neuron(kind, block.core.steps, read) for kind in block.core.kinds]
        for n, kind in enumerate(block.core.of):
            cost += built[kind]
            # unread bits do not pass three boundaries: the neuron's, the layer's and the source's
            for current in block.currents:
                self.want(current, range(n * width, n * width + width))
        return cost

    def _merge(self, block: MergeBlock) -> Cost:
        """The number of the copy that is due, in registers, and the choice of each bit by it."""
        wanted = self.wanted(block.output)
        for signal in block.inputs:
            self.want(signal, wanted)
        copies, number, one = range(len(block.inputs)), Network(), Network()
        left: list[Bit] = [(f"data{c}", 0) for c in copies]
        kept = []
        for k in range((len(copies) - 1).bit_length()):
            due = number.tree("|", [("due", c) for c in copies if c >> k & 1])
            kept.append(number.register("copy_q", k, due))
            pairs = itertools.zip_longest(left[::2], left[1::2])
            left = [one.choose(("copy_q", k), b, a) if b else a for a, b in pairs]
        return number.build(kept) + one.build(left) * len(wanted)


def core_cost(core: LifCore, *, last: bool) -> Cost:
    """A layer of neurons whose spikes are read, and their last membranes where ``last``."""
    built = [_neuron(kind, core.steps, NeuronReads(True, last, False)) for kind in core.kinds]
    return sum((built[kind] for kind in core.of), FREE)


def _neuron(kind: NeuronCircuit, steps: Steps, read: NeuronReads) -> Cost:
    """One neuron with its registers.

    Only that part of the state is there that the results or the state itself read.
    """
    bits = Bits()
    net, width = bits.net, kind.shown.width
    sources = [kind.membrane, kind.shown, *kind.currents]
    bits.words = {w.name: tuple((w.name, i) for i in range(w.width)) for w in sources if w.name}
    bits.run(kind.circuit)
    after = bits.of(kind.after[-1], width)
    stored: dict[Bit, Bit] = {}
    for i, bit in enumerate(after):
        cleared = net.choose(("clear", 0), 0, bit)
        stored[kind.membrane.name, i] = net.register("next membrane", i, cleared)
        stored[kind.shown.name, i] = net.register("next shown", i, bit)
    wanted: list[Bit] = []
    if read.last and steps.last_lane == steps.lanes - 1:
        wanted += [stored[kind.shown.name, i] for i in range(width)]
    elif read.last:
        result = enumerate(bits.of(kind.after[steps.last_lane], width))
        wanted += [net.register("result", i, bit) for i, bit in result]
    for lane, word in enumerate(kind.after if read.every else ()):
        wanted += [
            net.register(f"membrane{lane}", i, b) for i, b in enumerate(bits.of(word, width))
        ]
    for lane, spike in enumerate(kind.spikes if read.spikes else ()):
        (bit,) = bits.of(spike, 1)
        late = kind.late and lane == len(kind.spikes) - 1
        wanted.append(bit if late else net.register(f"spike{lane}", 0, bit))
    cost, seen = FREE, set[Bit]()
    while wanted:
        cost += net.build(wanted)
        wanted = [stored[bit] for bit in net.read - seen if bit in stored]
        seen |= net.read
    return cost


def _names(bits: Iterable[Bit]) -> list[tuple[str, int]]:
    return [bit for bit in bits if not isinstance(bit, int)]
