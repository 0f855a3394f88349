"""What all parts of a lowering share: the blocks and signals so far, and how they are timed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from fwgen.devices.delays import SHORTEST_SHIFT
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Node
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.words import Vector
from fwgen.lower.design import Block, CircuitBlock, DelayBlock, HoldBlock, RestartBlock, Signal
from fwgen.quantise.accumulator import ACCUMULATOR
from fwgen.quantise.analysis import Analysis

T = TypeVar("T")


@dataclass(slots=True)
class Plan:
    """A design in the making.

    ``built`` are circuits by all that they follow from; lowerings of the same graph share them.
    """

    graph: Graph
    analysis: Analysis
    pace: Pace
    built: dict[object, Any] = field(default_factory=dict)
    signals: dict[str, Signal] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    _derived: dict[str, Signal] = field(default_factory=dict)

    def once(self, key: object, build: Callable[[], T]) -> T:
        """What an earlier lowering has built from the same; circuits do not change any more."""
        if key not in self.built:
            self.built[key] = build()
        found: T = self.built[key]
        return found

    def circuit(
        self,
        block: CircuitBlock,
        names: Sequence[str],
        *,
        temporal: bool = False,
    ) -> list[Signal]:
        """Add a circuit's block, whose inputs are all there in one cycle; its output signals."""
        first = block.inputs[0][1]
        outputs = [
            shown(name, vector, first, temporal=temporal)
            for name, vector in zip(names, block.circuit.outputs, strict=True)
        ]
        ports = zip((v.name for v in block.circuit.outputs), outputs, strict=True)
        self.blocks.append(replace(block, outputs=tuple(ports), latency=block.circuit.latency))
        return outputs

    def held(self, source: Signal, suffix: str = "", copy: int = 0) -> Signal:
        """A static signal, constant through all cycles of an event."""
        net = f"{source.net}__held{suffix}"
        if net not in self._derived:
            output = Signal(net, source.fmt, source.count, source.time + 1, temporal=True)
            about = f"keeps '{source.net}' for all time steps"
            self.blocks.append(HoldBlock(net, about, source, source.time, output, copy))
            self._derived[net] = output
        return self._derived[net]

    def restarted(self, signal: Signal, net: str, copy: int) -> Signal:
        """A temporal signal of registers' values, of the step before: 0 in an event's first."""
        time = signal.time - 1
        logic = signal.arrivals or (0,) * signal.count
        ready = tuple(ps + self.pace.reduce(2) for ps in logic)
        output = replace(signal, net=net, time=time, arrivals=ready)
        about = f"'{signal.net}' of the step before, 0 in an event's first"
        self.blocks.append(RestartBlock(net, about, signal, time, output, copy))
        return output

    def at(self, signal: Signal, time: int) -> Signal:
        """A signal, delayed to a later cycle."""
        if signal.time == time:
            return signal
        net = f"{signal.net}__at{time}"
        if net not in self._derived:
            cycles = time - signal.time
            about = f"'{signal.net}', {cycles} cycle{'s' * (cycles > 1)} later"
            self._derived[net] = self.delayed(signal, time, net, about)
        return self._derived[net]

    def delayed(self, signal: Signal, time: int, net: str, about: str) -> Signal:
        """A signal delayed to a later cycle by a block of the given name."""
        cycles, delays = time - signal.time, self.pace.delays
        # a shift register in a LUT is slower than a flip-flop
        slow = delays.srl_clk_to_q - delays.clk_to_q if cycles >= SHORTEST_SHIFT else 0
        output = replace(
            signal, net=net, time=time, arrivals=(slow,) * signal.count * bool(slow), lsb=None
        )
        self.blocks.append(DelayBlock(net, about, signal, cycles, output))
        return output

    def wrapping(self, node: Node) -> Fixed | None:
        """The accumulator in which a layer's sums wrap around, if they do."""
        found = {c.node: c.fmt for c in self.analysis.conversions if c.what == ACCUMULATOR}
        return found.get(node.name)


def shown(net: str, vector: Vector, first: Signal, *, temporal: bool = False) -> Signal:
    """What a circuit shows at a port, a number of cycles after its first input."""
    arrivals = tuple(w.arrival for w in vector.words)
    time = first.time + max(w.stage for w in vector.words)
    count, logic = len(vector.words), arrivals if any(arrivals) else ()
    return Signal(net, vector.fmt, count, time, temporal, logic)


def latest(signals: Sequence[Signal]) -> int:
    """The cycle in which all are there."""
    return max(s.time for s in signals)
