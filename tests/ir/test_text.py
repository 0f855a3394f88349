"""The text form of graphs, as golden texts."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    ALL_NODES,
    CUSTOM,
    Add,
    BatchNorm,
    Concat,
    Dense,
    Input,
    KlDivergence,
    LastMembrane,
    LeakyRelu,
    Lif,
    Real,
    Relu,
    Reset,
    ShiftLeak,
    Slice,
    SquaredError,
    Table,
    Threshold,
)
from fwgen.ir.text import node_text, to_text
from fwgen.quantise.passes import quantise

REAL = Graph(
    name="toy",
    steps=3,
    nodes=(
        Input("x", 2, Fixed.parse("ufixed<4,1,RND,SAT>")),
        Dense("d", "x", Real(np.eye(2), Fixed.parse("fixed<4,2>")), Real(np.array([0.5, 0.0]))),
        Lif(
            "l",
            "d",
            beta=Real(np.array(0.9)),
            threshold=Real(np.array(1.25)),
            membrane=Fixed.parse("fixed<10,4,RND,SAT>"),
            reset=Reset.SUBTRACT,
            reset_delay=True,
        ),
        Lif("m", "l", ShiftLeak(3), Real(np.array([1.0, 2.0])), None, Reset.ZERO, False),
        LastMembrane("u", "m"),
        SquaredError("score", "u", "x"),
        Threshold("hit", "score", Real(np.array(0.3))),
    ),
    outputs=("score", "hit"),
)

BEFORE = """\
graph toy steps=3
  x = input() size=2 fmt=ufixed<4,1,RND,SAT>
  d = dense(x) weight=[2x2]:fixed<4,2> bias=[2]:auto
  l = lif(d) beta=0.9:auto threshold=1.25:auto membrane=fixed<10,4,RND,SAT> reset=subtract \
reset_delay=yes
  m = lif(l) beta=1-2^-3 threshold=[2]:auto membrane=auto reset=zero reset_delay=no
  u = last_membrane(m)
  score = squared_error(u, x)
  hit = threshold(score) value=0.3:auto
outputs score, hit
"""

AFTER = """\
graph toy steps=3
  x = input() size=2 fmt=ufixed<4,1,RND,SAT>
  d = dense(x) weight=[2x2]:fixed<4,2> bias=[2]:ufixed<5,0,RND_CONV>
  l = lif(d) beta=0.90625:ufixed<6,1,RND_CONV> threshold=1.25:ufixed<7,1,RND_CONV> \
membrane=fixed<10,4,RND,SAT> reset=subtract reset_delay=yes
  m = lif(l) beta=1-2^-3 threshold=[2]:ufixed<2,2,RND_CONV> membrane=ufixed<2,2> reset=zero \
reset_delay=no
  u = last_membrane(m)
  score = squared_error(u, x)
  hit = threshold(score) value=0.296875:ufixed<5,-1>
outputs score, hit
"""


def test_before_quantisation() -> None:
    """A real graph shows values as they are and open formats as auto."""
    assert to_text(REAL) == BEFORE


def test_after_quantisation() -> None:
    """An integer graph shows the values that the integers stand for, and every format."""
    assert to_text(quantise(REAL)) == AFTER


def test_one_line_a_node() -> None:
    """Each node is one line, its sources in parentheses."""
    assert node_text(REAL["score"]) == "score = squared_error(u, x)"
    assert len(to_text(REAL).splitlines()) == len(REAL.nodes) + 2


VECTORS = """\
graph net steps=1
  x = input() size=2 fmt=fixed<6,3>
  d = dense(x) weight=[2x2]:auto bias=[2]:auto accumulator=fixed<20,9>
  r = leaky_relu(d) alpha=0.25:auto
  n = batch_norm(r) scale=[2]:fixed<8,2> offset=[2]:auto
  p = relu(n)
  f = table(x) function=exp fmt=fixed<8,5,RND,SAT> first=0
  g = table(x) function=custom fmt=fixed<8,5,RND,SAT> first=-4.0 values=[64]:auto
  s = slice(p) start=0 stop=2
  a = add(s, f)
  c = concat(a, g)
  kl = kl_divergence(a, f, g)
  t = threshold(c) value=[4]:auto
outputs kl, t
"""


def vectors() -> Graph:
    """Operations of dense networks."""
    fmt = Fixed.parse("fixed<8,5,RND,SAT>")
    two = Real(np.ones(2))
    nodes = (
        Input("x", 2, Fixed.parse("fixed<6,3>")),
        Dense("d", "x", Real(np.eye(2)), Real(np.zeros(2)), Fixed.parse("fixed<20,9>")),
        LeakyRelu("r", "d", Real(np.array(0.25))),
        BatchNorm("n", "r", Real(np.ones(2), Fixed.parse("fixed<8,2>")), two),
        Relu("p", "n"),
        Table("f", "x", "exp", fmt),
        Table("g", "x", CUSTOM, fmt, -4.0, Real(np.zeros(64))),
        Slice("s", "p", 0, 2),
        Add("a", "s", "f"),
        Concat("c", ("a", "g")),
        KlDivergence("kl", "a", "f", "g"),
        Threshold("t", "c", Real(np.zeros(4))),
    )
    return Graph("net", 1, nodes, ("kl", "t"))


def test_vectors() -> None:
    """Sources stand in parentheses; an accumulator or a table's values where there are any."""
    assert to_text(vectors()) == VECTORS


def test_tables_after_quantisation() -> None:
    """A table shows how many entries it has, not the entries."""
    text = node_text(quantise(vectors())["f"])
    assert text == (
        "f = table(x) function=exp fmt=fixed<8,5,RND,SAT> first=-32 values=[64]:ufixed<9,6>"
    )


def test_the_law_knows_every_operation_and_mode() -> None:
    """docs/ir.md has a section for each operation and a row for each mode."""
    law = (Path(__file__).parents[2] / "docs" / "ir.md").read_text(encoding="utf-8")
    for node in ALL_NODES:
        assert f"\n### `{node.op}`\n" in law
    for mode in (*Rounding, *Overflow):
        assert f"\n| `{mode}` | " in law


def test_the_law_shows_the_text_form() -> None:
    """The example in docs/ir.md is what this version prints."""
    law = (Path(__file__).parents[2] / "docs" / "ir.md").read_text(encoding="utf-8")
    lif = replace(REAL["l"], membrane=None)
    nodes = (REAL["x"], REAL["d"], lif, LastMembrane("u", "l"), REAL["score"], REAL["hit"])
    example = to_text(Graph("toy", 3, nodes, REAL.outputs))
    assert "".join(f"    {line}\n" for line in example.splitlines()) in law
