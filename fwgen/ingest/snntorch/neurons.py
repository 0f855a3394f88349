"""The neurons of snnTorch 1.0 as state dicts show them: Leaky, Synaptic, RLeaky and RSynaptic.

In a step, with ``u`` the membrane, ``s`` the spikes of the step before and ``reset`` as in
`fwgen.ingest.spiking.neurons`::

    Leaky:     v = beta*u + x - reset
    Synaptic:  syn = alpha*syn + x;  v = beta*u + syn - reset
    RLeaky:    v = beta*u + x + (V @ s + bias) - reset
    RSynaptic: as Synaptic, with x + (V @ s + bias) for x
"""

from dataclasses import dataclass, field, replace

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.exact import Reals
from fwgen.ingest.spiking.neurons import Neuron, Synapse, check_kept

RESETS = ("subtract", "zero", "none")  # snntorch.SpikingNeuron.reset_dict
BACK = "recurrent"  # the module inside a recurrent neuron
_LEAKY = frozenset({"beta", "threshold", "graded_spikes_factor", "reset_mechanism_val"})
_WEIGHT, _BIAS, _OWN = f"{BACK}.weight", f"{BACK}.bias", f"{BACK}.V"

# kind of a module by the arrays that it has, and may have
NEURON_KINDS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    ("leaky", _LEAKY, frozenset()),
    ("synaptic", _LEAKY | {"alpha"}, frozenset()),
    ("rleaky", _LEAKY | {_WEIGHT}, frozenset({_BIAS})),
    ("rleaky", _LEAKY | {"V"}, frozenset({_OWN})),
    ("rsynaptic", _LEAKY | {"alpha", _WEIGHT}, frozenset({_BIAS})),
    ("rsynaptic", _LEAKY | {"alpha", "V"}, frozenset({_OWN})),
)
NEURONS = frozenset(kind for kind, _, _ in NEURON_KINDS)
CURRENTS = frozenset({"synaptic", "rsynaptic"})
_NAMES = {
    "leaky": "Leaky",
    "synaptic": "Synaptic",
    "rleaky": "RLeaky",
    "rsynaptic": "RSynaptic",
}
KNOWN = (
    "torch.nn.Linear, torch.nn.BatchNorm1d and snntorch.Leaky, Synaptic, RLeaky and RSynaptic "
    "(version 1.0)"
)
_HOW = f"fwgen reads {KNOWN}; see docs/import.md."


@dataclass(slots=True, eq=False)
class Module:
    """One module: ``kind`` is that of a neuron, linear, norm or, without arrays, empty."""

    name: str
    where: str
    arrays: dict[str, Reals] = field(default_factory=dict)
    kind: str = ""

    @property
    def wanted(self) -> str:
        """A name that begins with a letter."""
        first = self.name[:1]
        return self.name if first.isascii() and first.isalpha() else f"{self.kind}_{self.name}"

    @property
    def neurons(self) -> str:
        """Name of the neurons' class in snnTorch."""
        return _NAMES[self.kind]

    @property
    def reset(self) -> str:
        """What a spike does to the membrane, as the module's arrays say."""
        value = self.arrays["reset_mechanism_val"]
        if value.size != 1 or value.ravel()[0] not in range(len(RESETS)):
            raise unread(f"{self.where}: reset_mechanism_val", "0, 1 or 2", f"{value.ravel()[:3]}")
        return RESETS[int(value.ravel()[0])]

    def spread(self, key: str, size: int) -> Reals:
        """One number for each element: that many, or one for all."""
        values = self.arrays[key]
        if values.size == 1:
            return np.full(size, values.ravel()[0])
        if values.shape != (size,):
            raise unread(f"{self.where}: {key}", f"{size} numbers, or one", f"shape {values.shape}")
        return values


def with_loops(modules: dict[str, Module]) -> dict[str, Module]:
    """Recurrent neurons with the arrays of the module inside them, as ``recurrent.NAME``."""
    found = dict(modules)
    for name, module in modules.items():
        outer, _, last = name.rpartition(".")
        neurons = found.get(outer)
        if last == BACK and neurons is not None and set(neurons.arrays) >= _LEAKY:
            neurons.arrays |= {f"{BACK}.{leaf}": v for leaf, v in module.arrays.items()}
            del found[name]
    return found


def neuron_of(module: Module, size: int, delay: str) -> Neuron:
    """The neurons of a module that reads ``size`` numbers.

    Raises
    ------
    BundleError
        If an array does not fit, or no layer computes them.
    """
    # snnTorch clamps both factors while it runs
    beta = np.clip(module.spread("beta", size), 0, 1)
    threshold = module.spread("threshold", size)
    if (module.arrays["graded_spikes_factor"] != 1).any():
        raise unread(f"{module.where}: graded_spikes_factor", "spikes of 1", "another factor")
    made = Neuron(beta, threshold, module.reset, delay, np.ones(size), np.zeros(size))
    if "alpha" in module.arrays:
        alpha = np.clip(module.spread("alpha", size), 0, 1)
        made = replace(made, synapse=Synapse(alpha, previous=False))
    if _WEIGHT in module.arrays or "V" in module.arrays:
        weight, bias = _loop(module, size)
        made = replace(made, recurrent=weight, constant=bias)
    if module.kind != "leaky":
        check_kept(module.where, module.neurons, made)
    return made


def _loop(module: Module, size: int) -> tuple[Reals, Reals]:
    """Weights of the spikes of the step before, and a bias."""
    if "V" in module.arrays:
        own = module.spread("V", size)
        if _OWN in module.arrays and (module.spread(_OWN, size) != own).any():
            raise unread(f"{module.where}: {_OWN}", "the numbers of V", "others")
        return np.diag(own), np.zeros(size)
    weight = module.arrays[_WEIGHT]
    if weight.shape != (size, size):
        raise unread(
            f"{module.where}: {_WEIGHT}", f"shape ({size}, {size})", f"shape {weight.shape}"
        )
    bias = module.arrays.get(_BIAS, np.zeros(size))
    if bias.shape != (size,):
        raise unread(f"{module.where}: {_BIAS}", f"shape ({size},)", f"shape {bias.shape}")
    return weight, bias


def unread(where: str, needed: str, found: str) -> BundleError:
    """A refusal that the guide explains."""
    return BundleError(where, needed=needed, found=found, do=_HOW)
