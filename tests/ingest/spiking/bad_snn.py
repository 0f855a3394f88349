"""Hostile and broken ``.nir``, ``.pt``, ``.safetensors`` and ``.npz`` files, and what is said."""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from tests.ingest.spiking.snn_files import (
    ORDERED,
    Pickled,
    nir_nodes,
    pickle_of,
    state_dict,
    tensor,
    write_nir,
    write_npz,
    write_pt,
    write_safetensors,
)


class BadFile(NamedTuple):
    """What is wrong, the file's ending, how it is written, what is said, and the answers given."""

    what: str
    suffix: str
    write: Callable[[Path], object]
    message: str
    settings: tuple[str, ...] = ()


NIR = (
    "dt=1",
    "integration=euler",
    "reset=subtract",
    "reset_delay=true",
    "comparison=gt",
    "steps=4",
    "readout=membrane",
    "input_format=fixed<6,3>",
)
SNN = ("neuron=leaky", "reset_delay=true", "steps=4", "readout=membrane", "input_format=fixed<6,3>")


def other(settings: tuple[str, ...], **changed: str) -> tuple[str, ...]:
    """The settings with some changed."""
    return tuple(t for t in settings if t.partition("=")[0] not in changed) + tuple(
        f"{key}={value}" for key, value in changed.items()
    )


# ---- NIR ----


def node(which: str, drop: str = "", **keys: Any) -> Callable[[Path], object]:
    """A file with a node's arrays changed."""

    def write(path: Path) -> None:
        nodes = nir_nodes()
        nodes[which].pop(drop, None)
        nodes[which] |= keys
        write_nir(path, nodes)

    return write


def edges(*pairs: tuple[str, str], **more: Any) -> Callable[[Path], object]:
    """A file with these edges, and nodes added."""
    return lambda path: write_nir(path, nir_nodes() | more, list(pairs))


ROUTE = [("input", "fc"), ("fc", "lif"), ("lif", "output")]
LINEAR = {"type": "Linear", "weight": np.eye(2)}
SQUARE = {"type": "Affine", "weight": np.ones((2, 2)), "bias": np.ones(2)}
INTEGRATOR = {"type": "LI", "tau": np.ones(2), "r": np.ones(2), "v_leak": np.zeros(2)}
ONE = np.ones(2)
CUBA = (*NIR, "current=new", "syn_input=scaled")


def cuba(pairs: list[tuple[str, str]] | None = None, **keys: Any) -> Callable[[Path], object]:
    """A file of neurons with a synaptic current, some arrays changed, or with a loop."""
    lif = {"type": "CubaLIF", "tau_syn": ONE * 2, "tau_mem": ONE * 2, "r": ONE, "v_leak": ONE * 0}
    nodes = nir_nodes() | {"lif": lif | {"v_threshold": ONE} | keys}
    return lambda path: write_nir(path, nodes | ({"back": LINEAR} if pairs else {}), pairs)


def changed(act: Callable[[h5py.File], object]) -> Callable[[Path], object]:
    """A good file to which something is done."""

    def write(path: Path) -> None:
        write_nir(path, nir_nodes())
        with h5py.File(path, "a") as file:
            act(file)

    return write


def raw(data: bytes) -> Callable[[Path], object]:
    """These bytes."""
    return lambda path: path.write_bytes(data)


def truncated(write: Callable[[Path], object], share: float = 0.5) -> Callable[[Path], object]:
    """The beginning of a good file."""

    def cut(path: Path) -> None:
        write(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return cut


def bomb(file: h5py.File) -> None:
    """A dataset that claims 8 TB in a file of a few kB."""
    group = file["node/nodes/fc"]
    del group["weight"]
    group.create_dataset("weight", shape=(10**6, 10**6), dtype="f8", chunks=(64, 64))


def echo(file: h5py.File) -> None:
    """40,000 edges of which one has a long name."""
    names = np.full((40_000, 2), "a", dtype=object)
    names[-1, -1] = "b" * 10**6
    del file["node/edges"]
    file["node"].create_dataset("edges", data=names, dtype=h5py.string_dtype())


def links(file: h5py.File) -> None:
    """One long text under many names."""
    file["node/nodes/fc/note"] = "a" * 2_000_000
    for k in range(20):
        file[f"node/nodes/fc/note{k}"] = file["node/nodes/fc/note"]


def chunked(size: int, unpacked: int, chunk: int | None = None) -> Callable[[h5py.File], None]:
    """A weight of ``size`` bytes, in chunks, the first of which unpacks to so many bytes."""

    def act(file: h5py.File) -> None:
        group = file["node/nodes/fc"]
        del group["weight"]
        made = group.create_dataset(
            "weight",
            shape=(size,),
            maxshape=(None,),
            dtype="u1",
            chunks=(chunk or size,),
            compression="gzip",
        )
        made.id.write_direct_chunk((0,), zlib.compress(bytes(unpacked), 9))

    return act


def wide(file: h5py.File) -> None:
    """As many texts in one row as there may be texts."""
    names = np.full((1, 50_000), "a", dtype=object)
    file["node"].create_dataset("names", data=names, dtype=h5py.string_dtype())


def attribute(file: h5py.File) -> None:
    """An attribute of 3,000 texts, each of which may be as long as the file."""
    names = np.full(3000, "a" * 60, dtype=object)
    file["node"].attrs.create("names", names, dtype=h5py.string_dtype())


def endless(path: Path) -> None:
    """A heap of texts whose free space has another of no size behind it: libhdf5 stays there."""
    write_nir(path, nir_nodes())
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    at, end = heap + 16, heap + int.from_bytes(data[heap + 8 : heap + 16], "little")
    while data[at]:
        at += 16 + -(-int.from_bytes(data[at + 8 : at + 16], "little") // 8) * 8
    assert at < end
    data[at + 8 : at + 16] = (32).to_bytes(8, "little")
    path.write_bytes(data)


def deep(path: Path) -> None:
    """Graphs in graphs."""
    nodes: dict[str, Any] = {"fc": nir_nodes()["fc"]}
    for _ in range(40):
        nodes = {"g": {"nodes": nodes}}
    write_nir(path, nodes)


def ladder(path: Path) -> None:
    """Graphs that hand on what two graphs hand on, 60 rungs: 2**60 ways from end to end."""
    nodes = nir_nodes()
    ports = {"in": {"type": "Input", "shape": [2]}, "out": {"type": "Output", "shape": [2]}}
    rungs = {f"{side}{k}": {"nodes": ports} for k in range(60) for side in "ab"}
    pairs = [(f"{a}{k}", f"{b}{k + 1}") for k in range(59) for a in "ab" for b in "ab"]
    ends = [*ROUTE[:2], ("lif", "a0"), ("lif", "b0"), ("a59", "output"), ("b59", "output")]
    write_nir(path, nodes | rungs, ends + pairs)


def graph_with(**ports: Any) -> Callable[[Path], object]:
    """A graph inside the graph with these ports beside its neurons."""
    nodes = nir_nodes()
    inner = {
        "nodes": {"in": nodes["input"], "fc": nodes["fc"], **ports},
        "edges": [("in", "fc"), ("fc", next(iter(ports)))],
    }
    outer = {"input": nodes["input"], "g": inner, "output": nodes["output"]}
    return lambda path: write_nir(path, outer)


OUT = {"type": "Output", "shape": [2]}
SUPPORTED = "Input, Output, Affine, Linear, Scale, Flatten, Threshold, IF, LI, LIF, CubaLI, CubaLIF"
SAVE = "Save the model again, as one HDF5 file that holds its own data."
N = "net.nir: node"
WRITE = "Write the file with nir.write from the package nir."
LOOP = (
    "net.nir: edges: needed loops only from neurons through a Linear or Affine, which no other "
    "node reads, back to them;"
)

NIR_FILES = [
    BadFile("empty", ".nir", raw(b""), "net.nir: needed a readable HDF5 file; found"),
    BadFile("no HDF5", ".nir", raw(b"hello" * 99), "net.nir: needed a readable HDF5 file; found"),
    BadFile(
        "truncated",
        ".nir",
        truncated(node("fc")),
        "net.nir: needed a readable HDF5 file; found",
    ),
    BadFile(
        "no version",
        ".nir",
        lambda path: write_nir(path, nir_nodes(), version=None),
        "net.nir: version: needed a version of NIR from 0 to 1; found none.",
    ),
    BadFile(
        "a version to come",
        ".nir",
        lambda path: write_nir(path, nir_nodes(), version="2.0"),
        "net.nir: version: needed a version of NIR from 0 to 1; found '2.0'.",
    ),
    BadFile(
        "no node",
        ".nir",
        changed(lambda file: file.move("node", "nodes")),
        "net.nir: needed a group 'node' and a 'version'; found 'nodes' beside them.",
    ),
    BadFile(
        "a node of another type than a graph",
        ".nir",
        changed(lambda file: file["node/type"].__setitem__((), "LIF")),
        "net.nir: node: needed a group of type NIRGraph; found none.",
    ),
    BadFile(
        "a group beside the nodes",
        ".nir",
        changed(lambda file: file["node"].create_group("recurrent")),
        "net.nir: node: needed a group 'nodes' and an array 'edges'; found other members.",
    ),
    BadFile(
        "an attribute that may mean anything",
        ".nir",
        changed(lambda file: file["node/nodes/lif"].attrs.__setitem__("dt", 0.5)),
        "net.nir: node 'lif': needed no attributes of HDF5 groups; found 'dt'.",
    ),
    BadFile(
        "a map that nobody reads",
        ".nir",
        edges(*ROUTE, ("fc", "gone"), gone=LINEAR),
        "net.nir: node 'gone': needed a node that another one reads; found no edge from it.",
    ),
    BadFile(
        "a heap of texts without an end",
        ".nir",
        endless,
        f"net.nir: needed a readable HDF5 file; found a damaged heap of texts. {SAVE}",
    ),
    BadFile(
        "a packed chunk of anything",
        ".nir",
        changed(
            lambda file: (
                file["node/nodes/fc"]
                .create_dataset("x", shape=(9,), chunks=(9,), compression="gzip")
                .id.write_direct_chunk((0,), b"anything")
            )
        ),
        "net.nir: needed a readable HDF5 file; found Error -3 while decompressing data",
    ),
    BadFile(
        "a lowest membrane that is none",
        ".nir",
        node("lif"),
        "--set v_min: needed none or a number; found 'nan'.",
        (
            "--producer sinabs",
            *other(NIR, reset="zero", reset_delay="at_spike", readout="spike_count", v_min="nan"),
            "lif_input=plain",
            "spikes=one",
            "formats=exact",
            "beta_format=ufixed<9,1,RND_CONV>",
        ),
    ),
    BadFile(
        "a synaptic current that is none",
        ".nir",
        node("lif", type="CubaLIF"),
        f"{N} 'lif': needed 'tau_mem' in CubaLIF; found none. {WRITE}",
    ),
    BadFile(
        "a key that a synaptic current has not",
        ".nir",
        cuba(tau_ref=ONE),
        f"{N} 'lif': needed only r, tau_mem, tau_syn, v_leak, v_reset, v_threshold, w_in; found "
        f"'tau_ref'. {WRITE}",
    ),
    BadFile(
        "a synaptic current with a constant behind it",
        ".nir",
        cuba(v_leak=ONE * 0.5),
        f"{N} 'lif': v_leak: needed 0 with a synaptic current, which has no constant behind it; "
        "found 0.5. See docs/import.md.",
        CUBA,
    ),
    BadFile(
        "a synaptic current that never leaks",
        ".nir",
        cuba(tau_syn=ONE * 0),
        f"{N} 'lif': tau_syn: needed numbers above 0; found 0. See docs/import.md.",
        CUBA,
    ),
    BadFile(
        "a synaptic current that is faster than the steps",
        ".nir",
        cuba(tau_syn=ONE * 0.5),
        f"{N} 'lif': tau_syn: needed at least dt=1 with integration=euler; found 0.5. Correct "
        "--set dt.",
        CUBA,
    ),
    BadFile(
        "synaptic currents that do not fit",
        ".nir",
        cuba(w_in=np.ones(3)),
        f"{N} 'lif': w_in: needed shape (2,), as its source; found (3,).",
        CUBA,
    ),
    BadFile(
        "a synaptic current of too many bits",
        ".nir",
        cuba(tau_syn=ONE * 3),
        f"{N} 'lif': needed at most 256 bits for a synaptic current that is never rounded; found",
        (*other(CUBA, steps="8"), "formats=exact"),
    ),
    BadFile(
        "a type with Tcl in it",
        ".nir",
        node("lif", type="[exec rm -rf /]; \x1b[2J"),
        f"{N} 'lif': needed a node that fwgen has an operation for: {SUPPORTED}; found [exec rm "
        "-rf /]; \\x1b[2J. Replace it in the model and train again.",
    ),
    BadFile(
        "a name that is none",
        ".nir",
        lambda path: write_nir(
            path, {("$(;)" if k == "lif" else k): v for k, v in nir_nodes().items()}
        ),
        "",  # it becomes lif: nothing of it reaches a name
        NIR,
    ),
    BadFile(
        "a name without an end",
        ".nir",
        lambda path: write_nir(
            path, {("l" * 300 if k == "lif" else k): v for k, v in nir_nodes().items()}
        ),
        f"{N} '{'l' * 80}': needed a name of at most 48 letters",
        NIR,
    ),
    BadFile(
        "a loop",
        ".nir",
        edges(*ROUTE, ("lif", "back"), ("back", "fc"), back=SQUARE),
        f"{LOOP} found the edge from 'back' to 'fc', which closes another. Train without this "
        "feedback.",
    ),
    BadFile(
        "a loop that another node reads",
        ".nir",
        edges(*ROUTE, ("lif", "back"), ("back", "lif"), ("back", "output"), back=LINEAR),
        f"{LOOP} found the edge from 'back' to 'lif', which closes another.",
    ),
    BadFile(
        "a loop of integrators",
        ".nir",
        edges(*ROUTE, ("lif", "back"), ("back", "lif"), back=LINEAR, lif=INTEGRATOR),
        f"{LOOP} found the edge from 'back' to 'lif', which closes another.",
    ),
    BadFile(
        "a loop through two layers",
        ".nir",
        edges(
            ("input", "fc"),
            ("fc", "lif"),
            ("lif", "on"),
            ("on", "lif2"),
            ("lif2", "back"),
            ("back", "lif"),
            ("lif2", "output"),
            on=LINEAR,
            back=LINEAR,
            lif2=nir_nodes()["lif"],
        ),
        f"{LOOP} found the edge from",
    ),
    BadFile(
        "two loops of one layer",
        ".nir",
        edges(*ROUTE, ("lif", "a"), ("a", "lif"), ("lif", "b"), ("b", "lif"), a=LINEAR, b=LINEAR),
        f"{N} 'lif': needed one map from neurons back to themselves; found 'a' and 'b'. {WRITE}",
    ),
    BadFile(
        "a loop that is reset as snnTorch cannot",
        ".nir",
        cuba([*ROUTE, ("lif", "back"), ("back", "lif")]),
        f"{N} 'lif': needed reset_delay=true: snnTorch 1.0 has no other for RSynaptic; found "
        "reset_delay=false, which it fails on or leaves out. Answer true, if 1.0 has run it; for a "
        ".nir file of an earlier version leave out --producer.",
        ("--producer snntorch", *other(CUBA, reset_delay="false")),
    ),
    BadFile(
        "a loop that is not square",
        ".nir",
        edges(*ROUTE, ("lif", "back"), ("back", "lif"), back=SQUARE | {"weight": np.ones((3, 2))}),
        f"{N} 'back': weight: needed shape (2, 2), a loop; found shape (3, 2).",
    ),
    BadFile(
        "a loop whose bias does not fit",
        ".nir",
        edges(*ROUTE, ("lif", "back"), ("back", "lif"), back=SQUARE | {"bias": np.ones(3)}),
        f"{N} 'back': bias: needed shape (2,), as its weights; found shape (3,).",
    ),
    BadFile(
        "a loop whose bias comes late",
        ".nir",
        edges(*ROUTE, ("lif", "back"), ("back", "lif"), back=SQUARE),
        f"{N} 'back': bias: needed a bias of recurrent weights that acts in every step; found "
        "recurrent_bias=later with a bias that is not 0. See docs/import.md.",
        (*NIR, "recurrent_bias=later"),
    ),
    BadFile(
        "a neuron that reads itself",
        ".nir",
        edges(*ROUTE, ("lif", "lif")),
        f"{LOOP} found the edge from 'lif' to 'lif', which closes another.",
    ),
    BadFile(
        "an edge to nowhere",
        ".nir",
        edges(*ROUTE, ("lif", "gone")),
        "net.nir: node: needed edges between nodes; found one to 'gone'.",
    ),
    BadFile(
        "an edge twice",
        ".nir",
        edges(*ROUTE, ("fc", "lif")),
        "net.nir: node: needed each edge once; found 'fc' to 'lif' twice.",
    ),
    BadFile(
        "a ladder of ports",
        ".nir",
        ladder,
        "net.nir: needed 8 answers that the file does not give; found none. Add --set",
    ),
    BadFile(
        "more edges than any network has",
        ".nir",
        edges(*ROUTE, *[("fc", "lif")] * 20_000),
        "net.nir: node: needed at most 16,384 edges; found 20,003.",
    ),
    BadFile(
        "edges that are numbers",
        ".nir",
        changed(
            lambda file: (file.pop("node/edges"), file["node"].create_dataset("edges", data=7))
        ),
        "net.nir: node: needed an array 'edges' of pairs of names; found none.",
    ),
    BadFile(
        "no edges",
        ".nir",
        changed(lambda file: file.pop("node/edges")),
        "net.nir: node: needed an array 'edges' of pairs of names; found none.",
    ),
    BadFile(
        "a node that reads nothing",
        ".nir",
        edges(*ROUTE[1:]),
        f"{N} 'fc': needed a node that reads others, of one shape; found no edge to it.",
    ),
    BadFile(
        "two inputs",
        ".nir",
        edges(*ROUTE, ("more", "fc"), more={"type": "Input", "shape": [3]}),
        "net.nir: node: needed one Input and an Output; found 2 Inputs.",
    ),
    BadFile(
        "an event of a billion numbers",
        ".nir",
        node("input", shape=[10**5, 10**5]),
        f"{N} 'input': shape: needed 1 to 4096 numbers an event; found (100000, 100000).",
    ),
    BadFile(
        "a shape below zero",
        ".nir",
        node("input", shape=[-3]),
        f"{N} 'input': shape: needed 1 to 4096 numbers an event; found (-3,).",
    ),
    BadFile(
        "weights that do not fit",
        ".nir",
        node("fc", weight=np.ones((2, 5))),
        f"{N} 'fc': weight: needed shape (outputs, 3), as its source; found shape (2, 5).",
    ),
    BadFile(
        "weights of text",
        ".nir",
        node("fc", weight="weights"),
        f"{N} 'fc': weight: needed numbers; found text.",
    ),
    BadFile(
        "weights that are no numbers",
        ".nir",
        node("fc", weight=np.full((2, 3), np.nan)),
        f"{N} 'fc': weight: needed finite numbers; found a NaN or infinity.",
    ),
    BadFile(
        "a bias too long",
        ".nir",
        node("fc", bias=np.ones(7)),
        f"{N} 'fc': needed weights of shape (units, 3), as 'x'; found weights of shape (2, 3), a "
        "bias of shape (7,).",
        NIR,
    ),
    BadFile(
        "no weights",
        ".nir",
        node("fc", drop="weight"),
        f"{N} 'fc': needed 'weight' in Affine; found none.",
    ),
    BadFile(
        "an array nobody knows",
        ".nir",
        node("lif", refractory=np.ones(2)),
        f"{N} 'lif': needed only r, tau, v_leak, v_reset, v_threshold; found 'refractory'.",
    ),
    BadFile(
        "a time constant below zero",
        ".nir",
        node("lif", tau=np.array([1.0, -1.0])),
        f"{N} 'lif': tau: needed numbers above 0; found -1.",
        NIR,
    ),
    BadFile(
        "a time step that is too long",
        ".nir",
        node("lif"),
        f"{N} 'lif': tau: needed at least dt=3 with integration=euler; found 2. Correct --set dt.",
        other(NIR, dt="3"),
    ),
    BadFile(
        "thresholds that do not fit",
        ".nir",
        node("lif", v_threshold=np.ones(3)),
        f"{N} 'lif': v_threshold: needed shape (2,), as its source; found (3,).",
    ),
    BadFile(
        "a reset to somewhere",
        ".nir",
        node("lif", v_reset=np.array([0.0, 0.5])),
        f"{N} 'lif': v_reset: needed 0, since fwgen's neurons reset by reset=zero; found another "
        "value. Shift the membrane so that it is reset to 0, and train again.",
        other(NIR, reset="zero"),
    ),
    BadFile(
        "a reset that fwgen's neuron has not",
        ".nir",
        node("lif"),
        f"{N} 'lif': needed membranes below twice the threshold, or no leak, for reset=subtract "
        "with reset_delay=at_spike: fwgen's neuron does not fire twice in a row otherwise as this "
        "one; found neuron 0, whose membrane can reach",
        other(NIR, reset_delay="at_spike"),
    ),
    BadFile(
        "equality without a grid",
        ".nir",
        node("lif"),
        f"{N} 'lif': needed exact numbers for comparison=ge; found none. Add --set formats=exact",
        other(NIR, comparison="ge"),
    ),
    BadFile(
        "equality on a grid that is too fine",
        ".nir",
        node("lif", tau=np.array([3.0, 7.0])),
        f"{N} 'lif': needed a number just below the threshold with comparison=ge: a membrane of 50 "
        "fraction bits or so; found",
        (*other(NIR, comparison="ge", reset="zero"), "formats=exact"),
    ),
    BadFile(
        "equality with a lift that is too small",
        ".nir",
        node("lif", tau=np.array([3.0, 7.0])),
        f"{N} 'lif': needed a number just below the threshold with comparison=ge: a membrane of 50 "
        "fraction bits or so; found",
        (*other(NIR, comparison="ge", readout="spike_count"), "formats=exact"),
    ),
    BadFile(
        "several spikes a step",
        ".nir",
        node("lif"),
        "--set spikes: needed one: fwgen's neurons fire at most once a step; found several.",
        (*other(NIR, comparison="gt"), "spikes=several", "--producer sinabs"),
    ),
    BadFile(
        "a membrane that is clipped",
        ".nir",
        node("lif"),
        f"{N} 'lif': needed membranes that never fall below v_min=-0.5; found bounds down to -",
        (
            *other(NIR, reset="zero", reset_delay="at_spike"),
            "spikes=one",
            "v_min=-0.5",
            "lif_input=plain",
            "formats=exact",
            "--producer sinabs",
        ),
    ),
    BadFile(
        "too many bits",
        ".nir",
        node("lif", tau=np.array([3.0, 7.0])),
        f"{N} 'lif': needed at most 256 bits for a membrane that is never rounded; found",
        (*other(NIR, steps="40"), "formats=exact"),
    ),
    BadFile(
        "an output of each step",
        ".nir",
        edges(*ROUTE[:2], ("lif", "last"), ("last", "output"), last=LINEAR),
        f"{N} 'output': needed an output that is one number an event; found 'last', which differs "
        "from step to step.",
        tuple(t for t in NIR if "readout" not in t),
    ),
    BadFile(
        "an output of another shape",
        ".nir",
        node("output", shape=[1, 1, 2]),
        f"{N} 'output': shape: needed (2,), the shape of what it reads; found (1, 1, 2).",
    ),
    BadFile(
        "a membrane that is read in each step",
        ".nir",
        edges(
            ("input", "fc"),
            ("fc", "li"),
            ("li", "lif"),
            ("lif", "output"),
            li={"type": "LI", "tau": np.ones(2), "r": np.ones(2), "v_leak": np.zeros(2)},
        ),
        f"{N} 'lif': needed a membrane that is read out after the last step only; found 'li'",
        NIR,
    ),
    BadFile(
        "a graph inside with two outputs",
        ".nir",
        graph_with(a=OUT, b=OUT),
        f"{N} 'g': needed one Output in a graph inside a graph; found 2.",
    ),
    BadFile(
        "graphs in graphs in graphs",
        ".nir",
        deep,
        "net.nir: '/node/nodes/g/nodes/g/nodes/g/nodes/g/nodes/g/nodes/g/nodes/g/nodes/g/nodes/g/",
    ),
    BadFile(
        "a group inside itself",
        ".nir",
        changed(lambda file: file["node/nodes/fc"].__setitem__("metadata", file["node"])),
        "net.nir: '/node/nodes/fc/metadata': needed a tree of groups; found a group inside itself.",
    ),
    BadFile(
        "a link to another file",
        ".nir",
        changed(
            lambda file: (
                file["node/nodes/fc"].pop("bias"),
                file["node/nodes/fc"].__setitem__("bias", h5py.ExternalLink("/etc/passwd", "/x")),
            )
        ),
        "net.nir: '/node/nodes/fc/bias': needed data in the file itself; found a link to elsewhere."
        f" {SAVE}",
    ),
    BadFile(
        "an HDF5 bomb",
        ".nir",
        changed(bomb),
        "net.nir: '/node/nodes/fc/weight': needed at most 268,435,456 bytes in all; found a claim "
        f"of more. {SAVE}",
    ),
    BadFile(
        "names that fill the memory",
        ".nir",
        changed(echo),
        "net.nir: '/node/edges': needed at most 16,777,216 characters of text in all; found more.",
    ),
    BadFile(
        "one long text under many names",
        ".nir",
        changed(links),
        "net.nir: '/node/nodes/fc/note15': needed at most 16,777,216 characters of text in all; "
        f"found more. {SAVE}",
    ),
    BadFile(
        "texts of which any may be long, in one row",
        ".nir",
        changed(wide),
        "net.nir: '/node/names': needed at most ",
    ),
    BadFile(
        "texts of which any may be long, in an attribute",
        ".nir",
        changed(attribute),
        "net.nir: '/node@names': needed at most ",
    ),
    BadFile(
        "a chunk that unpacks to a thousand times its size",
        ".nir",
        changed(chunked(100_000, 20_000_000)),
        "net.nir: '/node/nodes/fc/weight': needed chunks of 100,000 bytes; found one that unpacks "
        f"to more. {SAVE}",
    ),
    BadFile(
        "a packed chunk larger than a chunk",
        ".nir",
        changed(chunked(1000, 20_000_000)),
        "net.nir: '/node/nodes/fc/weight': needed chunks of 1,000 bytes; found one of ",
    ),
    BadFile(
        "a chunk larger than its array",
        ".nir",
        changed(chunked(100, 100, 300_000_000)),
        "net.nir: '/node/nodes/fc/weight': needed at most 268,435,456 bytes in all; found a claim "
        f"of more. {SAVE}",
    ),
    BadFile(
        "a filter that needs other code",
        ".nir",
        changed(
            lambda file: file["node/nodes/fc"].create_dataset("x", data=[1.0], compression="lzf")
        ),
        "net.nir: '/node/nodes/fc/x': needed plain data, or shuffle and gzip in this order; found "
        f"filter lzf. {SAVE}",
    ),
    BadFile(
        "no steps",
        ".nir",
        node("lif"),
        "--set steps: needed NUMBER: time steps an event, 1 to 256; found '0'. Correct the answer.",
        other(NIR, steps="0"),
    ),
    BadFile(
        "a time step of nothing",
        ".nir",
        node("lif"),
        "--set dt: needed SECONDS: time step, in the unit of the file's tau; found 'nan'.",
        other(NIR, dt="nan"),
    ),
    BadFile(
        "a reset nobody knows",
        ".nir",
        node("lif"),
        "--set reset: needed subtract or zero or none: what a spike does to the membrane; found "
        "'maybe'. Correct the answer.",
        other(NIR, reset="maybe"),
    ),
]

# ---- PyTorch ----


def pickled(*parts: bytes) -> Callable[[Path], object]:
    """A ``.pt`` file whose ``data.pkl`` holds these opcodes."""
    data = Pickled().add(*parts).raw
    return lambda path: write_pt(path, pickled=data)


def with_tensor(opcodes: bytes) -> Callable[[Path], object]:
    """A ``.pt`` file whose weights are these opcodes."""
    return lambda path: write_pt(
        path, pickled=pickle_of(state_dict(), None, {"fc.weight": opcodes})
    )


def state(drop: str = "", **arrays: Any) -> Callable[[Path], object]:
    """A ``.pt`` file with arrays changed; two underscores stand for a dot."""

    def write(path: Path) -> None:
        kept = {k: v for k, v in state_dict().items() if not drop or not k.startswith(drop)}
        kept |= {k.replace("__", "."): np.asarray(v, np.float32) for k, v in arrays.items()}
        write_pt(path, kept)

    return write


def padded_bomb(path: Path) -> None:
    """512 MiB of zeros, compressed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", pickle_of(state_dict()))
        with archive.open("net/data/0", "w") as stream:
            for _ in range(512):
                stream.write(bytes(1024 * 1024))


P, T = "net.pt: data.pkl: needed tensors by name, and no other objects; found", "net.pt:"
ALONE = "Save it with torch.save(net.state_dict(), file), and nothing beside it."
KNOWN = (
    "torch.nn.Linear, torch.nn.BatchNorm1d and snntorch.Leaky, Synaptic, RLeaky and RSynaptic "
    "(version 1.0)"
)

TWO_TYPES = {"fc.bias": tensor("0", (2,), count=6, kind="IntStorage")}
PT_FILES = [
    BadFile(
        "one storage of two types",
        ".pt",
        lambda path: write_pt(path, pickled=pickle_of(state_dict(), ["fc", "lif"], TWO_TYPES)),
        "net.pt: 'fc.bias': needed 6 numbers of <f4, as before; found others.",
        SNN,
    ),
    BadFile(
        "a pickle of before 2020",
        ".pt",
        raw(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."),
        f"{T} needed the zip format of torch.save since PyTorch 1.6; found another file. {ALONE}",
    ),
    BadFile("an empty file", ".pt", raw(b""), f"{T} needed the zip format of torch.save"),
    BadFile("a cut file", ".pt", truncated(write_pt), f"{T} needed a readable state dict; found"),
    BadFile(
        "a command to run",
        ".pt",
        pickled(b"cos\nsystem\n", b"(", Pickled.text("touch run"), b"tR."),
        f"{P} the name os.system. {ALONE}",
    ),
    BadFile(
        "a command by STACK_GLOBAL",
        ".pt",
        pickled(Pickled.text("builtins"), Pickled.text("exec"), b"\x93."),
        f"{P} the name builtins.exec. {ALONE}",
    ),
    BadFile(
        "a command by INST",
        ".pt",
        pickled(b"(", Pickled.text("touch run"), b"ios\nsystem\n."),
        f"{P} the opcode INST. {ALONE}",
    ),
    BadFile(
        "an object of a class",
        ".pt",
        pickled(b"c__main__\nNet\n)\x81}b."),
        f"{P} the name __main__.Net. {ALONE}",
    ),
    BadFile(
        "a class that is allowed, made otherwise",
        ".pt",
        pickled(Pickled.name("collections", "OrderedDict"), b")\x81."),
        f"{P} the opcode NEWOBJ. {ALONE}",
    ),
    BadFile(
        "a call of what is no name",
        ".pt",
        pickled(b"})R."),
        f"{P} a call of something else than a name. {ALONE}",
    ),
    BadFile(
        "attributes on a dictionary",
        ".pt",
        pickled(ORDERED, b"}", Pickled.text("__class__"), b"}sb."),
        f"{P} an attribute of a dictionary, '__class__'. {ALONE}",
    ),
    BadFile(
        "an attribute that takes forever to print",
        ".pt",
        pickled(ORDERED, b"})", b"q\x00h\x00\x86" * 200, b"}sb."),
        f"{P} an attribute of a dictionary, no text. {ALONE}",
    ),
    BadFile(
        "a tensor of a million dimensions",
        ".pt",
        with_tensor(tensor("0", (1,) * 100_000, count=6, stride=(7,) * 100_000)),
        f"{T} needed a readable state dict; found something else than as many strides as",
    ),
    BadFile(
        "twenty thousand modules",
        ".pt",
        lambda path: write_pt(path, modules=[f"m{k}" for k in range(20_000)]),
        f"{T} needed 1 to 1024 modules; found 20002. fwgen reads {KNOWN}; see docs/import.md.",
    ),
    BadFile(
        "modules counted from a thousand on",
        ".pt",
        state(**{f"m{k}__999__weight": np.ones((1, 1)) for k in range(500)}),
        f"{T} needed at most 1024 modules; found more.",
    ),
    BadFile(
        "a quantised tensor",
        ".pt",
        with_tensor(tensor("0", (2, 3), rebuild="_rebuild_qtensor")),
        f"{P} the name torch._utils._rebuild_qtensor. {ALONE}",
    ),
    BadFile(
        "a whole checkpoint",
        ".pt",
        pickled(b"}", Pickled.text("model"), ORDERED, b"s."),
        f"{T} data.pkl: needed a state dict, tensors by name; found a mapping of other things. "
        f"{ALONE}",
    ),
    BadFile(
        "a stack that is empty",
        ".pt",
        pickled(b"R."),
        f"{T} needed a readable state dict; found pop from empty list. {ALONE}",
    ),
    BadFile("no end", ".pt", pickled(b"}"), f"{T} needed a readable state dict; found"),
    BadFile("a memo that is not there", ".pt", pickled(b"h\x07."), f"{T} needed a readable state"),
    BadFile(
        "a dictionary in itself",
        ".pt",
        pickled(b"}q\x00", Pickled.text("a"), b"h\x00s."),
        f"{T} data.pkl: needed a state dict, tensors by name; found a mapping of other things.",
    ),
    BadFile(
        "a bomb of zeros",
        ".pt",
        padded_bomb,
        f"{T} needed at most 4096 members and 268,435,456 bytes; found more. {ALONE}",
    ),
    BadFile(
        "compressed members",
        ".pt",
        lambda path: write_pt(path, compression=zipfile.ZIP_DEFLATED),
        f"{T} needed members without compression, each once; found others. {ALONE}",
    ),
    BadFile(
        "a path out of the archive",
        ".pt",
        lambda path: write_pt(path, more={"net/../../etc/cron.d/run": b"x"}),
        f"{T} needed members in one folder; found 'net/../../etc/cron.d/run'. {ALONE}",
    ),
    BadFile(
        "two folders",
        ".pt",
        lambda path: write_pt(path, more={"nut/data.pkl": b"x"}),
        f"{T} needed members in one folder; found 'net'. {ALONE}",
    ),
    BadFile(
        "a TorchScript program",
        ".pt",
        lambda path: write_pt(path, more={"net/constants.pkl": b"x"}),
        f"{T} needed a state dict; found a TorchScript program. {ALONE}",
    ),
    BadFile(
        "big-endian numbers",
        ".pt",
        lambda path: write_pt(path, more={"net/byteorder": b"big"}),
        f"{T} needed little-endian numbers; found others. {ALONE}",
    ),
    BadFile(
        "a storage that is shorter than said",
        ".pt",
        with_tensor(tensor("0", (2, 3), count=10**8)),
        f"{T} 'fc.weight': needed 100000000 numbers of <f4; found 24 bytes of '0'. {ALONE}",
    ),
    BadFile(
        "a storage elsewhere",
        ".pt",
        with_tensor(tensor("../../data.pkl", (2, 3))),
        f"{T} 'fc.weight': needed 6 numbers of <f4; found 0 bytes of '../../data.pkl'. {ALONE}",
    ),
    BadFile(
        "a tensor beyond its storage",
        ".pt",
        with_tensor(tensor("0", (2, 3), offset=4)),
        f"{T} 'fc.weight': needed 10 numbers in its storage; found 6. {ALONE}",
    ),
    BadFile(
        "a tensor that says one number a billion times",
        ".pt",
        with_tensor(tensor("0", (40_000, 40_000), stride=(0, 0), count=6)),
        f"{T} 'fc.weight': needed at most 268,435,456 bytes as float64; found more. {ALONE}",
    ),
    BadFile(
        "strides below zero",
        ".pt",
        with_tensor(tensor("0", (2, 3), stride=(-3, 1))),
        f"{T} needed a readable state dict; found something else than a number of elements.",
    ),
    BadFile(
        "weights that are infinite",
        ".pt",
        state(fc__weight=np.full((2, 3), np.inf)),
        f"{T} 'fc.weight': needed finite numbers; found a NaN or infinity. {ALONE}",
    ),
    BadFile(
        "a convolution",
        ".pt",
        state(fc__weight=np.ones((2, 3, 3, 3))),
        f"{T} module 'fc': needed {KNOWN}; found weights of shape (2, 3, 3, 3), as of a conv",
    ),
    BadFile(
        "an alpha that is not answered for",
        ".pt",
        state(lif__alpha=0.5),
        "net.pt: needed 1 answer that the file does not give; found none. Add --set "
        "synapse=synaptic (each with alpha is snntorch.Synaptic or RSynaptic, not Alpha, without "
        "inhibition and state_quant).",
        SNN[1:],
    ),
    BadFile(
        "a synaptic neuron that drops currents",
        ".pt",
        state(lif__alpha=0.5, lif__reset_mechanism_val=1),
        f"{T} module 'lif': needed reset subtract or none, or zero with reset_delay=false and "
        "thresholds of 0 or more; found reset zero, with which snntorch.Synaptic drops the current "
        "of the step behind a spike; fwgen's neurons keep it. Train with another reset.",
        (*SNN[1:], "synapse=synaptic"),
    ),
    BadFile(
        "a recurrent neuron that drops currents",
        ".pt",
        state(lif__recurrent__weight=np.ones((2, 2)), lif__reset_mechanism_val=1),
        f"{T} module 'lif': needed reset subtract or none, or zero with reset_delay=false and "
        "thresholds of 0 or more; found reset zero, with which snntorch.RLeaky drops",
        SNN,
    ),
    BadFile(
        "recurrent weights of another size",
        ".pt",
        state(lif__recurrent__weight=np.ones((3, 3))),
        f"{T} module 'lif': recurrent.weight: needed shape (2, 2); found shape (3, 3).",
        SNN,
    ),
    BadFile(
        "a recurrent bias of another size",
        ".pt",
        state(lif__recurrent__weight=np.ones((2, 2)), lif__recurrent__bias=np.ones(3)),
        f"{T} module 'lif': recurrent.bias: needed shape (2,); found shape (3,).",
        SNN,
    ),
    BadFile(
        "a recurrent convolution",
        ".pt",
        state(lif__recurrent__weight=np.ones((2, 2, 3, 3))),
        f"{T} module 'lif': recurrent.weight: needed shape (2, 2); found shape (2, 2, 3, 3).",
        SNN,
    ),
    BadFile(
        "recurrent weights that are two",
        ".pt",
        state(lif__V=np.ones(2), lif__recurrent__V=np.zeros(2)),
        f"{T} module 'lif': recurrent.V: needed the numbers of V; found others.",
        SNN,
    ),
    BadFile(
        "a recurrent neuron with a synaptic current that drops currents",
        ".pt",
        state(lif__alpha=0.5, lif__V=0.5, lif__reset_mechanism_val=1),
        f"{T} module 'lif': needed reset subtract or none, or zero with reset_delay=false and "
        "thresholds of 0 or more; found reset zero, with which snntorch.RSynaptic drops",
        (*SNN[1:], "synapse=synaptic"),
    ),
    BadFile(
        "a recurrent neuron of another kind",
        ".pt",
        state(lif__alpha=0.5, lif__recurrent__weight=np.ones((2, 2)), lif__gamma=1),
        f"{T} module 'lif': needed {KNOWN}; found arrays alpha, beta, gamma, graded_spikes_factor, "
        "recurrent.weight, reset_mechanism_val, threshold.",
    ),
    BadFile(
        "arrays in a module with arrays",
        ".pt",
        state(lif__linear__weight=np.ones((2, 2))),
        f"{T} module 'lif.linear': needed {KNOWN}; found arrays inside 'lif'.",
    ),
    BadFile(
        "graded spikes",
        ".pt",
        state(lif__graded_spikes_factor=0.5),
        f"{T} module 'lif': graded_spikes_factor: needed spikes of 1; found another factor.",
        SNN,
    ),
    BadFile(
        "a reset to come",
        ".pt",
        state(lif__reset_mechanism_val=7),
        f"{T} module 'lif': reset_mechanism_val: needed 0, 1 or 2; found [7.].",
    ),
    BadFile(
        "betas that do not fit",
        ".pt",
        state(lif__beta=np.ones(5)),
        f"{T} module 'lif': beta: needed 2 numbers, or one; found shape (5,).",
        SNN,
    ),
    BadFile(
        "an array without a module",
        ".pt",
        state(weight=np.ones(3)),
        f"{T} 'weight': needed names MODULE.ARRAY; found no module.",
    ),
    BadFile(
        "a network that ends in weights",
        ".pt",
        state(out__weight=np.ones((1, 2))),
        f"{T} module 'out': needed an output that is one number an event; found 'layer_out'",
        tuple(t for t in SNN if "readout" not in t),
    ),
]

# ---- safetensors and npz ----

ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
S = "net.safetensors:"
OTHER_FILES = [
    BadFile(
        "a header of exabytes",
        ".safetensors",
        lambda path: write_safetensors(path, {}, length=2**60),
        f"{S} needed a header of at most 2 bytes; found more. {ALONE}",
    ),
    BadFile(
        "two bytes",
        ".safetensors",
        raw(b"\x00\x01"),
        f"{S} needed a readable state dict; found unpack_from requires a buffer",
    ),
    BadFile(
        "a header that is no JSON",
        ".safetensors",
        lambda path: write_safetensors(path, b"__import__('os')"),
        f"{S} needed a readable state dict; found Expecting value",
    ),
    BadFile(
        "a header without an end",
        ".safetensors",
        lambda path: write_safetensors(path, b"[" * 200_000),
        f"{S} needed a readable state dict; found",
    ),
    BadFile(
        "a key twice",
        ".safetensors",
        lambda path: write_safetensors(path, b'{"a":1,"a":2}'),
        f"{S} needed a readable state dict; found a key that stands twice in the header. {ALONE}",
    ),
    BadFile(
        "tensors over one another",
        ".safetensors",
        lambda path: write_safetensors(path, {"a.b": ENTRY, "a.c": ENTRY}, bytes(8)),
        f"{S} 'a.c': needed <f4 of shape [2] from byte 8 on; found bytes 0 to 8. {ALONE}",
    ),
    BadFile(
        "a shape of a million dimensions",
        ".safetensors",
        lambda path: write_safetensors(path, {"a.b": ENTRY | {"shape": [2] * 10**6}}, bytes(8)),
        f"{S} 'a.b': needed a few whole numbers for shape and offsets; found others. {ALONE}",
    ),
    BadFile(
        "a shape of exabytes",
        ".safetensors",
        lambda path: write_safetensors(path, {"a.b": ENTRY | {"shape": [2**40, 2**40]}}, bytes(8)),
        f"{S} 'a.b': needed <f4 of shape [1099511627776, 1099511627776] from byte 0 on; found",
    ),
    BadFile(
        "a type nobody knows",
        ".safetensors",
        lambda path: write_safetensors(path, {"a.b": ENTRY | {"dtype": "O"}}, bytes(8)),
        f"{S} 'a.b': needed one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL; found 'O'.",
    ),
    BadFile(
        "bytes that belong to nothing",
        ".safetensors",
        lambda path: write_safetensors(path, {"a.b": ENTRY}, bytes(9)),
        f"{S} needed 8 bytes behind the header; found 9. {ALONE}",
    ),
    BadFile(
        "pickled objects",
        ".npz",
        lambda path: write_npz(path, {"fc.weight": np.array([{}], dtype=object)}),
        "net.npz: 'fc.weight': needed a plain array of numbers; found pickled objects.",
    ),
    BadFile(
        "half an archive",
        ".npz",
        truncated(write_npz),
        "net.npz: needed a readable .npz archive; found File is not a zip file.",
    ),
    BadFile(
        "a path in an archive",
        ".npz",
        lambda path: zipfile.ZipFile(path, "w").writestr("../../fc.weight.npy", b"x"),
        "net.npz: '../../fc.weight.npy': needed members NAME.npy, each once, without folders;",
    ),
]

ALL = [*NIR_FILES, *PT_FILES, *OTHER_FILES]
