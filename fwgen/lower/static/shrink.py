"""Smaller adder graphs in the same time.

The solver finds a good adder graph, not the best, and which one depends on how deep the sums may be
and on the order in which it sees inputs and outputs. Other depths and orders are tried for each
dense layer, the largest first, and kept where all circuits together take fewer LUTs
(`cost.circuit_cost`) and the design no cycle more: a saved adder may come too late for its reader,
and where registers fall decides what else they take in; only the schedule of all blocks tells.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fwgen.ir.nodes import Dense
from fwgen.ir.ranges import const
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.design import CircuitBlock, Design
from fwgen.lower.estimate.design import circuit_cost
from fwgen.lower.static.adder_graph import Variant

VARIANTS = tuple(Variant(depth, order) for order in range(4) for depth in (0, 1, -1, 3))[1:]
_TRIALS = 48  # in all: each lowers the whole design once more
# the solver's time grows about as the square of the number of weights: beyond this it runs once
_EFFORT = 7_000_000

Choice = Mapping[str, Variant]


def shrink(
    layers: Sequence[Dense], make: Callable[[Choice], Design], known: "CircuitLuts | None" = None
) -> Design:
    """The design with the fewest LUTs that is found; ``make`` lowers it with a choice of variants.

    ``layers`` are the dense layers whose adder graphs may vary, ``known`` are circuits that were
    counted before.
    """
    if not layers:
        return make({})
    chosen: dict[str, Variant] = {}
    best, known = make(chosen), known or CircuitLuts()
    fewest = known.luts(best)
    for layer in sorted(layers, key=_weights, reverse=True):
        trials = min(_TRIALS // len(layers), _EFFORT // max(1, _weights(layer)) ** 2)
        for variant in VARIANTS[:trials]:
            tried = {**chosen, layer.name: variant}
            design = make(tried)
            if design.last <= best.last and (luts := known.luts(design)) < fewest:
                best, chosen, fewest = design, tried, luts
    return best


def _weights(layer: Dense) -> int:
    """How many weights of a layer are not 0, and cost something."""
    return int(np.count_nonzero(const(layer.weight).values))


class CircuitLuts:
    """LUTs of circuits, each counted once: designs share those that do not vary."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[Circuit, int]] = {}

    def luts(self, design: Design) -> int:
        """LUTs of all circuits of a design."""
        circuits = [b.circuit for b in design.blocks if isinstance(b, CircuitBlock)]
        return sum(self._of(circuit) for circuit in circuits)

    def _of(self, circuit: Circuit) -> int:
        if id(circuit) not in self._found:  # the circuit is kept, so that its number stays its own
            self._found[id(circuit)] = circuit, circuit_cost(circuit).lut
        return self._found[id(circuit)][1]
