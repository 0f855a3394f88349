"""The circuit of a node that exists once per event, from its rule."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from fwgen.errors import LoweringError
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Node
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.words import Word
from fwgen.lower.static import RULES
from fwgen.lower.static.adder_graph import SHALLOW, Variant
from fwgen.lower.static.scores import Score, decision, score_terms
from fwgen.lower.static.site import Ranges, Site


def circuit(
    node: Node,
    ranges: Ranges,
    pace: Pace,
    before: Mapping[str, Sequence[int]] | None = None,
    accumulator: Fixed | None = None,
    lifted: int = 0,
    variant: Variant = SHALLOW,
) -> Circuit:
    """The circuit of a node that exists once per event; its outputs are not registered.

    Parameters
    ----------
    ranges
        Bounds of every value.
    pace
        As in `Circuit`.
    before
        Picoseconds of logic before each element of a source, by the source's name.
    accumulator, lifted, variant
        As in `Site`.

    Raises
    ------
    LoweringError
        If there is no circuit; the message names the layer.
    """
    rule = RULES.get(type(node))
    if rule is None:
        raise LoweringError(
            f"layer '{node.name}' ({node.op})",
            needed="an operation that has a Verilog form",
            found=f"'{node.op}'",
            do="Use another operation.",
        )
    c = Circuit(pace)
    reads = _inputs(c, node, ranges, before or {})
    words = rule.words(Site(c, reads, ranges, accumulator, lifted, variant), node)
    c.output("y_o", words, ranges[node.name])
    return c


def score(
    node: Score,
    ranges: Ranges,
    pace: Pace,
    before: Mapping[str, Sequence[int]],
    limits: Mapping[str, int],
) -> Circuit:
    """The circuit of a score, and in it whether the score is above each of some limits.

    Parameters
    ----------
    limits
        Limits by the names of thresholds; each has a port ``NAME_o`` of one bit after ``y_o``.
    """
    c = Circuit(pace)
    read = _inputs(c, node, ranges, before)
    found = score_terms(c, node, read, [ranges[name].frac for name in node.sources])
    total = c.whole("score", c.sum("score", found))
    c.output("y_o", [total], ranges[node.name])
    for name, limit in limits.items():
        c.output(f"{name}_o", [decision(c, name, found, limit)], ranges[name])
    return c


def _inputs(
    c: Circuit, node: Node, ranges: Ranges, before: Mapping[str, Sequence[int]]
) -> list[Sequence[Word]]:
    """The words of each source, in the node's order."""
    sources = {
        name: c.input(port, ranges[name], before.get(name, ()))
        for name, port in ports(node).items()
    }
    return [sources[name] for name in node.sources]


def ports(node: Node) -> dict[str, str]:
    """The input port of each source, from the field that names it; one that is read twice has one.

    A field ``left`` gives ``left_i``, the one field ``source`` ``x_i``, and several sources of one
    field ``x0_i``, ``x1_i`` and so on.
    """
    found: dict[str, str] = {}
    for source, name in _named_sources(node):
        found.setdefault(source, f"{name}_i")
    return found


def _named_sources(node: Node) -> Iterator[tuple[str, str]]:
    for field in fields(node):
        if field.metadata.get("role") == "source":
            held = getattr(node, field.name)
            if isinstance(held, str):
                yield held, "x" if field.name == "source" else field.name
            else:
                yield from ((source, f"x{i}") for i, source in enumerate(held))
