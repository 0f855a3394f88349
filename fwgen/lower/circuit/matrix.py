"""The integers of a dense layer, on whatever it reads: weights, biases, and the accumulator."""

from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import Dense
from fwgen.ir.ranges import Range, const
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.convert import convert
from fwgen.lower.circuit.words import Word


def dense_weights(node: Dense, source: Range) -> tuple[Ints, int, Ints, int]:
    """Integer weight (outputs, inputs), its shift, bias (outputs,), and the sum's fraction bits.

    The weight times the source, shifted left, plus the bias, is the exact sum.
    """
    weight, bias = const(node.weight), const(node.bias)
    frac = max(weight.fmt.frac + source.frac, bias.fmt.frac)
    lift = frac - weight.fmt.frac - source.frac
    return weight.values, lift, bias.values << (frac - bias.fmt.frac), frac


def accumulated(c: Circuit, words: list[Word], frac: int, accumulator: Fixed | None) -> list[Word]:
    """The sums as an accumulator that wraps around leaves them."""
    if accumulator is None:
        return words
    return [convert(c, f"acc{o}", w, frac, accumulator) for o, w in enumerate(words)]
