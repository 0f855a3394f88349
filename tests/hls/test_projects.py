"""Which nodes become hls4ml layers, in which project, and what is refused; no hls4ml needed."""

import numpy as np
import pytest

from fwgen.errors import LoweringError
from fwgen.hls.projects import HlsPlan, plan
from fwgen.hls.rules import RULES
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Concat,
    Const,
    Dense,
    Gather,
    Input,
    LastMembrane,
    Quantise,
    Reduce,
    Reduction,
    Relu,
    Slice,
    SpikeCount,
    SquaredError,
    Table,
    Threshold,
)
from fwgen.quantise.analysis import analyse
from tests.ops.operation import const, dense, ints, lif
from tests.verify.hls_graphs import every_operation, graph, table_values


def planned(made: Graph) -> HlsPlan:
    """The plan of a valid graph."""
    made.shapes()
    return plan(made, analyse(made))


def types(made: Graph) -> dict[str, str]:
    """Every layer of a graph's only project: its kind and its types."""
    (project,) = planned(made).projects
    return {
        layer.name: f"{layer.kind} "
        + " ".join(f"{key}={fmt}" for key, fmt in layer.precision.items())
        for layer in project.layers
    }


def test_every_operation_has_a_rule_or_is_spiking() -> None:
    """What fwgen can do without state, hls4ml can do as well."""
    assert {type(node) for node in every_operation()} - {Input} == set(RULES)
    assert planned(every_operation()).outside == {}


def test_types_of_a_classifier() -> None:
    """Each type holds what the range analysis proves; the conversion keeps its modes."""
    made = graph(
        2,
        "fixed<4,2>",
        dense("d", "x", [[3, -1], [2, 2]], [1, -1], frac=1, bias_frac=4),
        Relu("r", "d"),
        Quantise("q", "r", Fixed.parse("ufixed<3,2,RND_CONV,SAT>")),
        Threshold("hit", "q", const(1, "fixed<2,2>")),
    )
    assert types(made) == {
        "x_i": "Input result=fixed<4,2>",
        "d": "Dense result=fixed<8,4> accum=fixed<8,4> weight=fixed<3,2> bias=fixed<2,-2>",
        "r": "Activation result=ufixed<6,2>",
        "q": "Activation result=ufixed<3,2,RND_CONV,SAT>",
        "hit": "BatchNormalization result=ufixed<1,1,TRN,SAT> scale=ufixed<1,2> bias=fixed<2,2>",
    }


def test_an_accumulator_is_declared_as_asked() -> None:
    """A declared accumulator reaches hls4ml as it is."""
    layer = dense("d", "x", [[1, 1]], [0])
    asked = Fixed.parse("fixed<20,20>")
    made = graph(2, "fixed<4,4>", Dense("d", "x", layer.weight, layer.bias, asked))
    assert "accum=fixed<20,20> " in types(made)["d"]


def test_parts_before_and_behind_the_spikes() -> None:
    """One project up to the first spiking layer, one behind the read-outs; the rest is outside."""
    made = spiking()
    found = planned(made)
    front, back = found.projects
    assert (front.name, back.name) == ("dut_hls1", "dut_hls2")
    assert (front.inputs, front.inside) == ({"x_i": "x"}, {})
    assert front.outputs == {"d": "d", "target": "target"}
    assert back.inputs == {"u_i": "u", "target_i": "target", "n_i": "n"}
    assert back.inside == {"score": "score"}
    assert back.outputs == {"score__out": "score", "hit": "hit", "both": "both"}
    why = "part of the spiking network"
    assert found.outside == dict.fromkeys(("l", "e", "m", "u", "n"), why)


def spiking() -> Graph:
    """Dense, lif, dense, lif, read-outs of both, a score against the input, a threshold."""
    neuron = {"beta": 1, "threshold": const(40, "fixed<9,9>"), "membrane": "fixed<12,12,RND,SAT>"}
    nodes = (
        Input("x", 2, Fixed.parse("fixed<6,6>")),
        dense("d", "x", [[1, 2], [3, -4]]),
        lif("l", "d", **neuron),
        dense("e", "l", [[9, -9], [30, 60]]),
        lif("m", "e", **neuron),
        LastMembrane("u", "m"),
        SpikeCount("n", "l"),
        Quantise("target", "x", Fixed.parse("fixed<4,4,RND,SAT>")),
        SquaredError("score", "u", "target"),
        Threshold("hit", "score", const(100, "fixed<9,9>")),
        Concat("both", ("u", "n")),
    )
    return Graph("dut", 3, nodes, ("score", "hit", "both"))


def test_a_model_without_a_static_part_has_no_project() -> None:
    """Spikes straight from the input, and nothing behind the read-out."""
    neuron = lif("l", "x", beta=1, threshold=const(3, "fixed<4,4>"), membrane="fixed<9,9,TRN,SAT>")
    made = Graph(
        "dut", 2, (Input("x", 2, Fixed.parse("fixed<4,4>")), neuron, SpikeCount("n", "l")), ("n",)
    )
    assert planned(made).projects == ()


def test_values_too_wide_for_a_double_stay_outside() -> None:
    """A layer of more than 52 bits is named, and so is one that reads it; the others are built."""
    made = graph(
        1,
        "fixed<30,30>",
        dense("d", "x", [[(1 << 24) - 1]]),
        Quantise("q", "d", Fixed.parse("fixed<8,54,RND,SAT>")),
        Relu("r", "x"),
    )
    found = planned(made)
    why = "'d' has integers of 53 bits, and hls4ml's C simulation passes doubles, which hold 52"
    assert found.outside == {"d": why, "q": why}
    assert [p.outputs for p in found.projects] == [{"r": "r"}]


def test_parameters_too_wide_for_a_double_stay_outside() -> None:
    """A weight of more than 52 bits would be rounded on its way into hls4ml."""
    made = graph(1, "fixed<1,1>", dense("d", "x", [[0]], [0]), dense("e", "x", [[0]], [0]))
    wide = (
        Const(ints([[0]]), Fixed(True, 60, 60)),
        Const(ints([(1 << 52) - 1]), Fixed(True, 60, 60)),
    )
    inside = made.with_nodes({"e": Dense("e", "x", *wide)})
    assert planned(inside).outside == {}
    wider = wide[0], Const(ints([1 << 52]), Fixed(True, 60, 60))
    assert list(planned(made.with_nodes({"e": Dense("e", "x", *wider)})).outside) == ["e"]


MOVES = (
    "hls4ml moves elements with a dense layer, here of {:,} weights, and more than 262,144 would "
    "take too much memory"
)


def test_a_large_slice_stays_outside() -> None:
    """The matrix that would stand for it is not built; the reason is given."""
    part = Slice("most", "x", 0, 513)
    made = graph(512, "ufixed<1,1>", Slice("some", "x", 0, 512))
    assert planned(made).outside == {}
    made = graph(513, "ufixed<1,1>", part, Relu("r", "most"))
    assert planned(made).outside == {"most": MOVES.format(513 * 513)}


def test_other_large_moves_stay_outside() -> None:
    """A gather, a reduction of rows, and a matrix at many positions."""
    order = np.arange(514, dtype=np.intp)
    rows = Gather("rows", "x", order, (257, 2))
    most = Reduce("most", "rows", Reduction.MAX, 2)
    each = dense("each", "rows", [[1, 2]])
    made = graph(514, "ufixed<1,1>", rows, most, each)
    assert planned(made).outside == {
        "rows": MOVES.format(514 * 514),
        "most": MOVES.format(514 * 514),
    }
    wide = graph(
        1026, "ufixed<1,1>", Gather("rows", "x", np.arange(1026, dtype=np.intp), (513, 2)), each
    )
    assert planned(wide).outside == {
        "rows": MOVES.format(1026 * 1026),
        "each": MOVES.format(1026 * 513),
    }


def test_a_large_dense_layer_stays_outside() -> None:
    """Weights that are 0 do not count."""
    weight = np.ones((256, 257), dtype=int)
    why = "it has 65,537 weights other than 0, and g++ would take too long over more than 65,536"
    weight[0] = 0
    weight[0, :256] = 1
    weight[1:, 256] = 0
    assert planned(graph(257, "ufixed<1,1>", dense("d", "x", weight))).outside == {}
    weight[1, 256] = 1
    assert planned(graph(257, "ufixed<1,1>", dense("d", "x", weight))).outside == {"d": why}


def test_a_conversion_that_drops_every_bit_is_widened_first() -> None:
    """ap_fixed stops in a conversion that drops more bits than its source has."""
    made = graph(1, "ufixed<4,0>", Quantise("q", "x", Fixed.parse("fixed<3,5,RND>")))
    assert types(made) == {
        "x_i": "Input result=ufixed<4,0>",
        "q__wide": "Activation result=ufixed<6,2>",
        "q": "Activation result=fixed<3,5,RND>",
    }


def test_a_table_is_indexed_by_no_bit_too_many() -> None:
    """A source that does not use its whole type is narrowed in front of a table."""
    made = graph(
        2,
        "ufixed<3,3>",
        Quantise("q", "x", Fixed.parse("fixed<8,8>")),
        Table("t", "q", "custom", Fixed.parse("fixed<7,2>"), 0, table_values(8)),
    )
    (project,) = planned(made).projects
    layers = {layer.name: layer for layer in project.layers}
    assert layers["q"].types["result"] == Fixed.parse("fixed<8,8>")
    assert layers["t__index"].types["result"] == Fixed.parse("ufixed<3,3>")
    assert layers["t"].inputs == ("t__index",)
    assert layers["t"].arrays["table"].shape == (8,)


@pytest.mark.parametrize("centre", [1 << 45, -(1 << 45), 0])
def test_a_table_is_as_long_as_its_source_is_wide(centre: int) -> None:
    """Far from 0 the low bits are the index: entry n is that of the source's n modulo its size."""
    made = graph(
        1,
        "ufixed<4,4>",
        dense("d", "x", [[1]], [centre - 3]),
        Table("t", "d", "custom", Fixed.parse("fixed<7,2>"), centre - 3, table_values(16)),
    )
    (project,) = planned(made).projects
    layers = {layer.name: layer for layer in project.layers}
    assert layers[layers["t"].inputs[0]].types["result"] == Fixed.parse("ufixed<4,4>")
    entries = layers["t"].arrays["table"].values
    assert [entries[(centre - 3 + n) % 16] for n in range(16)] == table_values(16).values.tolist()


def test_a_weight_outside_its_type_is_refused() -> None:
    """hls4ml would wrap it around in silence."""
    wrong = Const(ints([[3, 7]]), Fixed.parse("fixed<3,1>"))
    made = graph(2, "fixed<4,2>", Dense("d", "x", wrong, const([0], "fixed<3,1>")))
    with pytest.raises(LoweringError) as error:
        planned(made)
    assert str(error.value) == (
        "layer 'd' (dense): hls4ml's weight: needed integers from -4 to 3, the range of "
        "fixed<3,1>; found 7, which hls4ml would wrap around. Use a wider format."
    )


def test_a_narrow_accumulator_is_refused() -> None:
    """hls4ml would round each product, or saturate on the way to the sum."""
    layer = dense("d", "x", [[1, 1]], [0], frac=2)
    coarse = Dense("d", "x", layer.weight, layer.bias, Fixed.parse("fixed<8,5>"))
    with pytest.raises(LoweringError, match="needed at least 4 fraction bits"):
        planned(graph(2, "fixed<4,2>", coarse))
    short = Dense("d", "x", layer.weight, layer.bias, Fixed.parse("fixed<4,0,TRN,SAT>"))
    with pytest.raises(LoweringError, match="needed a saturating accumulator that holds"):
        planned(graph(2, "fixed<4,2>", short))
