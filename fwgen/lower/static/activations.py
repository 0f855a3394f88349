"""Functions of each element as circuits."""

from collections.abc import Sequence

from fwgen.errors import LoweringError
from fwgen.ir.cast import overflow
from fwgen.ir.nodes import LeakyRelu, Relu, Table
from fwgen.ir.ranges import const
from fwgen.lower.circuit.words import Scaled, Word
from fwgen.lower.static.site import Ranges, Rule, Rules, Site
from fwgen.quantise.rules.activations import leaky_factors

MAX_TABLE_ENTRIES = 1 << 20  # of one layer; each is a line of Verilog


def _relu(site: Site, _node: Relu) -> list[Word]:
    return [site.c.relu(f"y{i}", w) for i, w in enumerate(site.words)]


def _leaky_relu(site: Site, node: LeakyRelu) -> list[Word]:
    c, x, result = site.c, site.words, site.ranges[node.name]
    _, lift, alpha = leaky_factors(node, site.source(node))
    out = []
    for i, (w, factor) in enumerate(zip(x, alpha, strict=True)):
        leaked = c.whole(f"p{i}", c.product(f"p{i}", w, int(factor)))
        lifted = c.whole(f"x_{i}_lift", Scaled(w, lift))
        sign = c.floor(f"sign_{i}", w, w.width - 1) if w.signed else c.constant(0)
        y = c.select(f"y{i}", sign, leaked, lifted)
        out.append(c.narrow(f"y{i}_exact", y, int(result.lo[i]), int(result.hi[i])))
    return out


def _table(site: Site, node: Table) -> list[Word]:
    parts = _parts(node, site.words)
    return [site.c.lookup(f"y{i}", w, parts[w.lo, w.hi]) for i, w in enumerate(site.words)]


def _about_table(node: Table, _ranges: Ranges) -> str:
    return f"table: {node.function} of '{node.source}' as {node.fmt}"


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


RULES: Rules = {
    Relu: Rule(_relu),
    LeakyRelu: Rule(_leaky_relu),
    Table: Rule(_table, _about_table),
}
