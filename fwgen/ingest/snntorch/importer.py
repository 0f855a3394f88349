"""snnTorch state dicts (``.pt``, ``.safetensors``, ``.npz``) and a few answers -> a draft.

A state dict holds weights, leak factors, thresholds and the kind of reset. It says neither when the
reset acts (``reset_delay``), nor how many steps an event takes, nor what is read out. Its modules
stand in the order in which they were made, which is taken for the order in which they run unless
``--set order=`` says otherwise; the shapes must fit. Where two linear maps follow one another, or
the file does not list its modules, it is asked for.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.answers import Question, ask
from fwgen.ingest.bundle.schema import MAX_LAYERS, MAX_SIZE
from fwgen.ingest.draft import Draft
from fwgen.ingest.files.torch_file import StateDict, read_state_dict
from fwgen.ingest.norm import norm_factors
from fwgen.ingest.snntorch.neurons import (
    CURRENTS,
    KNOWN,
    NEURON_KINDS,
    NEURONS,
    Module,
    neuron_of,
    unread,
    with_loops,
)
from fwgen.ingest.sources import Request
from fwgen.ingest.spiking import questions as q
from fwgen.ingest.spiking.formats import read_formats
from fwgen.ingest.spiking.network import Net
from fwgen.ingest.spiking.values import ValueOrMap

SUFFIXES = (".pt", ".pth", ".safetensors", ".npz")
RELU = "relu"
MAX_MODULES = 1024
_ORDER = Question(
    "order",
    "modules in the order in which forward() runs them, and relu where it calls one",
    ("NAME,NAME,...",),
)
_EPSILON = Question("epsilon", "eps of BatchNorm1d, 1e-5 by default", ("NUMBER",))

_NORM = frozenset({"running_mean", "running_var"})
_KINDS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    ("linear", frozenset({"weight"}), frozenset({"bias"})),
    ("norm", _NORM, frozenset({"weight", "bias", "num_batches_tracked"})),
    *NEURON_KINDS,
)
_MAPS = ("linear", "norm")


def accepts(path: Path) -> bool:
    """Whether the file is named as state dicts are."""
    return path.suffix.lower() in SUFFIXES


def read(request: Request) -> Draft:
    """The draft of a state dict.

    Raises
    ------
    BundleError
        If the file, or what was answered, is refused; or an answer is missing.
    """
    q.check_producer(request.producer, ("snntorch",))
    inquiry = q.Inquiry(request.answers, "snntorch")
    modules = _modules(request.path, inquiry)
    spiking = [module for module in modules if module.kind in NEURONS]
    if any(module.kind not in CURRENTS for module in spiking):
        inquiry.choice(q.NEURON)
    if any(module.kind in CURRENTS for module in spiking):
        inquiry.choice(q.SYNAPSE)
    delays = {
        module.name: inquiry.choice(q.SNN_RESET_DELAY, module.name) or "true"
        for module in spiking
        if module.reset != "none"
    }
    steps = inquiry.steps() if spiking else 1
    normed = any(module.kind == "norm" for module in modules)
    epsilon = (inquiry.number(_EPSILON) if normed else None) or 0.0
    readout = inquiry.choice(q.READOUT) if modules[-1].kind in NEURONS else None
    fmt = inquiry.text(q.INPUT)
    formats = read_formats(inquiry, request)
    ask(str(request.path), inquiry.missing)
    draft = Draft(request.name, _inputs(modules), fmt or "", steps=steps)
    draft.provenance |= {"framework": f"snnTorch (state dict; {_classes(spiking)} 1.0)"}
    draft.notes += inquiry.notes
    net = Net(draft, str(request.path), formats)
    value: ValueOrMap = net.event()
    for module in modules:
        match module.kind:
            case "linear":
                value = _linear(net, module, value)
            case kind if kind in NEURONS:
                neuron = neuron_of(module, value.size, delays.get(module.name, "true"))
                value = net.neurons(module.where, module.wanted, value, neuron)
            case "norm":
                value = _norm(net, module, value, epsilon)
            case _:
                value = net.relu(module.where, module.wanted, value)
    net.output(modules[-1].where, value, readout)
    return draft


def _classes(spiking: list[Module]) -> str:
    """The classes of the neurons; without any, the version that is meant all the same."""
    names = dict.fromkeys(module.neurons for module in spiking)
    return "snntorch." + (", ".join(names) or "Leaky")


def _linear(net: Net, module: Module, value: ValueOrMap) -> ValueOrMap:
    weight = module.arrays["weight"]
    bias = module.arrays.get("bias", np.zeros(len(weight)))
    return net.dense(module.where, module.wanted, value, weight, bias)


def _norm(net: Net, module: Module, value: ValueOrMap, epsilon: float) -> ValueOrMap:
    arrays = {
        key: module.spread(key, value.size) for key in module.arrays if key != "num_batches_tracked"
    }
    variance = arrays["running_var"] + epsilon
    if (variance <= 0).any():
        raise unread(f"{module.where}: running_var", "variances above 0", f"{variance.min():g}")
    gain, offset = norm_factors(
        arrays["running_mean"],
        arrays["running_var"],
        arrays.get("weight", np.ones(value.size)),
        arrays.get("bias", np.zeros(value.size)),
        epsilon,
    )
    return net.scaled(module.where, module.wanted, value, gain, offset)


def _inputs(modules: list[Module]) -> int:
    """Size of an event, by the first module that says it."""
    for module in modules:
        known = module.arrays.get("weight") if module.kind == "linear" else None
        arrays = module.arrays.values() if known is None else [known]
        size = max((int(values.shape[-1]) for values in arrays if values.ndim), default=1)
        if not 1 <= size <= MAX_SIZE:
            raise unread(module.where, f"1 to {MAX_SIZE} inputs", f"{size}")
        if known is not None or size > 1:
            return size
    raise unread(modules[0].where, "a module whose arrays say how many inputs there are", "none")


# ---- modules in their order ----


def _modules(path: Path, inquiry: q.Inquiry) -> list[Module]:
    """Modules in the order in which they run; those without arrays are ReLUs."""
    state = read_state_dict(path)
    modules = _grouped(path, state)
    wanted = inquiry.answers.get(_ORDER.key)
    if wanted is not None:
        inquiry.notes.append(f"order is {wanted}, by --set.")
        order = _chosen(wanted, modules)
    else:
        order = list(modules.values())
        run = ", ".join(module.name for module in order)
        inquiry.notes.append(f"Modules run in the order of the file: {run}.")
    acting = _acting(order, inquiry)
    if wanted is None and (_bare(acting) or not _listed(state, acting)):
        inquiry.missing.append(_ORDER)
    return acting


def _acting(order: list[Module], inquiry: q.Inquiry) -> list[Module]:
    """Modules with arrays, and those that are ReLUs; the others change nothing."""
    replies = {RELU: RELU}
    for module in order:
        if not module.kind and module.name != RELU:
            question = Question(
                f"layer.{module.name}",
                f"module {module.name!r} has no arrays: a ReLU, or one that changes nothing at "
                "inference, such as Dropout and Flatten",
                (RELU, "none"),
            )
            replies[module.name] = inquiry.choice(question) or ""
    return [module for module in order if module.kind or replies[module.name] == RELU]


def _bare(acting: list[Module]) -> bool:
    """Maps in a row: forward() may call an activation of which the file says nothing.

    A normalisation belongs to the linear map before it.
    """
    kinds = [module.kind for module in acting]
    return any(a in _MAPS and b in _MAPS and (a, b) != _MAPS for a, b in pairwise(kinds))


def _listed(state: StateDict, acting: list[Module]) -> bool:
    """Whether the file shows every module in its order, those without arrays included.

    The numbers of a `torch.nn.Sequential` do, if nothing after the last can matter: a ReLU does
    nothing to spikes.
    """
    counted = all(module.name.isascii() and module.name.isdigit() for module in acting)
    return state.modules is not None or (counted and acting[-1].kind in NEURONS)


def _chosen(wanted: str, modules: dict[str, Module]) -> list[Module]:
    where = f"--set {_ORDER.key}"
    names = [name.strip() for name in wanted.split(",")]
    for name in names:
        if name not in modules and name != RELU:
            known = ", ".join([*modules, RELU])[:200]
            raise BundleError(
                where, needed=f"names among {known}", found=repr(name[:60]), do="Correct it."
            )
        if name in modules and names.count(name) > 1:
            needed = "each module once: fwgen has no layers that share their neurons"
            raise BundleError(where, needed=needed, found=repr(name[:60]), do="Correct it.")
    left = [name for name, module in modules.items() if module.kind and name not in names]
    if left:
        raise BundleError(
            where, needed="every module that has arrays", found=f"no {left[0][:60]!r}", do="Add it."
        )
    return [modules.get(name) or Module(name, where) for name in names]


def _grouped(path: Path, state: StateDict) -> dict[str, Module]:
    """Arrays by module, each of a known kind; modules without arrays where the file shows them."""
    modules: dict[str, Module] = {}
    for name in state.modules or ():
        modules.setdefault(name, Module(name, f"{path}: module {name[:60]!r}"))
    for key, values in state.arrays.items():
        name, _, leaf = key.rpartition(".")
        if not name:
            raise unread(f"{path}: {key[:60]!r}", "names MODULE.ARRAY", "no module")
        module = modules.setdefault(name, Module(name, f"{path}: module {name[:60]!r}"))
        module.arrays[leaf] = values
    if not state.arrays or len(modules) > MAX_MODULES:
        raise unread(str(path), f"1 to {MAX_MODULES} modules", f"{len(modules)}")
    modules = with_loops(modules)
    for name in [n for n, m in modules.items() if _is_container(n, m, modules)]:
        del modules[name]
    modules = _counted(path, modules)
    for module in modules.values():
        module.kind = _kind(module)
        _check_alone(module, modules)
    if len(modules) > MAX_LAYERS:
        raise unread(str(path), f"at most {MAX_LAYERS} modules", f"{len(modules)}")
    return modules


def _check_alone(module: Module, modules: dict[str, Module]) -> None:
    """Arrays inside a module with arrays are its own: LinearLeaky has such."""
    parts = module.name.split(".")
    for count in range(1, len(parts)):
        outer = modules.get(".".join(parts[:count]))
        if outer is not None and outer.arrays and module.arrays:
            raise unread(module.where, KNOWN, f"arrays inside {outer.name[:60]!r}")


def _is_container(name: str, module: Module, modules: dict[str, Module]) -> bool:
    inside = f"{name}." if name else ""
    return not module.arrays and any(n != name and n.startswith(inside) for n in modules)


def _counted(path: Path, modules: dict[str, Module]) -> dict[str, Module]:
    """A torch.nn.Sequential counts its modules: a number left out is one without arrays."""
    if all(_number(name) is not None for name in modules):
        modules = dict(sorted(modules.items(), key=lambda item: _number(item[0]) or 0))
    found: dict[str, Module] = {}
    for name, module in modules.items():
        parent, dot, _ = name.rpartition(".")
        for index in range(_number(name) or 0):
            left_out = f"{parent}{dot}{index}"
            if left_out not in modules and left_out not in found:
                found[left_out] = Module(left_out, f"{path}: module {left_out[:60]!r}")
        found[name] = module
        if len(found) > MAX_MODULES:
            raise unread(str(path), f"at most {MAX_MODULES} modules", "more")
    return {n: m for n, m in found.items() if not _is_container(n, m, found)}


def _number(name: str) -> int | None:
    """The number at the end of a module's name, if it is one that torch.nn.Sequential gives."""
    last = name.rpartition(".")[2]
    return int(last) if last.isascii() and last.isdigit() and len(last) < 4 else None  # noqa: PLR2004 - digits


def _kind(module: Module) -> str:
    leaves = set(module.arrays)
    if not leaves:
        return ""
    for kind, needed, allowed in _KINDS:
        if needed <= leaves <= needed | allowed:
            if kind == "linear" and module.arrays["weight"].ndim != 2:  # noqa: PLR2004 - a matrix
                shape = module.arrays["weight"].shape
                what = ", as of a convolution" if len(shape) > 2 else ""  # noqa: PLR2004 - a matrix
                raise unread(module.where, KNOWN, f"weights of shape {shape}{what}")
            return kind
    found = f"arrays {', '.join(sorted(leaves))}"[:160]
    raise unread(module.where, KNOWN, found)
