"""The integers of every operation, in NumPy: one rule each, by families."""

from fwgen.verify.exact import (
    activations,
    basic,
    dense,
    encoders,
    neurons,
    readouts,
    scores,
    vectors,
)
from fwgen.verify.exact.run import ExactRules

__all__ = ["RULES"]

RULES: ExactRules = {
    **basic.RULES,
    **dense.RULES,
    **activations.RULES,
    **vectors.RULES,
    **scores.RULES,
    **neurons.RULES,
    **encoders.RULES,
    **readouts.RULES,
}
