"""Tables: what they hold, and what is refused."""
# ruff: noqa: E501 - messages stand as the user sees them

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from fwgen.errors import FormatError
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import CUSTOM, Quantise, Real, Slice, Table
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference
from tests.ir.definition import converted
from tests.ops.operation import dense, graph_of
from tests.quantise.defined import on_grid


def table(
    function: str, fmt: str = "fixed<9,4,RND,SAT>", source: str = "fixed<5,3>", **fields: object
) -> Graph:
    """One table on one input."""
    node = Table("t", "x", function, Fixed.parse(fmt), **fields)
    return graph_of(1, source, [node])


def results(graph: Graph) -> list[int]:
    """The table's value for every input, from the lowest on."""
    fmt = graph.input.fmt
    events = np.arange(fmt.lo, fmt.hi + 1)[:, None]
    return Reference.of(quantise(graph)).run(events).values["t"][:, 0].tolist()


@pytest.mark.parametrize(("rounding", "overflow"), list(product(Rounding, Overflow)))
def test_every_mode(rounding: Rounding, overflow: Overflow) -> None:
    """Each entry is the exact value, converted as its format says."""
    graph = table("exp", f"fixed<6,3,{rounding},{overflow}>")
    if overflow is Overflow.WRAP:
        graph = graph_of(1, "fixed<5,3>", [graph["t"]], wraps=["t"])
    fmt = graph["t"].fmt
    wide = Fixed(True, 200, 197, fmt.rounding)
    exact = [on_grid("exp", Fraction(n, 4), wide) for n in range(-16, 16)]
    assert results(graph) == [converted(Fraction(n, 8), fmt) * 8 for n in exact]


def test_only_what_can_be_asked_for_is_computed() -> None:
    """A table ends where the bounds of its source end, and begins there."""
    nodes = [
        Quantise("q", "x", Fixed.parse("ufixed<4,2,RND,SAT>")),
        Table("t", "q", "sqrt", Fixed.parse("ufixed<8,2,RND,SAT>")),
    ]
    node = quantise(graph_of(1, "fixed<5,3>", nodes))["t"]
    assert (node.first, len(node.values.values)) == (0, 16)


def test_custom_entries_stand_for_the_grid() -> None:
    """An array's entries belong to the source's numbers from the first on, converted alike."""
    entries = Real(np.linspace(-3.0, 3.9, 40))
    graph = table(CUSTOM, "fixed<6,2,RND_CONV,SAT>", first=-5.0, values=entries)
    given = [converted(Fraction(v), graph["t"].fmt) * 16 for v in entries.values[4:36]]
    assert results(graph) == given


def apart(function: str, **fields: object) -> Graph:
    """A table on two elements, -28 to -13 and 12 to 27."""
    both = dense("d", "x", [[1], [1]], [-20, 20])
    q = Quantise("q", "d", Fixed.parse("fixed<6,6>"))
    t = Table("t", "q", function, Fixed.parse("fixed<9,2,RND,SAT>"), **fields)
    return graph_of(1, "fixed<4,4>", [both, q, t])


def test_what_no_element_reaches_is_not_computed() -> None:
    """Between the bounds of two elements a function may have a pole; the entries there are 0."""
    node = quantise(apart("reciprocal"))["t"]
    given = [0 if -13 < n < 12 else round(128 / n) for n in range(-28, 28)]
    assert node.values.values.tolist() == given


def test_an_entry_that_no_element_reaches_does_not_matter() -> None:
    """However large it is, integers stay as wide as those that are reached."""
    entries = np.arange(56.0) / 64
    wild = entries.copy()
    wild[[16, 30, 39]] = 1e30
    graphs = [quantise(apart(CUSTOM, first=-28.0, values=Real(v))) for v in (entries, wild)]
    events = np.arange(-8, 8)[:, None]
    calm, same = (Reference.of(g).run(events).values["t"] for g in graphs)
    assert calm.tolist() == same.tolist() == [[2 * (n + 8), 2 * (n + 48)] for n in range(-8, 8)]


def test_a_table_that_is_fixed_stays() -> None:
    """Integers are not made again."""
    once = quantise(table("tanh"))
    assert quantise(once)["t"].values is once["t"].values


REFUSED = {
    "too many entries": (
        table("tanh", source="fixed<15,3>"),
        (
            "layer 't' (table): needed at most 16,384 different inputs, one entry each; found 32,768, "
            "from -4 to 3.99976. Put a quantise layer with a narrower format in front."
        ),
    ),
    "a pole": (
        table("reciprocal"),
        (
            "layer 't' (table): reciprocal(0): needed a finite value of less than 256 bits for every "
            "input from -4 to 3.75; found none. Put a quantise layer in front, or an addition, that "
            "keeps this input away."
        ),
    ),
    "no logarithm": (
        table("log"),
        (
            "layer 't' (table): log(-4): needed a finite value of less than 256 bits for every input "
            "from -4 to 3.75; found none. Put a quantise layer in front, or an addition, that keeps "
            "this input away."
        ),
    ),
    "an exponential beyond every format": (
        table("exp", source="fixed<12,12>"),
        (
            "layer 't' (table): exp(1025): needed a finite value of less than 256 bits for every input "
            "from -2048 to 2047; found none. Put a quantise layer in front, or an addition, that keeps "
            "this input away."
        ),
    ),
    "an exponential of 257 bits": (
        table("exp", "fixed<9,9,RND,SAT>", source="fixed<9,9>"),
        (
            "layer 't' (table): exp(255): needed a finite value of less than 256 bits for every input "
            "from -256 to 255; found none. Put a quantise layer in front, or an addition, that keeps "
            "this input away."
        ),
    ),
    "a wrap": (
        table("exp", "fixed<5,3>"),
        (
            "layer 't': value: needed a format that holds 0 to 42.5, which inputs and weights can reach; "
            "found fixed<5,3>, which would wrap around. Use fixed<9,7>, or SAT as overflow mode, or name "
            "the layer under accept_wrap."
        ),
    ),
    "a first entry beside the grid": (
        table(CUSTOM, first=0.3, values=Real(np.zeros(32))),
        (
            "layer 't' (table): first: needed a number on the source's grid, a multiple of 0.25; found "
            "0.3. Give the input that the first entry stands for."
        ),
    ),
    "no entry for the lowest": (
        table(CUSTOM, first=-3.0, values=Real(np.zeros(32))),
        (
            "layer 't' (table): needed an entry for every input from -4 to 3.75; found 32 entries, from "
            "-3 to 4.75. Add the entry for -4, or narrow the source."
        ),
    ),
    "no entry for the highest": (
        table(CUSTOM, first=-4.0, values=Real(np.zeros(31))),
        (
            "layer 't' (table): needed an entry for every input from -4 to 3.75; found 31 entries, from "
            "-4 to 3.5. Add the entry for 3.75, or narrow the source."
        ),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    """The message names the layer, the input and what would do."""
    graph, message = REFUSED[what]
    with pytest.raises(FormatError) as caught:
        quantise(graph)
    assert str(caught.value) == message


def test_every_element_has_bounds_of_its_own() -> None:
    """A table reads each element over its own range: its bounds are exact."""
    nodes = [
        Quantise("q", "x", Fixed.parse("fixed<4,3,RND,SAT>")),
        Slice("s", "q", 0, 1),
        Table("t", "s", "square", Fixed.parse("ufixed<9,5,RND,SAT>")),
    ]
    graph = quantise(graph_of(1, "fixed<5,3>", nodes))
    reference = Reference.of(graph)
    got = reference.run(np.arange(-16, 16)[:, None]).values["t"]
    known = reference.analysis.values["t"]
    assert (got.min(), got.max()) == (known.lo[0], known.hi[0])
