"""Smaller adder graphs in the same time.

The solver finds a good adder graph, not the best, and which one depends on how deep the sums may be
and on the order in which it sees inputs and outputs. Other depths and orders are tried for each
dense layer, the largest first, and kept where the layer takes fewer LUTs (`cost.circuit_cost`) and
the whole design no cycle more: a saved adder may come too late for its reader, which only the
schedule of all blocks tells.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fwgen.ir.nodes import Dense
from fwgen.lower.cost import circuit_cost
from fwgen.lower.design import CircuitBlock, Design
from fwgen.lower.feed_forward import Variant
from fwgen.quantise.bounds import const

VARIANTS = tuple(Variant(depth, order) for order in range(4) for depth in (0, 1, -1, 2))[1:]
_TRIALS = 36  # in all: each lowers the whole design once more
# the solver's time grows about as the square of the number of weights: beyond this it runs once
_EFFORT = 7_000_000

Choice = Mapping[str, Variant]


def shrink(layers: Sequence[Dense], make: Callable[[Choice], Design]) -> Design:
    """The design with the fewest LUTs that is found; ``make`` lowers it with a choice of variants.

    ``layers`` are the dense layers whose adder graphs may vary.
    """
    chosen: dict[str, Variant] = {}
    best = make(chosen)
    for layer in sorted(layers, key=_weights, reverse=True):
        fewest = _luts(best, layer)
        trials = min(_TRIALS // len(layers), _EFFORT // max(1, _weights(layer)) ** 2)
        for variant in VARIANTS[:trials]:
            tried = {**chosen, layer.name: variant}
            design = make(tried)
            luts = _luts(design, layer)
            if design.last <= best.last and luts < fewest:
                best, chosen, fewest = design, tried, luts
    return best


def _weights(layer: Dense) -> int:
    """Weights that cost something."""
    return int(np.count_nonzero(const(layer.weight).values))


def _luts(design: Design, layer: Dense) -> int:
    blocks = (b for b in design.blocks if b.name == layer.name and isinstance(b, CircuitBlock))
    return sum(circuit_cost(block.circuit).lut for block in blocks)
