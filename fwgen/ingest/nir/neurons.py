"""The neurons of a ``.nir`` file: differential equations and answers -> leak factors and gains."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.answers import Question
from fwgen.ingest.exact import Reals
from fwgen.ingest.nir.graph import FIRING, Node
from fwgen.ingest.nir.shapes import Shape, spread
from fwgen.ingest.snntorch.beta import DT, recovered
from fwgen.ingest.spiking import questions as q
from fwgen.ingest.spiking.neurons import Neuron, Synapse, check_kept

CUBA = frozenset({"CubaLIF", "CubaLI"})
LEAKY = frozenset({"LIF", "LI"}) | CUBA
NEURONS = FIRING | LEAKY


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered; ``own`` holds the answers to single nodes by node and question.

    ``unit`` is what a number of the file's tau is worth, in the unit of ``dt``.
    """

    producer: str | None
    dt: float
    unit: float
    v_min: str
    own: Mapping[tuple[str, str], str]

    def of(self, node: Node, question: Question) -> str:
        """The answer to a question about a node."""
        return self.own[node.name, question.key]

    @property
    def lowest(self) -> float | None:
        """The lowest membrane, None for no bound."""
        if self.v_min == "none":
            return None
        try:
            number = float(self.v_min)
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            raise no("--set v_min", "none or a number", repr(self.v_min[:40]))
        return number


def neuron_of(node: Node, shape: Shape, given: Given) -> Neuron:
    """The neurons of a node in discrete time.

    Raises
    ------
    BundleError
        If a number is refused, or no layer has what was answered.
    """
    return _Read(node, shape, given).neuron()


@dataclass(frozen=True, slots=True)
class _Read:
    """A node of neurons as it was read, with the answers that it needs."""

    node: Node
    shape: Shape
    given: Given

    def neuron(self) -> Neuron:
        node, given = self.node, self.given
        beta, gain, constant = self._dynamics()
        if node.kind in CUBA:
            synapse, gain = self._synapse(gain)
        else:
            synapse = None
        if node.kind not in FIRING:
            zeros = np.zeros_like(beta)
            quiet = Neuron(beta, zeros, "none", "true", gain, constant, fires=False)
            return replace(quiet, synapse=synapse)
        reset = given.of(node, q.RESET)
        if "v_reset" in node.arrays and self._parameter("v_reset").any():
            raise BundleError(
                f"{node.where}: v_reset",
                needed=f"0, since fwgen's neurons reset by reset={reset}",
                found="another value",
                do="Shift the membrane so that it is reset to 0, and train again.",
            )
        made = Neuron(
            beta,
            self._parameter("v_threshold"),
            reset,
            given.own.get((node.name, q.RESET_DELAY.key), "true"),
            gain,
            constant,
            reached=given.of(node, q.COMPARISON) == "ge",
            lowest=given.lowest,
            synapse=synapse,
        )
        made = self._with_loop(made)
        if given.producer == "snntorch" and (synapse or node.recurrent):
            what = "Synaptic" if synapse else "Leaky"
            check_kept(node.where, f"R{what}" if node.recurrent else what, made)
        return made

    def _with_loop(self, made: Neuron) -> Neuron:
        """With recurrent weights, whose bias is a constant current."""
        back = self.node.recurrent
        if back is None:
            return made
        weight = made.gain[:, None] * back.numbers("weight")
        bias = back.numbers("bias") if "bias" in back.arrays else np.zeros(len(weight))
        if bias.any() and self.given.of(self.node, q.RECURRENT_BIAS) == "later":
            needed = "a bias of recurrent weights that acts in every step"
            raise no(
                f"{back.where}: bias", needed, "recurrent_bias=later with a bias that is not 0"
            )
        return replace(made, recurrent=weight, constant=made.constant + made.gain * bias)

    def _parameter(self, key: str) -> Reals:
        return spread(self.node, key, self.node.numbers(key), self.shape)

    def _dynamics(self) -> tuple[Reals, Reals, Reals]:
        """The membrane's leak factor, input gain and constant current."""
        node, given = self.node, self.given
        ones = np.ones(int(np.prod(self.shape)))
        if node.kind == "IF":
            r = self._parameter("r")
            scaled = given.of(node, q.IF_INPUT) == "scaled"
            return ones, r * given.dt if scaled else r, 0 * ones
        if given.own.get((node.name, q.INITIAL.key)) == "v_leak":
            raise no(node.where, "membranes that begin at 0", "initial=v_leak with v_leak not 0")
        leak = self._parameter("v_leak")
        if node.kind in CUBA and leak.any():
            needed = "0 with a synaptic current, which has no constant behind it"
            raise no(f"{node.where}: v_leak", needed, f"{float(leak[leak != 0][0]):g}")
        tau = "tau_mem" if node.kind in CUBA else "tau"
        found = None if leak.any() else self._recovered(tau, "r")
        if found is not None:
            return *found, leak
        decay, r = self._decay(tau), self._parameter("r")
        plain = given.own.get((node.name, q.LIF_INPUT.key)) == "plain"
        return 1 - decay, r if plain else r * decay, decay * leak

    def _synapse(self, gain: Reals) -> tuple[Synapse, Reals]:
        """The current before the membrane; it takes the membrane's gain along with its own."""
        node, given = self.node, self.given
        previous = given.of(node, q.CURRENT) == "previous"
        plain = given.of(node, q.SYN_INPUT) == "plain"
        found = self._recovered("tau_syn", "w_in") if not plain else None
        if found is not None:
            alpha, more = found
        else:
            decay = self._decay("tau_syn")
            w_in = self._parameter("w_in") if "w_in" in node.arrays else np.ones_like(decay)
            alpha, more = 1 - decay, w_in if plain else w_in * decay
        return Synapse(alpha, previous), more * gain

    def _recovered(self, tau: str, gain: str) -> tuple[Reals, Reals] | None:
        """A leak factor and a gain of 1 that snnTorch has written."""
        node, given = self.node, self.given
        euler = given.of(node, q.INTEGRATION) == "euler"
        if given.producer != "snntorch" or not euler or given.dt != DT or gain not in node.arrays:
            return None
        found = recovered(node.raw(tau), node.raw(gain))
        if found is None:
            return None
        factors, gains = (spread(node, tau, values, self.shape) for values in found)
        return factors, gains

    def _decay(self, key: str) -> Reals:
        """``1 - exp(-dt/tau)``, or ``dt/tau``."""
        node, dt = self.node, self.given.dt
        tau = self._parameter(key) * self.given.unit
        if (tau <= 0).any():
            raise no(f"{node.where}: {key}", "numbers above 0", f"{float(tau.min()):g}")
        if self.given.of(node, q.INTEGRATION) == "exponential":
            return -np.expm1(-dt / tau)
        if (dt > tau).any():
            raise BundleError(
                f"{node.where}: {key}",
                needed=f"at least dt={dt:g} with integration=euler",
                found=f"{float(tau.min()):g}",
                do="Correct --set dt"
                + (f", or --set {q.TAU.key}" if self.given.producer == "norse" else "")
                + ".",
            )
        return dt / tau


def no(where: str, needed: str, found: str) -> BundleError:
    """A refusal that the guide explains."""
    return BundleError(where, needed=needed, found=found, do="See docs/import.md.")
