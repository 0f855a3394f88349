"""Single operations as Verilog text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.emit.circuit import Writer
from fwgen.emit.literals import literal
from fwgen.emit.memories import memory
from fwgen.emit.top import emit_rtl
from fwgen.ir.fixed import Fixed, Rounding
from fwgen.ir.nodes import Quantise
from fwgen.ir.ranges import Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.names import Names
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.circuit.words import (
    Above,
    Addition,
    Clamp,
    Even,
    Floor,
    Gate,
    Product,
    RoundUp,
    Select,
    Square,
    Word,
    Wrap,
)
from fwgen.lower.lowering import lower
from tests.ops.operation import graph_of


@pytest.mark.parametrize(
    ("value", "width", "signed", "text"),
    [
        (5, 4, False, "4'd5"),
        (0, 1, False, "1'd0"),
        (21, 4, False, "4'd5"),
        (-3, 4, False, "-4'sd3"),
        (5, 4, True, "4'sd5"),
        (-8, 4, True, "-4'sd8"),
        (7, 4, True, "4'sd7"),
        (13, 4, True, "-4'sd3"),
        (2**70, 72, False, f"72'd{2**70}"),
    ],
)
def test_literal(value: int, width: int, signed: bool, text: str) -> None:
    """A literal has exactly its width; signed ones are what a signed comparison needs."""
    assert literal(value, width, signed=signed) == text


@settings(deadline=None)
@given(st.integers(-(2**80), 2**80), st.integers(1, 90), st.booleans())
def test_literal_is_the_value_modulo_its_width(value: int, width: int, signed: bool) -> None:
    """Read as Verilog reads it, a literal is the value modulo two to its width."""
    text = literal(value, width, signed=signed)
    size, digits = text.lstrip("-").split("'")
    read = int(digits.strip("sd")) * (-1 if text[0] == "-" else 1)
    assert int(size) == width
    assert (read - value) % 2**width == 0
    assert 0 <= int(digits.strip("sd")) < 2**width


A, B = Word("a", -8, 7), Word("b", 0, 3)
BIT = Word("bit_0", 0, 1)


@pytest.mark.parametrize(
    ("op", "text"),
    [
        (Addition(Word("y", -8, 10), A, 0, B, 0, False), "{a[3], a} + {3'd0, b}"),
        (Addition(Word("y", -20, 7), A, 0, B, 2, True), "{{2{a[3]}}, a} - {{2'd0, b}, 2'd0}"),
        (Addition(Word("y", -3, 0), Word("", 0, 0), 0, B, 0, True), "-{1'd0, b}"),
        (Gate(Word("y", -5, 0), BIT, -5), "bit_0 ? -4'sd5 : 4'd0"),
        (Select(Word("y", -8, 7), BIT, A, B), "bit_0 ? a : {2'd0, b}"),
        (Above(Word("y", 0, 1), A, -3), "$signed(a) > -4'sd3"),
        (Above(Word("y", 0, 1), B, 2), "b > 2'd2"),
        (Above(Word("y", 0, 1), B, -2), "$signed({1'd0, b}) > -3'sd2"),
        (Above(Word("y", 0, 1), Word("w", -8192, 8191), -1), "~w[13]"),
        (
            Above(Word("y", 0, 1), Word("w", -8192, 8191), 0b0101_1111_0111),
            (
                "(~w[13] & (w[12] | (w[11] | (w[10] & w[9])))) | (w[13:9] == 5'd2) & "
                "((w[8] & (w[7] & (w[6] & (w[5] & (w[4] & w[3]))))))"
            ),
        ),
        (Floor(Word("y", -2, 1), A, 2), "a[3:2]"),
        (Floor(Word("y", -1, 0), A, 6), "a[3]"),
        (RoundUp(Word("y", 0, 1), A, 2, Rounding.RND), "a[1]"),
        (RoundUp(Word("y", 0, 1), A, 2, Rounding.RND_CONV), "a[1] & ((|a[0]) | a[2])"),
        (RoundUp(Word("y", 0, 1), B, 1, Rounding.RND_MIN_INF), "b[0] & 1'b0"),
        (RoundUp(Word("y", 0, 1), A, 3, Rounding.TRN_ZERO), "a[3] & (a[2] | (|a[1:0]))"),
        (
            Clamp(Word("y", -4, 2), A, -4, 2, False),
            "($signed(a) > 4'sd2) ? 3'd2 : ($signed(a) < -4'sd4) ? -3'sd4 : a[2:0]",
        ),
        (
            Clamp(Word("y", -4, 3), A, -4, 3, False),
            "{a[3], (({2{(~a[3] & (|a[2]))}} | a[1:0]) & ~{2{(a[3] & ~(&a[2]))}})}",
        ),
        (Clamp(Word("y", 0, 3), A, 0, 3, False), "({2{(|a[2])}} | a[1:0]) & {2{~a[3]}}"),
        (Clamp(Word("y", 0, 1), B, 0, 1, False), "(|b[1]) | b[0]"),
        (
            Clamp(Word("y", -2, 1), Word("c", -2, 5), -2, 1, False),
            "{c[3], ((~c[3] & (|c[2:1])) | c[0])}",
        ),
        (Even(Word("y", -8, 7), A, B), "a & {{3{1'b1}}, b[0]}"),
        (
            Clamp(Word("y", -8, 3), A, -8, 3, True),
            "($signed(a) > 4'sd3) ? 4'd0 : a",
        ),
        (Wrap(Word("y", -2, 1), A), "a[1:0]"),
        (Wrap(Word("y", 0, 63), A), "{{2{a[3]}}, a}"),
        (Square(Word("y", 0, 64), A), "$signed(a) * $signed(a)"),
        (Square(Word("y", 0, 9), B), "b * b"),
        (Product(Word("y", -24, 21), A, B), "$signed({{2{a[3]}}, a}) * $signed({4'd0, b})"),
        (Product(Word("y", 0, 9), B, B), "{2'd0, b} * {2'd0, b}"),
    ],
)
def test_operation(op, text: str) -> None:
    """Every operand is brought to the width of the result, or of the comparison."""
    (line,) = Writer().lines(op)
    assert line.partition(" = ")[2] == f"{text};"


def test_tables_are_memories_that_are_never_written() -> None:
    """Equal tables are one; a negative index is taken by its bits, a negative value as it is."""
    c = Circuit(Pace(240.0), pipelined=False)
    values = Range(np.array([-2, -2], dtype=object), np.array([1, 1], dtype=object), 0)
    words = c.input("x_i", values)
    out = [c.lookup(f"y{i}", w, [3, -4, 0, 1]) for i, w in enumerate(words)]
    kept = Range(np.array([-4] * 2, dtype=object), np.array([3] * 2, dtype=object), 0)
    c.output("y_o", out, kept)
    writer = Writer(c.names.copy())
    assert writer.body(c) == [
        "wire signed [1:0] x_0 = x_i[1:0];",
        "wire signed [1:0] x_1 = x_i[3:2];",
        '(* ram_style = "registers", rom_style = "distributed" *) reg [2:0] TABLE_0 [0:3];',
        "localparam [11:0] TABLE_0__values = {3'd0, 3'd1, 3'd3, -3'sd4};",
        "wire signed [2:0] y0 = TABLE_0[$unsigned(x_0)];",
        "wire signed [2:0] y1 = TABLE_0[$unsigned(x_1)];",
    ]
    loop = "for (entry = 0; entry <= 3; entry = entry + 1)"
    assert writer.fills == [f"{loop} TABLE_0[entry] = TABLE_0__values[3*(3-entry)+:3];"]


def test_declarations() -> None:
    """Signed words are declared signed, single bits without a range."""
    assert Writer().declare(A) == "wire signed [3:0] a"
    assert Writer().declare(B) == "wire [1:0] b"
    assert Writer().declare(BIT, "reg") == "reg bit_0"


def test_bits_that_nobody_reads_are_named() -> None:
    """Bits that a shift drops are listed for the lint, and only those."""
    writer = Writer()
    writer.declare(A)
    writer.lines(Floor(Word("y", -2, 1), A, 2))
    writer.bits(Word("y", -2, 1), 2)
    assert writer.unread() == ["a[1:0]"]


def test_narrow_signals_fill_their_port() -> None:
    """A port has the declared format even where the values need fewer bits."""
    wide = Quantise("q", "x", Fixed.parse("fixed<9,9>"))
    graph = graph_of(2, "fixed<3,3>", [wide])
    top = emit_rtl(lower(graph, Pace(240.0)), graph)["dut.v"]
    assert "assign q_o[8:0] = {{6{q__at1[2]}}, q__at1[2:0]};" in top
    assert "assign q_o[17:9] = {{6{q__at1[5]}}, q__at1[5:3]};" in top


def test_a_memory_has_a_list_for_each_run_of_its_entries() -> None:
    """What is never addressed has none, and no list is longer than 256 entries."""
    made = memory(Names(), "t__table", 3, [None, 1, -2, None, 3])
    assert made.declared[1:] == [
        "localparam [5:0] t__values = {3'd1, -3'sd2};",
        "localparam [2:0] t__values_1 = {3'd3};",
    ]
    assert [line.partition(") ")[2] for line in made.fill] == [
        "t__table[entry] = t__values[3*(2-entry)+:3];",
        "t__table[entry] = t__values_1[3*(4-entry)+:3];",
    ]
    long = memory(Names(), "t", 1, [1] * 300)
    heads = [line.partition(")")[0] for line in long.fill]
    assert heads == [
        f"for (entry = {a}; entry <= {b}; entry = entry + 1" for a, b in ((0, 255), (256, 299))
    ]
