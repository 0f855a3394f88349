"""ONNX files that are refused: broken, hostile, or with something that is not understood."""
# ruff: noqa: E501 - messages stand as the user sees them

import numpy as np

from tests.ingest.onnx.onnx_bytes import (
    FLOAT,
    INT64,
    QONNX,
    WEIGHT,
    attribute,
    field,
    model,
    node,
    parameters,
    port,
    quant,
    tensor,
    varint,
)

AGAIN = "Export the model again, as one .onnx file that holds its own data."
EXPORT = "Change the model, or its export."
INFERENCE = "Export the model for inference."
WHOLE = "bad.onnx: needed a whole ONNX file; found"
EVENT = (port("event", (1, 2)),)
DENSE = node("MatMul", ["event", "w"], "y")
GOOD = model([DENSE], [WEIGHT])
EXTERNAL = field(1, 2) + field(1, 2) + field(2, FLOAT) + field(8, "w")
OPSET = "Export with another opset."
QUANT = "bad.onnx: Quant node 'y': needed"


def one(op: str, *inputs: str, constants: tuple[bytes, ...] = (), **keys: object) -> bytes:
    """A model of one operation of ONNX on the event."""
    return model([node(op, ["event", *inputs], "y", **keys)], constants)


def quantised(*args: object, **keys: object) -> bytes:
    """A model of one Quant node on the event."""
    return model([quant("event", "y", **keys)], parameters(*args))


def bomb(count: int) -> bytes:
    """A graph of very many empty nodes, two bytes each."""
    nodes = b"\x0a\x00" * count
    return field(1, 8) + b"\x3a" + varint(len(nodes)) + nodes


# name, bytes of the file, the message without "error: "
BAD: list[tuple[str, bytes, str]] = [
    ("empty", b"", f"{WHOLE} no graph in it. {AGAIN}"),
    ("text", b"not a model at all", f"{WHOLE} field 13 of wire type 6. {AGAIN}"),
    (
        "pickle",
        b"\x80\x04\x95" + b"\x00" * 20,
        f"{WHOLE} field 64, which no ONNX model has. {AGAIN}",
    ),
    ("zip", b"PK\x03\x04" + b"\x00" * 40, f"{WHOLE}"),
    ("HDF5", b"\x89HDF\r\n\x1a\n" + b"\x00" * 40, f"{WHOLE}"),
    ("truncated", GOOD[:-30], f"{WHOLE}"),
    ("half a number", GOOD + b"\x08\xff", f"{WHOLE} the end in the middle of a number. {AGAIN}"),
    ("endless number", b"\x08" + b"\xff" * 11, f"{WHOLE} a number of more than ten bytes. {AGAIN}"),
    (
        "length beyond the file",
        b"\x3a\xff\xff\xff\xff\x0f",
        f"{WHOLE} 4,294,967,295 bytes of field 7, of which 0 exist. {AGAIN}",
    ),
    ("two graphs", GOOD + GOOD, f"{WHOLE} two graphs in it. {AGAIN}"),
    (
        "a million empty nodes",
        bomb(1_000_000),
        f"bad.onnx: graph: needed at most 4,096 nodes, inputs, initialisers; found more. {AGAIN}",
    ),
    (
        "text that is no UTF-8",
        model([node("MatMul", ["event"], "y") + field(3, b"\xff\xfe")]),
        f"{WHOLE} a text that is no UTF-8. {AGAIN}",
    ),
    (
        "an endless name",
        model([node("MatMul", ["event", "w"], "y", name="a" * 2000)], [WEIGHT]),
        f"{WHOLE} a name or text of 2,000 bytes. {AGAIN}",
    ),
    (
        "unknown field",
        model([DENSE], [WEIGHT], extra=field(99, 1)),
        f"{WHOLE} field 99, which no ONNX model has. {AGAIN}",
    ),
    (
        "functions",
        model([DENSE], [WEIGHT], extra=field(25, b"")),
        f"bad.onnx: model: needed what fwgen understands; found functions. {AGAIN}",
    ),
    (
        "sparse initialiser",
        model([DENSE], [WEIGHT], in_graph=field(15, b"")),
        f"bad.onnx: graph: needed what fwgen understands; found sparse_initializer. {AGAIN}",
    ),
    (
        "ir version",
        model([DENSE], [WEIGHT], ir=99),
        f"bad.onnx: ir_version: needed 3 to 14; found 99. {AGAIN}",
    ),
    *(
        (
            f"{op} with {key} = {value}",
            one(
                op,
                *(names := [t[0] for t in given]),
                constants=tuple(t[1] for t in given),
                **{key: value},
            ),
            f"bad.onnx: {op} node 'y': needed attribute '{key}' as a finite number; found {value}. {EXPORT}",
        )
        for op, key, given in (
            ("Gemm", "alpha", [("w", WEIGHT)]),
            ("BatchNormalization", "epsilon", [(n, tensor(n, [1, 1])) for n in "abcd"]),
        )
        for value in (float("inf"), float("nan"))
    ),
    (
        "a factor of 0 beside a third in front of a quantiser",
        model(
            [node("Mul", ["event", "m"], "n"), node("Div", ["n", "d"], "o"), quant("o", "y")],
            [tensor("m", [0, 1]), tensor("d", [3, 3]), *parameters()],
        ),
        "bad.onnx: y_grid: needed a scale that is a power of two, or for which",
    ),
    (
        "a lower bound above all numbers",
        one("Clip", "one", constants=(tensor("one", 3.4028234663852886e38),)),
        "bad.onnx: offsets of y_above_affine: needed numbers that one format of at most 64 bits holds",
    ),
    (
        "a whole number beyond its type",
        one(
            "Add",
            "c",
            constants=(field(1, 1) + field(2, 3) + field(8, "c") + field(5, b"\xac\x02"),),
        ),
        f"bad.onnx: tensor 'c': needed numbers of type i1; found larger ones. {AGAIN}",
    ),
    (
        "a quantiser of double precision",
        model([quant("event", "y")], [tensor("s", 0.3, "<f8"), *parameters()[1:]]),
        f"{QUANT} float32 numbers as input 1; found float64, which rounds elsewhere. {EXPORT}",
    ),
    (
        "old opset",
        model([DENSE], [WEIGHT], opsets={"": 6}),
        f"bad.onnx: opset of domain '': needed a version from 7 to 27; found 6. {OPSET}",
    ),
    (
        "no opset",
        model([DENSE], [WEIGHT], opsets={}),
        f"bad.onnx: opset of domain '': needed a version from 7 to 27; found none. {OPSET}",
    ),
    (
        "opset of quantisers",
        model([quant("event", "y")], parameters(), opsets={"": 13, QONNX: 9}),
        f"bad.onnx: opset of domain '{QONNX}': needed a version from 1 to 2; found 9. {OPSET}",
    ),
    (
        "external data",
        model([DENSE], [EXTERNAL + field(14, 1)]),
        f"bad.onnx: tensor 'w': needed data in the file itself; found data kept in others. {AGAIN}",
    ),
    (
        "external path",
        model([DENSE], [EXTERNAL + field(13, field(1, "location") + field(2, "../../etc/passwd"))]),
        f"bad.onnx: a tensor: needed data in the file itself; found data kept in other files. {AGAIN}",
    ),
    (
        "huge claim",
        model([DENSE], [tensor("w", [1.0], dims=(1 << 40, 1 << 20))]),
        f"bad.onnx: tensor 'w': needed 1,152,921,504,606,846,976 elements, as its shape says; found 1. {AGAIN}",
    ),
    (
        "negative size",
        model([DENSE], [tensor("w", [1.0], dims=(-1, -1))]),
        f"bad.onnx: tensor 'w': needed at most 8 dimensions, none below 0; found [-1, -1]. {AGAIN}",
    ),
    (
        "many dimensions",
        model([DENSE], [tensor("w", [1.0], dims=(1,) * 9)]),
        "bad.onnx: tensor 'w': needed at most 8 dimensions, none below 0; found",
    ),
    (
        "text tensor",
        model([DENSE], [tensor("w", [1.0], kind=8)]),
        f"bad.onnx: tensor 'w': needed elements of type float, double, bool or a whole number; found type 8. {AGAIN}",
    ),
    (
        "half a float",
        model([DENSE], [tensor("w", [1.0], raw=b"\x00" * 7)]),
        f"{WHOLE} 7 bytes, no whole number of <f4 numbers. {AGAIN}",
    ),
    (
        "two of one initialiser",
        model([DENSE], [WEIGHT, WEIGHT]),
        f"bad.onnx: initialiser 'w': needed each name once; found two of it. {AGAIN}",
    ),
    (
        "two origins",
        model([DENSE, DENSE], [WEIGHT]),
        f"bad.onnx: tensor 'y': needed one origin of each tensor; found several, or no name. {AGAIN}",
    ),
    (
        "missing initialiser",
        model([DENSE]),
        f"bad.onnx: MatMul node 'y': needed inputs that come before it; found tensor 'w', of no origin. {AGAIN}",
    ),
    (
        "cycle",
        model(
            [node("Add", ["event", "b"], "a"), node("Relu", ["a"], "b"), node("Relu", ["b"], "y")]
        ),
        f"bad.onnx: Add node 'a': needed inputs that come before it; found tensor 'b', which comes later: a cycle, or a wrong order. {AGAIN}",
    ),
    (
        "itself",
        model([node("Relu", ["y"], "y")]),
        f"bad.onnx: Relu node 'y': needed inputs that come before it; found tensor 'y', which comes later: a cycle, or a wrong order. {AGAIN}",
    ),
    (
        "no such output",
        model([DENSE], [WEIGHT], outputs=(port("q", (1, 2)),)),
        f"bad.onnx: outputs: needed outputs that a node makes; found 'q'. {AGAIN}",
    ),
    (
        "no output",
        model([DENSE], [WEIGHT], outputs=()),
        f"bad.onnx: outputs: needed an output; found none. {AGAIN}",
    ),
    (
        "the input as output",
        model([DENSE], [WEIGHT], outputs=EVENT),
        f"bad.onnx: output 'event': needed outputs that layers compute, each once; found the input, or the same as another. {AGAIN}",
    ),
    (
        "two inputs",
        model([DENSE], [WEIGHT], inputs=(*EVENT, port("more", (1, 2)))),
        "bad.onnx: inputs: needed one input, the event, beside those that have an initialiser; found 2: 'event', 'more'. Give all constants as initialisers, and join several inputs in the model.",
    ),
    (
        "an open size",
        model([DENSE], [WEIGHT], inputs=(port("event", (1, "n")),)),
        "bad.onnx: input 'event': needed the sizes of all dimensions, and a batch of one event or an open one; found shape (1, None). Export the model with the size of one event.",
    ),
    (
        "a batch",
        model([DENSE], [WEIGHT], inputs=(port("event", (8, 2)),)),
        "bad.onnx: input 'event': needed the sizes of all dimensions, and a batch of one event or an open one; found shape (8, 2). Export the model with the size of one event.",
    ),
    (
        "a huge event",
        model([DENSE], [WEIGHT], inputs=(port("event", (1, 1 << 40)),)),
        "bad.onnx: input 'event': needed an event of 1 to 4,096 float numbers; found 1,099,511,627,776 of type 1. Shorten the event.",
    ),
    (
        "whole numbers as event",
        model([DENSE], [WEIGHT], inputs=(port("event", (1, 2), INT64),)),
        "bad.onnx: input 'event': needed an event of 1 to 4,096 float numbers; found 2 of type 7. Shorten the event.",
    ),
    (
        "convolution",
        model([node("Conv", ["event", "w"], "y"), node("MaxPool", ["event"], "z")], [WEIGHT]),
        "bad.onnx: operations: needed those that fwgen reads: Add, BatchNormalization, BipolarQuant",
    ),
    (
        "custom operation",
        model([node("MatMul", ["event", "w"], "y", "evil.domain")], [WEIGHT]),
        "bad.onnx: operations: needed those that fwgen reads: Add, BatchNormalization, BipolarQuant",
    ),
    (
        "Verilog in a name",
        model([node("MatMul", ["event", "w"], "y", name="a; $finish; //")], [WEIGHT]),
        "bad.onnx: node 'a; $finish; //': needed a name of letters, digits and . / : + - _; found other characters. Rename the node; its name is used in Verilog, Tcl and file names.",
    ),
    (
        "Tcl in a name",
        model([node("MatMul", ["event", "w"], "y", name="[exec rm -rf /]")], [WEIGHT]),
        "bad.onnx: node '[exec rm -rf /]': needed a name of letters, digits and . / : + - _; found other characters. Rename the node; its name is used in Verilog, Tcl and file names.",
    ),
    (
        "a shell in a name",
        model([node("MatMul", ["event", "w"], "y", name="$(reboot)")], [WEIGHT]),
        "bad.onnx: node '$(reboot)': needed a name of letters",
    ),
    (
        "unknown attribute",
        one("Relu", slope=1.0),
        f"bad.onnx: Relu node 'y': needed attributes that fwgen understands: none; found 'slope'. {EXPORT}",
    ),
    (
        "attribute of another type",
        model([node("Gemm", ["event", "w"], "y", transB=1.0)], [WEIGHT]),
        f"bad.onnx: Gemm node 'y': needed attribute 'transB' as a int; found 1.0. {EXPORT}",
    ),
    (
        "attribute of two values",
        model([node("Relu", ["event"], "y") + field(5, attribute("a", 1) + field(2, 1.0))]),
        f"bad.onnx: attribute 'a': needed one value, of its own type; found others. {AGAIN}",
    ),
    (
        "subgraph",
        model([node("Relu", ["event"], "y") + field(5, field(1, "body") + field(6, b""))]),
        f"bad.onnx: attribute: needed what fwgen understands; found a subgraph. {AGAIN}",
    ),
    (
        "too many inputs",
        one("Relu", "event"),
        f"bad.onnx: Relu node 'y': needed 1 to 1 inputs; found 2. {EXPORT}",
    ),
    (
        "constants that grow",
        model(
            [node("Add", ["a", "b"], "c"), node("Mul", ["event", "c"], "y")],
            [tensor("a", np.zeros((65536, 1))), tensor("b", np.zeros((1, 65536)))],
        ),
        f"bad.onnx: Add node 'c': needed constants of at most 33,554,432 elements in all; found more. {EXPORT}",
    ),
    (
        "a growing sum",
        one("Add", "a", constants=(tensor("a", np.ones((3, 1))),)),
        f"bad.onnx: Add node 'y': needed input 1 of a shape that fits (1, 2) and makes it no larger; found (3, 1). {EXPORT}",
    ),
    (
        "a matrix that does not fit",
        one("MatMul", "w", constants=(tensor("w", np.ones((3, 2))),)),
        "bad.onnx: MatMul node 'y': needed one row of 3 elements; found shape (1, 2). A layer applied to several rows is not supported; flatten the event first.",
    ),
    (
        "not a number as weight",
        one("MatMul", "w", constants=(tensor("w", [[np.nan, 1], [1, 1]]),)),
        f"bad.onnx: MatMul node 'y': needed finite weights; found shape (2, 2), or an infinite one. {EXPORT}",
    ),
    (
        "infinity added",
        one("Add", "a", constants=(tensor("a", np.inf),)),
        f"bad.onnx: Add node 'y': needed finite numbers as input 1; found infinity or no number. {EXPORT}",
    ),
    (
        "division by 0",
        one("Div", "a", constants=(tensor("a", [1.0, 0.0]),)),
        f"bad.onnx: Div node 'y': needed divisors other than 0; found a 0. {EXPORT}",
    ),
    (
        "numbers too far apart",
        one("Mul", "a", constants=(tensor("a", [1e30, 1e-30]),)),
        "bad.onnx: scales of y: needed numbers that one format of at most 64 bits holds exactly; found largest and smallest too far apart. Put a quantiser behind them in the model.",
    ),
    (
        "training",
        one("Dropout", "r", "t", constants=(tensor("r", 0.5), tensor("t", 1.0))),
        f"bad.onnx: Dropout node 'y': needed training_mode = false; found another. {INFERENCE}",
    ),
    (
        "a reshape of another size",
        one("Reshape", "n", constants=(tensor("n", [1, 3], "<i8"),)),
        f"bad.onnx: Reshape node 'y': needed a shape of 2 elements; found (1, 3). {EXPORT}",
    ),
    (
        "a shape from the event",
        one("Reshape", "event"),
        f"bad.onnx: Reshape node 'y': needed a constant as input 1; found a value that depends on the event. {EXPORT}",
    ),
    (
        "an impossible axis",
        one("Concat", "event", axis=5),
        f"bad.onnx: Concat node 'y': needed an axis of 2 dimensions; found 5. {EXPORT}",
    ),
    (
        "negative scale",
        quantised(-1.0),
        f"{QUANT} scales above 0; found one of 0 or below. {EXPORT}",
    ),
    ("scale 0", quantised(0.0), f"{QUANT} scales above 0; found one of 0 or below. {EXPORT}"),
    (
        "scale that is no number",
        quantised(np.nan),
        f"{QUANT} finite numbers as input 1; found infinity or no number. {EXPORT}",
    ),
    (
        "broken zero point",
        quantised(1.0, 0.5),
        f"{QUANT} whole zero points; found a broken one. {EXPORT}",
    ),
    (
        "broken bits",
        quantised(1.0, 0.0, 3.5),
        f"{QUANT} a whole number of bits; found 3.5. {EXPORT}",
    ),
    ("no bits", quantised(1.0, 0.0, 0.0), f"{QUANT} a whole number of bits; found 0. {EXPORT}"),
    (
        "bits beyond count",
        quantised(1.0, 0.0, 3e38),
        f"{QUANT} at most 24 bits, whose bounds float32 holds; found 1048576. {EXPORT}",
    ),
    (
        "unknown rounding",
        quantised(rounding_mode="STOCHASTIC"),
        f"{QUANT} a rounding_mode of ROUND, HALF_EVEN, HALF_UP, HALF_DOWN, FLOOR, DOWN, ROUND_TO_ZERO, CEIL, UP; found 'STOCHASTIC'. {EXPORT}",
    ),
    ("signed = 2", quantised(signed=2), f"{QUANT} signed = 0 or 1; found 2. {EXPORT}"),
    (
        "unknown option",
        quantised(stochastic=1),
        f"{QUANT} attributes that fwgen understands: narrow, rounding_mode, signed; found 'stochastic'. {EXPORT}",
    ),
    (
        "a scale from the event",
        model([node("Quant", ["event", "event", "z", "b"], "y", QONNX)], parameters()),
        f"{QUANT} a constant as input 1; found a value that depends on the event. {EXPORT}",
    ),
    (
        "a scale with ties",
        quantised(0.75),
        "bad.onnx: y_grid: needed a scale that is a power of two, or for which some multiplication by at most 48 bits gives the same result for every value that can occur; found the scale 0.75 over all in front of it. Train with scales that are powers of two.",
    ),
    (
        "Trunc of any scale",
        model(
            [node("Trunc", ["event", "s", "z", "b", "b"], "y", QONNX, rounding_mode="FLOOR")],
            parameters(0.3),
        ),
        "bad.onnx: Trunc node 'y': needed a power of two as input 1; found 0.3. Train with scales that are powers of two.",
    ),
    (
        "many large constants",
        model(
            [
                *(node("Add", ["a", "b"], f"c{k}") for k in range(200)),
                node("Concat", [f"c{k}" for k in range(200)], "c", axis=0),
                node("MatMul", ["event", "c"], "y"),
            ],
            [tensor("a", np.zeros((1024, 1))), tensor("b", np.zeros((1, 1024)))],
        ),
        f"bad.onnx: Add node 'c32': needed constants of at most 33,554,432 elements in all; found more. {EXPORT}",
    ),
    (
        "very many scales",
        model(
            [node("Mul", ["event" if not k else f"m{k - 1}", "a"], f"m{k}") for k in range(4000)],
            [tensor("a", 1 + np.arange(4000) / 7)],
            [port("event", (1, 4000))],
            [port("m3999", (1, 4000))],
        ),
        "bad.onnx: m65: needed at most 262,144 numbers in all scales, and short chains of them; found more, or a longer chain. Join scales that follow one another.",
    ),
    (
        "a long chain",
        model(
            [node("Div", ["event" if not k else f"m{k - 1}", "a"], f"m{k}") for k in range(4000)],
            [tensor("a", np.pi)],
            outputs=[port("m3999", (1, 2))],
        ),
        "bad.onnx: m174: needed at most 262,144 numbers in all scales, and short chains of them; found more, or a longer chain. Join scales that follow one another.",
    ),
    (
        "a table that float32 has otherwise",
        model(
            [
                node("Mul", ["event", "a"], "m"),
                node("Tanh", ["m"], "t"),
                quant("t", "y", rounding_mode="FLOOR"),
            ],
            [tensor("a", 4.0), *parameters()],
        ),
        "bad.onnx: Tanh node 't': needed a quantiser behind it that rounds to nearest, with a scale of at most 1; found fixed<4,2,TRN,SAT>, which tells 1 in float32 from a number just below. Use rounding_mode ROUND, or a narrower range in front.",
    ),
    (
        "no axis",
        model([node("Concat", ["event", "event"], "y")]),
        f"bad.onnx: Concat node 'y': needed attribute 'axis'; found none. {EXPORT}",
    ),
]
