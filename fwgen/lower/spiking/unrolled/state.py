"""What is lowered so far with every time step in its own hardware: signals step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fwgen.ir.nodes import Node
from fwgen.ir.ranges import Range
from fwgen.ir.schedule import Schedule
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.vectors import bounds_of
from fwgen.lower.design import CircuitBlock, Signal
from fwgen.lower.plan import Plan, latest

Ports = list[tuple[str, Signal]]


@dataclass(frozen=True, slots=True)
class Given:
    """What a circuit reads, by its ports: signals of one cycle, bounds, and logic before them."""

    ports: Ports
    sources: Mapping[str, Range]
    before: Mapping[str, tuple[int, ...]]

    @property
    def key(self) -> tuple[object, ...]:
        """All that a circuit of them follows from."""
        bounds = (tuple(r.lo) + tuple(r.hi) for r in self.sources.values())
        return (tuple(self.before.items()), *bounds)


@dataclass(slots=True)
class UnrolledState:
    """A plan, and the signals of layers by their name, one for each step.

    ``ranges`` are the bounds of signals by their net: narrower than the layer's in early steps.
    """

    plan: Plan
    schedule: Schedule
    steps: dict[str, list[Signal]] = field(default_factory=dict)
    ranges: dict[str, Range] = field(default_factory=dict)
    membranes: dict[str, list[Signal]] = field(default_factory=dict)

    def mark(self, node: Node, found: list[Signal]) -> None:
        """Note a node's signals; its name stands for a value of each step."""
        self.steps[node.name] = found
        self.plan.signals[node.name] = replace(found[0], temporal=True)

    def given(self, signals: Ports) -> Given:
        """Signals brought to the cycle of the latest."""
        time = latest([s for _, s in signals])
        ports = [(port, self.plan.at(s, time)) for port, s in signals]
        sources = {port: self.ranges[s.net] for port, s in signals}
        return Given(ports, sources, {port: s.arrivals for port, s in ports})

    def placed(
        self, name: str, about: str, circuit: Circuit, given: Ports, shown: Mapping[str, int]
    ) -> list[Signal]:
        """A circuit's output signals; ``shown`` are their nets, with the fraction bits of each."""
        block = CircuitBlock(name, about, circuit, tuple(given), (), 0)
        found = self.plan.circuit(block, list(shown))
        for (net, frac), vector in zip(shown.items(), circuit.outputs, strict=True):
            self.ranges[net] = bounds_of(vector.words, frac)
        return found

    def zeros(self, name: str, like: Signal, frac: int) -> Signal:
        """Membranes before the first step, all 0."""
        c = Circuit(self.plan.pace)
        c.input("membrane_i", self.ranges[like.net])
        zeros = [c.constant(0)] * like.count
        c.output("zero_o", zeros, bounds_of(zeros, frac))
        about = "no membrane before the first step"
        return self.placed(name, about, c, [("membrane_i", like)], {name: frac})[0]
