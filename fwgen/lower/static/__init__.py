"""Operations whose value exists once per event, as circuits: one rule each, by families."""

from fwgen.lower.static import activations, basic, dense, scores, vectors
from fwgen.lower.static.site import Rules

__all__ = ["RULES"]

RULES: Rules = {
    **basic.RULES,
    **dense.RULES,
    **activations.RULES,
    **vectors.RULES,
    **scores.RULES,
}
