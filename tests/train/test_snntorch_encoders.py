"""The latency encoder against snnTorch's own."""

import numpy as np
import pytest

from fwgen.verify.reference import Reference
from tests.ops.operation import graph_of
from tests.ops.test_encoders import latency, neurons

torch = pytest.importorskip("torch")
spikegen = pytest.importorskip("snntorch.spikegen")

pytestmark = pytest.mark.train


def test_latency_agrees_with_snntorch() -> None:
    """As ``spikegen.latency`` with linear and normalize, where float32 holds the numbers."""
    x = np.arange(256)[:, None]
    for steps in (2, 5, 9):
        graph = graph_of(1, "ufixed<8,0>", [latency("s", "x"), *neurons("l", "s")], steps=steps)
        found = Reference.of(graph).run(x).values["s"]
        given = torch.tensor(x / 256.0, dtype=torch.float32)
        # a threshold so small that float32 rounds it away, since there has to be one
        theirs = spikegen.latency(given, steps, threshold=1e-9, linear=True, normalize=True)
        assert np.array_equal(theirs.numpy().astype(int), found)
