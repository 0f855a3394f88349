"""The toy network whose Verilog stands in tests/golden: a 3-4-2 spiking net.

``python -m tests.emit.golden`` writes the golden files again.
"""

from pathlib import Path

import numpy as np

from fwgen.emit.top import emit_rtl
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    Dense,
    Input,
    LastMembrane,
    Lif,
    Node,
    Real,
    Reset,
    SquaredError,
    Threshold,
)
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.quantise.passes import quantise

FOLDER = Path(__file__).parents[1] / "golden" / "toy"
CLOCK_MHZ = 240.0

HIDDEN = [[0.5, -0.25, 1.0], [0.75, 0.5, -0.5], [-1.0, 0.25, 0.25], [0.0, 1.25, 0.5]]
OUTPUT = [[1.0, -0.5, 0.25, 0.75], [-0.75, 1.0, 0.5, -0.25]]
EXPECTED = [[1.0, 0.0, -1.0], [0.0, 1.0, 1.0]]


def dense(name: str, source: str, weight: list[list[float]], bias: list[float]) -> Dense:
    """A dense layer with 5-bit weights."""
    return Dense(
        name, source, Real(np.array(weight), Fixed.parse("fixed<5,3>")), Real(np.array(bias))
    )


def lif(name: str, source: str, threshold: list[float], *, delay: bool) -> Lif:
    """A lif layer with a saturating membrane."""
    return Lif(
        name,
        source,
        beta=Real(np.array(0.875)),
        threshold=Real(np.array(threshold)),
        membrane=Fixed.parse("fixed<9,4,RND,SAT>"),
        reset=Reset.SUBTRACT,
        reset_delay=delay,
    )


def toy() -> Graph:
    """The network as an integer graph."""
    nodes: list[Node] = [
        Input("x", 3, Fixed.parse("ufixed<4,1,RND,SAT>")),
        dense("hidden", "x", HIDDEN, [0.25, 0.0, 0.5, -0.25]),
        lif("hidden_lif", "hidden", [1.0, 1.0, 1.5, 1.0], delay=True),
        dense("recon", "hidden_lif", OUTPUT, [0.0, 0.25]),
        lif("recon_lif", "recon", [1.25, 1.25], delay=False),
        LastMembrane("membrane", "recon_lif"),
        dense("target", "x", EXPECTED, [0.0, 0.0]),
        SquaredError("score", "membrane", "target"),
        Threshold("trigger", "score", Real(np.array(0.5))),
    ]
    return quantise(Graph("toy", 3, tuple(nodes), ("score", "trigger", "membrane")))


def files() -> dict[str, str]:
    """The toy network's Verilog by file name."""
    graph = toy()
    return emit_rtl(lower(graph, Pace(CLOCK_MHZ)), graph)


def main() -> None:
    """Write the golden files anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.v"):
        path.unlink()
    for name, text in files().items():
        # cells are hand-written; templates/cells is their own golden copy
        if not name.startswith("fwgen_"):
            (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
