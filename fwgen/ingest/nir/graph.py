"""A ``.nir`` file -> one flat list of nodes, each with those it reads, in an order that can run.

The file is HDF5: a group ``node`` of type ``NIRGraph`` with groups ``nodes`` and an array of
``edges``. A graph inside a graph is inlined. NIR: Pedersen et al., Nature Communications 15, 8122
(2024); its layout is that of the package ``nir``, version 0.1 to 1.
"""

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.exact import Reals
from fwgen.ingest.files.hdf5 import Group, Hdf5Value, read_hdf5

GRAPH = "NIRGraph"
MAX_NODES = 1024
MAX_EDGES = 16 * MAX_NODES
_HOW = "Write the file with nir.write from the package nir."
_IGNORED = frozenset({"type", "metadata"})

_CUBA = frozenset({"tau_syn", "tau_mem", "r", "v_leak"})

# every supported type, and what its group must and may hold
FIELDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "Input": (frozenset({"shape"}), frozenset()),
    "Output": (frozenset({"shape"}), frozenset()),
    "Affine": (frozenset({"weight", "bias"}), frozenset()),
    "Linear": (frozenset({"weight"}), frozenset()),
    "Scale": (frozenset({"scale"}), frozenset()),
    "Flatten": (frozenset({"start_dim", "end_dim"}), frozenset({"input_type"})),
    "Threshold": (frozenset({"threshold"}), frozenset()),
    "IF": (frozenset({"r", "v_threshold"}), frozenset({"v_reset"})),
    "LI": (frozenset({"tau", "r", "v_leak"}), frozenset()),
    "LIF": (frozenset({"tau", "r", "v_leak", "v_threshold"}), frozenset({"v_reset"})),
    "CubaLI": (_CUBA, frozenset({"w_in"})),
    "CubaLIF": (_CUBA | {"v_threshold"}, frozenset({"v_reset", "w_in"})),
}
FIRING = frozenset({"LIF", "IF", "CubaLIF"})
_WHY = {
    "Conv1d": "a convolution",
    "Conv2d": "a convolution",
    "Delay": "a delay",
    "I": "an integrator without a leak",
    "SumPool2d": "pooling",
    "AvgPool2d": "pooling",
}


@dataclass(slots=True, eq=False)
class Node:
    """A node: its full name, type, arrays as they stand in the file, and the nodes it reads.

    ``inner`` says that it is part of a graph inside the graph. ``recurrent`` is the map through
    which neurons read their own spikes; it is in no list of nodes then.
    """

    name: str
    kind: str
    where: str
    arrays: dict[str, Hdf5Value]
    inner: bool
    reads: list[str] = field(default_factory=list)
    recurrent: "Node | None" = None

    def raw(self, key: str) -> NDArray[np.generic]:
        """The array ``key`` in the file's own type.

        Raises
        ------
        BundleError
            If it is text.
        """
        values = self.arrays[key]
        if isinstance(values, str) or values.dtype.kind not in "fiub":
            raise _no(f"{self.where}: {key}", "numbers", "text")
        return values

    def numbers(self, key: str) -> Reals:
        """The array ``key`` as float64.

        Raises
        ------
        BundleError
            If it is text, or holds a NaN or infinity.
        """
        reals = np.asarray(self.raw(key), dtype=np.float64)
        if not np.isfinite(reals).all():
            raise _no(f"{self.where}: {key}", "finite numbers", "a NaN or infinity")
        return reals

    def whole(self, key: str) -> tuple[int, ...]:
        """The array ``key`` as whole numbers, such as a shape."""
        reals = self.numbers(key).ravel()
        if reals.size > MAX_NODES or (reals != np.rint(reals)).any():
            raise _no(f"{self.where}: {key}", "a few whole numbers", "others")
        return tuple(int(n) for n in reals)


def read_nodes(path: Path) -> list[Node]:
    """All nodes but graphs and recurrent maps, each after those that it reads.

    Raises
    ------
    BundleError
        If the file is damaged, or holds what fwgen has no operation for.
    """
    root = read_hdf5(path)
    version = root.arrays.get("version")
    if not isinstance(version, str) or version.split(".")[0] not in {"0", "1"}:
        found = repr(version[:40]) if isinstance(version, str) else "none"
        raise _no(f"{path}: version", "a version of NIR from 0 to 1", found)
    for name in sorted({*root.groups, *root.arrays, *root.attributes} - {"node", "version"}):
        raise _no(str(path), "a group 'node' and a 'version'", f"{name[:60]!r} beside them")
    if "node" not in root.groups or root.groups["node"].arrays.get("type") != GRAPH:
        raise _no(f"{path}: node", f"a group of type {GRAPH}", "none")
    flat = _Flat(path)
    flat.inline(root.groups["node"], "")
    flat.check_kinds()
    _close_loops(flat.nodes)
    return _sorted(path, flat.nodes)


class _Flat:
    """Collects the nodes of nested graphs under names ``outer.inner``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.nodes: dict[str, Node] = {}

    def inline(self, graph: Group, prefix: str) -> None:
        members = set(graph.groups) | set(graph.arrays)
        if "nodes" not in graph.groups or members - {"nodes", "edges"} - _IGNORED:
            raise _no(self._where(prefix), "a group 'nodes' and an array 'edges'", "other members")
        children = graph.groups["nodes"]
        self._check_attributes(graph, prefix)
        self._check_attributes(children, prefix)
        for name, child in children.groups.items():
            self._add(name, child, prefix)
        if children.arrays:
            raise _no(
                self._where(prefix), "groups under 'nodes'", f"{next(iter(children.arrays))!r}"
            )
        for source, target in self._edges(graph, prefix):
            a = self._port(children, source, prefix, "Output")
            b = self._port(children, target, prefix, "Input")
            if a in self.nodes[b].reads:
                raise _no(self._where(prefix), "each edge once", f"{a[:60]!r} to {b[:60]!r} twice")
            self.nodes[b].reads.append(a)

    def _add(self, name: str, child: Group, prefix: str) -> None:
        kind = child.arrays.get("type")
        full = f"{prefix}{name}"
        self._check_attributes(child, full)
        if not isinstance(kind, str):
            raise _no(self._where(full), "a 'type'", "none")
        if kind == GRAPH:
            self.inline(child, f"{full}.")
            return
        if full in self.nodes or len(self.nodes) >= MAX_NODES:
            raise _no(self._where(full), f"at most {MAX_NODES} nodes, each name once", "more")
        arrays = {k: v for k, v in child.arrays.items() if k not in _IGNORED}
        self.nodes[full] = Node(full, kind, self._where(full), arrays, bool(prefix))
        if set(child.groups) - _IGNORED:
            found = repr(next(iter(set(child.groups) - _IGNORED)))[:80]
            raise _no(self._where(full), "arrays in a node", f"a group {found}")

    def _check_attributes(self, group: Group, full: str) -> None:
        """NIR has none: one may say anything of a node."""
        for name in group.attributes:
            raise _no(self._where(full), "no attributes of HDF5 groups", f"{name[:60]!r}")

    def _edges(self, graph: Group, prefix: str) -> list[tuple[str, str]]:
        edges = graph.arrays.get("edges")
        if isinstance(edges, np.ndarray) and not edges.size:
            return []
        if not isinstance(edges, np.ndarray) or edges.dtype.kind != "U" or edges.shape[1:] != (2,):
            raise _no(self._where(prefix), "an array 'edges' of pairs of names", "none")
        if len(edges) > MAX_EDGES:
            raise _no(self._where(prefix), f"at most {MAX_EDGES:,} edges", f"{len(edges):,}")
        return [(str(a), str(b)) for a, b in edges]

    def _port(self, children: Group, name: str, prefix: str, kind: str) -> str:
        """The node that an edge means; for a graph its only input or output."""
        full = f"{prefix}{name}"
        if name not in children.groups:
            raise _no(self._where(prefix), "edges between nodes", f"one to {name[:60]!r}")
        if children.groups[name].arrays["type"] != GRAPH:
            return full
        inner = children.groups[name].groups["nodes"].groups
        ports = [n for n, g in inner.items() if g.arrays.get("type") == kind]
        if len(ports) != 1:
            needed = f"one {kind} in a graph inside a graph"
            raise _no(self._where(full), needed, f"{len(ports)}")
        return f"{full}.{ports[0]}"

    def check_kinds(self) -> None:
        for node in self.nodes.values():
            if node.kind not in FIELDS:
                why = f", {_WHY[node.kind]}" if node.kind in _WHY else ""
                raise BundleError(
                    node.where,
                    needed=f"a node that fwgen has an operation for: {', '.join(FIELDS)}",
                    found=f"{node.kind[:60]}{why}",
                    do="Replace it in the model and train again.",
                )
            needed, allowed = FIELDS[node.kind]
            for key in sorted(needed - set(node.arrays)):
                raise _no(node.where, f"'{key}' in {node.kind}", "none")
            for key in sorted(set(node.arrays) - needed - allowed):
                raise _no(
                    node.where, f"only {', '.join(sorted(needed | allowed))}", f"{key[:60]!r}"
                )

    def _where(self, name: str) -> str:
        inside = name.rstrip(".")
        return f"{self._path}: node {inside[:80]!r}" if inside else f"{self._path}: node"


def _close_loops(nodes: dict[str, Node]) -> None:
    """Hand each map from neurons back to themselves to its neurons."""
    readers: dict[str, list[str]] = {name: [] for name in nodes}
    for node in nodes.values():
        for source in node.reads:
            readers[source].append(node.name)
    for back in list(nodes.values()):
        neurons = nodes[back.reads[0]] if len(back.reads) == 1 else back
        if back.kind not in {"Linear", "Affine"} or neurons.kind not in FIRING:
            continue
        if readers[back.name] != [neurons.name]:
            continue
        if neurons.recurrent is not None:
            found = f"{neurons.recurrent.name[:60]!r} and {back.name[:60]!r}"
            raise _no(neurons.where, "one map from neurons back to themselves", found)
        neurons.recurrent = back
        neurons.reads.remove(back.name)
        del nodes[back.name]


def _sorted(path: Path, nodes: dict[str, Node]) -> list[Node]:
    waiting = {name: len(node.reads) for name, node in nodes.items()}
    readers: dict[str, list[str]] = {name: [] for name in nodes}
    for node in nodes.values():
        for source in node.reads:
            readers[source].append(node.name)
    ready = deque(name for name, count in waiting.items() if not count)
    order = []
    while ready:
        order.append(nodes[ready.popleft()])
        for name in readers[order[-1].name]:
            waiting[name] -= 1
            if not waiting[name]:
                ready.append(name)
    if len(order) < len(nodes):
        a, b = _recurrent_edge(nodes, {node.name for node in order})
        raise BundleError(
            f"{path}: edges",
            needed="loops only from neurons through a Linear or Affine, which no other node reads, "
            "back to them",
            found=f"the edge from {a[:60]!r} to {b[:60]!r}, which closes another",
            do="Train without this feedback.",
        )
    return order


def _recurrent_edge(nodes: dict[str, Node], done: set[str]) -> tuple[str, str]:
    """An edge on a loop: walk back along unfinished nodes until one comes again."""
    name = next(name for name in nodes if name not in done)
    seen = {name}
    while True:
        source = next(source for source in nodes[name].reads if source not in done)
        if source in seen:
            return source, name
        seen.add(source)
        name = source


def _no(where: str, needed: str, found: str) -> BundleError:
    return BundleError(where, needed=needed, found=found, do=_HOW)
