"""What leaves a design: output ports, their formats, and the contract with whoever drives it."""

from collections.abc import Sequence

from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import LastMembrane, Maximum, Neurons, Quantise, Table
from fwgen.ir.ports import Interface, Port
from fwgen.ir.schedule import Schedule
from fwgen.lower.design import OutputBlock
from fwgen.lower.plan import Plan


def output(plan: Plan, name: str, last: int) -> OutputBlock:
    """An output of the graph as a port, in the cycle ``last``."""
    signal = plan.at(plan.signals[name], last)
    return OutputBlock(name, f"output '{name}'", signal, _port_format(plan, name), f"{name}_o")


def _port_format(plan: Plan, name: str) -> Fixed:
    """The format that the model declares for a value, else the narrowest that holds it."""
    graph = plan.graph
    node = graph[name]
    if isinstance(node, Quantise | Table):
        return _plain(node.fmt)
    if isinstance(node, LastMembrane | Maximum):
        lif = graph[node.source]
        if isinstance(lif, Neurons) and lif.membrane is not None:
            return _plain(lif.membrane)
    return plan.analysis.values[name].fmt


def interface(
    plan: Plan, schedule: Schedule, outputs: Sequence[OutputBlock], last: int
) -> Interface:
    """Ports, latency and interval of the top module."""
    graph = plan.graph
    node, temporal = graph.input, any(isinstance(n, Neurons) for n in graph)
    return Interface(
        top=graph.name,
        inputs=(Port(f"{node.name}_i", _plain(node.fmt), node.elements(graph.steps)),),
        outputs=tuple(Port(o.port, o.fmt, o.signal.count) for o in outputs),
        latency=last + 1,
        interval=schedule.interval(graph.steps) if temporal else 1,
    )


def _plain(fmt: Fixed) -> Fixed:
    """A format for the same integers, without the modes of a conversion."""
    return Fixed(fmt.signed, fmt.width, fmt.integer)
