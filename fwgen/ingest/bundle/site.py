"""One layer of ``model.yaml`` in the making: where it stands, and what it may read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fwgen.errors import BundleError
from fwgen.ingest.bundle.base import Layer
from fwgen.ingest.bundle.weights import Weights, format_of, parameter, read_format
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Node, Real
from fwgen.ir.shapes import Shape, shape_of


@dataclass(frozen=True)
class Site:
    """A layer's place in the file, the nodes before it, and the arrays.

    ``where`` begins every message; ``sources`` are the names of the nodes that the layer reads.
    """

    where: str
    nodes: list[Node]
    arrays: Weights
    sources: tuple[str, ...]

    @property
    def source(self) -> str:
        """The name of the first node that the layer reads."""
        return self.sources[0]

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shapes of the values so far.

        Raises
        ------
        GraphError
            If they do not fit together.
        """
        named, known = {node.name: node for node in self.nodes}, dict[str, Shape]()
        for node in self.nodes:
            known[node.name] = shape_of(node, named, known)
        return known

    def format(self, key: str, text: str | None) -> Fixed | None:
        """A number format that may be left open."""
        return format_of(self.where, key, text)

    def required_format(self, text: str) -> Fixed:
        """The number format under the key ``format``."""
        return read_format(text, f"{self.where}: format")

    def parameter(self, key: str, value: float | str, layer: Layer, fmt: str | None) -> Real:
        """A number or an array, in the format that the file gives for it, if any."""
        return parameter(self.where, key, value, layer, self.arrays, fmt)

    def refuse(self, key: str, needed: str, found: str, do: str) -> BundleError:
        """The error of one of the layer's keys."""
        return BundleError(f"{self.where}: {key}", needed=needed, found=found, do=do)


Maker = Callable[[Site, Any], list[Node]]
"""From a layer's place and the layer to its nodes, the last under its name."""
Makers = Mapping[type[Any], Maker]
"""Makers by the layers of the schema."""


def plain(node: Callable[..., Node]) -> Maker:
    """The maker of operations whose name and sources are all there is."""
    return lambda site, layer: [node(layer.name, *site.sources)]
