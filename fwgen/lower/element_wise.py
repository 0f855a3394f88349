"""Element-wise operations as circuits: each element of the result reads one of the source."""

from collections.abc import Sequence

import numpy as np

from fwgen.errors import LoweringError
from fwgen.ir.cast import overflow
from fwgen.ir.nodes import (
    BatchNorm,
    LeakyRelu,
    Node,
    Quantise,
    Relu,
    Slice,
    Table,
    Threshold,
)
from fwgen.lower.circuit import Circuit
from fwgen.lower.convert import convert
from fwgen.lower.ops import Scaled, Word
from fwgen.quantise.bounds import Range, const, floor_to
from fwgen.quantise.elements import leaky_factors


def words(
    c: Circuit, node: Node, x: Sequence[Word], source: Range, result: Range, lifted: int = 0
) -> list[Word]:
    """The node's value, for the words of its source, which carry ``lifted`` beside their value.

    Raises
    ------
    LoweringError
        If the operation has no circuit; the message names the layer.
    """
    frac = source.frac
    match node:
        case Quantise():
            return [convert(c, f"y{i}", w, frac, node.fmt, lifted=lifted) for i, w in enumerate(x)]
        case Relu():
            return [c.relu(f"y{i}", w) for i, w in enumerate(x)]
        case LeakyRelu():
            return _leaky_relu(c, node, x, source, result)
        case BatchNorm():
            return _batch_norm(c, node, x, frac)
        case Table():
            return [_table(c, f"y{i}", node, w) for i, w in enumerate(x)]
        case Threshold():
            limits = np.broadcast_to(floor_to(const(node.value), frac), (len(x),))
            rows = enumerate(zip(x, limits, strict=True))
            return [c.above(f"above_{i}", w, int(limit)) for i, (w, limit) in rows]
        case Slice():
            return list(x[node.start : node.stop])
        case _:
            raise LoweringError(
                f"layer '{node.name}' ({node.op})",
                needed="an operation that has a Verilog form",
                found=f"'{node.op}'",
                do="Use another operation.",
            )


def _batch_norm(c: Circuit, node: BatchNorm, x: Sequence[Word], frac: int) -> list[Word]:
    """A product by shifts and additions, and the offset."""
    scale, offset = const(node.scale), const(node.offset)
    grid = max(scale.fmt.frac + frac, offset.fmt.frac)
    moved = offset.values << (grid - offset.fmt.frac)
    out = []
    for i, (w, factor, add) in enumerate(zip(x, scale.values, moved, strict=True)):
        term = c.product(f"p{i}", w, int(factor))
        lifted = term._replace(exp=term.exp + grid - scale.fmt.frac - frac)
        out.append(c.whole(f"y{i}", lifted, int(add)))
    return out


def _leaky_relu(
    c: Circuit, node: LeakyRelu, x: Sequence[Word], source: Range, result: Range
) -> list[Word]:
    _, lift, alpha = leaky_factors(node, source)
    out = []
    for i, (w, factor) in enumerate(zip(x, alpha, strict=True)):
        leaked = c.whole(f"p{i}", c.product(f"p{i}", w, int(factor)))
        lifted = c.whole(f"x_{i}_lift", Scaled(w, lift))
        sign = c.floor(f"sign_{i}", w, w.width - 1) if w.signed else c.constant(0)
        y = c.select(f"y{i}", sign, leaked, lifted)
        out.append(c.narrow(f"y{i}_exact", y, int(result.lo[i]), int(result.hi[i])))
    return out


def _table(c: Circuit, name: str, node: Table, w: Word) -> Word:
    """The part of the table that this element can ask for, as its format shows it."""
    values, first = const(node.values).values, int(node.first)
    shown = overflow(values[w.lo - first : w.hi - first + 1], node.fmt)
    return c.lookup(name, w, [int(v) for v in shown])
