"""The float model against numbers that the training framework wrote."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fwgen.ingest.bundle.reader import read_bundle
from fwgen.ir.fixed import Fixed, Rounding
from fwgen.ir.nodes import (
    CUSTOM,
    FUNCTIONS,
    Add,
    BatchNorm,
    Concat,
    Dense,
    FirstSpike,
    KlDivergence,
    LeakyRelu,
    Lif,
    Maximum,
    Membrane,
    Multiply,
    Quantise,
    Real,
    Relu,
    Reset,
    ShiftLeak,
    Slice,
    Subtract,
    SumSquares,
    Table,
    Threshold,
)
from fwgen.quantise.functions import rounded
from fwgen.verify.float_model import evaluate
from tests.ops.operation import const, graph_of, read_out

SNN_AE = Path(__file__).parents[2] / "models" / "snn_ae"


@pytest.fixture(scope="module")
def snn_ae() -> dict[str, np.ndarray]:
    """The spiking autoencoder on its simulated CMS events."""
    bundle = read_bundle(SNN_AE / "model.yaml")
    (events,) = (sample for sample in bundle.samples if sample.name == "hzz")
    return evaluate(bundle.graph, events.x)


def test_snn_ae_score(snn_ae: dict[str, np.ndarray]) -> None:
    """The anomaly score is the one that PyTorch and snnTorch computed in float64."""
    expected = np.load(SNN_AE / "expected.npz")
    assert snn_ae["score"].shape == (500, 1)
    assert np.abs(snn_ae["score"][:, 0] - expected["hzz_float_score"]).max() < 1e-12


def test_snn_ae_membrane(snn_ae: dict[str, np.ndarray]) -> None:
    """So are all 19 output membranes."""
    expected = np.load(SNN_AE / "expected.npz")
    assert snn_ae["membrane"].shape == (500, 19)
    assert np.abs(snn_ae["membrane"] - expected["hzz_float_membrane"]).max() < 1e-12


def test_quantise_passes_on() -> None:
    """The float model has no formats: a quantise layer changes nothing."""
    graph = graph_of(1, "fixed<4,4>", [Quantise("q", "x", Fixed.parse("fixed<2,2>"))])
    assert evaluate(graph, np.array([[3.3]]))["q"].tolist() == [[3.3]]


def test_shift_leak() -> None:
    """A shift leak is the constant that it stands for."""
    neuron = Lif("l", "x", ShiftLeak(2), Real(np.array(9.0)), None, Reset.SUBTRACT, True)
    graph = graph_of(1, "fixed<4,4>", [neuron, *read_out("l")], steps=3)
    values = evaluate(graph, np.array([[4.0]]))
    assert values["l.membrane"].ravel().tolist() == [4.0, 7.0, 9.25]
    assert values["l_n"].tolist() == [[1.0]]


@pytest.mark.parametrize("previous", [False, True])
def test_current_based_neurons(previous: bool) -> None:
    """A filter in front: 1, 1.5, 1.75 of a current of 1; one step later where it is the old one."""
    filters = Lif("f", "x", Real(np.array(0.5)), None, None, Reset.NONE, True)
    neuron = Lif("l", "c", Real(np.array(1.0)), Real(np.array(9.0)), None, Reset.SUBTRACT, True)
    nodes = [filters, Membrane("c", "f", previous), neuron, FirstSpike("n", "l")]
    values = evaluate(graph_of(1, "fixed<4,4>", nodes, steps=4), np.array([[1.0]]))
    new, sums = [1.0, 1.5, 1.75, 1.875], [1.0, 2.5, 4.25, 6.125]
    assert values["c"].ravel().tolist() == ([0.0, *new[:-1]] if previous else new)
    assert values["l.membrane"].ravel().tolist() == ([0.0, *sums[:-1]] if previous else sums)


def test_recurrent_weights() -> None:
    """Both neurons fire in step 2; in step 3 the first gets 2 more and the second 1 less."""
    weights = Real(np.array([[0.0, 2.0], [-1.0, 0.0]]))
    neuron = Lif(
        "l", "x", Real(np.array(1.0)), Real(np.array(1.5)), None, Reset.NONE, True, weights
    )
    values = evaluate(
        graph_of(2, "fixed<4,4>", [neuron, FirstSpike("n", "l")], steps=3), np.array([[1.0, 1.0]])
    )
    assert values["l.membrane"][:, 0].tolist() == [[1.0, 1.0], [2.0, 2.0], [5.0, 2.0]]


def test_read_outs() -> None:
    """The largest membrane is that of any step; no spike is as many steps as there are."""
    neuron = Lif("l", "x", Real(np.array(1.0)), Real(np.array(3.0)), None, Reset.SUBTRACT, True)
    nodes = [neuron, Maximum("most", "l"), FirstSpike("first", "l")]
    events = np.array([[2.0, 3.5], [-1.0, 0.25]])
    values = evaluate(graph_of(2, "fixed<4,4>", nodes, steps=5), events)
    assert values["l.membrane"][:, 0, 0].tolist() == [2.0, 4.0, 3.0, 5.0, 4.0]
    assert values["most"].tolist() == [[5.0, 5.5], [-1.0, 1.25]]
    assert values["first"].tolist() == [[1.0, 0.0], [5.0, 5.0]]


def test_score_and_trigger() -> None:
    """Sums, and a threshold that is strictly greater-than."""
    dense = Dense("d", "x", Real(np.array([[2.0, -1.0]])), Real(np.array([0.5])))
    graph = graph_of(2, "fixed<4,4>", [dense, Threshold("t", "d", Real(np.array(1.5)))])
    values = evaluate(graph, np.array([[1.0, 1.0], [1.0, 0.5]]))
    assert values["d"].tolist() == [[1.5], [2.0]]
    assert values["t"].tolist() == [[0.0], [1.0]]


def test_operations_of_dense_networks() -> None:
    """Each is its formula in real numbers."""
    fmt = Fixed.parse("fixed<8,4>")
    nodes = [
        Relu("relu", "x"),
        LeakyRelu("leaky", "x", Real(np.array([0.5, 0.25]))),
        BatchNorm("norm", "x", Real(np.array([2.0, -1.0])), Real(np.array([0.5, 0.0]))),
        Slice("slice", "x", 1, 2),
        Concat("concat", ("relu", "slice")),
        Add("add", "x", "norm"),
        Subtract("subtract", "x", "norm"),
        Multiply("multiply", "x", "norm"),
        SumSquares("squares", "x"),
        KlDivergence("kl", "x", "norm", "relu"),
        Threshold("threshold", "x", Real(np.array([-3.0, 5.0]))),
        Table("clipped", "x", "exp", Fixed.parse("ufixed<8,3,RND,SAT>")),
        Table("custom", "x", CUSTOM, fmt, -8.0, Real(np.arange(256.0) ** 2)),
    ]
    values = evaluate(graph_of(2, "fixed<8,4>", nodes), np.array([[-2.0, 3.0]]))
    assert {name: row.tolist()[0] for name, row in values.items() if name != "x"} == {
        "relu": [0.0, 3.0],
        "leaky": [-1.0, 3.0],
        "norm": [-3.5, -3.0],
        "slice": [3.0],
        "concat": [0.0, 3.0, 3.0],
        "add": [-5.5, 0.0],
        "subtract": [1.5, 6.0],
        "multiply": [7.0, -9.0],
        "squares": [13.0],
        "kl": [0.5 * (13.0 + 3.0 - 2.0 + 6.5)],
        "threshold": [1.0, 0.0],
        "clipped": [np.exp(-2.0), 8.0 - 2.0**-5],
        "custom": [96.0**2, 176.0**2],
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions(function: str) -> None:
    """Named functions are those that tables hold, to a double's precision."""
    x = np.array([[0.25, 1.0, 2.5]])
    node = Table("t", "x", function, Fixed.parse("fixed<40,20,RND,SAT>"))
    got = evaluate(graph_of(3, "fixed<8,4>", [node]), x)["t"][0]
    exact = [rounded(function, Fraction(v), 60, Rounding.RND) / 2**60 for v in x[0]]
    assert np.abs(got - exact).max() < 1e-14


def test_a_table_beyond_its_domain_gives_a_number() -> None:
    """Samples may lie where the firmware's input cannot: the comparison goes on."""
    node = Table("t", "x", "log", Fixed.parse("fixed<8,4,RND,SAT>"))
    values = evaluate(graph_of(1, "fixed<8,4>", [node]), np.array([[-1.0], [0.0]]))["t"]
    assert values.tolist() == [[0.0], [-8.0]]


def test_integer_graphs_are_refused() -> None:
    """The float model needs the real parameters, not the rounded ones."""
    graph = graph_of(1, "fixed<4,4>", [Threshold("t", "x", const(1, "fixed<4,4>"))])
    with pytest.raises(TypeError, match="real numbers"):
        evaluate(graph, np.array([[1.0]]))
