"""The choice among forms of spike-gated accumulators, by what they cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.estimate.design import circuit_cost
from fwgen.lower.spiking.spike_sum import QUICK, THOROUGH
from fwgen.lower.spiking.table_groups import GATED, Form, forms_for

_FEW = 12  # synapses of a neuron, up to which a tree of gated weights is compared


@dataclass(frozen=True, slots=True)
class Accumulators:
    """A layer's accumulators in one form; ``luts`` are estimated."""

    form: Form
    circuit: Circuit
    luts: int

    @property
    def about(self) -> str:
        """The form of the accumulators in words."""
        if self.form == GATED:
            return "a tree of gated weights"
        chains = f"{self.form.chains} chain{'s' * (self.form.chains > 1)}"
        begun = ", six spikes first" * self.form.alone
        return f"tables of spikes in {chains} a neuron{begun}"


def counted(form: Form, circuit: Circuit) -> Accumulators:
    """A form of accumulators with its circuit, LUTs estimated."""
    return Accumulators(form, circuit, circuit_cost(circuit).lut)


def chosen(
    inputs: int, make: Callable[[Form, int], Circuit], rank: Callable[[Circuit], Any] | None
) -> Accumulators:
    """The form with the fewest LUTs, or the fewest among those of the lowest rank.

    More chains take more LUTs, so the fewest chains are taken that will do; trees of gated weights
    are compared for few inputs only, where they may win.

    Parameters
    ----------
    inputs
        Synapses of the neuron that has most.
    make
        The circuit of a form, from how many exchanges are tried for each synapse.
    """
    every = [*forms_for(inputs), *[GATED] * (inputs <= _FEW)]
    quick = {form: make(form, QUICK) for form in every} if rank else {}
    ranks = {form: rank(circuit) for form, circuit in quick.items()} if rank else {}
    every = [form for form in every if not ranks or ranks[form] == min(ranks.values())]
    found: dict[Form, Circuit] = {}
    for form in every:
        if found and form != GATED:
            continue
        circuit = make(form, THOROUGH)
        # narrower tables stand in another order, which may take a cycle more
        if not rank or rank(circuit) <= ranks[form]:
            found[form] = circuit
    made = found or {every[0]: quick[every[0]]}
    return min((counted(form, one) for form, one in made.items()), key=lambda one: one.luts)
