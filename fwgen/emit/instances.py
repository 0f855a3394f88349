"""Blocks as instances in the top: which module, its parameters, and what is wired to its ports."""

from collections.abc import Sequence
from dataclasses import dataclass

from fwgen.emit.cells import CELLS
from fwgen.emit.literals import joined, literal
from fwgen.emit.nets import Modules, Nets, instance_name
from fwgen.emit.neurons import lif_controls, lif_ports
from fwgen.lower.design import (
    Block,
    CircuitBlock,
    CountBlock,
    DelayBlock,
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

_CLOCK = ("clk_i", "clk_i")
Gathering = CountBlock | FirstSpikeBlock | MaximumBlock
Ports = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Wire:
    """A net that a block drives."""

    name: str
    msb: int


@dataclass(slots=True)
class Instance:
    """One block as the top's template places it; ``wires`` are declared before it."""

    about: str
    name: str
    module: str
    parameters: Ports
    ports: Ports
    wires: list[Wire]


def driven_by(block: Block) -> list[Signal]:
    """The signals that a block drives.

    Raises
    ------
    TypeError
        If there is no instance of such a block.
    """
    match block:
        case CircuitBlock():
            return [signal for _, signal in block.outputs]
        case LifBlock():
            return [signal for _, signal in lif_ports(block)]
        case LatencyBlock():
            return list(block.spikes)
        case TrainBlock():
            return list(block.outputs)
        case (
            CountBlock()
            | FirstSpikeBlock()
            | MaximumBlock()
            | MergeBlock()
            | RestartBlock()
            | HoldBlock()
            | DelayBlock()
        ):
            return [block.output]
        case _:
            raise TypeError(f"no instance for {type(block).__name__}")


@dataclass(frozen=True, slots=True)
class Wiring:
    """Makes instances of blocks, all of whose nets have their names."""

    nets: Nets
    modules: Modules

    def instance(self, block: Block, wires: list[Wire]) -> Instance:
        """One block, which drives ``wires``."""
        if isinstance(block, CircuitBlock | LifBlock):
            module, sizes = self.modules.of(block), dict[str, int]()
            ports = self._circuit(block) if isinstance(block, CircuitBlock) else self._lif(block)
        else:
            module, (ports, sizes) = CELLS[type(block)], self._cell(block)
        parameters = [(name, str(value)) for name, value in sizes.items()]
        name = instance_name(self.nets, block)
        return Instance(block.about, name, module, parameters, ports, wires)

    def _circuit(self, block: CircuitBlock) -> Ports:
        ports = [_CLOCK] if block.circuit.clocked else []
        ports += [(name, self.nets.read([s])) for name, s in block.inputs]
        return ports + [(name, self.nets.text([s])) for name, s in block.outputs]

    def _lif(self, block: LifBlock) -> Ports:
        nets, before = self.nets, block.first - 1
        ports = [_CLOCK, *((name, nets.at(before, block.copy)) for name in lif_controls(block))]
        currents = enumerate(block.currents)
        ports += [(f"current{lane}_i", nets.read([s])) for lane, s in currents]
        return ports + [(name, nets.text([s])) for name, s in lif_ports(block)]

    def _cell(self, block: Block) -> tuple[Ports, dict[str, int]]:
        """Ports and parameters of a cell."""
        nets = self.nets
        match block:
            case CountBlock():
                return self._gathering(block, "bit_i", block.values, "count_o")
            case FirstSpikeBlock():
                return self._gathering(block, "bit_i", block.values, "index_o")
            case MaximumBlock():
                ports, sizes = self._gathering(block, "data_i", block.values, "data_o")
                return ports, sizes | {"SIGNED": int(block.output.fmt.signed)}
            case LatencyBlock():
                ports = [_CLOCK, ("load_i", nets.at(block.load, block.copy))]
                ports += [("step_i", nets.read([block.step])), ("spike_o", nets.text(block.spikes))]
                sizes = {"COUNT": block.step.count, "WIDTH": block.step.fmt.width}
                return ports, sizes | {"LANES": len(block.spikes)}
            case MergeBlock():
                due = joined([nets.at(block.time - 1, k) for k in range(1, len(block.inputs))])
                return (
                    [_CLOCK, ("due_i", due), *self._data(block.inputs, block.output)],
                    {"WIDTH": block.output.width, "COPIES": len(block.inputs)},
                )
            case TrainBlock():
                return self._train(block)
            case RestartBlock():
                first = ("first_i", nets.at(block.first, block.copy))
                data = self._data([block.input], block.output)
                return [first, *data], {"WIDTH": block.output.width}
            case HoldBlock():
                load = ("load_i", nets.at(block.load, block.copy))
                data = self._data([block.input], block.output)
                return [_CLOCK, load, *data], {"WIDTH": block.output.width}
            case DelayBlock():
                sizes = {"WIDTH": block.output.width, "CYCLES": block.cycles}
                return [_CLOCK, *self._data([block.input], block.output)], sizes
            case _:
                raise TypeError(f"no cell for {type(block).__name__}")

    def _data(self, inputs: Sequence[Signal], output: Signal) -> Ports:
        return [("data_i", self.nets.read(inputs)), ("data_o", self.nets.text([output]))]

    def _train(self, block: TrainBlock) -> tuple[Ports, dict[str, int]]:
        """The shift register of an event's spikes; lanes beyond the last step get zeros."""
        nets, width = self.nets, sum(s.width for s in block.outputs)
        more, data = width * block.cycles - block.input.width, nets.read([block.input])
        data = joined([data, literal(0, more)] if more else [data])
        ports = [_CLOCK, ("load_i", nets.at(block.load, block.copy))]
        ports += [("data_i", data), ("data_o", nets.text(block.outputs))]
        return ports, {"WIDTH": width, "CYCLES": block.cycles}

    def _gathering(
        self, block: Gathering, into: str, lanes: Sequence[Signal], out: str
    ) -> tuple[Ports, dict[str, int]]:
        """A cell that gathers a value over all steps."""
        nets = self.nets
        ports = [_CLOCK, ("first_i", nets.at(block.first, block.copy))]
        ports += [("last_i", nets.at(block.last, block.copy)), (into, nets.read(lanes))]
        ports.append((out, nets.text([block.output])))
        sizes = {"COUNT": block.output.count, "WIDTH": block.output.fmt.width}
        return ports, sizes | {"LANES": len(lanes), "ENDING": block.ending}
