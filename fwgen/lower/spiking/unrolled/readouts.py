"""Read-outs of unrolled layers: one circuit that reads all steps."""

from fwgen.ir.nodes import LastMembrane, Maximum, Membrane, ReadOut
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.design import CircuitBlock
from fwgen.lower.spiking.readouts import gathered
from fwgen.lower.spiking.unrolled.state import UnrolledState


def membrane(unrolled: UnrolledState, node: Membrane) -> None:
    """Membranes of each step; with ``previous`` those of the step before, at first 0."""
    found = unrolled.membranes[node.source]
    if node.previous:
        frac = unrolled.plan.analysis.values[node.name].frac
        found = [unrolled.zeros(f"{node.name}__t0", found[0], frac), *found[:-1]]
    unrolled.mark(node, found)


def last_membrane(unrolled: UnrolledState, node: LastMembrane) -> None:
    """The membranes of the last step, wires to that step's circuit."""
    unrolled.plan.signals[node.name] = unrolled.membranes[node.source][-1]


def gather(unrolled: UnrolledState, node: ReadOut) -> None:
    """A read-out that gathers over all steps: one circuit that reads every step."""
    plan = unrolled.plan
    steps = (unrolled.membranes if isinstance(node, Maximum) else unrolled.steps)[node.source]
    given = unrolled.given([(f"step{t}_i", s) for t, s in enumerate(steps)])
    c = Circuit(plan.pace.tighter())
    rows = [c.input(port, values, given.before[port]) for port, values in given.sources.items()]
    words = gathered(c, node, rows)
    c.output("result_o", words, plan.analysis.values[node.name])
    about = f"{node.op}, {len(words)} neurons over {plan.graph.steps} steps"
    block = CircuitBlock(node.name, about, c, tuple(given.ports), (), 0)
    plan.signals[node.name] = plan.circuit(block, [node.name])[0]
