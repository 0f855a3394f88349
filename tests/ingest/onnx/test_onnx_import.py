"""ONNX files made by hand: what their layers become, and the exact integers that follow."""

from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.errors import BundleError
from fwgen.flow.import_ import import_model
from fwgen.flow.prepare import prepare
from fwgen.ingest.answers import Answers
from fwgen.ingest.bundle.reader import Bundle
from fwgen.ingest.sources import Request
from tests.cpu import cpu_within
from tests.ingest.onnx.onnx_bytes import QONNX, WEIGHT, model, node, parameters, port, quant, tensor

# every number of fixed<6,3>, twice
GRID = np.arange(-32, 32)
EVENTS = np.stack([GRID, GRID[::-1]], axis=1)


def imported(tmp_path: Path, raw: bytes, fmt: str | None = "fixed<6,3>") -> Bundle:
    """The bundle of a file."""
    path = tmp_path / "model.onnx"
    path.write_bytes(raw)
    answers = Answers({"input_format": fmt} if fmt else {})
    return import_model(Request(path, "demo", answers), tmp_path / "out")


def results(tmp_path: Path, raw: bytes, events: Any = EVENTS) -> np.ndarray:
    """Real numbers of the only output."""
    imported(tmp_path, raw)
    ready = prepare(tmp_path / "out")
    (name,) = ready.graph.outputs
    frac = ready.reference.analysis.values[name].frac
    return np.asarray(ready.reference.run(events).values[name] * 2.0**-frac, dtype=np.float64)


def of_op(op: str, *constants: bytes, domain: str = "", **keys: Any) -> bytes:
    """One operation on the event; constants are its other inputs."""
    names = [f"c{k}" for k in range(len(constants))]
    return model([node(op, ["event", *names], "y", domain, **keys)], constants)


X = EVENTS / 8
ELEMENT_WISE = [
    ("Relu", (), {}, np.maximum(X, 0)),
    ("LeakyRelu", (), {"alpha": 0.25}, np.where(X < 0, X / 4, X)),
    ("PRelu", ([0.5, -2.0],), {}, np.where(X < 0, X * [0.5, -2], X)),
    ("Clip", (-1.5, 2.25), {}, np.clip(X, -1.5, 2.25)),
    ("Clip", (-1.5,), {}, np.maximum(X, -1.5)),
    ("Sign", (), {}, np.sign(X)),
    ("Neg", (), {}, -X),
    ("Add", ([[1.0, -0.5]],), {}, X + np.array([1, -0.5])),
    ("Sub", (0.125,), {}, X - 0.125),
    ("Mul", ([3.0, -0.75],), {}, X * [3, -0.75]),
    ("Div", (-4.0,), {}, X / -4),
]


@pytest.mark.parametrize(("op", "constants", "keys", "wanted"), ELEMENT_WISE)
def test_an_operation_has_the_values_of_its_definition(
    tmp_path: Path, op: str, constants: tuple[Any, ...], keys: dict[str, Any], wanted: np.ndarray
) -> None:
    """Every number of the input's format goes through, exactly."""
    parts = [tensor(f"c{k}", c) for k, c in enumerate(constants)]
    assert (results(tmp_path, of_op(op, *parts, **keys)) == wanted).all()


def away(v: float) -> float:
    """The next whole number away from zero."""
    return float(np.sign(v) * np.ceil(abs(v)))


ROUNDING = {
    "ROUND": np.round,
    "HALF_EVEN": np.round,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": np.vectorize(away),
    "DOWN": np.trunc,
    "ROUND_TO_ZERO": np.trunc,
    "HALF_UP": lambda v: np.sign(v) * np.floor(np.abs(v) + 0.5),
    "HALF_DOWN": lambda v: np.sign(v) * np.ceil(np.abs(v) - 0.5),
}


@pytest.mark.parametrize("mode", ROUNDING)
@pytest.mark.parametrize(("signed", "narrow"), [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("zero", [0.0, 2.0])
@pytest.mark.parametrize("bits", [2.0, 3.0, 6.0])
def test_quant_is_that_of_qonnx(
    tmp_path: Path, mode: str, signed: int, narrow: int, zero: float, bits: float
) -> None:
    """Rounding, bounds and zero point, for every number and every option."""
    raw = model(
        [quant("event", "y", signed=signed, narrow=narrow, rounding_mode=mode)],
        parameters(0.5, zero, bits),
    )
    top = 2 ** (bits - signed) - 1 - (narrow and not signed)
    low = signed * (-(2 ** (bits - 1)) + narrow)
    wanted = (ROUNDING[mode](np.clip(X / 0.5 + zero, low, top)) - zero) * 0.5
    assert (results(tmp_path, raw) == wanted).all()


@pytest.mark.parametrize("op", ["Relu", "none"])
def test_bipolar_quant_is_plus_one_at_zero(tmp_path: Path, op: str) -> None:
    """The sign of x, with 0 on the upper side, also for scales that no format holds."""
    third = tensor("third", np.array([1 / 3, -1 / 3], dtype="<f4"))
    nodes = [node("Mul", ["event", "third"], "m"), node("Relu", ["m"], "r")]
    nodes.append(node("BipolarQuant", ["r" if op == "Relu" else "m", "two"], "y", QONNX))
    made = results(tmp_path, model(nodes, [third, tensor("two", 2.0)]))
    wanted = np.where(X * [1, -1] >= 0, 2, -2) if op == "none" else np.full(X.shape, 2)
    assert (made == wanted).all()


def test_a_scale_that_no_format_holds_decides_alike(tmp_path: Path) -> None:
    """A root of 3 as scale, and the rounding of the real number, for every number of the input."""
    names = ["gamma", "beta", "mean", "var"]
    values = ([1.0, 2.0], [0.0, 0.5], [0.0, 0.25], [3.0, 5.0])
    norm = [tensor(name, numbers) for name, numbers in zip(names, values, strict=True)]
    nodes = [node("BatchNormalization", ["event", *names], "n", epsilon=0.0), quant("n", "y")]
    made = results(tmp_path, model(nodes, [*norm, *parameters(0.25, 0.0, 5.0)]))
    exact = (X - [0, 0.25]) * [1, 2] / np.sqrt([3, 5]) + [0, 0.5]
    assert (made == np.clip(np.round(exact / 0.25), -16, 15) * 0.25).all()


@pytest.mark.parametrize("op", ["LeakyRelu", "Relu"])
def test_a_third_in_front_of_a_slope_is_not_rounded(tmp_path: Path, op: str) -> None:
    """It comes behind the slope or the bound, so that the quantiser meets its edges exactly."""
    keys = {"alpha": 0.5} if op == "LeakyRelu" else {}
    nodes = [node("Sub", ["event", "c"], "a"), node("Mul", ["a", "five"], "k")]
    nodes += [node("Div", ["k", "d"], "m"), node(op, ["m"], "l", **keys)]
    nodes += [node("Add", ["l", "e"], "p"), quant("p", "y", rounding_mode="FLOOR")]
    constants = [tensor("c", [0.5, -0.25]), tensor("d", [3.0, -6.0]), tensor("e", [0.5, 0.25])]
    constants += [tensor("five", 5.0), *parameters(0.25, 0.0, 6.0)]
    made = results(tmp_path, model(nodes, constants))
    m = np.vectorize(Fraction, otypes=[object])((X - [0.5, -0.25]) * [10, -5]) / 6
    sloped = np.where(m > 0, m, m / 2 if keys else Fraction(0))
    sloped += np.array([Fraction(1, 2), Fraction(1, 4)])
    wanted = np.array(
        [[min(max(floor(v * 4), -32), 31) / 4 for v in row] for row in sloped.tolist()]
    )
    assert (made == wanted).all()


@pytest.mark.parametrize(("scale", "zero"), [(1.4, 0.0), (0.6, 0.0), (0.6, 2.0)])
@pytest.mark.parametrize("mode", ["FLOOR", "CEIL", "DOWN", "UP"])
def test_a_quotient_that_float32_rounds_to_an_edge(
    tmp_path: Path, mode: str, scale: float, zero: float
) -> None:
    """3 over 0.6, which is a little more in float32, is below 5, and is 5 for every framework."""
    raw = model([quant("event", "y", rounding_mode=mode)], parameters(scale, zero, 6.0))
    divisor, grid = np.float32(scale), np.arange(-128, 128)
    imported(tmp_path, raw, "fixed<8,4>")
    ready = prepare(tmp_path / "out")
    events = np.stack([grid, grid[::-1]], axis=1)
    made = ready.reference.run(events).values["y"]
    made = made * 2.0 ** -ready.reference.analysis.values["y"].frac
    quotient = (events / 16).astype(np.float32) / divisor + np.float32(zero)
    wanted = ROUNDING[mode](np.clip(quotient, -32, 31))
    assert (np.rint(made / float(divisor)) + zero == wanted).all()


@pytest.mark.parametrize(
    ("op", "constants", "wanted"),
    [
        ("Sign", (), np.sign(X)),
        ("Clip", (-1.5, 2.25), np.clip(X, -1.5, 2.25)),
        ("Add", ([[1.0, -0.5]],), X + np.array([1, -0.5])),
    ],
)
def test_precision_leaves_exact_operations_alone(
    tmp_path: Path, op: str, constants: tuple[Any, ...], wanted: np.ndarray
) -> None:
    """What is built of several exact layers is not converted in between, nor behind."""
    path, parts = tmp_path / "model.onnx", [tensor(f"c{k}", c) for k, c in enumerate(constants)]
    path.write_bytes(of_op(op, *parts))
    answers = Answers({"input_format": "fixed<6,3>"})
    import_model(Request(path, "demo", answers, None, "ufixed<3,3,TRN,SAT>"), tmp_path / "out")
    ready = prepare(tmp_path / "out")
    (name,) = ready.graph.outputs
    made = ready.reference.run(EVENTS).values[name]
    assert (made * 2.0 ** -ready.reference.analysis.values[name].frac == wanted).all()


@pytest.mark.parametrize(("scale", "told"), [(0.35, True), (0.375, False)])
def test_sums_of_scaled_values_that_float32_rounds_are_named(
    tmp_path: Path, scale: float, told: bool
) -> None:
    """0.35 times a level fills a float32: a sum of such is exact here, and is not there."""
    nodes = [quant("event", "q"), node("MatMul", ["q", "w"], "y")]
    raw = model(nodes, [WEIGHT, *parameters(scale, 0.0, 3.0)])
    assert ("Sums of y_sum can need" in imported(tmp_path, raw).settings.provenance.notes) == told


def test_a_quotient_in_double_precision_is_exact(tmp_path: Path) -> None:
    """3 over float32's 0.6 is below 5 where the event, or a cast, is of double precision."""
    for k, (kind, before) in enumerate([(11, []), (1, [node("Cast", ["event"], "c", to=11)])]):
        nodes = [*before, quant("c" if before else "event", "y", rounding_mode="FLOOR")]
        raw = model(nodes, parameters(0.6, 0.0, 6.0), [port("event", (1, 2), kind)])
        folder = tmp_path / str(k)
        folder.mkdir()
        made = results(folder, raw, np.array([[24, -24]]))
        assert (np.rint(made / 0.6) == [[4, -5]]).all()


def test_a_scale_for_each_element_is_no_format_of_the_input(tmp_path: Path) -> None:
    """The input's format is asked for, and each element is converted with its own scale."""
    raw = model([quant("event", "y")], parameters([[0.5, 0.25]]))
    with pytest.raises(BundleError, match="Add --set input_format=FORMAT"):
        imported(tmp_path, raw, None)
    assert (results(tmp_path, raw) == np.clip(np.round(X * [2, 4]), -8, 7) / [2, 4]).all()


def test_quotients_that_float32_rounds_to_some_edges_only_are_refused(tmp_path: Path) -> None:
    """3 over 0.6 is 5 there, and 15 over 0.6 is below 25: no multiplication does both."""
    raw = model([quant("event", "y", rounding_mode="FLOOR")], parameters(0.6, 0.0, 6.0))
    assert np.float32(15) / np.float32(0.6) < 25
    with pytest.raises(BundleError, match="needed a scale that is a power of two, or for which"):
        imported(tmp_path, raw, "fixed<9,5>")


@pytest.mark.parametrize("mode", ["FLOOR", "CEIL", "DOWN", "UP"])
def test_values_on_an_edge_stay_on_their_side(tmp_path: Path, mode: str) -> None:
    """A scale of 3/4 whose multiples the input meets: the multiplication is nudged, not wrong."""
    made = results(tmp_path, model([quant("event", "y", rounding_mode=mode)], parameters(0.75)))
    down, up = EVENTS // 6, -(-EVENTS // 6)
    wanted = {
        "FLOOR": down,
        "CEIL": up,
        "DOWN": np.where(EVENTS < 0, up, down),
        "UP": np.where(EVENTS < 0, down, up),
    }[mode]
    assert (made == np.clip(wanted, -8, 7) * 0.75).all()


def test_a_quantiser_on_the_input_is_its_format(tmp_path: Path) -> None:
    """Nothing needs to be asked, and there is no layer for it."""
    nodes = [quant("event", "q"), node("MatMul", ["q", "w"], "y")]
    bundle = imported(tmp_path, model(nodes, [WEIGHT, *parameters()]), fmt=None)
    assert bundle.settings.input.format == "fixed<4,2,RND_CONV,SAT>"
    assert [layer.name for layer in bundle.settings.layers] == ["y"]


@pytest.mark.parametrize(
    "nodes",
    [
        [node("MatMul", ["event", "w"], "y")],
        [quant("event", "q"), node("Add", ["q", "event"], "y")],
        [quant("event", "y", rounding_mode="CEIL")],
    ],
)
def test_the_input_format_is_asked_for(tmp_path: Path, nodes: list[bytes]) -> None:
    """Where no quantiser alone reads the input, or it is no number format."""
    with pytest.raises(BundleError, match="--set input_format=FORMAT"):
        imported(tmp_path, model(nodes, [WEIGHT, *parameters()]), fmt=None)


def test_the_formats_of_weights_follow_from_their_quantiser(tmp_path: Path) -> None:
    """Quantised weights and the bias behind them are stored exactly, in one dense layer."""
    nodes = [
        quant("raw", "q"),
        node("Transpose", ["q"], "t", perm=[1, 0]),
        node("MatMul", ["event", "t"], "m"),
        node("Add", ["bias", "m"], "y"),
    ]
    raw = tensor("raw", [[0.3, -0.9], [1.2, 9.0]])
    bundle = imported(tmp_path, model(nodes, [raw, tensor("bias", [0.1, -2]), *parameters()]))
    (layer,) = bundle.settings.layers
    assert (layer.name, layer.op) == ("y", "dense")
    assert layer.model_dump()["weight_format"] == "fixed<4,2>"
    bias = np.load(tmp_path / "out" / "weights.npz")["y.bias"]
    assert bias.tolist() == [float(np.float32(0.1)), -2.0]
    ready = prepare(tmp_path / "out")
    frac = ready.reference.analysis.values["y"].frac
    mine = ready.reference.run(EVENTS).values["y"]
    weight = [[Fraction(1, 4), -1], [Fraction(5, 4), Fraction(7, 4)]]
    for event, row in zip(EVENTS[:5], mine[:5], strict=True):
        exact = [
            sum(w * int(n) for w, n in zip(line, event, strict=True)) / 8 + Fraction(float(b))
            for line, b in zip(weight, bias, strict=True)
        ]
        assert [Fraction(int(n)) / 2**frac for n in row] == exact


def test_weights_that_no_quantiser_made_get_no_format(tmp_path: Path) -> None:
    """Trained float32 weights: their formats are open, and a normalisation behind can be folded."""
    raw = tensor("w", np.random.default_rng(1).normal(0, 1, (2, 2)))
    names = [f"n{k}" for k in range(4)]
    norm = [tensor(name, [1.5, 0.5]) for name in names]
    nodes = [
        node("Gemm", ["event", "w", "n0"], "g"),
        node("BatchNormalization", ["g", *names], "n"),
        node("Relu", ["n"], "y"),
    ]
    bundle = imported(tmp_path, model(nodes, [raw, *norm]))
    dense, batch_norm, _ = bundle.settings.layers
    assert dense.model_dump()["weight_format"] is None
    assert batch_norm.model_dump()["scale_format"] is None
    assert prepare(tmp_path / "out").graph.outputs == ("y",)


def test_shapes_of_exporters_change_nothing(tmp_path: Path) -> None:
    """A reshape whose target is computed from the input's shape, as older PyTorch writes it."""
    nodes = [
        node("Shape", ["event"], "s0"),
        node("Gather", ["s0", "first"], "s1", axis=0),
        node("Unsqueeze", ["s1", "axis"], "s2"),
        node("Concat", ["s2", "rest"], "s3", axis=0),
        node("Reshape", ["event", "s3"], "r"),
        node("MatMul", ["r", "w"], "y"),
    ]
    constants = [tensor("first", 0, "<i8"), tensor("axis", [0], "<i8"), tensor("rest", [-1], "<i8")]
    shaped = model(nodes, [WEIGHT, *constants], inputs=(port("event", ("batch", 1, 2, 1)),))
    assert (results(tmp_path, shaped) == X @ [[1, -1], [0.5, 2]]).all()


def test_a_branch_that_nothing_reads_is_left_out(tmp_path: Path) -> None:
    """What no output depends on cannot change it, even if it is not understood."""
    nodes = [node("MatMul", ["event", "w"], "y"), node("Conv", ["event", "w"], "z")]
    assert [n.name for n in imported(tmp_path, model(nodes, [WEIGHT])).graph] == ["x", "y"]


def test_one_tensor_may_have_several_readers(tmp_path: Path) -> None:
    """A normalised tensor read by a quantiser, a reshape and a sum becomes one layer of each."""
    nodes = [
        node("MatMul", ["event", "w"], "m"),
        node("Mul", ["m", "three"], "n"),
        node("Relu", ["n"], "r"),
        quant("r", "q"),
        node("Identity", ["r"], "i"),
        node("Add", ["q", "i"], "y"),
    ]
    made = results(tmp_path, model(nodes, [WEIGHT, tensor("three", 3.0), *parameters()]))
    r = np.maximum(X @ [[1, -1], [0.5, 2]] * 3, 0)
    assert (made == np.clip(np.round(r / 0.25), -8, 7) * 0.25 + r).all()


def test_a_name_that_others_know_stays(tmp_path: Path) -> None:
    """A tensor that becomes a layer for its first reader keeps that layer for the second."""
    nodes = [
        node("Mul", ["event", "c"], "n"),
        node("Identity", ["n"], "i"),
        node("Add", ["n", "i"], "y"),
    ]
    made = results(tmp_path, model(nodes, [tensor("c", [3.0, 5.0])]))
    assert (made == X * [6, 10]).all()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("/features/0/Gemm", "features_0_Gemm"),
        ("table", "MatMul_0"),
        ("12", "MatMul_0"),
        ("a" * 20 + "/" + "b" * 30, "b" * 30),
    ],
)
def test_names_of_nodes_become_names_of_layers(tmp_path: Path, wanted: str, found: str) -> None:
    """What cannot be a name gives way to the operation and its number; long ones are cut."""
    raw = model([node("MatMul", ["event", "w"], "y", name=wanted)], [WEIGHT])
    assert [layer.name for layer in imported(tmp_path, raw).settings.layers] == [found]


def test_a_hundred_thousand_weights_take_three_seconds(tmp_path: Path) -> None:
    """Import, not build, in this process."""
    rng = np.random.default_rng(1)
    nodes, constants, last = [], parameters(2.0, 0.0, 6.0), "event"
    for k in range(7):
        norm = [f"{name}{k}" for name in ("gamma", "beta", "mean", "var")]
        constants += [tensor(name, rng.uniform(1, 2, 128)) for name in norm]
        constants.append(tensor(f"w{k}", rng.integers(-8, 8, (128, 128)) / 4))
        nodes.append(node("MatMul", [last, f"w{k}"], f"d{k}"))
        nodes.append(node("BatchNormalization", [f"d{k}", *norm], f"n{k}"))
        nodes.append(quant(f"n{k}", f"q{k}"))
        last = f"q{k}"
    ends = {"inputs": (port("event", (1, 128)),), "outputs": (port(last, (1, 128)),)}
    raw = model(nodes, constants, **ends)
    with cpu_within(3):
        bundle = imported(tmp_path, raw)
    assert len(bundle.settings.layers) == 21
