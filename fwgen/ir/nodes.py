"""The operations of a graph: one frozen dataclass each. Nodes describe, they never compute.

This is the table of contents; the families stand in `fwgen.ir.ops`. ``docs/ir.md`` gives the exact
integer result of every operation. Parameters are `Real` as they come from a file and `Const` once
the quantise stage has fixed them; the rest of a node is the same in both kinds of graph.
"""

from fwgen.ir.fixed import BIT
from fwgen.ir.node import Composite, Const, Derived, Node, Pair, Param, Real, Unary
from fwgen.ir.ops import (
    activations,
    basic,
    dense,
    encoders,
    neurons,
    readouts,
    scores,
    vectors,
)
from fwgen.ir.ops.activations import CUSTOM, FUNCTIONS, LeakyRelu, Relu, Table
from fwgen.ir.ops.basic import Input, Quantise
from fwgen.ir.ops.dense import BatchNorm, Dense
from fwgen.ir.ops.encoders import LatencyEncoder
from fwgen.ir.ops.neurons import CubaLif, Lif, Neurons, Reset, ShiftLeak
from fwgen.ir.ops.readouts import (
    FirstSpike,
    LastMembrane,
    Maximum,
    Membrane,
    ReadOut,
    SpikeCount,
)
from fwgen.ir.ops.scores import ArgMax, KlDivergence, SquaredError, SumSquares, Threshold
from fwgen.ir.ops.vectors import (
    Add,
    Concat,
    Gather,
    Multiply,
    Reduce,
    ReduceMax,
    ReduceMin,
    Reduction,
    Reshape,
    Slice,
    Subtract,
    Transpose,
)

__all__ = [
    "ALL_NODES",
    "BIT",
    "CUSTOM",
    "FUNCTIONS",
    "PRIMITIVES",
    "Add",
    "ArgMax",
    "BatchNorm",
    "Composite",
    "Concat",
    "Const",
    "CubaLif",
    "Dense",
    "Derived",
    "FirstSpike",
    "Gather",
    "Input",
    "KlDivergence",
    "LastMembrane",
    "LatencyEncoder",
    "LeakyRelu",
    "Lif",
    "Maximum",
    "Membrane",
    "Multiply",
    "Neurons",
    "Node",
    "Pair",
    "Param",
    "Quantise",
    "ReadOut",
    "Real",
    "Reduce",
    "ReduceMax",
    "ReduceMin",
    "Reduction",
    "Relu",
    "Reset",
    "Reshape",
    "ShiftLeak",
    "Slice",
    "SpikeCount",
    "SquaredError",
    "Subtract",
    "SumSquares",
    "Table",
    "Threshold",
    "Transpose",
    "Unary",
]

ALL_NODES: tuple[type[Node], ...] = (
    *basic.NODES,
    *dense.NODES,
    *activations.NODES,
    *vectors.NODES,
    *neurons.NODES,
    *encoders.NODES,
    *readouts.NODES,
    *scores.NODES,
)
PRIMITIVES: tuple[type[Node], ...] = tuple(n for n in ALL_NODES if not issubclass(n, Composite))
"""What integer graphs are made of: all but the composites."""
