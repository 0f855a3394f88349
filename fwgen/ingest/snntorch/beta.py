"""The leak factors that snnTorch has written as time constants, without the rounding in between.

snnTorch 1.0.0 (``export_nir.py``) writes ``tau = 1e-4 / (1 - beta)`` and ``r = tau / 1e-4`` in the
type of beta, usually float32; ``1 - 1e-4 / tau`` is then near beta and seldom beta itself. Several
betas may be written as the same tau. Of those the one with the fewest fraction bits is taken: the
file cannot tell them apart.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ingest.exact import Reals

DT = 1e-4
_BITS = 54


def recovered(tau: NDArray[np.generic], r: NDArray[np.generic]) -> tuple[Reals, Reals] | None:
    """Leak factors, clamped to 0..1 as snnTorch does when it runs, and input gains of 1.

    None where a neuron's numbers are not those that snnTorch writes for any beta.
    """
    if tau.dtype != r.dtype or tau.shape != r.shape or tau.dtype not in (np.float32, np.float64):
        return None
    kind: Any = np.float32 if tau.dtype == np.float32 else np.float64
    tau, r = tau.astype(kind), r.astype(kind)
    with np.errstate(all="ignore"):
        if not np.array_equal(tau / kind(DT), r):
            return None
        near = 1 - DT / np.asarray(tau, dtype=np.float64)
        beta = np.full(tau.shape, np.nan)
        for bits in range(_BITS):
            tried = np.ldexp(np.rint(np.ldexp(near, bits)), -bits)
            written = kind(DT) / (kind(1) - tried.astype(kind))
            beta = np.where(np.isnan(beta) & (written == tau), tried, beta)
    if np.isnan(beta).any():
        return None
    return np.clip(beta, 0, 1), np.ones(tau.shape)
