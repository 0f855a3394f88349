"""One layer of ``model.yaml`` and its arrays -> nodes of a graph of real numbers."""

from fwgen.errors import BundleError
from fwgen.ingest.bundle.ops import MAKERS
from fwgen.ingest.bundle.schema import AnyLayer
from fwgen.ingest.bundle.site import Site
from fwgen.ingest.bundle.weights import Weights
from fwgen.ir.nodes import Node


def make_nodes(where: str, layer: AnyLayer, nodes: list[Node], arrays: Weights) -> list[Node]:
    """The nodes of one layer, the last under its name.

    ``nodes`` are those it may read, ``where`` is its place in the file.

    Raises
    ------
    BundleError, FormatError
        If an array or source is missing or misshapen, or a key contradicts another.
    """
    site = Site(where, nodes, arrays, _sources(where, layer, nodes))
    return MAKERS[type(layer)](site, layer)


def _sources(where: str, layer: AnyLayer, nodes: list[Node]) -> tuple[str, ...]:
    wanted = layer.from_
    if not isinstance(wanted, list):
        wanted = [wanted or nodes[-1].name]
    return tuple(_source(where, name, nodes) for name in wanted)


def _source(where: str, name: str, nodes: list[Node]) -> str:
    known = [node.name for node in nodes]
    if name not in known:
        raise BundleError(
            f"{where}: from",
            needed=f"the name of an earlier layer: {', '.join(known)}",
            found=repr(name[:80]),
            do="Layers read earlier ones only; put them in that order.",
        )
    return name
