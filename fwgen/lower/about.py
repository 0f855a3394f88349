"""What a block does, in one sentence of the Verilog's comments."""

from collections.abc import Mapping

from fwgen.ir.nodes import Dense, KlDivergence, Node, SquaredError, SumSquares, Table, Threshold
from fwgen.ir.ranges import Range


def about(node: Node, values: Mapping[str, Range]) -> str:
    """One sentence on a block."""
    size, reads = len(values[node.name]), " and ".join(f"'{n}'" for n in node.sources)
    match node:
        case Dense():
            return f"dense, {shape(node)}: constant matrix on numbers as an adder graph"
        case Table():
            return f"table: {node.function} of '{node.source}' as {node.fmt}"
        case Threshold():
            return f"threshold: 1 where {reads} is greater than the constant"
        case SquaredError() | SumSquares() | KlDivergence():
            return f"{node.op} of {len(values[node.sources[0]])} elements, exact"
        case _:
            return f"{node.op} of {reads}, {size} element{'s' if size > 1 else ''}"


def shape(node: Dense) -> str:
    """Inputs and outputs."""
    return f"{node.weight.shape[1]} to {node.weight.shape[0]}"
