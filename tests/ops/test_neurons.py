"""LIF layers: every reset, leak, overflow and threshold, in all implementations."""

from collections.abc import Iterable, Iterator
from itertools import product

import numpy as np
import pytest

from fwgen.ir.fixed import Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import LastMembrane, Lif, Node, Reset
from fwgen.verify.reference import Reference
from tests.ops.operation import Operation, const, dense, graph_of, lif, read_out, some_events

MODES = list(product(Reset, (True, False)))
ROUNDINGS = list(Rounding)
KINDS = list(product(MODES, ("constant", "shift"), Overflow))
# reachable, at once, at zero, below zero, out of reach; finer than the membrane
THRESHOLDS = const([37, 3, 0, -21, 4000], "fixed<14,8>")
BETAS = const([29, 31, 16, 0, 32], "ufixed<6,1>")
WEIGHTS = [[3, -2], [1, 5], [-4, 1], [2, 2], [7, -1]]

Branch = tuple[tuple[Reset, bool], str, Overflow, Rounding]


def layers(branches: Iterable[Branch]) -> Iterator[Lif]:
    """One layer of five neurons for each combination, all reading the same sums."""
    for index, ((reset, delay), leak, overflow, rounding) in enumerate(branches):
        yield lif(
            f"l{index}_{reset}_{leak}_{overflow}_{rounding}".lower(),
            "sums",
            beta=2 if leak == "shift" else BETAS,
            threshold=THRESHOLDS,
            membrane=f"fixed<8,4,{rounding},{overflow}>",
            reset=reset,
            delay=delay,
        )


def spread(branches: Iterable[Branch], steps: int) -> Graph:
    """Currents of both signs, finer than the membrane, into all branches."""
    sums = dense("sums", "x", WEIGHTS, [1, 0, 3, -5, 2], frac=2, bias_frac=6)
    every = list(layers(branches))
    outs = [node for layer in every for node in read_out(layer.name)]
    wraps = [n.name for n in every if n.membrane and n.membrane.overflow is Overflow.WRAP]
    return graph_of(2, "fixed<6,2>", (sums, *every, *outs), steps=steps, wraps=wraps)


class TestModes(Operation):
    """Each reset, delay, leak and overflow mode; rounding modes take turns."""

    @staticmethod
    def make() -> Graph:
        """48 layers of five different neurons."""
        return spread([(*kind, ROUNDINGS[i % 7]) for i, kind in enumerate(KINDS)], steps=5)


def test_every_mode_acts() -> None:
    """In the graph of all modes, each layer fires, overflows somewhere, and differs from others."""
    graph = TestModes.make()
    trace = Reference.of(graph).run(some_events(graph, 3000, 1))
    seen = set()
    for layer in (n for n in graph if isinstance(n, Lif)):
        assert trace.values[layer.name].any(axis=(0, 1)).sum() >= 3
        assert trace.overflows[layer.name] > 0
        seen.add(trace.values[f"{layer.name}.membrane"].astype(np.int64).tobytes())
    # without a reset nothing depends on the delay
    assert len(seen) >= len(KINDS) - len(KINDS) // 6


def with_reset(reset: Reset) -> list[Branch]:
    """Everything else for one reset."""
    return [(*kind, rounding) for kind in KINDS if kind[0][0] is reset for rounding in Rounding]


@pytest.mark.slow
class TestResetSubtract(Operation):
    """Each delay, leak, overflow and rounding mode with this reset."""

    @staticmethod
    def make() -> Graph:
        """112 layers of five different neurons."""
        return spread(with_reset(Reset.SUBTRACT), steps=7)


@pytest.mark.slow
class TestResetZero(Operation):
    """Each delay, leak, overflow and rounding mode with this reset."""

    @staticmethod
    def make() -> Graph:
        """112 layers of five different neurons."""
        return spread(with_reset(Reset.ZERO), steps=7)


@pytest.mark.slow
class TestResetNone(Operation):
    """Each delay, leak, overflow and rounding mode with this reset."""

    @staticmethod
    def make() -> Graph:
        """112 layers of five different neurons."""
        return spread(with_reset(Reset.NONE), steps=7)


@pytest.mark.slow
class TestLongEvents(Operation):
    """Many steps: what builds up slowly."""

    events = 1000

    @staticmethod
    def make() -> Graph:
        """48 layers, 33 steps."""
        return spread([(*kind, ROUNDINGS[i % 5]) for i, kind in enumerate(KINDS)], steps=33)


def network(steps: int) -> Iterator[Node]:
    """Input -> lif -> lif -> dense -> lif -> read-outs, and side branches of one neuron each."""
    yield lif("a", "x", beta=1, threshold=const(9, "fixed<6,4>"), membrane="fixed<9,5,RND,SAT>")
    yield lif(
        "b",
        "a",
        beta=const([7, 5, 6], "ufixed<3,0>"),
        threshold=const([1, 2, 3], "fixed<5,3>"),
        membrane="ufixed<6,3,RND_CONV>",
        reset="zero",
        delay=False,
    )
    yield dense("c", "b", [[3, -1, 2], [-4, 0, 1]], [1, 2], bias_frac=1)
    yield lif("d", "c", beta=3, threshold=const(5, "fixed<5,4>"), membrane="fixed<9,6,TRN,SAT>")
    # a leak that keeps nothing, and one that keeps all
    yield lif(
        "e",
        "c",
        beta=const([0, 1], "ufixed<1,1>"),
        threshold=const(-1, "fixed<5,4>"),
        membrane=f"fixed<12,11,RND_ZERO,{'SAT_SYM' if steps > 1 else 'SAT'}>",
        delay=False,
    )
    yield lif("never", "c", beta=2, threshold=const(99, "fixed<9,9>"), membrane="fixed<12,9>")
    for name in "abde":
        yield from read_out(name)
    yield from read_out("never")
    yield dense("votes", "d_n", [[2, -3], [-1, 1]], [-1, 0], bias_frac=2)


class TestNetwork(Operation):
    """Layers behind each other and beside each other: each read-out at its own time."""

    @staticmethod
    def make() -> Graph:
        """Seven steps."""
        return graph_of(3, "fixed<6,4>", network(7), steps=7)


class TestOneStep(Operation):
    """With one time step everything is feed-forward and an event may come every cycle."""

    @staticmethod
    def make() -> Graph:
        """The same network, one step."""
        return graph_of(3, "fixed<6,4>", network(1), steps=1)

    def test_interval_is_one(self, made) -> None:
        """One time step leaves no state to wait for."""
        assert made.interface.interval == 1


def nothing_moves() -> Iterator[Node]:
    """Layers whose current or membrane is the same for every event."""
    yield dense("flat", "x", [[0, 0], [0, 0]], [3, -3], bias_frac=1)
    for index, (reset, delay) in enumerate(MODES):
        for threshold in (2, 9, -2):
            name = f"l{index}_{'n' if threshold < 0 else 'p'}{abs(threshold)}"
            yield lif(
                name,
                "flat",
                beta=const(3, "ufixed<2,0>"),
                threshold=const(threshold, "fixed<6,5>"),
                membrane="fixed<7,6,RND,SAT>",
                reset=reset,
                delay=delay,
            )
            yield from read_out(name)
    yield dense("behind", "l0_p9", [[1, -2], [3, 1]], [1, 1])
    yield lif("last", "behind", beta=1, threshold=const(2, "fixed<4,4>"), membrane="fixed<7,6>")
    yield from read_out("last")


class TestConstantCurrent(Operation):
    """A current that does not depend on the event still runs through all steps."""

    acts = False
    events = 200

    @staticmethod
    def make() -> Graph:
        """Each reset with thresholds within reach, out of reach and below zero."""
        return graph_of(2, "fixed<4,4>", nothing_moves(), steps=6)


class TestAboveItsThresholdAndNeverFiring(Operation):
    """A membrane that starts above a threshold below 0: the reset of its step is taken back."""

    @staticmethod
    def make() -> Graph:
        """Both resets, sums that are always far below."""
        nodes: list[Node] = [dense("d", "x", [[1]], [-9])]
        for reset in (Reset.SUBTRACT, Reset.ZERO):
            name = f"n_{reset.value}"
            nodes.append(
                lif(
                    name,
                    "d",
                    beta=const(0, "ufixed<1,1>"),
                    threshold=const(-1, "fixed<4,4>"),
                    membrane="fixed<12,12>",
                    reset=reset,
                    delay=False,
                )
            )
            nodes.append(LastMembrane(f"{name}_u", name))
        return graph_of(1, "ufixed<2,2>", nodes, steps=3)
