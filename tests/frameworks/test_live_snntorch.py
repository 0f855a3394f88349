"""Imported networks against snnTorch itself: the same spikes and membranes in every step.

All numbers are dyadic and few enough for float32 to be exact (`snn_nets`), so everything is `==`.
FWGEN_TEST_GRAPHS sets the number of networks.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.ir.cast import to_real
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Neurons

REASON = "needs the [torch] extra: pip install fwgen[torch]"
torch = pytest.importorskip("torch", reason=REASON)
snntorch = pytest.importorskip("snntorch", reason=REASON)
nir = pytest.importorskip("nir", reason=REASON)
pytest.importorskip("safetensors", reason=REASON)
pytestmark = pytest.mark.frameworks

from safetensors.torch import save_file  # noqa: E402 - only where it is installed
from snntorch.export_nir import export_to_nir  # noqa: E402 - as above

from tests.frameworks.importing import answers, import_all, integers  # noqa: E402 - as above
from tests.frameworks.snn_nets import EVENTS, INPUT, Net, random_net  # noqa: E402 - as above

GRAPHS = int(os.environ.get("FWGEN_TEST_GRAPHS", "50"))


def frac(graph: Graph, name: str) -> int:
    """Fraction bits of the membranes of a layer."""
    node = next(node for node in graph if node.name == name)
    assert isinstance(node, Neurons)
    assert node.membrane is not None
    return node.membrane.frac


def compare(seed: int, net: Net, folder: Path, names: dict[str, str]) -> int:
    """Assert equality of all neurons' spikes and membranes; the number of spikes."""
    graph, ours = integers(folder, net.x)
    theirs = net.run()
    spikes = 0
    for name in net.delays:
        mine = names[name]
        assert np.array_equal(ours[mine], theirs[name]), (seed, name)
        membrane = to_real(ours[f"{mine}.membrane"], frac(graph, mine))
        assert np.array_equal(membrane, theirs[f"{name}.membrane"].astype(float)), (seed, name)
        spikes += int(theirs[name].sum())
    last = list(net.delays)[-1]
    if f"{names[last]}_count" in graph.outputs:
        assert np.array_equal(ours[f"{names[last]}_count"], theirs[last].sum(axis=0))
    else:
        values = to_real(ours[f"{names[last]}_membrane"], frac(graph, names[last]))
        assert np.array_equal(values, theirs[f"{last}.membrane"][-1].astype(float))
    return spikes


def given(seed: int, net: Net, names: dict[str, str]) -> dict[str, Any]:
    """Answers about a network."""
    delays = {f"reset_delay.{names[name]}": str(d).lower() for name, d in net.delays.items()}
    for name in net.delays:
        if net.modules[name].reset_mechanism == "none":
            del delays[f"reset_delay.{names[name]}"]
    return {
        "formats": "exact",
        "steps": net.steps,
        "input_format": INPUT,
        "readout": ("membrane", "spike_count")[seed % 2],
        **delays,
    }


def save(net: Net, path: Path) -> None:
    """The state dict in the format of the path's ending."""
    state = net.named().state_dict()
    if path.suffix == ".npz":
        np.savez(path, **{key: value.numpy() for key, value in state.items()})
    elif path.suffix == ".safetensors":
        save_file({key: value.contiguous().clone() for key, value in state.items()}, path)
    else:
        torch.save(state, path)


def classes(net: Net) -> dict[str, str]:
    """The answers to what the neurons are."""
    currents = [hasattr(net.modules[name], "alpha") for name in net.delays]
    found = {"synapse": "synaptic"} if any(currents) else {}
    return found if all(currents) else found | {"neuron": "leaky"}


@pytest.mark.parametrize("kinds", [("leaky",), ("synaptic", "rleaky", "rsynaptic", "leaky")])
def test_state_dicts(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    """State dicts of all three formats, every reset, delay, leak and threshold: equal spikes."""
    nets = {seed: random_net(seed, kinds=kinds) for seed in range(GRAPHS)}
    print(f"seeds 0 to {GRAPHS - 1}, {EVENTS} events each")  # noqa: T201 - shown on failure
    commands = []
    for seed, net in nets.items():
        path = tmp_path / f"{seed}{('.pt', '.npz', '.safetensors')[seed % 3]}"
        save(net, path)
        said = given(seed, net, {name: name for name in net.delays}) | classes(net)
        if path.suffix != ".pt":
            said["order"] = ",".join(net.modules)
        commands.append([path, "-o", tmp_path / f"net{seed}", *answers(said)])
    import_all(tmp_path, commands)
    spikes = [
        compare(seed, net, tmp_path / f"net{seed}", {name: name for name in net.delays})
        for seed, net in nets.items()
    ]
    assert sum(spikes) > 1000 * GRAPHS


@pytest.mark.parametrize("kinds", [("leaky",), ("synaptic", "rleaky", "rsynaptic", "leaky")])
def test_nir(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    """SnnTorch's own NIR files with the true reset: equal spikes, clamped leaks included."""
    nets = {seed: random_net(seed, nir=True, kinds=kinds) for seed in range(GRAPHS)}
    print(f"seeds 0 to {GRAPHS - 1}, {EVENTS} events each")  # noqa: T201 - shown on failure
    commands, named = [], {}
    for seed, net in nets.items():
        path = tmp_path / f"{seed}.nir"
        graph = export_to_nir(net.net, torch.from_numpy(net.x[0]).float())
        nir.write(path, graph)
        numbers = {name: str(k) for k, name in enumerate(net.modules)}
        for name in net.delays:
            numbers[name] += ".lif" if hasattr(net.modules[name], "recurrent") else ""
        named[seed] = {name: layer_of(net.modules[name], numbers[name]) for name in net.delays}
        said = given(seed, net, numbers)
        for name in net.delays:
            said[f"reset.{numbers[name]}"] = net.modules[name].reset_mechanism
        commands.append(
            [path, "-o", tmp_path / f"net{seed}", "--producer", "snntorch", *answers(said)]
        )
    import_all(tmp_path, commands)
    spikes = [
        compare(seed, net, tmp_path / f"net{seed}", named[seed]) for seed, net in nets.items()
    ]
    assert sum(spikes) > 1000 * GRAPHS


def layer_of(module: Any, number: str) -> str:
    """The name of the layer that neurons in a NIR file become."""
    kind = "cubalif" if hasattr(module, "alpha") else "lif"
    return f"{kind}_{number}".replace(".", "_")


def test_the_delay_cannot_be_left_out(tmp_path: Path) -> None:
    """The two delays are different networks: a wrong answer gives other spikes."""
    net = next(
        net
        for net in map(random_net, range(1000))
        if all(net.modules[n].reset_mechanism == "subtract" for n in net.delays) and net.steps > 3
    )
    path = tmp_path / "net.pt"
    save(net, path)
    said = given(0, net, {name: name for name in net.delays}) | {"neuron": "leaky"}
    for name, delay in net.delays.items():
        said[f"reset_delay.{name}"] = str(not delay).lower()
    import_all(tmp_path, [[path, "-o", tmp_path / "net", *answers(said)]])
    _, ours = integers(tmp_path / "net", net.x)
    theirs = net.run()
    assert any(not np.array_equal(ours[name], theirs[name]) for name in net.delays)
