"""Random QONNX graphs for which float32 is exact: every scale and constant has few bits.

Each node bears the name of its output, so that a layer of the bundle and a tensor of the graph can
be compared by name.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"
MODES = (
    "ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN", "round",
)  # fmt: skip


@dataclass
class Maker:
    """Builds one graph; the same seed gives the same graph for any batch."""

    seed: int
    batch: int
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    trunc: int = 1

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.trunc = int(self.rng.integers(1, 3))

    def pick(self, *choices: Any) -> Any:
        """One of them."""
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, p: float) -> bool:
        """Yes, that often."""
        return bool(self.rng.random() < p)

    def constant(self, values: Any, dtype: str = "float32") -> str:
        """An initialiser."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def node(
        self, op: str, *inputs: str, domain: str = "", size: int | None = None, **keys: Any
    ) -> str:
        """A node; returns its output."""
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(op, list(inputs), [name], name=name, domain=domain, **keys)
        )
        self.seen[name] = self.seen[inputs[0]] if size is None else size
        return name

    def size(self, name: str) -> int:
        """Elements of a tensor."""
        return self.seen[name]

    def few(self, size: int | tuple[int, ...], bits: int = 3, frac: int = 2) -> Any:
        """Numbers of few bits, none of them 0."""
        values = self.rng.integers(1, 1 << bits, size) * self.rng.choice([-1, 1], size)
        return values / (1 << frac)

    # ---- quantisers ----

    def quant(self, x: str, bits: int | None = None, plain: bool = False) -> str:
        """A Quant node with a power of two as scale."""
        bits = bits or int(self.rng.integers(1, 7))
        signed = self.chance(0.6)
        narrow = self.chance(0.4) and bits > 1
        if plain:
            bits, signed = max(bits, 3), True
        scale: Any = 2.0 ** self.rng.integers(-3, 2)
        zero: Any = 0.0
        if not plain and self.chance(0.15):
            scale = 2.0 ** self.rng.integers(-3, 2, (1, self.size(x)))
        if not plain and self.chance(0.15) and not (bits == 1 and signed):
            zero = float(self.rng.integers(-2, 3))
        keys = {"signed": int(signed), "narrow": int(narrow)}
        mode = self.pick(*MODES)
        if plain:
            mode = self.pick("ROUND", "FLOOR", "HALF_UP")
        args = [self.constant(v) for v in (scale, zero, float(bits))]
        return self.node("Quant", x, *args, domain=QONNX, rounding_mode=mode, **keys)

    def odd_quant(self, x: str) -> str:
        """A Quant node with a scale that is no power of two, and few levels.

        The scale has 18 bits, so that float32 holds each level times the scale.
        """
        scale = self.constant(np.round(self.rng.uniform(0.3, 3.0) * 2**16) / 2**16)
        args = [scale, self.constant(0.0), self.constant(float(self.rng.integers(2, 5)))]
        mode = self.pick("ROUND", "FLOOR", "DOWN", "HALF_UP")
        return self.node(
            "Quant", x, *args, domain=QONNX, rounding_mode=mode, signed=1, narrow=self.pick(0, 1)
        )

    def bipolar(self, x: str) -> str:
        """A BipolarQuant node."""
        scale = self.pick(1.0, 0.5, 0.75)
        return self.node("BipolarQuant", x, self.constant(scale), domain=QONNX)

    def truncated(self, x: str) -> str:
        """Quant, then fewer bits."""
        bits = int(self.rng.integers(4, 7))
        scale = 2.0 ** self.rng.integers(-3, 1)
        keys = {"domain": QONNX, "rounding_mode": "ROUND", "signed": 1, "narrow": 0}
        args = [self.constant(v) for v in (scale, 0.0, float(bits))]
        full = self.node("Quant", x, *args, **keys)
        cut = int(self.rng.integers(1, 3))
        mode = self.pick(*MODES[:-1])
        rest: dict[str, Any] = {"domain": QONNX, "rounding_mode": mode}
        first = [self.constant(v) for v in (scale, 0.0, float(bits))]
        if self.trunc == 1:
            return self.node("Trunc", full, *first, self.constant(float(bits - cut)), **rest)
        second = [self.constant(v) for v in (scale * 2**cut, float(bits - cut))]
        rest |= {"signed": 1, "narrow": self.pick(0, 1)}
        return self.node("Trunc", full, *first, *second, **rest)

    def looked_up(self, x: str) -> str:
        """Sigmoid or tanh between quantisers, of which the second rounds to nearest.

        In float32 both functions reach 1, and the exact functions do not: rounded down, they would
        differ there.
        """
        table = self.node(self.pick("Sigmoid", "Tanh"), self.quant(x, 5, plain=True))
        scale, bits = 2.0 ** self.rng.integers(-5, 0), float(self.rng.integers(3, 7))
        args = [self.constant(v) for v in (scale, 0.0, bits)]
        mode = self.pick("ROUND", "HALF_UP", "HALF_DOWN")
        return self.node(
            "Quant", table, *args, domain=QONNX, rounding_mode=mode, signed=1, narrow=0
        )

    # ---- layers ----

    def weights(self, rows: int, columns: int) -> tuple[str, float]:
        """A matrix made in one of many ways, and the scale that is not in powers of two."""
        name, odd = f"w{len(self.constants)}", 1.0
        raw = self.constant(self.rng.normal(0, 1.5, (rows, columns)))
        self.seen[raw] = 0
        kind = self.pick("quant", "quant", "bipolar", "stored", "odd")
        if kind == "stored":
            return self.constant(self.rng.integers(-7, 8, (rows, columns)) / 4), odd
        if kind == "bipolar":
            odd = self.pick(1.0, 0.75, 0.5)
            name = self.node("BipolarQuant", raw, self.constant(odd), domain=QONNX)
            return name, odd
        scale: Any = 2.0 ** self.rng.integers(-2, 1)
        if kind == "odd":
            odd = self.pick(0.75, 0.625, 1.5)
            scale = scale * odd
            if self.chance(0.5):
                scale = scale * 2.0 ** self.rng.integers(-1, 2, (rows, 1))
        args = [self.constant(v) for v in (scale, 0.0, float(self.rng.integers(1, 5)))]
        keys = {"signed": 1, "narrow": self.pick(0, 1), "rounding_mode": self.pick(*MODES)}
        return self.node("Quant", raw, *args, domain=QONNX, **keys), odd

    def dense(self, x: str) -> str:
        """MatMul or Gemm, with or without bias."""
        units, inputs = int(self.rng.integers(2, 9)), self.size(x)
        weight, _ = self.weights(units, inputs)
        bias = self.constant(self.few(units, 4, 3))
        if self.chance(0.4):
            keys = {"transB": 1, "alpha": self.pick(1.0, 0.5), "beta": self.pick(1.0, 2.0)}
            rest = [bias] if self.chance(0.7) else []
            return self.node("Gemm", x, weight, *rest, size=units, **keys)
        turned = self.node("Transpose", weight, size=0, perm=[1, 0])
        y = self.node("MatMul", x, turned, size=units)
        return (
            self.node("Add", *self.pick((y, bias), (y, bias), (bias, y)), size=units)
            if self.chance(0.6)
            else y
        )

    def layer(self, x: str, bits: int, *, trained: bool) -> str:
        """A dense layer of plain numbers, perhaps normalised."""
        units, n = int(self.rng.integers(2, 7)), self.size(x)
        low = 1 << bits
        weight = self.rng.normal(0, 0.5, (n, units)) if trained else None
        if weight is None:
            weight = self.rng.integers(-low, low, (n, units)) / low
        y = self.node("MatMul", x, self.constant(weight), size=units)
        bias = self.rng.normal(0, 0.5, units) if trained else self.few(units, 3, 3)
        y = self.node("Add", y, self.constant(bias), size=units)
        if trained and self.chance(0.5):
            values = self.rng.uniform(0.5, 1.5, (4, units))
            return self.node("BatchNormalization", y, *(self.constant(v) for v in values))
        return self.normalised(y) if bits > 2 and self.chance(0.5) else y

    def normalised(self, x: str) -> str:
        """Batch normalisation whose roots are powers of two, or constants one by one."""
        n = self.size(x)
        if self.chance(0.6):
            epsilon = 2.0**-10
            variance = 4.0 ** self.rng.integers(-1, 3, n) - epsilon
            rest = (self.few(n), self.few(n), self.few(n), variance)
            args = [self.constant(v) for v in rest]
            return self.node("BatchNormalization", x, *args, epsilon=epsilon)
        for _ in range(int(self.rng.integers(1, 3))):
            op = self.pick("Mul", "Add", "Sub", "Div", "Neg")
            if op == "Neg":
                x = self.node(op, x)
                continue
            values = self.few(self.pick((), (n,), (1, n)), 2, 1)
            values = np.sign(values) * 2.0 ** self.rng.integers(-1, 2) if op == "Div" else values
            args = [x, self.constant(values)]
            if op in {"Mul", "Sub"} and self.chance(0.3):
                args = args[::-1]
            x = self.node(op, *args, size=n)
        return x

    def activated(self, x: str) -> str:
        """Something between a layer and its quantiser."""
        n = self.size(x)
        match self.pick("Relu", "Relu", "LeakyRelu", "PRelu", "Clip", "Sign", "none", "none"):
            case "LeakyRelu":
                return self.node("LeakyRelu", x, alpha=0.125)
            case "PRelu":
                return self.node("PRelu", x, self.constant(self.few((1, n), 2, 2)))
            case "Clip":
                bounds = sorted(self.few(2, 3, 1))
                return self.node("Clip", x, *(self.constant(v) for v in bounds))
            case "none":
                return x
            case op:
                return self.node(op, x)

    def quantised(self, x: str) -> str:
        """One of the quantisers."""
        kind = self.pick("quant", "quant", "quant", "quant", "bipolar", "trunc", "table", "odd")
        if kind == "odd":
            return self.quant(self.odd_quant(x), 4, plain=True)
        made = {"quant": self.quant, "bipolar": self.bipolar}
        made |= {"trunc": self.truncated, "table": self.looked_up}
        return made[kind](x)

    def block(self, x: str) -> str:
        """A layer, its activation and its quantiser."""
        y = self.dense(x)
        if self.chance(0.5):
            y = self.normalised(y)
        return self.quantised(self.activated(y))

    def joined(self, x: str, y: str) -> str:
        """Two tensors as one."""
        if self.size(x) == self.size(y) and self.chance(0.5):
            return self.quant(self.node(self.pick("Add", "Sub", "Mul"), x, y))
        return self.node("Concat", x, y, axis=self.pick(1, -1), size=self.size(x) + self.size(y))


@dataclass(frozen=True)
class Made:
    """A model, and what must be said when it is imported."""

    model: Any
    answers: dict[str, str]
    size: int
    fmt: str


def random_graph(seed: int, batch: int = 1) -> Made:
    """The graph of a seed."""
    m = Maker(seed, batch)
    size = int(m.rng.integers(2, 9))
    shape: tuple[int, ...] = (batch, size)
    fmt, answers = "fixed<6,3>", {"input_format": "fixed<6,3>"}
    x = "event"
    m.seen[x] = size
    if m.chance(0.3):
        shape = (batch, 2, size)
        size *= 2
        x = m.node("Flatten", x, size=size, axis=1)
    if m.chance(0.5):
        args = [m.constant(v) for v in (0.25, 0.0, 5.0)]
        x = m.node(
            "Quant", x, *args, domain=QONNX, signed=1, narrow=0, rounding_mode="ROUND", size=size
        )
        fmt, answers = "fixed<5,3>", {}
    outputs = []
    first = m.block(x)
    y = m.block(first)
    if m.chance(0.4):
        y = m.joined(y, m.block(x) if m.chance(0.5) else m.block(first))
        y = m.block(y)
    if m.chance(0.3):
        outputs.append(m.activated(m.dense(y)))
    if m.chance(0.3):
        outputs.append(m.node("Identity", first))
    outputs.append(m.block(y))
    return Made(_model(m, shape, outputs), answers, size, fmt)


def plain_graph(seed: int, batch: int = 1, *, trained: bool = False) -> Made:
    """A graph of ONNX alone, without quantisers: numbers of few bits, or any float32 if trained."""
    m = Maker(seed, batch)
    size = int(m.rng.integers(2, 7))
    m.seen["event"] = size
    middle = m.activated(m.layer("event", 4, trained=trained))
    y = m.layer(middle, 2, trained=trained)
    other = m.layer("event", 2, trained=trained)
    joined = m.node("Concat", y, other, axis=1, size=m.size(y) + m.size(other))
    last = m.node("Relu", joined)
    fmt = "fixed<6,3>"
    answers = {"input_format": fmt} | ({"precision": "fixed<24,8,RND_CONV,SAT>"} if trained else {})
    return Made(_model(m, (batch, size), [last]), answers, size, fmt)


def _model(m: Maker, shape: tuple[int, ...], outputs: list[str]) -> Any:
    """The model of a maker's nodes."""
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [m.batch, m.size(name)])
        for name in outputs
    ]
    event = helper.make_tensor_value_info("event", TensorProto.FLOAT, shape)
    graph = helper.make_graph(m.nodes, "graph", [event], ports, initializer=m.constants)
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(QONNX, m.trunc)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="test")
    model.ir_version = 8
    return model
