"""Bounds and formats of every operation: one rule each, by families."""

from fwgen.quantise.bounds import Expansions, Rules
from fwgen.quantise.rules import (
    activations,
    basic,
    dense,
    encoders,
    neurons,
    readouts,
    scores,
    vectors,
)

__all__ = ["EXPANSIONS", "RULES"]

RULES: Rules = {
    **basic.RULES,
    **dense.RULES,
    **activations.RULES,
    **vectors.RULES,
    **scores.RULES,
    **neurons.RULES,
    **encoders.RULES,
    **readouts.RULES,
}
EXPANSIONS: Expansions = {**vectors.EXPANSIONS}
