"""The contract between generated firmware and whoever drives it: ports, latency, interval."""

from dataclasses import dataclass

from fwgen.ir.fixed import Fixed


@dataclass(frozen=True, slots=True)
class Port:
    """One packed data port: ``count`` elements of format ``fmt``, element 0 in the low bits."""

    name: str
    fmt: Fixed
    count: int

    @property
    def width(self) -> int:
        """Width of the packed port in bits."""
        return self.fmt.width * self.count


@dataclass(frozen=True, slots=True)
class Interface:
    """The generated top module as seen from outside.

    Besides the data ports every top has ``clk_i``, ``rst_i`` (synchronous, active high),
    ``valid_i``, ``ready_o`` and ``valid_o``. An event is taken at a rising edge that sees
    ``valid_i`` and ``ready_o`` high and ``rst_i`` low. ``latency`` counts clock cycles from that
    edge to the edge that sees ``valid_o`` high, boundary registers included. ``interval`` is the
    smallest number of cycles between two events taken.
    """

    top: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    latency: int
    interval: int
