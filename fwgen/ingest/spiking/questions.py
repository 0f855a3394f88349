"""What spiking files leave open, and what the frameworks that write them answer.

A ``.nir`` file holds the parameters of differential equations. It says nothing of the time step,
the way of integration, whether a reset subtracts or zeroes and when it acts, whether equality
fires, how many steps an event takes, and what is read out (facts of nir 1.0.8, snntorch 1.0.0,
norse 1.1.0, sinabs 3.1.3). A producer answers only what holds for every network of its framework.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from fwgen.errors import BundleError
from fwgen.ingest.answers import Answers, Question
from fwgen.ingest.bundle.schema import MAX_STEPS

STEPS = Question("steps", f"time steps an event, 1 to {MAX_STEPS}", ("NUMBER",))
DT = Question("dt", "time step, in the unit of the file's tau", ("SECONDS",))
TAU = Question(
    "tau",
    "the file's tau: in seconds; or times dt, as norse.torch.to_nir of Norse 1.1 writes it",
    ("seconds", "times_dt"),
)
INTEGRATION = Question(
    "integration", "leak factor: 1 - dt/tau, or exp(-dt/tau)", ("euler", "exponential")
)
RESET = Question("reset", "what a spike does to the membrane", ("subtract", "zero", "none"))
RESET_DELAY = Question(
    "reset_delay",
    "true: it acts in the next step; false: snnTorch's reset_delay=False; at_spike: in the step of "
    "every spike, as in Norse and sinabs",
    ("true", "false", "at_spike"),
)
SNN_RESET_DELAY = Question(
    "reset_delay", "argument of snnTorch's neurons, true by default", ("true", "false")
)
COMPARISON = Question("comparison", "fires above the threshold, or at it too", ("gt", "ge"))
READOUT = Question(
    "readout",
    "of the last neurons: membrane after the last step, or spikes",
    ("membrane", "spike_count"),
)
IF_INPUT = Question(
    "if_input", "an IF adds r*dt times its input a step, or r times", ("scaled", "plain")
)
LIF_INPUT = Question(
    "lif_input", "sinabs' norm_input: input times 1 - leak factor, or as it is", ("scaled", "plain")
)
CURRENT = Question(
    "current",
    "synaptic current that a membrane takes: that of the step, or of the step before",
    ("new", "previous"),
)
SYN_INPUT = Question(
    "syn_input",
    "a synaptic current grows by w_in times the input, scaled by 1 - its leak factor or not",
    ("scaled", "plain"),
)
RECURRENT_BIAS = Question(
    "recurrent_bias",
    "a bias of recurrent weights acts in every step, or from the second on",
    ("every", "later"),
)
INPUT = Question(
    "input_format",
    "number format of the event's elements, the same in each step; or spikes: bits for each step",
    ("FORMAT", "spikes"),
)
SPIKES = Question("spikes", "SingleSpike, or MultiSpike as by default", ("one", "several"))
V_MIN = Question("v_min", "sinabs' min_v_mem", ("none", "NUMBER"))
INITIAL = Question("initial", "membrane before the first step", ("zero", "v_leak"))
NEURON = Question(
    "neuron",
    "each without alpha is snntorch.Leaky or RLeaky, without inhibition and state_quant",
    ("leaky",),
)
SYNAPSE = Question(
    "synapse",
    "each with alpha is snntorch.Synaptic or RSynaptic, not Alpha, without inhibition and "
    "state_quant",
    ("synaptic",),
)

FORMATS = Question(
    "formats", "exact: no number and no sum is ever rounded; else chosen", ("chosen", "exact")
)

PRODUCERS: dict[str, dict[str, str]] = {
    "snntorch": {
        "dt": "1e-4",
        "integration": "euler",
        "comparison": "gt",
        "lif_input": "scaled",
        "initial": "zero",
        "current": "new",
        "syn_input": "scaled",
        "recurrent_bias": "every",
    },
    "norse": {
        "dt": "1e-3",
        "integration": "euler",
        "reset_delay": "at_spike",
        "comparison": "gt",
        "if_input": "plain",
        "lif_input": "scaled",
        "initial": "v_leak",
        "current": "new",
        "syn_input": "plain",
    },
    "sinabs": {
        "dt": "1",
        "integration": "exponential",
        "reset_delay": "at_spike",
        "comparison": "ge",
        "if_input": "plain",
        "initial": "zero",
    },
}


@dataclass(slots=True)
class Inquiry:
    """Answers of the user, then of the producer; what neither knows is collected in ``missing``.

    ``notes`` gets one sentence an answer, for the bundle.
    """

    answers: Answers
    producer: str | None = None
    missing: list[Question] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def choice(self, question: Question, node: str | None = None) -> str | None:
        """The answer to a question with choices, for one node where it has its own."""
        own = replace(question, key=f"{question.key}.{node}") if node else None
        value = self.answers.choice(own) if own else None
        if own and value is not None:
            return self._noted(own.key, value, "--set")
        value = self.answers.choice(question)
        return self._or_producer(question, value)

    def text(self, question: Question) -> str | None:
        """The answer to a question for a format, or for a number or a word."""
        return self._or_producer(question, self.answers.get(question.key))

    def number(self, question: Question) -> float | None:
        """The answer to a question for a positive number."""
        value = self.answers.number(question)
        if value is not None and value <= 0:
            raise self.answers.wrong(question, str(value))
        text = self._or_producer(question, None if value is None else repr(value))
        return None if text is None else float(text)

    def steps(self) -> int:
        """The number of steps; 1 where it is missing."""
        value = self.answers.whole(STEPS)
        if value is not None and not 1 <= value <= MAX_STEPS:
            raise self.answers.wrong(STEPS, str(value))
        return int(self._or_producer(STEPS, None if value is None else str(value)) or 1)

    def option(self, question: Question) -> str | None:
        """An answer that need not be given, and is not noted."""
        return self.answers.choice(question)

    def _or_producer(self, question: Question, value: str | None) -> str | None:
        if value is not None:
            return self._noted(question.key, value, "--set")
        known = PRODUCERS.get(self.producer or "", {}).get(question.key)
        if known is not None:
            return self._noted(question.key, known, f"--producer {self.producer}")
        if question not in self.missing:
            self.missing.append(question)
        return None

    def _noted(self, key: str, value: str, by: str) -> str:
        sentence = f"{key} is {value}, by {by}."
        if sentence not in self.notes:
            self.notes.append(sentence)
        return value


def check_producer(producer: str | None, known: Iterable[str]) -> None:
    """Refuse a producer that does not write this format.

    Raises
    ------
    BundleError
        If it is none of ``known``.
    """
    if producer is not None and producer not in known:
        raise BundleError(
            "--producer",
            needed=" or ".join(known),
            found=repr(producer[:80]),
            do="Leave it out to answer each question with --set.",
        )
