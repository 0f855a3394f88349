"""What blocks say of themselves."""

from fwgen.ir.nodes import Dense


def shape(node: Dense) -> str:
    """Inputs and outputs of a matrix, in words."""
    return f"{node.weight.shape[1]} to {node.weight.shape[0]}"
