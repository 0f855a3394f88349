"""Current-based neurons against ``snntorch.Synaptic``: the same spikes, currents and membranes.

All numbers are dyadic and few enough for float32 to be exact, so everything is `==`.
"""

from itertools import product

import numpy as np
import pytest

from fwgen.ir.nodes import Lif, Membrane, Node, Real, Reset
from fwgen.verify.float_model import evaluate
from tests.ops.operation import graph_of, read_out

REASON = "needs the [torch] extra: pip install fwgen[torch]"
torch = pytest.importorskip("torch", reason=REASON)
snntorch = pytest.importorskip("snntorch", reason=REASON)
pytestmark = pytest.mark.frameworks

ALPHA, BETA, THRESHOLD, STEPS = 0.5, 0.75, 1.25, 6


@pytest.mark.parametrize(
    ("reset", "delay"), list(product([Reset.SUBTRACT, Reset.NONE], [True, False]))
)
def test_the_equations_are_those_of_synaptic(reset: Reset, delay: bool) -> None:
    """New currents; the reset of the step itself or of the one behind."""
    events = np.random.default_rng(1).integers(-8, 16, (200, 3)) / 8
    theirs = snntorch.Synaptic(
        alpha=ALPHA, beta=BETA, threshold=THRESHOLD, reset_mechanism=reset, reset_delay=delay
    )
    syn, mem = theirs.reset_mem()
    spikes, currents, membranes = [], [], []
    with torch.no_grad():
        for _ in range(STEPS):
            spike, syn, mem = theirs(torch.tensor(events, dtype=torch.float32), syn, mem)
            for kept, value in ((spikes, spike), (currents, syn), (membranes, mem)):
                kept.append(value.numpy().astype(float))
    real = {key: Real(np.array(v)) for key, v in (("a", ALPHA), ("b", BETA), ("t", THRESHOLD))}
    nodes: list[Node] = [
        Lif("syn", "x", real["a"], None, None, Reset.NONE, reset_delay=True),
        Membrane("current", "syn", previous=False),
        Lif("l", "current", real["b"], real["t"], None, reset, delay),
        *read_out("l"),
    ]
    ours = evaluate(graph_of(3, "fixed<8,4>", nodes, steps=STEPS), events)
    assert np.array_equal(ours["l"], np.stack(spikes))
    assert np.array_equal(ours["syn.membrane"], np.stack(currents))
    assert np.array_equal(ours["l.membrane"], np.stack(membranes))
    assert 0 < ours["l"].mean() < 1
