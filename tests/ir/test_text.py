"""The text form of graphs, as golden texts."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    ALL_NODES,
    Dense,
    Input,
    LastMembrane,
    Lif,
    Real,
    Reset,
    ShiftLeak,
    SquaredError,
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
  hit = threshold(score) value=0.296875:ufixed<5,-1,RND_CONV>
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
