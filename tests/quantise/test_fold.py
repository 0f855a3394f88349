"""Batch normalisation behind a dense layer is folded into it, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from fwgen.errors import GraphError
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Add,
    BatchNorm,
    Concat,
    Dense,
    Input,
    KlDivergence,
    LastMembrane,
    Lif,
    Real,
    Relu,
    Reset,
    Table,
    Threshold,
)
from fwgen.ir.text import to_text
from fwgen.quantise.fold import FoldBatchNorm, Home, homes
from fwgen.quantise.passes import quantise
from fwgen.verify.float_model import evaluate


def real(values: object, fmt: str | None = None) -> Real:
    """A real parameter."""
    return Real(np.asarray(values, dtype=float), Fixed.parse(fmt) if fmt else None)


X = Input("x", 2, Fixed.parse("fixed<6,3>"))
DENSE = Dense(
    "d",
    "x",
    real([[0.5, -1.0], [0.25, 2.0]], "fixed<10,4>"),
    real([1.0, -0.5]),
    Fixed.parse("fixed<20,9>"),
)
NORM = BatchNorm("n", "d", real([2.0, -0.5]), real([0.25, 1.0]))
SECOND = BatchNorm("m", "n", real([0.5, 3.0]), real([0.0, -1.0]))

BEFORE = """\
graph net steps=1
  x = input() size=2 fmt=fixed<6,3>
  d = dense(x) weight=[2x2]:fixed<10,4> bias=[2]:auto accumulator=fixed<20,9>
  n = batch_norm(d) scale=[2]:auto offset=[2]:auto
  r = relu(n)
  c = concat(n, r)
outputs c
"""
AFTER = """\
graph net steps=1
  x = input() size=2 fmt=fixed<6,3>
  d = dense(x) weight=[2x2]:fixed<10,4> bias=[2]:auto accumulator=fixed<20,9>
  r = relu(d)
  c = concat(d, r)
outputs c
"""


def graph(*nodes: object, outputs: tuple[str, ...] = ("c",)) -> Graph:
    """A graph on the input."""
    made = Graph("net", 1, (X, *nodes), outputs)
    made.shapes()
    return made


def test_text_before_and_after() -> None:
    """The dense layer keeps its name and formats; whatever read the other reads it now."""
    given = graph(DENSE, NORM, Relu("r", "n"), Concat("c", ("n", "r")))
    assert to_text(given) == BEFORE
    folded = FoldBatchNorm().run(given)
    assert to_text(folded) == AFTER
    assert folded["d"].weight.values.tolist() == [[1.0, -2.0], [-0.125, -1.0]]
    assert folded["d"].bias.values.tolist() == [2.25, 1.25]


def test_the_function_stays() -> None:
    """One behind the other, all are folded, and the float model gives the same numbers."""
    given = graph(DENSE, NORM, SECOND, Threshold("c", "m", real(0.5)))
    folded = FoldBatchNorm().run(given)
    assert [n.name for n in folded] == ["x", "d", "c"]
    x = np.random.default_rng(1).uniform(-4, 4, (50, 2))
    assert np.allclose(evaluate(given, x)["m"], evaluate(folded, x)["d"], atol=1e-12)


@pytest.mark.parametrize("name", ["zero", "subtract", "none"])
def test_only_sources_are_renamed(name: str) -> None:
    """A layer may be called as a reset is called; the reset stays what it is."""
    norm = replace(NORM, name=name)
    neurons = Lif("l", name, real(0.5), real(1.0), None, Reset(name), True)
    folded = FoldBatchNorm().run(graph(DENSE, norm, neurons, LastMembrane("c", "l")))
    assert (folded["l"].source, folded["l"].reset) == ("d", Reset(name))


def test_a_function_keeps_its_name() -> None:
    """A layer may be called as a function is called."""
    table = Table("c", "exp", "exp", Fixed.parse("ufixed<9,5,RND,SAT>"))
    folded = FoldBatchNorm().run(graph(DENSE, replace(NORM, name="exp"), table))
    assert (folded["c"].source, folded["c"].function) == ("d", "exp")


def test_every_kind_of_source_is_renamed() -> None:
    """Whatever an operation reads, it reads under the new name; other sources stay."""
    new = {"a": "z"}
    assert Relu("r", "a").reading(new).sources == ("z",)
    assert Add("r", "b", "a").reading(new).sources == ("b", "z")
    assert Concat("r", ("a", "b", "a")).reading(new).sources == ("z", "b", "z")
    assert KlDivergence("r", "b", "a", "c").reading(new).sources == ("b", "z", "c")
    assert X.reading(new) is X


def test_an_output_keeps_its_name() -> None:
    """A port is named after the layer that the model names."""
    folded = FoldBatchNorm().run(graph(DENSE, NORM, outputs=("n",)))
    assert [n.name for n in folded] == ["x", "n"]
    assert isinstance(folded["n"], Dense)
    integers = quantise(graph(DENSE, NORM, outputs=("n",)))
    assert integers["n"].weight.fmt == Fixed.parse("fixed<10,4>")


def test_an_accepted_wrap_stays_accepted() -> None:
    """It is the folded layer's then."""
    given = replace(graph(DENSE, NORM, outputs=("n",)), accepted_wraps=("d",))
    assert FoldBatchNorm().run(given).accepted_wraps == ("n",)


@pytest.mark.parametrize(
    "given",
    [
        graph(DENSE, NORM, Add("c", "d", "n")),
        graph(DENSE, NORM, outputs=("d", "n")),
        graph(Relu("d", "x"), NORM, outputs=("n",)),
        graph(replace(NORM, source="x"), outputs=("n",)),
        graph(DENSE, replace(NORM, scale=real([2.0, -0.5], "fixed<16,4>")), outputs=("n",)),
        graph(DENSE, replace(NORM, offset=real([2.0, -0.5], "fixed<16,4>")), outputs=("n",)),
    ],
    ids=[
        "another reader",
        "an output",
        "behind a relu",
        "on the input",
        "a scale_format",
        "an offset_format",
    ],
)
def test_elsewhere_it_stays(given: Graph) -> None:
    """Its values would be lost, or there is nothing to fold it into."""
    assert FoldBatchNorm().run(given) is given
    assert isinstance(quantise(given)["n"], BatchNorm)


def test_integer_graphs_stay() -> None:
    """What is quantised is left alone."""
    integers = quantise(graph(DENSE, NORM, outputs=("d", "n")))
    alone = replace(integers, outputs=("n",))
    assert FoldBatchNorm().run(alone) is alone


def test_infinite_weights_are_refused() -> None:
    """A product beyond a double is no weight."""
    wild = replace(NORM, scale=real([1e300, 1.0]))
    far = replace(DENSE, weight=real([[1e300, 0.0], [0.0, 0.0]]))
    with pytest.raises(GraphError) as caught:
        quantise(graph(far, wild, outputs=("n",)))
    assert str(caught.value) == (
        "layer 'n' (batch_norm): needed finite weights and biases of 'd' after folding; found "
        "infinite ones. Look for a diverged training."
    )


def chain(*outputs: str) -> Graph:
    """A dense layer with two normalisations behind it, one after the other."""
    return Graph("net", 1, (X, DENSE, NORM, SECOND, Relu("r", "m")), outputs)


def test_every_layer_has_a_home_after_folding() -> None:
    """The node left bears the dense layer's name and the value of the last normalisation."""
    assert homes(chain("r")) == {
        "x": Home("x", own_value=True),
        "d": Home("d", own_value=False),
        "n": Home("d", own_value=False),
        "m": Home("d", own_value=True),
        "r": Home("r", own_value=True),
    }


def test_the_home_of_a_normalisation_that_is_an_output_bears_its_name() -> None:
    """As in the folded graph itself."""
    graph = chain("m", "r")
    found = homes(graph)
    assert [found[name].node for name in "dnm"] == ["m", "m", "m"]
    assert {home.node for home in found.values()} == {n.name for n in FoldBatchNorm().run(graph)}


def test_a_home_holds_the_value_that_the_layer_had() -> None:
    """The folded graph's node gives what the layer gave before; the dense layer's value is gone."""
    graph = chain("r")
    x = np.array([[0.5, -2.0], [1.25, 3.0]])
    before, after = evaluate(graph, x), evaluate(FoldBatchNorm().run(graph), x)
    for name, home in homes(graph).items():
        assert np.allclose(before[name], after[home.node]) == home.own_value, name
