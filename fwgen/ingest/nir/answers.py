"""What the nodes of a NIR file leave open, and the answers."""

from fwgen.errors import BundleError
from fwgen.ingest.answers import Question
from fwgen.ingest.nir.graph import FIRING, Node
from fwgen.ingest.nir.neurons import CUBA, LEAKY, Given
from fwgen.ingest.spiking import questions as q

_PASSING = frozenset({"Input", "Output", "Flatten", "Scale"})  # may hand on what they read


def answered(inquiry: q.Inquiry, nodes: list[Node]) -> Given:
    """The answers on all nodes; what is missing is noted in the inquiry.

    Raises
    ------
    BundleError
        If an answer asks for what neurons cannot do.
    """
    kinds = {node.kind for node in nodes}
    own: dict[tuple[str, str], str] = {}
    for node in nodes:
        for question in _questions(node, nodes, inquiry.producer):
            if question.key == q.RESET_DELAY.key and own[node.name, q.RESET.key] == "none":
                continue
            own[node.name, question.key] = inquiry.choice(question, node.name) or ""
    scaled = any(value == "scaled" for (_, key), value in own.items() if key == q.IF_INPUT.key)
    timed = bool(kinds & LEAKY) or scaled
    dt = inquiry.number(q.DT) if timed else None
    v_min = "none"
    if inquiry.producer == "sinabs" and kinds & FIRING:
        if inquiry.choice(q.SPIKES) == "several":
            raise BundleError(
                "--set spikes",
                needed="one: fwgen's neurons fire at most once a step",
                found="several",
                do="Train with spike_fn=SingleSpike.",
            )
        v_min = inquiry.text(q.V_MIN) or "none"
    leaks = bool(kinds & LEAKY) and inquiry.producer == "norse"
    times_dt = leaks and inquiry.choice(q.TAU) == "times_dt"
    unit = 1 / (dt or 1.0) if times_dt else 1.0
    return Given(inquiry.producer, dt or 1.0, unit, v_min, own)


def _questions(node: Node, nodes: list[Node], producer: str | None) -> list[Question]:
    """What is open about one node."""
    found = []
    if node.kind in LEAKY:
        found.append(q.INTEGRATION)
    if node.kind in CUBA:
        found += [q.CURRENT, q.SYN_INPUT]
    elif node.kind in LEAKY:
        if producer == "sinabs":
            found.append(q.LIF_INPUT)
        if node.numbers("v_leak").any():
            found.append(q.INITIAL)
    if node.kind == "IF":
        found.append(q.IF_INPUT)
    if node.kind in FIRING:
        found += [q.RESET, q.SNN_RESET_DELAY if producer == "snntorch" else q.RESET_DELAY]
    if node.recurrent is not None and node.recurrent.kind == "Affine":
        found += [q.RECURRENT_BIAS] * bool(node.recurrent.numbers("bias").any())
    if node.kind in FIRING | {"Threshold"}:
        found.append(q.COMPARISON)
    if node.kind == "Output" and not node.inner and _read_kinds(node, nodes) & FIRING:
        found.append(q.READOUT)
    return found


def _read_kinds(node: Node, nodes: list[Node]) -> set[str]:
    """Kinds of the nodes that an Output reads, through those that may hand on what they read."""
    by_name = {n.name: n for n in nodes}
    found: set[str] = set()
    seen: set[str] = set()
    todo = list(node.reads)
    while todo:
        read = by_name[todo.pop()]
        if read.kind not in _PASSING:
            found.add(read.kind)
        elif read.name not in seen:
            seen.add(read.name)
            todo += read.reads
    return found
