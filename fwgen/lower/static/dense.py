"""Constant matrices and normalisations as circuits."""

import numpy as np

from fwgen.errors import LoweringError
from fwgen.ir.nodes import BatchNorm, Dense
from fwgen.ir.ranges import const
from fwgen.lower.about import shape
from fwgen.lower.circuit.matrix import accumulated, dense_weights
from fwgen.lower.circuit.sums import Part, Sums
from fwgen.lower.circuit.words import Word
from fwgen.lower.static.adder_graph import solve
from fwgen.lower.static.site import Ranges, Rule, Rules, Site
from fwgen.quantise.bounds import each_channel

_EXACT_FLOAT32 = 1 << 24


def _dense(site: Site, node: Dense) -> list[Word]:
    """One adder graph at each position of the source's axes but the last.

    Raises
    ------
    LoweringError
        If a weight needs more than the 24 bits that the solver takes exactly.
    """
    weight, lift, bias, frac = dense_weights(node, site.source(node))
    if np.abs(weight).max(initial=0) >= _EXACT_FLOAT32:
        raise LoweringError(
            f"layer '{node.name}' (dense): weight",
            needed="weights of at most 24 bits",
            found=f"{int(np.abs(weight).max()).bit_length()} bits",
            do="Choose a narrower weight_format.",
        )
    c, inputs = site.c, weight.shape[1]
    positions = len(site.words) // inputs
    each = np.kron(np.eye(positions, dtype=object), weight << lift)
    c.sums = Sums("y", (Part("x", "x_i", each),), np.tile(bias + site.lifted, positions), frac)
    sums = [
        term
        for start in range(0, len(site.words), inputs)
        for term in solve(
            c, site.words[start : start + inputs], weight, lift, bias + site.lifted, site.variant
        )
    ]
    words = [c.whole(f"y{o}", term) for o, term in enumerate(sums)]
    return accumulated(c, words, frac, site.accumulator)


def _about_dense(node: Dense, _ranges: Ranges) -> str:
    return f"dense, {shape(node)}: constant matrix on numbers as an adder graph"


def _batch_norm(site: Site, node: BatchNorm) -> list[Word]:
    """A product by shifts and additions, and the offset."""
    c, x, frac = site.c, site.words, site.source(node).frac
    scale, offset = const(node.scale), const(node.offset)
    grid = max(scale.fmt.frac + frac, offset.fmt.frac)
    moved = each_channel(offset.values << (grid - offset.fmt.frac), len(x))
    factors = each_channel(scale.values, len(x))
    out = []
    for i, (w, factor, add) in enumerate(zip(x, factors, moved, strict=True)):
        term = c.product(f"p{i}", w, int(factor))
        lifted = term._replace(exp=term.exp + grid - scale.fmt.frac - frac)
        out.append(c.whole(f"y{i}", lifted, int(add)))
    return out


RULES: Rules = {Dense: Rule(_dense, _about_dense), BatchNorm: Rule(_batch_norm)}
