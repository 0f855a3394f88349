"""The table of formats: every parameter of every operation, and notes on what was folded."""

import numpy as np

from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import BatchNorm, Dense, Input, LeakyRelu, Real, Table, Threshold
from fwgen.quantise.passes import Quantised
from fwgen.report.formats import format_list

FMT = Fixed.parse("fixed<6,3>")


def real(*values: float) -> Real:
    """A real parameter without format."""
    return Real(np.array(values))


def rows(*nodes: object) -> dict[str, dict[str, object]]:
    """Rows by name of a graph on an input of two elements, its last node the output."""
    graph = Graph("net", 1, (Input("x", 2, FMT), *nodes), (nodes[-1].name,))
    return {row["name"]: row for row in format_list(Quantised.of(graph))}


def test_every_parameter_has_its_format() -> None:
    """Scale, offset, alpha, accumulator, and the results of a table."""
    table = rows(
        LeakyRelu("r", "x", real(0.5, 0.25)),
        BatchNorm("n", "r", real(0.5, 0.25), real(0.0, 1.0)),
        Dense("d", "n", Real(np.eye(2)), real(0.0, 0.0), Fixed.parse("fixed<60,20>")),
        Threshold("t", "d", real(0.5, 1.0)),
    )
    assert table["r"]["formats"] == {"alpha": "ufixed<2,0,RND_CONV>"}
    assert set(table["n"]["formats"]) == {"scale", "offset"}
    assert table["d"]["formats"]["accumulator"] == "fixed<60,20>"
    tables = rows(Table("f", "x", "exp", Fixed.parse("ufixed<8,3,RND,SAT>")))
    assert tables["f"]["formats"] == {"value": "ufixed<8,3,RND,SAT>"}
    assert tables["f"]["notes"] == [
        "value ufixed<8,3,RND,SAT> can saturate; ufixed<11,6,RND,SAT> would hold every value"
    ]


def test_lost_weights_are_those_of_the_folded_layer() -> None:
    """A weight that the normalisation makes small is counted where it rounds to zero."""
    layer = Dense("d", "x", Real(np.eye(2), Fixed.parse("fixed<8,4>")), real(0.0, 0.0))
    norm = BatchNorm("n", "d", real(1.0, 0.001), real(0.0, 0.0))
    table = rows(layer, norm, Threshold("t", "n", real(0.5, 0.5)))
    assert table["d"]["notes"] == ["1 of its weights (50%) round to 0 in fixed<8,4>"]
    assert "n" not in table
