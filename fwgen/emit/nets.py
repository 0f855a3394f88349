"""What the top's modules, instances and nets are called, and which nets are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fwgen.emit.cells import cells_of
from fwgen.emit.literals import joined, range_text
from fwgen.lower.circuit.names import Names
from fwgen.lower.design import Block, CircuitBlock, Design, LifBlock, Signal

AT, OF, CONTROL, UNREAD = "event__at", "event__of", "events", "unused__bits"


@dataclass(slots=True)
class Nets:
    """The nets of a top by the signals that they carry.

    Ports and the bits of the event control bear fixed names; other nets get that of their signal.
    """

    design: Design
    names: Names = field(default_factory=Names)
    _called: dict[str, str] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        face = self.design.interface
        ports = [port.name for port in (*face.inputs, *face.outputs)]
        self.names.claim(["clk_i", "rst_i", "valid_i", "ready_o", "valid_o", *ports])
        self.names.claim([self.design.name, AT, OF, CONTROL, UNREAD])
        self._called = {port: port for port in ports}

    def drive(self, signal: Signal) -> str:
        """The net that a block drives with a signal.

        Raises
        ------
        ValueError
            If another block drives it.
        """
        if signal.net in self._called:
            raise ValueError(f"two blocks drive the signal '{signal.net}'")
        self._called[signal.net] = self.names.take(signal.net)
        return self._called[signal.net]

    def text(self, signals: Sequence[Signal]) -> str:
        """Signals side by side, the first in the lowest bits."""
        return joined([self._text(signal) for signal in signals])

    def read(self, signals: Sequence[Signal]) -> str:
        """Signals side by side as `text` has them, noted as read by a block or an output."""
        self._read |= {signal.net for signal in signals}
        return self.text(signals)

    def _text(self, signal: Signal) -> str:
        net = self._called[signal.net]
        if signal.lsb is None:
            return net
        return range_text(net, signal.lsb + signal.width - 1, signal.lsb)

    # ---- moments of events ----

    def at(self, cycle: int, copy: int = 0) -> str:
        """The bit that is high in this cycle of an event that a copy has."""
        copies, last = self.design.schedule.copies, self.design.last
        if cycle < 0:  # of taking an event, and of no other cycle of one in this copy
            return "ready_o"
        bit = f"{AT}[{cycle}]" if copies == 1 else f"{OF}[{copy * (last + 1) + cycle}]"
        self._read.add(bit)
        return bit

    def unread(self) -> Iterator[str]:
        """Bits of the event control and nets that nothing reads, for the lint.

        Of a layer's state, for instance, only the spikes may go on.
        """
        copies, last = self.design.schedule.copies, self.design.last
        # the last one says that the results are valid
        bits = [f"{AT}[{k}]" for k in range(last)]
        of = [f"{OF}[{k}]" for k in range(copies * (last + 1))]
        bits += of if copies > 1 else [OF]
        yield from (bit for bit in bits if bit not in self._read)
        ports = {port.name for port in self.design.interface.inputs}
        ports |= {port.name for port in self.design.interface.outputs}
        nets = ((s, net) for s, net in self._called.items() if s not in ports)
        yield from (net for signal, net in nets if signal not in self._read)


@dataclass(slots=True)
class Modules:
    """The modules of a design, each in a file of its name.

    A layer's module is called after the design and the layer.
    """

    design: Design
    names: Names = field(default_factory=Names)
    _called: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names.claim([self.design.name, *cells_of(self.design)])
        for block in self.design.blocks:
            if isinstance(block, CircuitBlock | LifBlock) and own(block) == block.name:
                wanted = f"{self.design.name}_{block.name}"
                inside = block.circuit.names if isinstance(block, CircuitBlock) else None
                self._called[block.name] = self.names.take(wanted, inside=inside)

    def of(self, block: CircuitBlock | LifBlock) -> str:
        """The module that a block is an instance of."""
        return self._called[own(block)]


def own(block: CircuitBlock | LifBlock) -> str:
    """The name of the block whose module a block is an instance of."""
    return block.module or block.name


def instance_name(nets: Nets, block: Block) -> str:
    """What a block is called in the top; the reports read the layer from it."""
    return nets.names.take(f"{block.name}__block")
