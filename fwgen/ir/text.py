"""The text form of a graph: one line a node, for people, dumps and golden tests."""

from dataclasses import Field, fields
from typing import Any

import numpy as np

from fwgen.ir.cast import to_real
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Const, Node, Real, ShiftLeak


def to_text(graph: Graph) -> str:
    """The whole graph, one line a node, ending in a newline."""
    head = f"graph {graph.name} steps={graph.steps}"
    body = [f"  {node_text(node)}" for node in graph]
    return "\n".join([head, *body, f"outputs {', '.join(graph.outputs)}"]) + "\n"


def node_text(node: Node) -> str:
    """One node as ``name = op(sources) field=value ...``."""
    held = {f.name: getattr(node, f.name) for f in fields(node) if _shown(f, getattr(node, f.name))}
    parts = [f"{key}={_value(value)}" for key, value in held.items()]
    return " ".join([f"{node.name} = {node.op}({', '.join(node.sources)})", *parts])


def _shown(field: "Field[Any]", value: Any) -> bool:
    """The name and the sources stand before; what is absent for good, or switched off, nowhere."""
    known = field.metadata
    if field.name == "name" or known.get("role") == "source":
        return False
    return not ((value is None and "optional" in known) or (value is False and "switch" in known))


def _value(value: Any) -> str:
    match value:
        case Const():
            return f"{_array(to_real(value.values, value.fmt.frac))}:{value.fmt}"
        case Real():
            return f"{_array(value.values)}:{value.fmt or 'auto'}"
        case ShiftLeak():
            return f"1-2^-{value.shift}"
        case None:
            return "auto"
        case np.ndarray():
            return f"[{'x'.join(map(str, value.shape))}]"
        case tuple():
            return "x".join(map(str, value))
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _array(values: "np.ndarray[Any, np.dtype[np.float64]]") -> str:
    if values.ndim == 0:
        return repr(float(values))
    return f"[{'x'.join(map(str, values.shape))}]"
