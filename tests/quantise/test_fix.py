"""Formats that a model leaves out, and parameters that do not fit the formats it gives."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.errors import FormatError
from fwgen.ir.cast import to_real
from fwgen.ir.fixed import Fixed, Overflow
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    BatchNorm,
    Const,
    CubaLif,
    Dense,
    Input,
    LastMembrane,
    LeakyRelu,
    Lif,
    Node,
    Quantise,
    Real,
    Reset,
    ShiftLeak,
    Threshold,
)
from fwgen.ir.ranges import const, floor_to
from fwgen.quantise.analysis import analyse
from fwgen.quantise.fix import FixFormats
from fwgen.quantise.passes import quantise


def real(values: object, fmt: str | None = None) -> Real:
    """A real parameter, its format given or left out."""
    return Real(np.asarray(values, dtype=float), Fixed.parse(fmt) if fmt else None)


def graph(*nodes: Node, steps: int = 3, size: int = 2, fmt: str = "fixed<6,3>") -> Graph:
    """A graph on an input ``x``, its last node the output."""
    every = (Input("x", size, Fixed.parse(fmt)), *nodes)
    return Graph("net", steps, every, (nodes[-1].name,))


def dense(weight: Real, bias: Real | None = None) -> Dense:
    """A dense layer ``d`` on the input."""
    return Dense("d", "x", weight, bias or real(np.zeros(len(weight.values))))


def lif(**fields: object) -> tuple[Node, Node]:
    """A lif layer ``l`` on the input, and its membrane."""
    given = {
        "beta": real(0.5),
        "threshold": real(1.0),
        "membrane": None,
        "reset": Reset.SUBTRACT,
        "reset_delay": True,
    }
    return Lif("l", "x", **(given | fields)), LastMembrane("u", "l")


def fixed(g: Graph, name: str) -> Node:
    """One node after the pass."""
    return FixFormats().run(g)[name]


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (0.9, "fixed<8,1,RND_CONV>"),
        (0.99, "fixed<8,1,RND_CONV>"),
        (0.998, "fixed<8,2,RND_CONV>"),  # rounds to 1.0, which one integer bit cannot hold
        (-1.0, "fixed<8,1,RND_CONV>"),
        (1.0, "fixed<8,2,RND_CONV>"),
        (100.0, "fixed<8,8,RND_CONV>"),
        (1000.0, "fixed<8,11,RND_CONV>"),
        (0.0, "fixed<8,-8,RND_CONV>"),
        (1e-9, "fixed<8,-8,RND_CONV>"),
    ],
)
def test_weight_left_out(largest: float, expected: str) -> None:
    """Weights take 8 bits, with as many fraction bits as the largest leaves, at most 16."""
    node = fixed(graph(dense(real([[largest, 0.0]]))), "d")
    assert node.weight.fmt == Fixed.parse(expected)
    error = to_real(node.weight.values, node.weight.fmt.frac) - [[largest, 0.0]]
    assert np.abs(error).max() <= 2.0 ** -(node.weight.fmt.frac + 1)


def test_bias_left_out() -> None:
    """A bias takes the exact grid of the products, as wide as it needs, rounded half to even."""
    node = fixed(graph(dense(real([[1.5, 0.5]], "fixed<4,2>"), real([-3.15625]))), "d")
    assert node.bias.fmt == Fixed.parse("fixed<8,3,RND_CONV>")
    assert node.bias.values.tolist() == [-101]
    tie = fixed(graph(dense(real([[1.5, 0.5]], "fixed<4,2>"), real([2.5 / 32]))), "d")
    assert tie.bias.values.tolist() == [2]


@pytest.mark.parametrize(
    ("beta", "expected", "bits"),
    [
        (0.5, 1, "ufixed<2,1,RND_CONV>"),
        (0.9, 29, "ufixed<6,1,RND_CONV>"),
        (0.883, 113, "ufixed<8,1,RND_CONV>"),  # six bits miss the sixteenth by a hair
        (1.0, 1, "ufixed<1,1,RND_CONV>"),
        (0.0, 0, "ufixed<1,1,RND_CONV>"),
        (0.999, 1023, "ufixed<11,1,RND_CONV>"),
        (1 - 1e-9, 65536, "ufixed<17,1,RND_CONV>"),
    ],
)
def test_beta_left_out(beta: float, expected: int, bits: str) -> None:
    """Beta takes the fewest bits that change 1 - beta by a sixteenth of itself at most."""
    node = fixed(graph(*lif(beta=real(beta))), "l")
    assert node.beta.fmt == Fixed.parse(bits)
    assert node.beta.values.tolist() == expected


def test_beta_of_each_neuron() -> None:
    """One format serves all neurons of a layer, chosen for the most demanding one."""
    node = fixed(graph(*lif(beta=real([0.5, 0.9]))), "l")
    assert node.beta.fmt == Fixed.parse("ufixed<6,1,RND_CONV>")
    assert node.beta.values.tolist() == [16, 29]


def test_membrane_left_out() -> None:
    """A membrane takes the grid of its current and the range that the analysis needs."""
    g = FixFormats().run(graph(*lif(beta=real(1.0), threshold=real(99.0)), steps=5))
    # five times the input's range of -32..31 eighths
    assert g["l"].membrane == Fixed.parse("fixed<9,6>")
    assert not any(c.overflows for c in analyse(g).conversions)


def test_membrane_left_out_has_the_grid_of_recurrent_weights() -> None:
    """Weights finer than the source are not rounded away; so of a synaptic current."""
    back = real([[0.4, -0.3], [0.2, 0.1]])
    neurons = fixed(graph(*lif(recurrent=back), fmt="fixed<6,6>"), "l")
    assert neurons.recurrent.fmt.frac == neurons.membrane.frac == 8
    cuba = CubaLif(
        "l", "x", real(0.5), real(1.0), None, Reset.NONE, True, back,
        alpha=real(0.5), syn=None, previous=False,
    )  # fmt: skip
    made = fixed(graph(cuba, LastMembrane("u", "l"), fmt="fixed<6,6>"), "l")
    assert made.recurrent.fmt.frac == made.syn.frac == made.membrane.frac == 8


@pytest.mark.parametrize("reset", Reset)
@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("threshold", [1.0, -2.0, 0.0])
def test_membrane_left_out_never_overflows(reset: Reset, delay: bool, threshold: float) -> None:
    """The membrane's own choice holds everything, resets in the same step included."""
    g = graph(*lif(reset=reset, reset_delay=delay, threshold=real(threshold)), steps=6)
    assert not any(c.overflows for c in analyse(quantise(g)).conversions)


def test_threshold_left_out() -> None:
    """A threshold takes the grid of what it is compared with."""
    node = fixed(graph(*lif(threshold=real(1.2))), "l")
    assert node.threshold.fmt == Fixed.parse("ufixed<4,1,RND_CONV>")
    assert node.threshold.values.tolist() == 10
    given = fixed(graph(*lif(threshold=real(1.2), membrane=Fixed.parse("fixed<9,4,RND,SAT>"))), "l")
    assert given.threshold.values.tolist() == 38
    hit = fixed(graph(Threshold("t", "x", real(-1.2))), "t")
    assert hit.value.fmt == Fixed.parse("fixed<5,2>")
    assert hit.value.values.tolist() == -10


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (0.9, "fixed<16,1,RND_CONV>"),
        (-1.0, "fixed<16,1,RND_CONV>"),
        (100.0, "fixed<16,8,RND_CONV>"),
        (0.001, "fixed<16,-8,RND_CONV>"),
        (0.0, "fixed<16,-8,RND_CONV>"),
    ],
)
def test_scale_left_out(largest: float, expected: str) -> None:
    """Scales take 16 bits, with as many fraction bits as the largest leaves, at most 24."""
    norm = fixed(graph(BatchNorm("n", "x", real([largest, 0.0]), real([0.0, 0.0]))), "n")
    assert norm.scale.fmt == Fixed.parse(expected)


def test_offset_left_out() -> None:
    """An offset takes the exact grid of the products, as a bias does."""
    node = BatchNorm("n", "x", real([1.5, 0.5], "fixed<4,2>"), real([-3.15625, 2.5 / 32]))
    norm = fixed(graph(node), "n")
    assert norm.offset.fmt == Fixed.parse("fixed<8,3,RND_CONV>")
    assert norm.offset.values.tolist() == [-101, 2]


@pytest.mark.parametrize(
    ("alpha", "expected", "bits"),
    [
        (0.125, 1, "ufixed<1,-2,RND_CONV>"),
        (0.1, 51, "ufixed<6,-3,RND_CONV>"),
        (-0.25, -1, "fixed<1,-1,RND_CONV>"),
        (3.0, 3, "ufixed<2,2,RND_CONV>"),
        (0.0, 0, "ufixed<1,1,RND_CONV>"),
        (1e-6, 0, "ufixed<1,-15,RND_CONV>"),
        ([0.5, 0.01], [2048, 41], "ufixed<12,0,RND_CONV>"),
    ],
)
def test_alpha_left_out(alpha: object, expected: object, bits: str) -> None:
    """Alpha takes the fewest bits that change none by more than a 128th of itself."""
    node = fixed(graph(LeakyRelu("r", "x", real(alpha))), "r")
    assert node.alpha.fmt == Fixed.parse(bits)
    assert node.alpha.values.tolist() == expected


def test_threshold_of_each_element() -> None:
    """One format serves all values."""
    hit = fixed(graph(Threshold("t", "x", real([-1.2, 3.0]))), "t")
    assert hit.value.fmt == Fixed.parse("fixed<6,3>")
    assert hit.value.values.tolist() == [-10, 24]


def test_coarse_grids() -> None:
    """Grids coarser than one need no fraction bits, and are no special case."""
    coarse = dense(real([[64.0, -128.0]], "fixed<3,9>"), real([1000.0]))
    spiking = Lif("l", "d", ShiftLeak(1), real(900.0), None, Reset.ZERO, False)
    g = quantise(graph(coarse, spiking, LastMembrane("u", "l"), fmt="fixed<4,6>"))
    assert g["d"].bias.values.tolist() == [4]
    assert g["d"].bias.fmt.frac == -8
    assert g["l"].threshold.values.tolist() == 4


def test_what_is_fixed_stays() -> None:
    """The pass leaves a graph of integers as it is."""
    once = quantise(graph(dense(real([[0.3, -0.7]])), Threshold("t", "d", real(0.1))))
    again = quantise(once)
    assert again["d"].weight is once["d"].weight
    assert again["t"].value is once["t"].value


OUTSIDE: dict[str, tuple[Graph, str]] = {
    "weight": (
        graph(dense(real([[0.5, -1.0], [3.5, 0.25]], "fixed<6,2>"))),
        (
            "layer 'd' (dense): weight[1, 0]: needed values from -2 to 1.9375, the range of "
            "fixed<6,2>; found 3.5. Use fixed<7,3> (parameters never saturate or wrap), or retrain "
            "with a clipped weight."
        ),
    ),
    "bias": (
        graph(dense(real([[0.5, 0.5]]), real([-0.5], "ufixed<4,1,RND,SAT>"))),
        (
            "layer 'd' (dense): bias[0]: needed values from 0 to 1.875, the range of "
            "ufixed<4,1,RND,SAT>; found -0.5. Use fixed<3,0,RND,SAT> (parameters never saturate or "
            "wrap), or retrain with a clipped bias."
        ),
    ),
    "beta": (
        graph(*lif(beta=real(0.99, "ufixed<4,0,RND>"))),
        (
            "layer 'l' (lif): beta: needed values from 0 to 0.9375, the range of ufixed<4,0,RND>; "
            "found 0.99. Use ufixed<5,1,RND> (parameters never saturate or wrap), or retrain with "
            "a clipped beta."
        ),
    ),
    "threshold of a lif": (
        graph(*lif(threshold=real([1.0, 9.0], "fixed<6,3,TRN_ZERO>"))),
        (
            "layer 'l' (lif): threshold[1]: needed values from -4 to 3.875, the range of "
            "fixed<6,3,TRN_ZERO>; found 9. Use fixed<8,5,TRN_ZERO> (parameters never saturate or "
            "wrap), or retrain with a clipped threshold."
        ),
    ),
    "threshold": (
        graph(Threshold("t", "x", real(100.0, "fixed<6,3>"))),
        (
            "layer 't' (threshold): value: needed values from -4 to 3.875, the range of "
            "fixed<6,3>; found 100. Use fixed<11,8> (parameters never saturate or wrap), or "
            "retrain with a clipped value."
        ),
    ),
    "scale": (
        graph(BatchNorm("n", "x", real([0.5, 3.5], "fixed<6,2>"), real([0.0, 0.0]))),
        (
            "layer 'n' (batch_norm): scale[1]: needed values from -2 to 1.9375, the range of "
            "fixed<6,2>; found 3.5. Use fixed<7,3> (parameters never saturate or wrap), or retrain "
            "with a clipped scale."
        ),
    ),
    "offset": (
        graph(BatchNorm("n", "x", real([0.5, 0.5]), real([0.0, -9.0], "fixed<6,2,RND,SAT>"))),
        (
            "layer 'n' (batch_norm): offset[1]: needed values from -2 to 1.9375, the range of "
            "fixed<6,2,RND,SAT>; found -9. Use fixed<9,5,RND,SAT> (parameters never saturate or "
            "wrap), or retrain with a clipped offset."
        ),
    ),
    "alpha": (
        graph(LeakyRelu("r", "x", real([0.25, 1.0], "ufixed<8,0>"))),
        (
            "layer 'r' (leaky_relu): alpha[1]: needed values from 0 to 0.996094, the range of "
            "ufixed<8,0>; found 1. Use ufixed<9,1> (parameters never saturate or wrap), or retrain "
            "with a clipped alpha."
        ),
    ),
    "lowest of a symmetric format": (
        graph(dense(real([[-8.0, 7.0]], "fixed<4,4,RND,SAT_SYM>"))),
        (
            "layer 'd' (dense): weight[0, 0]: needed values from -7 to 7, the range of "
            "fixed<4,4,RND,SAT_SYM>; found -8. Use fixed<5,5,RND,SAT_SYM> (parameters never "
            "saturate or wrap), or retrain with a clipped weight."
        ),
    ),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_parameter_outside_its_format(what: str) -> None:
    """A value that its format cannot hold is refused: where it is, what it is, what would do."""
    given, message = OUTSIDE[what]
    with pytest.raises(FormatError) as caught:
        quantise(given)
    assert str(caught.value) == message


@settings(deadline=None)
@given(
    weights=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2),
    width=st.integers(2, 12),
    integer=st.integers(-4, 12),
    signed=st.booleans(),
    overflow=st.sampled_from(Overflow),
)
def test_the_format_suggested_suffices(
    weights: list[float], width: int, integer: int, signed: bool, overflow: Overflow
) -> None:
    """With the format that the message suggests, the same weights are accepted."""
    fmt = Fixed(signed, width, integer, overflow=overflow)
    layer = dense(Real(np.array([weights]), fmt))
    try:
        FixFormats().run(graph(layer))
    except FormatError as error:
        suggested = Fixed.parse(re.search(r"u?fixed<.*?>", error.do)[0])
        layer = replace(layer, weight=Real(layer.weight.values, suggested))
        assert isinstance(FixFormats().run(graph(layer))["d"].weight, Const)
        assert suggested.overflow is overflow


def test_quantise_nodes_keep_their_format() -> None:
    """A quantise layer says its format itself."""
    fmt = Fixed.parse("fixed<3,2,RND,SAT>")
    assert fixed(graph(Quantise("q", "x", fmt)), "q").fmt == fmt


@pytest.mark.parametrize("value", [-0.40625, 0.3, -0.3, 0.125, 2.0])
def test_a_threshold_between_two_numbers_decides_exactly(value: float) -> None:
    """Whatever number is given, the bit is 1 exactly for what is greater than that number."""
    nodes = (Input("x", 1, Fixed.parse("fixed<8,3>")), Threshold("t", "x", real(value)))
    node = fixed(Graph("g", 1, nodes, ("t",)), "t")
    limit = int(floor_to(const(node.value), 5)[()])
    assert all((n > limit) == (n / 32 > value) for n in range(-128, 128))
