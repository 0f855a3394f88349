"""A normalisation as it acts in inference: one scale and one offset for each element."""

import numpy as np

from fwgen.ingest.exact import Reals


def norm_factors(
    mean: Reals, variance: Reals, gamma: Reals, beta: Reals, epsilon: float
) -> tuple[Reals, Reals]:
    """``gamma / sqrt(variance + epsilon)`` and ``beta - mean * that``, in float64.

    What is no number, or infinite, is left for the caller to refuse.
    """
    with np.errstate(all="ignore"):
        scale = gamma / np.sqrt(variance + epsilon)
        return scale, beta - mean * scale
