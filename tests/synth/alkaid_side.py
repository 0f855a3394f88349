"""The same integer function, written with alkaid's own operations and emitted by alkaid itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from alkaid.codegen import RTLModel
from alkaid.trace import FVArray, FVArrayInput, trace
from alkaid.types import CombLogic

from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import Dense, Input, Node, Param, Quantise, Relu, SumSquares, Threshold
from fwgen.ir.ranges import const
from fwgen.verify.reference import Reference

Options = Mapping[str, Any]


def rebuild(graph: Graph, options: Options) -> CombLogic:
    """A graph as alkaid's program, traced and optimised by alkaid; outputs in the graph's order.

    Parameters
    ----------
    options
        Of alkaid's solver; none are alkaid's own defaults.

    Raises
    ------
    TypeError
        For an operation that is not rebuilt here.
    """
    given = FVArrayInput(graph.input.size, solver_options=dict(options))
    values: dict[str, FVArray] = {}
    for node in graph:
        sources = [values[name] for name in node.sources]
        values[node.name] = _value(node, [given] if isinstance(node, Input) else sources)
    outputs = np.concatenate([np.asarray(values[name]).ravel() for name in graph.outputs])
    return trace(given, outputs)


def _value(node: Node, sources: list[FVArray]) -> FVArray:
    (x,) = sources
    match node:
        case Input():  # alkaid takes an input's format from this, and no modes
            return x.quantize(*_kif(node.fmt))
        case Quantise():
            modes = {"overflow_mode": str(node.fmt.overflow), "round_mode": str(node.fmt.rounding)}
            return x.quantize(*_kif(node.fmt), **modes)
        case Dense():
            return x @ _real(node.weight).T + _real(node.bias)
        case Relu():
            return x.relu()
        case SumSquares():  # as tables: a product would become a DSP, which fwgen does not use
            squares = np.asarray(x.apply(np.square).quantize())
            return FVArray(np.array([np.sum(FVArray(squares))]))
        case Threshold():
            return x > _real(node.value)
        case _:
            raise TypeError(f"'{node.name}' ({node.op}) is not rebuilt with alkaid")


def _kif(fmt: Fixed) -> tuple[int, int, int]:
    """Sign, integer bits without the sign, fraction bits."""
    return int(fmt.signed), fmt.integer - fmt.signed, fmt.frac


def _real(parameter: Param) -> Any:
    fixed = const(parameter)
    return np.asarray(fixed.values, dtype=np.float64) * 2.0**-fixed.fmt.frac


def differences(program: CombLogic, reference: Reference, events: Ints) -> int:
    """How many integers of alkaid's interpreter are not those of fwgen's reference."""
    graph = reference.graph
    found = program.predict(events * 2.0**-graph.input.fmt.frac)
    values = reference.run(events, keep=graph.outputs).values
    fracs = {name: reference.analysis.values[name].frac for name in graph.outputs}
    wanted = np.concatenate([values[n] * 2.0 ** -fracs[n] for n in graph.outputs], axis=1)
    return int(np.count_nonzero(found != wanted))


def emit(
    program: CombLogic, top: str, stages: int, folder: Path, *, ternary: bool
) -> tuple[Path, ...]:
    """Alkaid's own Verilog with its helper modules, ``stages`` + 1 levels of registers.

    ``ternary`` is alkaid's default: sums of three numbers become one operator. The helper modules
    are under the LGPL: ``folder`` should be a temporary one.
    """
    model = RTLModel(program, folder, prj_name=top, n_stages=stages, ternary_fuse=ternary)
    model.write()
    sources = sorted((folder / "src").rglob("*.v"))
    return tuple(path for path in sources if path.name != f"{top}_wrapper.v")
