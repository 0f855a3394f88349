"""Integers of operations without state, in NumPy: what `fwgen.verify.reference` asks for.

Every function takes and gives arrays whose last axis is the elements, int64 or Python integers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fwgen.ir.cast import Ints
from fwgen.ir.nodes import (
    Add,
    BatchNorm,
    Concat,
    Dense,
    KlDivergence,
    LeakyRelu,
    Multiply,
    Node,
    Relu,
    Slice,
    SquaredError,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.ir.ranges import const, floor_to

Values = Sequence[Ints]


@dataclass(frozen=True, slots=True)
class Exact:
    """Exact results, before any conversion.

    ``fracs`` are the fraction bits of the sources; ``ints`` brings parameters to the integer type
    in use.
    """

    fracs: tuple[int, ...]
    ints: Callable[[Ints], Ints]

    def result(self, node: Node, values: Values) -> Ints:
        """A node's value for those of its sources.

        Raises
        ------
        TypeError
            If the node has state or is none of fwgen's.
        """
        match node:
            case Dense():
                return self._dense(node, values[0])
            case BatchNorm():
                return self._batch_norm(node, values[0])
            case Relu():
                return np.maximum(values[0], 0)
            case LeakyRelu():
                return self._leaky_relu(node, values[0])
            case Table():
                table, first = self.ints(const(node.values).values), int(node.first)
                return table[(values[0] - first).astype(np.intp)]
            case Threshold():
                limit = floor_to(const(node.value), self.fracs[0])
                return self.ints(values[0] > self.ints(limit))
            case Slice():
                return values[0][..., node.start : node.stop]
            case _:
                return self._several(node, values)

    def _several(self, node: Node, values: Values) -> Ints:
        match node:
            case Concat():
                return np.concatenate(self._aligned(values), axis=-1)
            case Add():
                left, right = self._aligned(values)
                return np.asarray(left + right)
            case Subtract():
                left, right = self._aligned(values)
                return np.asarray(left - right)
            case Multiply():
                return np.asarray(values[0] * values[1])
            case SquaredError():
                left, right = self._aligned(values)
                return _total((left - right) ** 2)
            case SumSquares():
                return _total(values[0] ** 2)
            case KlDivergence():
                return self._kl_divergence(values)
            case _:
                raise TypeError(f"no integers for {node.op}")

    def _aligned(self, values: Values) -> list[Ints]:
        """The same numbers on the finest of their grids."""
        finest = max(self.fracs)
        return [v << (finest - f) for v, f in zip(values, self.fracs, strict=True)]

    def _dense(self, node: Dense, x: Ints) -> Ints:
        weight, bias = const(node.weight), const(node.bias)
        products = weight.fmt.frac + self.fracs[0]
        frac = max(products, bias.fmt.frac)
        w = self.ints(weight.values << (frac - products))
        return np.asarray(x @ w.T + self.ints(bias.values << (frac - bias.fmt.frac)))

    def _batch_norm(self, node: BatchNorm, x: Ints) -> Ints:
        scale, offset = const(node.scale), const(node.offset)
        products = scale.fmt.frac + self.fracs[0]
        frac = max(products, offset.fmt.frac)
        factor = self.ints(scale.values << (frac - products))
        return np.asarray(x * factor + self.ints(offset.values << (frac - offset.fmt.frac)))

    def _leaky_relu(self, node: LeakyRelu, x: Ints) -> Ints:
        alpha = const(node.alpha)
        positive, negative = max(0, alpha.fmt.frac), max(0, -alpha.fmt.frac)
        leaked = x * self.ints(alpha.values << negative)
        return np.where(x >= 0, x << positive, leaked)

    def _kl_divergence(self, values: Values) -> Ints:
        mean, log_variance, variance = values
        grids = (2 * self.fracs[0], self.fracs[1], self.fracs[2])
        frac = max(*grids, 0)
        terms = mean**2 << (frac - grids[0])
        terms = terms + (variance << (frac - grids[2])) - (log_variance << (frac - grids[1]))
        return _total(terms - (1 << frac))


def _total(terms: Any) -> Ints:
    return np.asarray(terms.sum(axis=-1, keepdims=True))
