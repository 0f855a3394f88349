"""Element-wise operations as circuits: each element of the result reads one of the source."""

from collections.abc import Sequence

import numpy as np

from fwgen.errors import LoweringError
from fwgen.ir.cast import overflow
from fwgen.ir.nodes import BatchNorm, LeakyRelu, Node, Quantise, Relu, Slice, Table, Threshold
from fwgen.ir.ranges import Range, const, floor_to
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.convert import convert
from fwgen.lower.circuit.words import Scaled, Word
from fwgen.quantise.rules.activations import leaky_factors

MAX_TABLE_ENTRIES = 1 << 20  # of one layer; each is a line of Verilog


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
            parts = _parts(node, x)
            return [c.lookup(f"y{i}", w, parts[w.lo, w.hi]) for i, w in enumerate(x)]
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


def _parts(node: Table, x: Sequence[Word]) -> dict[tuple[int, int], tuple[int, ...]]:
    """By bounds, the part of the table that such elements can ask for, as its format shows it.

    Elements of the same bounds have one table; each other pair of bounds has its own.
    """
    bounds = {(w.lo, w.hi) for w in x}
    entries = sum(hi - lo + 1 for lo, hi in bounds if lo < hi)
    if entries > MAX_TABLE_ENTRIES:
        raise LoweringError(
            f"layer '{node.name}' (table)",
            needed=f"at most {MAX_TABLE_ENTRIES:,} entries in all tables of a layer, one table for "
            "all elements of the same bounds",
            found=f"{entries:,} entries in {len(bounds):,} tables",
            do="Put a quantise layer in front, so that all elements have the same bounds.",
        )
    shown, first = overflow(const(node.values).values, node.fmt).tolist(), int(node.first)
    return {(lo, hi): tuple(shown[lo - first : hi - first + 1]) for lo, hi in bounds}
