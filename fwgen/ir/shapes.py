"""Shapes of values, and the rule of each operation for what it may read."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from fwgen.errors import GraphError
from fwgen.ir.nodes import (
    BIT,
    CUSTOM,
    FUNCTIONS,
    Add,
    BatchNorm,
    Concat,
    Const,
    CubaLif,
    Dense,
    Input,
    KlDivergence,
    LastMembrane,
    LatencyEncoder,
    LeakyRelu,
    Lif,
    Maximum,
    Membrane,
    Multiply,
    Node,
    Param,
    Quantise,
    ReadOut,
    Real,
    Relu,
    Reset,
    ShiftLeak,
    Slice,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)

MAX_ELEMENTS = 1 << 14  # of a value: vectors can be joined again and again


@dataclass(frozen=True, slots=True)
class Shape:
    """Number of elements of a value, and whether it has one value per time step."""

    size: int
    temporal: bool


Shapes = Mapping[str, Shape]


class Nodes(Protocol):
    """Whatever gives a node by its name."""

    def __getitem__(self, name: str) -> Node:
        """The node of that name."""


def shape_of(node: Node, nodes: Nodes, known: Shapes) -> Shape:
    """Shape of a node's value, given those of its sources.

    Raises
    ------
    GraphError
        If it cannot read them, or its parameters do not fit; the message names the node.
    """
    _check_integrators(node, nodes)
    match node:
        case Input():
            return Shape(node.size, temporal=node.spikes)
        case Quantise() | Relu():
            return known[node.source]
        case Dense():
            return _dense(node, known[node.source])
        case BatchNorm() | LeakyRelu() | Threshold():
            return _with_parameters(node, known[node.source])
        case Table():
            return _table(node, nodes, known[node.source])
        case Slice():
            return _slice(node, known[node.source])
        case Lif():
            return _lif(node, known[node.source])
        case LatencyEncoder():
            return _static(node, Shape(known[node.source].size, temporal=True), known)
        case ReadOut() | Membrane():
            if not isinstance(nodes[node.source], Lif):
                raise misfit(node, "to read a lif layer", f"'{node.source}', which is none")
            return Shape(known[node.source].size, temporal=isinstance(node, Membrane))
        case _:
            return _several(node, known)


def _several(node: Node, known: Shapes) -> Shape:
    """Operations that read several values, or all elements of one."""
    match node:
        case Concat():
            return _concat(node, known)
        case Add() | Subtract():
            return Shape(_length(node, known), _alike(node, known))
        case Multiply():
            return _static(node, Shape(_length(node, known), temporal=False), known)
        case SquaredError() | KlDivergence():
            _length(node, known)
            return _static(node, Shape(1, temporal=False), known)
        case SumSquares():
            return _static(node, Shape(1, temporal=False), known)
        case _:
            raise misfit(node, "a known operation", f"'{node.op}'")


# ---- what several operations require ----


def _static(node: Node, shape: Shape, known: Shapes) -> Shape:
    if any(known[name].temporal for name in node.sources):
        raise misfit(node, "values that exist once per event", "one with a value per time step")
    return shape


def _alike(node: Node, known: Shapes) -> bool:
    """Whether the sources are temporal; they must agree."""
    kinds = {known[name].temporal for name in node.sources}
    if len(kinds) > 1:
        of = {known[name].temporal: name for name in reversed(node.sources)}
        raise misfit(
            node,
            "sources that all exist once per event, or all once per time step",
            f"'{of[False]}' once per event and '{of[True]}' once per time step",
        )
    return kinds == {True}


def _length(node: Node, known: Shapes) -> int:
    """Number of elements of the sources; they must agree."""
    sizes = {name: known[name].size for name in node.sources}
    if len(set(sizes.values())) > 1:
        many = "two" if len(node.sources) == 2 else f"{len(node.sources)}"  # noqa: PLR2004 - a pair
        *most, last = (f"'{name}' with {size}" for name, size in sizes.items())
        raise misfit(
            node,
            f"{many if most else 'two'} vectors of the same length",
            f"{', '.join(most)} and {last} elements",
        )
    return next(iter(sizes.values()))


def _with_parameters(node: BatchNorm | LeakyRelu | Threshold, source: Shape) -> Shape:
    """Element by element: one parameter for all, or one for each."""
    match node:
        case BatchNorm():
            params, shared = {"scale": node.scale, "offset": node.offset}, False
        case LeakyRelu():
            params, shared = {"alpha": node.alpha}, True
        case Threshold():
            params, shared = {"value": node.value}, True
    for key, param in params.items():
        if param.shape != (source.size,) and not (shared and param.shape == ()):
            needed = f"{key} of shape ({source.size},)"
            if shared:
                each = f", or one for each of the {source.size} elements"
                needed = f"one {key}" + (each if source.size > 1 else "")
            raise misfit(node, needed, f"shape {param.shape}")
    return source


# ---- one function an operation ----


def _dense(node: Dense, source: Shape) -> Shape:
    if len(node.weight.shape) != 2 or node.weight.shape[1] != source.size:  # noqa: PLR2004 - a matrix
        raise misfit(
            node,
            f"a weight of shape (outputs, {source.size}), since '{node.source}' has {source.size} "
            f"element{'s' if source.size > 1 else ''}",
            f"shape {node.weight.shape}" + _transposed(node.weight.shape, source.size),
        )
    outputs = int(node.weight.shape[0])
    if node.bias.shape != (outputs,):
        raise misfit(node, f"a bias of shape ({outputs},)", f"shape {node.bias.shape}")
    return Shape(outputs, source.temporal)


def _transposed(shape: tuple[int, ...], inputs: int) -> str:
    if len(shape) == 2 and shape[0] == inputs:  # noqa: PLR2004 - a matrix
        return ", which looks transposed (Keras stores inputs first)"
    return ""


def _table(node: Table, nodes: Nodes, source: Shape) -> Shape:
    if node.function not in {*FUNCTIONS, CUSTOM}:
        raise misfit(
            node, f"one of the functions {', '.join((*FUNCTIONS, CUSTOM))}", f"'{node.function}'"
        )
    if source.temporal:
        raise misfit(node, "a value that exists once per event", "one with a value per time step")
    if node.function != CUSTOM:
        return source
    if node.values is None or len(node.values.shape) != 1 or node.values.shape[0] == 0:
        found = "none" if node.values is None else f"shape {node.values.shape}"
        raise misfit(node, "values of shape (entries,)", found)
    # its entries stand for the numbers of a grid, which must not be fwgen's choice
    if isinstance(node.values, Real) and declared_grid(nodes[node.source]) is None:
        raise misfit(
            node,
            "a source whose format the model gives (input, quantise or table), since a custom "
            "table has one entry for each of its numbers",
            f"'{node.source}' ({nodes[node.source].op})",
        )
    return source


def declared_grid(node: Node) -> int | None:
    """Fraction bits of a value whose format stands in the model, None for all others."""
    return node.fmt.frac if isinstance(node, Input | Quantise | Table) else None


def _concat(node: Concat, known: Shapes) -> Shape:
    size = sum(known[name].size for name in node.parts)
    if not node.parts or size > MAX_ELEMENTS:
        raise misfit(node, f"1 to {MAX_ELEMENTS:,} elements together", f"{size:,}")
    return Shape(size, _alike(node, known))


def _slice(node: Slice, source: Shape) -> Shape:
    if not 0 <= node.start < node.stop <= source.size:
        raise misfit(
            node,
            f"0 <= start < stop <= {source.size}, the elements of '{node.source}'",
            f"start {node.start} and stop {node.stop}",
        )
    return Shape(node.stop - node.start, source.temporal)


def check_input(node: Input, steps: int) -> None:
    """Refuse spikes that are no bits, or too many of them.

    Raises
    ------
    GraphError
        The message names the input.
    """
    if node.spikes and node.fmt != BIT:
        raise misfit(node, f"spikes in the format {BIT}", f"{node.fmt}")
    if node.spikes and node.elements(steps) > MAX_ELEMENTS:
        found = f"{steps} time steps of {node.size:,}"
        raise misfit(node, f"at most {MAX_ELEMENTS:,} spikes an event", found)


def _check_integrators(node: Node, nodes: Nodes) -> None:
    """Of neurons that never fire, nothing but the membrane may be read."""
    if isinstance(node, LastMembrane | Maximum | Membrane):
        return
    for name in node.sources:
        source = nodes[name]
        if isinstance(source, Lif) and not source.fires:
            raise misfit(
                node,
                "a source that has values: of an li layer, last_membrane, maximum and membrane "
                "read the membrane",
                f"'{name}', which never fires",
            )


def _lif(node: Lif, source: Shape) -> Shape:
    params: dict[str, Param] = {} if node.threshold is None else {"threshold": node.threshold}
    if not node.fires and node.reset is not Reset.NONE:
        raise misfit(node, "no reset where there is no threshold", f"reset {node.reset}")
    square = (source.size, source.size)
    if node.recurrent is not None and not node.fires:
        raise misfit(node, "no recurrent weights where there are no spikes", "some")
    if node.recurrent is not None and node.recurrent.shape != square:
        found = f"shape {node.recurrent.shape}"
        raise misfit(node, f"recurrent weights of shape {square}, a matrix (to, from)", found)
    leaks = {"beta": node.beta}
    if isinstance(node, CubaLif):
        leaks["alpha"] = node.alpha
        if node.recurrent is None:
            raise misfit(node, "recurrent weights: li, membrane and lif do without", "none")
    params |= {key: leak for key, leak in leaks.items() if isinstance(leak, Param)}
    for key, param in params.items():
        if param.shape not in {(), (source.size,)}:
            raise misfit(
                node,
                f"one {key}, or one for each of the {source.size} neurons",
                f"shape {param.shape}",
            )
    for key, leak in leaks.items():
        if isinstance(leak, ShiftLeak):
            if leak.shift < 0:
                raise misfit(node, "a leak shift of at least 0", f"{leak.shift}")
        elif not _within_0_and_1(leak):
            raise misfit(node, f"every {key} from 0 to 1", "one outside")
    return Shape(source.size, temporal=True)


def _within_0_and_1(param: Param) -> bool:
    one = Fraction(2) ** param.fmt.frac if isinstance(param, Const) else 1
    return all(0 <= value <= one for value in param.values.ravel())


def misfit(node: Node, needed: str, found: str) -> GraphError:
    """The error of a node that does not fit."""
    return GraphError(
        f"layer '{node.name}' ({node.op})",
        needed=needed,
        found=found,
        do="Correct this layer in model.yaml, or its arrays in weights.npz.",
    )
