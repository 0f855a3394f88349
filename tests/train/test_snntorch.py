"""The reference against snnTorch itself: the same spikes, and the same membranes where exact.

A layer of neurons on a constant current drives, through weights, a second one, whose current then
changes from step to step. All parameters are dyadic, so that snnTorch's float32 buffers hold them.
With a beta of few bits float64 holds every membrane of 30 steps too: snnTorch then computes without
rounding, as the reference does in a format wide enough, and every comparison is an equality.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest

from fwgen.ir.cast import to_real
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense, Input, LastMembrane, Lif, Node, Real, Reset
from fwgen.quantise.passes import quantise
from fwgen.verify.float_model import evaluate
from fwgen.verify.reference import Reference, quantise_input

REASON = "needs the [train] extra: pip install fwgen[train]"
torch = pytest.importorskip("torch", reason=REASON)
snntorch = pytest.importorskip("snntorch", reason=REASON)
pytestmark = pytest.mark.train

TRACES, STEPS = 200, 32
SIZES = (4, 3)
MODES = list(product(Reset, (True, False)))
IDS = [f"{reset}-{'delayed' if delay else 'same-step'}" for reset, delay in MODES]
WIDE = Fixed.parse("fixed<220,40>")


@dataclass(frozen=True)
class Case:
    """Parameters of both layers, and the events."""

    reset: Reset
    delay: bool
    betas: list[np.ndarray]
    thresholds: list[np.ndarray]
    weight: np.ndarray
    x: np.ndarray

    def graph(self) -> Graph:
        """The network as a graph of real numbers in wide formats."""
        return Graph("net", STEPS, tuple(self._nodes()), ("u0", "u1"))

    def _nodes(self) -> Iterator[Node]:
        yield Input("x", SIZES[0], Fixed.parse("fixed<16,8,RND,SAT>"))
        for k, source in enumerate(("x", "d")):
            if k:
                weight = Real(self.weight, Fixed.parse("fixed<16,8>"))
                yield Dense("d", "l0", weight, Real(np.zeros(SIZES[1])))
            yield Lif(
                f"l{k}",
                source,
                beta=Real(self.betas[k], Fixed.parse("ufixed<25,1>")),
                threshold=Real(self.thresholds[k], Fixed.parse("fixed<40,10>")),
                membrane=WIDE,
                reset=self.reset,
                reset_delay=self.delay,
            )
            yield LastMembrane(f"u{k}", f"l{k}")


def ours(case: Case) -> dict[str, np.ndarray]:
    """Values of the integer reference as real numbers; the exact ones are exact in float64."""
    graph = quantise(case.graph())
    reference = Reference.of(graph)
    trace = reference.run(quantise_input(graph, case.x)).values
    return {
        name: to_real(trace[name], WIDE.frac if name.endswith("membrane") else 0)
        for name in ("l0", "l0.membrane", "l1", "l1.membrane")
    }


def theirs(case: Case) -> dict[str, np.ndarray]:
    """The same values from snnTorch, on float64 tensors."""
    neurons = [
        snntorch.Leaky(
            beta=torch.from_numpy(case.betas[k]).float(),
            threshold=torch.from_numpy(case.thresholds[k]).float(),
            reset_mechanism=case.reset.value,
            reset_delay=case.delay,
        )
        for k in (0, 1)
    ]
    x, weight = torch.from_numpy(case.x), torch.from_numpy(case.weight)
    u = [torch.zeros(len(x), size, dtype=torch.float64) for size in SIZES]
    seen: dict[str, list[Any]] = {"l0": [], "l0.membrane": [], "l1": [], "l1.membrane": []}
    with torch.no_grad():
        for _ in range(STEPS):
            spikes = None
            for k, neuron in enumerate(neurons):
                spikes, u[k] = neuron(spikes.double() @ weight.T if k else x, u[k])
                seen[f"l{k}"].append(spikes.double().numpy().copy())
                seen[f"l{k}.membrane"].append(u[k].numpy().copy())
    return {name: np.stack(values) for name, values in seen.items()}


def dyadic(rng: np.random.Generator, lo: float, hi: float, bits: int, shape: Any) -> np.ndarray:
    """Random multiples of ``2**-bits`` from ``lo`` to ``hi``."""
    scale = 2.0**bits
    return rng.integers(int(lo * scale), int(hi * scale), shape, endpoint=True) / scale


def case(reset: Reset, delay: bool, *, bits: int, threshold_bits: int, seed: int) -> Case:
    """A random network; few bits make membranes meet thresholds exactly."""
    rng = np.random.default_rng([seed, MODES.index((reset, delay))])
    return Case(
        reset,
        delay,
        betas=[dyadic(rng, 0, 1, bits, size) for size in SIZES],
        thresholds=[dyadic(rng, 0.25, 2, threshold_bits, size) for size in SIZES],
        weight=dyadic(rng, -1.5, 2, 3, (SIZES[1], SIZES[0])),
        x=dyadic(rng, -1, 2.5, 3, (TRACES, SIZES[0])),
    )


@pytest.mark.parametrize(("reset", "delay"), MODES, ids=IDS)
@pytest.mark.parametrize("seed", range(3))
def test_exact(reset: Reset, delay: bool, seed: int) -> None:
    """With dyadic betas of one bit, spikes and membranes of all steps are equal, hits included."""
    given = case(reset, delay, bits=1, threshold_bits=2, seed=seed)
    expected, got = theirs(given), ours(given)
    for name, values in expected.items():
        assert np.array_equal(got[name], values), name
    hits = [(expected[f"l{k}.membrane"] == given.thresholds[k]).sum() for k in (0, 1)]
    assert sum(hits) > 0
    assert 0.02 < expected["l1"].mean() < 0.98


@pytest.mark.parametrize(("reset", "delay"), MODES, ids=IDS)
@pytest.mark.parametrize("seed", range(3))
def test_random(reset: Reset, delay: bool, seed: int) -> None:
    """With any float32 beta and threshold, all spikes are equal and membranes almost."""
    given = case(reset, delay, bits=24, threshold_bits=20, seed=seed)
    expected, got = theirs(given), ours(given)
    for k in (0, 1):
        assert np.array_equal(got[f"l{k}"], expected[f"l{k}"])
        assert np.allclose(got[f"l{k}.membrane"], expected[f"l{k}.membrane"], rtol=0, atol=1e-12)
    assert 0.02 < expected["l1"].mean() < 0.98


@pytest.mark.parametrize(("reset", "delay"), MODES, ids=IDS)
def test_float_model(reset: Reset, delay: bool) -> None:
    """The float model computes what snnTorch computes on float64."""
    given = case(reset, delay, bits=1, threshold_bits=2, seed=9)
    values = evaluate(given.graph(), given.x)
    for name, expected in theirs(given).items():
        assert np.array_equal(values[name], expected), name


def test_delay_matters() -> None:
    """The two delays and three resets are six different neurons on these traces."""
    spikes = []
    for reset, delay in MODES:
        given = case(Reset.ZERO, True, bits=1, threshold_bits=2, seed=0)
        changed = Case(reset, delay, given.betas, given.thresholds, given.weight, given.x)
        spikes.append(theirs(changed)["l1.membrane"].tobytes())
    # without a reset there is nothing to delay
    assert len(set(spikes)) == 5


def test_version() -> None:
    """The equations are those of snnTorch 1.0; another version must be looked at first."""
    assert snntorch.__version__.split(".")[:2] == ["1", "0"]
