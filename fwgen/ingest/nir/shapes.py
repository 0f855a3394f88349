"""The shape of what each node of a ``.nir`` file gives, checked before anything is asked.

Elements stand in C order throughout, so a Flatten moves nothing.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fwgen.errors import BundleError
from fwgen.ingest.nir.graph import FIELDS, Node

Shape = tuple[int, ...]
_N = TypeVar("_N", bound=np.generic)


def shapes_of(nodes: Sequence[Node]) -> dict[str, Shape]:
    """Shapes by node name.

    Raises
    ------
    BundleError
        If a node does not fit what it reads, reads nothing, or is read by none.
    """
    shapes: dict[str, Shape] = {}
    for node in nodes:
        if node.kind == "Input" and not node.inner:
            shapes[node.name] = node.whole("shape")
            continue
        read = {shapes[name] for name in node.reads}
        if len(read) != 1:
            found = f"{sorted(read)}"[:80] if read else "no edge to it"
            raise _no(node.where, "a node that reads others, of one shape", found)
        shapes[node.name] = _shape(node, read.pop())
    idle = set(shapes).difference(*(node.reads for node in nodes))
    for node in nodes:
        if node.name in idle and (node.inner or node.kind != "Output"):
            raise _no(node.where, "a node that another one reads", "no edge from it")
    return shapes


def _shape(node: Node, read: Shape) -> Shape:
    match node.kind:
        case "Affine" | "Linear":
            return _rows(node, read)
        case "Flatten":
            return _flat(node, read)
        case "Input" | "Output":
            _check(node, "shape", read)
        case _:
            for key in sorted(set(node.arrays) & set().union(*FIELDS[node.kind])):
                spread(node, key, node.raw(key), read)
            if node.recurrent is not None:
                _check_back(node.recurrent, read)
    return read


def _rows(node: Node, read: Shape) -> Shape:
    if len(read) != 1:
        raise _no(node.where, "a vector to read: a Flatten in front", f"shape {read}")
    weight = node.numbers("weight")
    if weight.ndim != 2 or weight.shape[1] != read[0]:  # noqa: PLR2004 - a matrix
        found = f"shape {weight.shape}"
        raise _no(f"{node.where}: weight", f"shape (outputs, {read[0]}), as its source", found)
    return (len(weight),)


def _check_back(node: Node, read: Shape) -> None:
    """A map from neurons back to themselves is square, and has a bias for each at most."""
    if _rows(node, read) != read:
        found = f"shape {node.numbers('weight').shape}"
        raise _no(f"{node.where}: weight", f"shape ({read[0]}, {read[0]}), a loop", found)
    if "bias" in node.arrays and node.numbers("bias").shape != read:
        found = f"shape {node.numbers('bias').shape}"
        raise _no(f"{node.where}: bias", f"shape {read}, as its weights", found)


def _check(node: Node, key: str, read: Shape) -> None:
    if node.whole(key) != read:
        found = f"{node.whole(key)}"
        raise _no(f"{node.where}: {key}", f"{read}, the shape of what it reads", found)


def spread(node: Node, key: str, values: NDArray[_N], shape: Shape) -> NDArray[_N]:
    """One number for each element: an array of that shape, or one number for all."""
    size = int(np.prod(shape))
    if values.size == 1:
        return np.full(size, values.ravel()[0])
    if values.shape != shape:
        raise _no(f"{node.where}: {key}", f"shape {shape}, as its source", f"{values.shape}")
    return values.ravel()


def _flat(node: Node, shape: Shape) -> Shape:
    """The shape after a Flatten."""
    if "input_type" in node.arrays:
        _check(node, "input_type", shape)
    start, end = (_dimension(node, key, len(shape)) for key in ("start_dim", "end_dim"))
    if len(shape) == 1:
        return shape
    if not 0 <= start <= end < len(shape):
        raise _no(node.where, f"dimensions of {shape}", f"start_dim {start}, end_dim {end}")
    return (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :])


def _dimension(node: Node, key: str, count: int) -> int:
    values = node.whole(key)
    if len(values) != 1:
        raise _no(f"{node.where}: {key}", "one number", f"{len(values)}")
    return values[0] + count if values[0] < 0 else values[0]


def _no(where: str, needed: str, found: str) -> BundleError:
    return BundleError(where, needed=needed, found=found, do="Correct the model; export it again.")
