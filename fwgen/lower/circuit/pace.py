"""How much logic fits between two registers: what each operation takes of the wanted clock.

The constants are those of `fwgen.devices.delays`, under which the mapped netlist is timed too. An
operation is counted with the net that leads to it. Before mapping nobody knows how many cells read
a signal, so a usual number is assumed; the netlist's own model knows.
"""

from dataclasses import dataclass

from fwgen.devices.catalogue import Device
from fwgen.devices.delays import DEFAULT, LUT_INPUTS, Delays, model_for
from fwgen.lower.circuit.words import WIDEST_TREE

_PS_PER_US = 1_000_000
MARGIN = 0.2  # of the clock, for spiking layers; from mapped netlists of models/snn_ae
_SINKS = 2  # assumed: cells that read a signal before mapping


@dataclass(frozen=True, slots=True)
class Pace:
    """The wanted clock in MHz and the delays of the device; all times are picoseconds."""

    clock_mhz: float
    delays: Delays = DEFAULT

    @classmethod
    def of(cls, device: Device, clock_mhz: float) -> "Pace":
        """The pace of a device's default part, or of the part number that chose the device."""
        return cls(clock_mhz, model_for(device.family, device.part))

    def tighter(self) -> "Pace":
        """The pace for what synthesis maps for area: functions of spikes come out deeper."""
        return Pace(self.clock_mhz * (1 + MARGIN), self.delays)

    @property
    def room(self) -> int:
        """What a cycle leaves for logic between two registers; 0 if the registers take it all."""
        return max(0, int(_PS_PER_US / self.clock_mhz) - self.delays.register)

    def loop(self, logic: int) -> int:
        """Period that a loop needs: ``logic``, and its register."""
        return logic + self.delays.register

    def lut(self, sinks: int = _SINKS) -> int:
        """Delay of a LUT and the net before it."""
        return self.delays.wire(sinks) + self.delays.lut

    def load(self, sinks: int) -> int:
        """What a net to so many cells takes longer than a usual one."""
        return max(0, self.delays.wire(sinks) - self.delays.wire(_SINKS))

    def add(self, bits: int) -> int:
        """An addition or subtraction with a result of ``bits``."""
        return self.lut() + self.delays.chain(bits)

    def ripple(self, bits: int) -> int:
        """What the carry takes from the lowest of ``bits`` to the highest."""
        return self.delays.chain(bits) - self.delays.chain(1)

    def compare(self, bits: int) -> int:
        """A comparison with a constant of so many bits (`comparison`)."""
        if bits <= LUT_INPUTS:
            return self.lut()
        return 2 * self.lut() if bits <= WIDEST_TREE else self.lut() + self.add(bits // 2)

    def select(self, bits: int) -> int:
        """A choice of ``bits`` bits: the condition reaches all of them."""
        return self.lut(max(_SINKS, bits))

    def reduce(self, bits: int) -> int:
        """One bit from ``bits`` bits, such as whether any of them is set: a tree of LUTs."""
        levels, left = 1, bits
        while left > LUT_INPUTS:
            levels, left = levels + 1, -(-left // LUT_INPUTS)
        return levels * self.lut()

    def clamp(self, bits: int, aligned: int | None) -> int:
        """A comparison with each limit side by side, then the choice.

        With limits ``aligned`` to as many bits, the bits above are looked at, and nothing compared.
        """
        if aligned is not None:
            return self.reduce(max(1, bits - aligned)) + self.select(aligned)
        return self.compare(bits) + self.select(bits)

    def lookup(self, bits: int) -> int:
        """A table: a LUT for six bits of address, and one more level for each bit beyond."""
        return self.lut(bits) + max(0, bits - LUT_INPUTS) * self.lut()

    def multiply(self, a_bits: int, b_bits: int) -> int:
        """A product: one LUT a bit where the operands are narrow, else a DSP."""
        if a_bits + b_bits <= LUT_INPUTS:
            return self.lut()
        return self.delays.wire(a_bits + b_bits) + self.delays.dsp

    def square(self, bits: int) -> int:
        """A square: one LUT a bit where the operand is narrow, else a DSP."""
        return self.lut() if bits <= LUT_INPUTS else self.delays.wire(2 * bits) + self.delays.dsp
