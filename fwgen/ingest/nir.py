"""NIR, the neuromorphic intermediate representation (``.nir``) -> a draft.

The parameters of its differential equations become those of neurons in discrete time, by the
answers that the user or a producer gives. In one step, with ``a = 1 - beta``::

    euler:        beta = 1 - dt/tau        exponential:  beta = exp(-dt/tau)
    LIF, LI:      v = beta*v + a*r*x + a*v_leak          (lif_input=plain: r*x)
    IF:           v = v + r*dt*x                         (if_input=plain: r*x)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest import snn_questions as q
from fwgen.ingest.answers import INPUT_FORMAT, Question, ask
from fwgen.ingest.draft import Draft
from fwgen.ingest.exact import Reals
from fwgen.ingest.neurons import Neuron
from fwgen.ingest.nir_graph import Node, read_nodes
from fwgen.ingest.nir_shapes import Shape, shapes_of, spread
from fwgen.ingest.schema import MAX_SIZE
from fwgen.ingest.snntorch_beta import DT, recovered
from fwgen.ingest.sources import Request
from fwgen.ingest.spiking import Net
from fwgen.ingest.spiking_values import Formats, Thing
from fwgen.ingest.weights import read_format

_NEURONS = frozenset({"LIF", "LI", "IF"})
_FIRING = frozenset({"LIF", "IF"})
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
    steps = inquiry.steps() if any(node.kind in _NEURONS for node in nodes) else 1
    fmt = inquiry.text(INPUT_FORMAT)
    formats = read_formats(inquiry, request)
    ask(str(request.path), inquiry.missing, () if request.producer else tuple(q.PRODUCERS))
    size = int(np.prod(event.whole("shape")))
    draft = Draft(request.name, size, fmt or "", steps=steps)
    by = f", written by {request.producer}" if request.producer else ""
    draft.provenance |= {"framework": f"NIR{by}"}
    draft.notes += inquiry.notes
    net = Net(draft, str(request.path), formats)
    _Builder(net, answers, request.producer, shapes).run(nodes)
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
        raise _no(f"{path}: node", "one Input and an Output", f"{len(inputs)} Inputs")
    shape = inputs[0].whole("shape")
    if not shape or min(shape) < 1 or np.prod([float(n) for n in shape]) > MAX_SIZE:
        raise _no(f"{inputs[0].where}: shape", f"1 to {MAX_SIZE} numbers an event", f"{shape}")
    return inputs[0]


# ---- questions ----


@dataclass(frozen=True, slots=True)
class _Answers:
    """What was answered; ``own`` holds the answers to single nodes by node and question.

    ``unit`` is what a number of the file's tau is worth, in the unit of ``dt``.
    """

    dt: float
    unit: float
    v_min: str
    own: dict[tuple[str, str], str]

    def of(self, node: Node, question: Question) -> str:
        return self.own[node.name, question.key]


def _answers(inquiry: q.Inquiry, nodes: list[Node]) -> _Answers:
    kinds = {node.kind for node in nodes}
    own: dict[tuple[str, str], str] = {}
    for node in nodes:
        for question in _questions(node, nodes, inquiry.producer):
            if question.key == q.RESET_DELAY.key and own[node.name, q.RESET.key] == "none":
                continue
            own[node.name, question.key] = inquiry.choice(question, node.name) or ""
    scaled = any(value == "scaled" for (_, key), value in own.items() if key == q.IF_INPUT.key)
    timed = bool(kinds & {"LIF", "LI"}) or scaled
    dt = inquiry.number(q.DT) if timed else None
    v_min = "none"
    if inquiry.producer == "sinabs" and kinds & _FIRING:
        if inquiry.choice(q.SPIKES) == "several":
            raise BundleError(
                "--set spikes",
                needed="one: fwgen's neurons fire at most once a step",
                found="several",
                do="Train with spike_fn=SingleSpike.",
            )
        v_min = inquiry.text(q.V_MIN) or "none"
    leaks = bool(kinds & {"LIF", "LI"}) and inquiry.producer == "norse"
    times_dt = leaks and inquiry.choice(q.TAU) == "times_dt"
    return _Answers(dt or 1.0, 1 / (dt or 1.0) if times_dt else 1.0, v_min, own)


def _questions(node: Node, nodes: list[Node], producer: str | None) -> list[Question]:
    """What is open about one node."""
    found = []
    if node.kind in {"LIF", "LI"}:
        found.append(q.INTEGRATION)
        if producer == "sinabs":
            found.append(q.LIF_INPUT)
        if node.numbers("v_leak").any():
            found.append(q.INITIAL)
    if node.kind == "IF":
        found.append(q.IF_INPUT)
    if node.kind in _FIRING:
        found += [q.RESET, q.SNN_RESET_DELAY if producer == "snntorch" else q.RESET_DELAY]
    if node.kind in _FIRING | {"Threshold"}:
        found.append(q.COMPARISON)
    if node.kind == "Output" and not node.inner and _read_kinds(node, nodes) & _FIRING:
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

    def __init__(
        self, net: Net, answers: _Answers, producer: str | None, shapes: Mapping[str, Shape]
    ) -> None:
        self.net, self.answers, self.producer, self.shapes = net, answers, producer, shapes
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
            case "LIF" | "LI" | "IF":
                return self.net.neurons(where, wanted, source, self._neuron(node))
            case "Output" if not node.inner:
                self.net.output(where, source, self.answers.own.get((node.name, q.READOUT.key)))
        return source

    def _source(self, node: Node) -> Thing:
        things = [self.values[name] for name in node.reads]
        return self.net.summed(node.where, _wanted(node), things)

    def _parameter(self, node: Node, key: str) -> Reals:
        return spread(node, key, node.numbers(key), self.shapes[node.name])

    def _neuron(self, node: Node) -> Neuron:
        beta, gain, constant = self._dynamics(node)
        if node.kind == "LI":
            return Neuron(beta, np.zeros_like(beta), "none", "true", gain, constant, fires=False)
        reset = self.answers.of(node, q.RESET)
        if "v_reset" in node.arrays and self._parameter(node, "v_reset").any():
            raise BundleError(
                f"{node.where}: v_reset",
                needed=f"0, since fwgen's neurons reset by reset={reset}",
                found="another value",
                do="Shift the membrane so that it is reset to 0, and train again.",
            )
        return Neuron(
            beta,
            self._parameter(node, "v_threshold"),
            reset,
            self.answers.own.get((node.name, q.RESET_DELAY.key), "true"),
            gain,
            constant,
            reached=self.answers.of(node, q.COMPARISON) == "ge",
            lowest=self._lowest(),
        )

    def _lowest(self) -> float | None:
        if self.answers.v_min == "none":
            return None
        try:
            number = float(self.answers.v_min)
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            raise _no("--set v_min", "none or a number", repr(self.answers.v_min[:40]))
        return number

    def _dynamics(self, node: Node) -> tuple[Reals, Reals, Reals]:
        """Leak factor, input gain and constant current."""
        shape = self.shapes[node.name]
        ones = np.ones(int(np.prod(shape)))
        if node.kind == "IF":
            r = self._parameter(node, "r")
            scaled = self.answers.of(node, q.IF_INPUT) == "scaled"
            return ones, r * self.answers.dt if scaled else r, 0 * ones
        if self.answers.own.get((node.name, q.INITIAL.key)) == "v_leak":
            raise _no(node.where, "membranes that begin at 0", "initial=v_leak with v_leak not 0")
        leak = self._parameter(node, "v_leak")
        euler = self.answers.of(node, q.INTEGRATION) == "euler"
        if self.producer == "snntorch" and euler and self.answers.dt == DT and not leak.any():
            found = recovered(node.raw("tau"), node.raw("r"))
            if found is not None:
                beta, gain = (spread(node, "tau", values, shape) for values in found)
                return beta, gain, leak
        decay, r = self._decay(node), self._parameter(node, "r")
        plain = self.answers.own.get((node.name, q.LIF_INPUT.key)) == "plain"
        return 1 - decay, r if plain else r * decay, decay * leak

    def _decay(self, node: Node) -> Reals:
        """``1 - beta``."""
        tau, dt = self._parameter(node, "tau") * self.answers.unit, self.answers.dt
        if (tau <= 0).any():
            raise _no(f"{node.where}: tau", "numbers above 0", f"{float(tau.min()):g}")
        if self.answers.of(node, q.INTEGRATION) == "exponential":
            return -np.expm1(-dt / tau)
        if (dt > tau).any():
            raise BundleError(
                f"{node.where}: tau",
                needed=f"at least dt={dt:g} with integration=euler",
                found=f"{float(tau.min()):g}",
                do="Correct --set dt"
                + (f", or --set {q.TAU.key}" if self.producer == "norse" else "")
                + ".",
            )
        return dt / tau


def _wanted(node: Node) -> str:
    """A name that begins with a letter: torch's containers count their modules."""
    first = node.name[:1]
    return node.name if first.isascii() and first.isalpha() else f"{node.kind.lower()}_{node.name}"


def _no(where: str, needed: str, found: str) -> BundleError:
    return BundleError(where, needed=needed, found=found, do="See docs/import.md.")
