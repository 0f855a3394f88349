"""NIR, the neuromorphic intermediate representation (``.nir``) -> a draft.

The parameters of its differential equations become those of neurons in discrete time, by the
answers that the user or a producer gives. In one step, with ``a = 1 - beta``::

    euler:        beta = 1 - dt/tau        exponential:  beta = exp(-dt/tau)
    LIF, LI:      v = beta*v + a*r*x + a*v_leak          (lif_input=plain: r*x)
    IF:           v = v + r*dt*x                         (if_input=plain: r*x)
    CubaLIF, -LI: syn = alpha*syn + (1 - alpha)*w_in*x   (syn_input=plain: w_in*x)
                  v = beta*v + a*r*syn

where alpha is the beta of tau_syn. A map from neurons back to themselves reads the spikes of the
step before, none in the first.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.answers import Question, ask
from fwgen.ingest.bundle.schema import MAX_SIZE
from fwgen.ingest.bundle.weights import read_format
from fwgen.ingest.draft import Draft
from fwgen.ingest.exact import Reals
from fwgen.ingest.nir.graph import FIRING, Node, read_nodes
from fwgen.ingest.nir.neurons import CUBA, LEAKY, NEURONS, Given, neuron_of, no
from fwgen.ingest.nir.shapes import Shape, shapes_of, spread
from fwgen.ingest.sources import Request
from fwgen.ingest.spiking import questions as q
from fwgen.ingest.spiking.network import Net
from fwgen.ingest.spiking.values import Formats, Thing

_PASSING = frozenset({"Input", "Output", "Flatten", "Scale"})  # may hand on what they read
_WEIGHT_FORMAT = Question("weight_format", "format of all weights", ("FORMAT",))
_BETA_FORMAT = Question("beta_format", "format of all leak factors", ("FORMAT",))


def accepts(path: Path) -> bool:
    """Whether the file is named as NIR files are."""
    return path.suffix.lower() == ".nir"


def read(request: Request) -> Draft:
    """The draft of a ``.nir`` file.

    Raises
    ------
    BundleError
        If the file, or what was answered, is refused; or an answer is missing.
    """
    q.check_producer(request.producer, q.PRODUCERS)
    nodes = read_nodes(request.path)
    event = _event(request.path, nodes)
    shapes = shapes_of(nodes)
    inquiry = q.Inquiry(request.answers, request.producer)
    answers = _answers(inquiry, nodes)
    steps = inquiry.steps() if any(node.kind in NEURONS for node in nodes) else 1
    fmt = inquiry.text(q.INPUT)
    formats = read_formats(inquiry, request)
    ask(str(request.path), inquiry.missing, () if request.producer else tuple(q.PRODUCERS))
    size = int(np.prod(event.whole("shape")))
    draft = Draft(request.name, size, fmt or "", steps=steps)
    by = f", written by {request.producer}" if request.producer else ""
    draft.provenance |= {"framework": f"NIR{by}"}
    draft.notes += inquiry.notes
    net = Net(draft, str(request.path), formats)
    _Builder(net, answers, shapes).run(nodes)
    return draft


def read_formats(inquiry: q.Inquiry, request: Request) -> Formats:
    """What the user said about number formats."""
    exact = inquiry.option(q.FORMATS) == "exact"
    texts = [inquiry.answers.get(question.key) for question in (_WEIGHT_FORMAT, _BETA_FORMAT)]
    for question, text in zip((_WEIGHT_FORMAT, _BETA_FORMAT), texts, strict=True):
        if text is not None:
            read_format(text, f"--set {question.key}")
            inquiry.notes.append(f"{question.key} is {text}, by --set.")
    if exact:
        rounded = " but those rounded first" if any(texts) else ""
        inquiry.notes.append(
            f"Formats are exact: no number of the file{rounded} and no sum is rounded."
        )
    precision = request.precision and read_format(request.precision, "--precision")
    weight, beta = texts
    return Formats(exact, weight, beta, precision or None, request.samples is not None)


def _event(path: Path, nodes: list[Node]) -> Node:
    inputs = [node for node in nodes if node.kind == "Input" and not node.inner]
    if len(inputs) != 1 or not any(n.kind == "Output" and not n.inner for n in nodes):
        raise no(f"{path}: node", "one Input and an Output", f"{len(inputs)} Inputs")
    shape = inputs[0].whole("shape")
    if not shape or min(shape) < 1 or np.prod([float(n) for n in shape]) > MAX_SIZE:
        raise no(f"{inputs[0].where}: shape", f"1 to {MAX_SIZE} numbers an event", f"{shape}")
    return inputs[0]


# ---- questions ----


def _answers(inquiry: q.Inquiry, nodes: list[Node]) -> Given:
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


# ---- nodes ----


class _Builder:
    """Hands the nodes to a `Net`, in order."""

    def __init__(self, net: Net, answers: Given, shapes: Mapping[str, Shape]) -> None:
        self.net, self.answers, self.shapes = net, answers, shapes
        self.values: dict[str, Thing] = {}

    def run(self, nodes: list[Node]) -> None:
        for node in nodes:
            event = node.kind == "Input" and not node.inner
            self.values[node.name] = self.net.event() if event else self._node(node)

    def _node(self, node: Node) -> Thing:
        where, wanted, source = node.where, _wanted(node), self._source(node)
        match node.kind:
            case "Affine" | "Linear":
                weight = node.numbers("weight")
                bias = node.numbers("bias") if "bias" in node.arrays else np.zeros(len(weight))
                return self.net.dense(where, wanted, source, weight, bias)
            case "Scale":
                gain = self._parameter(node, "scale")
                return self.net.scaled(where, wanted, source, gain, np.zeros_like(gain))
            case "Threshold":
                value = self._parameter(node, "threshold")
                reached = self.answers.of(node, q.COMPARISON) == "ge"
                return self.net.above(where, wanted, source, value, reached=reached)
            case kind if kind in NEURONS:
                neuron = neuron_of(node, self.shapes[node.name], self.answers)
                return self.net.neurons(where, wanted, source, neuron)
            case "Output" if not node.inner:
                self.net.output(where, source, self.answers.own.get((node.name, q.READOUT.key)))
        return source

    def _source(self, node: Node) -> Thing:
        things = [self.values[name] for name in node.reads]
        return self.net.summed(node.where, _wanted(node), things)

    def _parameter(self, node: Node, key: str) -> Reals:
        return spread(node, key, node.numbers(key), self.shapes[node.name])


def _wanted(node: Node) -> str:
    """A name that begins with a letter: torch's containers count their modules."""
    first = node.name[:1]
    return node.name if first.isascii() and first.isalpha() else f"{node.kind.lower()}_{node.name}"
