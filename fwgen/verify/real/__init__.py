"""Every operation in real numbers: one rule each, by families."""

from fwgen.verify.real import (
    activations,
    basic,
    dense,
    encoders,
    neurons,
    readouts,
    scores,
    vectors,
)
from fwgen.verify.real.run import RealRules

__all__ = ["RULES"]

RULES: RealRules = {
    **basic.RULES,
    **dense.RULES,
    **activations.RULES,
    **vectors.RULES,
    **scores.RULES,
    **neurons.RULES,
    **encoders.RULES,
    **readouts.RULES,
}
