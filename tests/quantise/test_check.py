"""No wrap can be reached that nobody has accepted."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.errors import FormatError, GraphError
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Lif, Quantise
from fwgen.quantise.analysis import analyse
from fwgen.quantise.check import CheckRanges, can_wrap
from tests.ops.operation import const, dense, graph_of, lif, random_graph, read_out

DO = ", or SAT as overflow mode, or name the layer under accept_wrap."


def converts(fmt: str, wraps: tuple[str, ...] = ()) -> Graph:
    """One conversion of an input of -4 to 3.75."""
    return graph_of(2, "fixed<5,3>", [Quantise("q", "x", Fixed.parse(fmt))], wraps=wraps)


def spikes(membrane: str, *, delay: bool = True, wraps: tuple[str, ...] = ()) -> Graph:
    """A lif layer without leak on an input of -4 to 3.75, four steps."""
    layer = lif(
        "l",
        "x",
        beta=const(1, "ufixed<1,1>"),
        threshold=const(40, "fixed<8,8>"),
        membrane=membrane,
        delay=delay,
    )
    return graph_of(1, "fixed<5,3>", [layer, *read_out("l")], steps=4, wraps=wraps)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (
            converts("fixed<4,2>"),
            (
                "layer 'q': value: needed a format that holds -4 to 3.75, which inputs and weights "
                "can reach; found fixed<4,2>, which would wrap around. Use fixed<5,3>" + DO
            ),
        ),
        (
            converts("ufixed<9,7,RND>"),
            (
                "layer 'q': value: needed a format that holds -4 to 3.75, which inputs and weights "
                "can reach; found ufixed<9,7,RND>, which would wrap around. Use fixed<5,3,RND>" + DO
            ),
        ),
        (
            converts("fixed<3,3,RND>"),
            (
                "layer 'q': value: needed a format that holds -4 to 4, which inputs and weights "
                "can reach; found fixed<3,3,RND>, which would wrap around. Use fixed<4,4,RND>" + DO
            ),
        ),
        (
            spikes("fixed<5,3>"),
            (
                "layer 'l': membrane: needed a format that holds -16 to 15, which inputs and "
                "weights can reach; found fixed<5,3>, which would wrap around. Use fixed<7,5>" + DO
            ),
        ),
    ],
)
def test_a_reachable_wrap_is_refused(graph: Graph, message: str) -> None:
    """The message names the layer, the bound that can be reached, and a format that suffices."""
    with pytest.raises(FormatError) as caught:
        CheckRanges().run(graph)
    assert str(caught.value) == message


@pytest.mark.parametrize("fmt", ["fixed<5,3>", "fixed<4,3>", "fixed<4,2,TRN,SAT>", "fixed<9,7>"])
def test_what_cannot_wrap_passes(fmt: str) -> None:
    """A format that holds every value, or saturates, leaves the graph as it is."""
    graph = converts(fmt)
    assert CheckRanges().run(graph) is graph


def suggested(error: FormatError) -> Fixed:
    """The format that a message proposes."""
    return Fixed.parse(re.search(r"u?fixed<.*?>", error.do)[0])


def assert_suggestion_passes(graph: Graph) -> int:
    """Each format suggested settles its layer at once; the number of suggestions taken."""
    settled: set[str] = set()
    while True:
        try:
            CheckRanges().run(graph)
        except FormatError as error:
            name = re.search(r"layer '(\w+)'", error.where)[1]
            assert name not in settled
            settled.add(name)
            field = "membrane" if isinstance(graph[name], Lif) else "fmt"
            changed = replace(graph[name], **{field: suggested(error)})
            graph = graph.with_nodes({name: changed})
        else:
            return len(settled)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_format_suggested_passes(seed: int) -> None:
    """Formats suggested for a random graph, taken one after the other, satisfy the check."""
    assert_suggestion_passes(random_graph(seed))


def test_a_wrap_of_one_step_changes_later_ones() -> None:
    """A membrane that wraps early would grow further if it did not: the message knows."""
    assert assert_suggestion_passes(spikes("fixed<4,2>")) == 1
    assert assert_suggestion_passes(spikes("fixed<4,2>", delay=False)) == 1


@pytest.mark.parametrize(
    "graph", [converts("fixed<4,2>", ("q",)), spikes("fixed<5,3>", wraps=("l",))]
)
def test_an_accepted_wrap_passes(graph: Graph) -> None:
    """What the user accepts by name is left as it is."""
    assert CheckRanges().run(graph) is graph
    assert any(can_wrap(c) for c in analyse(graph).conversions)


@pytest.mark.parametrize(
    ("fmt", "name"), [("fixed<5,3>", "q"), ("fixed<4,2,TRN,SAT>", "q"), ("fixed<5,3>", "z")]
)
def test_an_idle_acceptance_is_refused(fmt: str, name: str) -> None:
    """Accepting a wrap that cannot happen, or of no layer at all, is a mistake to be told."""
    with pytest.raises(GraphError) as caught:
        CheckRanges().run(converts(fmt, (name,)))
    assert str(caught.value) == (
        f"accept_wrap: '{name}': needed the name of a layer whose format can wrap; found no such "
        "layer, or one that the range analysis proves safe. Remove this entry."
    )


def test_saturation_is_known_too() -> None:
    """A conversion whose saturation can be reached says what would hold every value."""
    graph = spikes("fixed<5,3,TRN,SAT>")
    (conversion,) = analyse(CheckRanges().run(graph)).conversions
    assert conversion.overflows
    assert str(conversion.sufficient) == "fixed<7,5,TRN,SAT>"
    assert np.all(conversion.needed.hi == 60)


def test_dense_never_wraps() -> None:
    """Sums are exact: only conversions have a format that could be left."""
    graph = graph_of(3, "fixed<9,9>", [dense("d", "x", [[127, 127, -128]] * 4)])
    assert analyse(graph).conversions == []
