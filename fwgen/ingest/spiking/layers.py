"""Neurons -> the layers of ``model.yaml`` that compute them, with the formats of exact numbers."""

from dataclasses import dataclass
from typing import Any

from fwgen.errors import BundleError
from fwgen.ingest.exact import Grid, Reals, exact_format, integer_bits
from fwgen.ingest.names import CURRENT, SYNAPSE
from fwgen.ingest.spiking.neurons import Leak, LifExpression, Neuron, Synapse, membrane_frac, reach
from fwgen.ingest.spiking.values import Formats
from fwgen.ir.fixed import MAX_WIDTH

_STATES = {"alpha": "a synaptic current", "beta": "a membrane"}
PARTS = (SYNAPSE, CURRENT)  # of a layer with a synaptic current, after its name


@dataclass(frozen=True, slots=True, eq=False)
class MembraneInput:
    """What membranes see in each step, and how they leak; ``alpha`` where a current leaks too."""

    grid: Grid
    leak: Leak
    alpha: Leak | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DraftLayer:
    """A layer to be written, with the arrays that are its own."""

    op: str
    name: str
    source: str
    keys: dict[str, Any]
    arrays: dict[str, Reals]


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Neurons that are about to be written; ``source`` is the layer that they read."""

    where: str
    name: str
    source: str
    made: LifExpression
    seen: MembraneInput
    formats: Formats
    steps: int

    def layers(self) -> list[DraftLayer]:
        """The layers, the last of them under the neurons' name.

        Raises
        ------
        BundleError
            If the sums of exact numbers are too wide.
        """
        neuron = self.made.neuron
        if neuron.synapse is None:
            leaks = not neuron.fires or (neuron.beta != 1).any()
            op = "lif" if leaks and neuron.fires else "if" if neuron.fires else "li"
            return [self._membranes(op, self.source)]
        if neuron.fires:
            return [self._current_based(neuron.synapse)]
        keys, arrays = self._synapse(neuron.synapse, self.name + SYNAPSE, "beta", "membrane")
        integrators = DraftLayer("li", self.name + SYNAPSE, self.source, keys, arrays)
        previous = {"previous": True} if neuron.synapse.previous else {}
        current = DraftLayer("membrane", self.name + CURRENT, integrators.name, previous, {})
        return [integrators, current, self._membranes("li", current.name)]

    def _current_based(self, synapse: Synapse) -> DraftLayer:
        keys, arrays = self._synapse(synapse, self.name, "alpha", "syn")
        behind = self._membranes("cuba_lif", self.source)
        keys |= behind.keys | {"previous_current": synapse.previous}
        return DraftLayer("cuba_lif", self.name, self.source, keys, arrays | behind.arrays)

    def _synapse(
        self, synapse: Synapse, name: str, leak: str, state: str
    ) -> tuple[dict[str, Any], dict[str, Reals]]:
        """Keys and arrays of the current, under the names of its leak factor and its state."""
        keys, arrays = dict[str, Any](), dict[str, Reals]()
        _put(keys, arrays, name, leak, synapse.alpha)
        keys[f"{leak}_format"] = self.formats.beta
        if self.formats.exact and self.seen.alpha is not None:
            grid, alpha = self.seen.grid, self.seen.alpha
            peak = max(-float(grid.lo.min()), float(grid.hi.max()))
            keys[f"{leak}_format"] = self._leak_format(alpha)
            keys[f"{state}_format"] = self._exact("alpha", grid.frac, peak, alpha)
        return keys, arrays

    def _membranes(self, op: str, source: str) -> DraftLayer:
        neuron, keys, arrays = self.made.neuron, dict[str, Any](), dict[str, Reals]()
        if op != "if":
            _put(keys, arrays, self.name, "beta", neuron.beta)
            keys["beta_format"] = self.formats.beta
        if neuron.fires:
            _put(keys, arrays, self.name, "threshold", neuron.threshold)
            keys |= {"reset": neuron.reset, "reset_delay": self.made.reset_delay}
        if neuron.recurrent is not None:
            keys |= {"recurrent": f"{self.name}.recurrent", "recurrent_format": self.formats.weight}
            arrays["recurrent"] = neuron.recurrent
        if self.formats.exact:
            keys |= {k: v for k, v in self._exact_keys(neuron).items() if _known(k, keys)}
        return DraftLayer(op, self.name, source, keys, arrays)

    def _exact_keys(self, neuron: Neuron) -> dict[str, str]:
        grid, leak = self.seen.grid, self.seen.leak
        frac = membrane_frac(neuron, grid.frac, leak.frac, self.steps)
        peak = reach(self.made, grid, leak, self.steps)
        found = {
            "beta_format": self._leak_format(leak),
            "threshold_format": exact_format(neuron.threshold),
            "membrane_format": self._exact("beta", frac, peak, leak),
        }
        if neuron.recurrent is not None:
            found["recurrent_format"] = self.formats.weight or exact_format(neuron.recurrent)
        return found

    def _leak_format(self, leak: Leak) -> str:
        return self.formats.beta or f"ufixed<{leak.frac + 1},1>"

    def _exact(self, factor: str, frac: int, peak: float, leak: Leak) -> str:
        """The format of a state that is never rounded; ``factor`` is what it leaks by."""
        integer = integer_bits(peak) + 1
        if frac + integer > MAX_WIDTH:
            raise BundleError(
                self.where,
                needed=f"at most {MAX_WIDTH} bits for {_STATES[factor]} that is never rounded",
                found=f"{frac + integer}: {leak.frac} fraction bits of {factor} in each of "
                f"{self.steps} steps",
                do="Leave out formats=exact, or round leak factors with --set beta_format=FORMAT, "
                "for example ufixed<9,1,RND_CONV>.",
            )
        return f"fixed<{frac + integer},{integer}>"


def _known(key: str, keys: dict[str, Any]) -> bool:
    """Whether the layer has what the format is of; a membrane it always has."""
    return key == "membrane_format" or key.removesuffix("_format") in keys


def _put(
    keys: dict[str, Any], arrays: dict[str, Reals], name: str, key: str, values: Reals
) -> None:
    """One number where all are alike, else an array."""
    if (values == values[0]).all():
        keys[key] = float(values[0])
    else:
        keys[key], arrays[key] = f"{name}.{key}", values
