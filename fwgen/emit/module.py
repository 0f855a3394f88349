"""A circuit as a separate Verilog module."""

from typing import Any

from fwgen.emit.circuit import Writer
from fwgen.emit.memories import ENTRY
from fwgen.emit.render import render
from fwgen.emit.sums import sums_text
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.words import Vector


def circuit_text(module: str, circuit: Circuit, about: str) -> str:
    """The file of a circuit; ``about`` is one sentence."""
    writer = Writer(circuit.names.copy())
    body = writer.body(circuit)
    updates, assigns = writer.updates(circuit), writer.assigns(circuit)
    return render(
        "circuit.v.j2",
        about=about,
        module=module,
        timing=_timing(circuit.latency),
        inputs=[_port(v) for v in circuit.inputs],
        outputs=[_port(v) for v in circuit.outputs],
        ports=[_port(v) for v in [*circuit.inputs, *circuit.outputs]],
        sums=sums_text(circuit.sums),
        body=body,
        entry=ENTRY,
        fills=writer.fills,
        updates=updates,
        assigns=assigns,
        unused=[*writer.unread_ports(circuit), *writer.unread()],
    )


def _timing(latency: int) -> str:
    if not latency:
        return "Combinational"
    return f"Latency: {latency} cycle{'s' * (latency > 1)}, a new input every cycle"


def _port(vector: Vector) -> dict[str, Any]:
    return {
        "name": vector.name,
        "msb": vector.width - 1,
        "count": len(vector.words),
        "fmt": vector.fmt,
    }
