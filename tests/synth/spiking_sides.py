"""One layer of spike-gated accumulators as several tools write it: Verilog of pure logic.

Every side gives a module with one packed input, a bit a spike, and one packed output, the sums.
What other tools write goes into a temporary folder only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from fwgen.emit.cells import SUM, cell_text
from fwgen.emit.module import circuit_text
from fwgen.ir.cast import Ints
from fwgen.ir.fixed import Fixed
from fwgen.ir.ranges import Range, filled, ints
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.spiking.forms import Accumulators
from fwgen.lower.spiking.synapses import SpikedLayer, accumulators
from tests.ops.operation import dense

MODULE = "core"
CLOCK_MHZ = 1.0  # so slow that no form has registers inside
HAS_DA4ML = find_spec("da4ml") is not None
Options = Mapping[str, Any]
_UNUSED = ("lookup_table.v",)  # reads a file that is not there if nobody gives one


@dataclass(frozen=True, slots=True)
class Side:
    """Verilog of a layer: ``files``, the top ``module``, its two ports and the sums' format.

    ``seconds`` is what the tool took; ``estimate`` are the LUTs that it promises, if it does.
    """

    name: str
    files: tuple[Path, ...]
    module: str
    ports: tuple[str, str]
    sums: Fixed
    seconds: float
    estimate: int | None = None
    solver: bool = False


# ---- as anyone would write it ----


def naive(weight: Ints, work: Path) -> Side:
    """``(spike ? weight : 0)`` for every synapse, in a balanced tree of ``+``.

    Every partial sum is as wide as its bounds.
    """
    start = perf_counter()
    sums = _sums(weight)
    outs, ins = len(weight), len(weight[0])
    shown = f"output wire [{outs * sums.width - 1}:0] current_o"
    lines = [f"module {MODULE} (input wire [{ins - 1}:0] spike_i, {shown});"]
    for o, row in enumerate(weight):
        terms = [_gate(f"n{o}_w{i}", i, int(w), lines) for i, w in enumerate(row) if w]
        total = _tree(f"n{o}", terms, lines)
        place = f"[{(o + 1) * sums.width - 1}:{o * sums.width}]"
        lines.append(f"wire signed [{sums.width - 1}:0] n{o}_whole = {total};")
        lines.append(f"assign current_o{place} = n{o}_whole;")
    path = work / f"{MODULE}.v"
    path.write_text("\n".join([*lines, "endmodule", ""]), encoding="utf-8")
    seconds = perf_counter() - start
    return Side("gated adder tree", (path,), MODULE, ("spike_i", "current_o"), sums, seconds)


Term = tuple[str, int, int]  # a signal's name and its bounds


def _gate(name: str, spike: int, weight: int, lines: list[str]) -> Term:
    bounds = min(weight, 0), max(weight, 0)
    width = _signed(*bounds)
    sign = "-" if weight < 0 else ""
    value = f"spike_i[{spike}] ? {sign}{width}'sd{abs(weight)} : {width}'sd0"
    lines.append(f"wire signed [{width - 1}:0] {name} = {value};")
    return (name, *bounds)


def _tree(name: str, terms: Sequence[Term], lines: list[str]) -> str:
    """The name of the terms' sum."""
    level = 0
    while len(terms) > 1:
        level += 1
        pairs = zip(terms[::2], terms[1::2], strict=False)
        summed = [_plus(f"{name}_l{level}_{k}", a, b, lines) for k, (a, b) in enumerate(pairs)]
        terms = [*summed, *terms[len(terms) & ~1 :]]
    return terms[0][0] if terms else "0"


def _plus(name: str, a: Term, b: Term, lines: list[str]) -> Term:
    lo, hi = a[1] + b[1], a[2] + b[2]
    lines.append(f"wire signed [{_signed(lo, hi) - 1}:0] {name} = {a[0]} + {b[0]};")
    return name, lo, hi


def _signed(lo: int, hi: int) -> int:
    """Bits of a signed signal with these bounds."""
    return max(hi.bit_length(), (~lo).bit_length() if lo < 0 else 0) + 1


def _sums(weight: Ints) -> Fixed:
    lo, hi = np.minimum(weight, 0).sum(axis=1), np.maximum(weight, 0).sum(axis=1)
    width = _signed(int(lo.min()), int(hi.max()))
    return Fixed(True, width, width)


# ---- fwgen ----


def all_forms(weight: Ints) -> tuple[list[Accumulators], float]:
    """Every form of fwgen's accumulators, the smallest first, and the seconds for all of them."""
    start = perf_counter()
    ins = weight.shape[1]
    lo, hi = np.minimum(weight, 0).sum(axis=1), np.maximum(weight, 0).sum(axis=1)
    spikes = Range(filled(0, ins), filled(1, ins), 0)
    sums = Range(ints(lo.tolist()), ints(hi.tolist()), 0)
    found = accumulators(SpikedLayer(dense("d", "s", weight), spikes, sums, Pace(CLOCK_MHZ)))
    return found, perf_counter() - start


def fwgen_side(form: Accumulators, seconds: float, work: Path) -> Side:
    """One form, as the emitter writes it."""
    start = perf_counter()
    path = work / f"{MODULE}.v"
    path.write_text(circuit_text(MODULE, form.circuit, "benchmark"), encoding="utf-8")
    files = (path,)
    if form.circuit.carries:
        files = (path, work / f"{SUM}.v")
        files[1].write_text(cell_text(SUM), encoding="utf-8")
    (out,) = form.circuit.outputs
    seconds += perf_counter() - start
    ports = "spike_i", "current_o"
    return Side(f"fwgen: {form.about}", files, MODULE, ports, out.fmt, seconds, form.luts)


# ---- solvers of adder graphs ----


def alkaid(weight: Ints, work: Path, options: Options) -> Side:
    """The solver of alkaid on inputs of one bit, and its own emitter, ternary additions off."""
    from alkaid.codegen import RTLModel  # noqa: PLC0415 - either tool may be missing
    from alkaid.trace import FVArrayInput, trace  # noqa: PLC0415

    start = perf_counter()
    given = FVArrayInput(weight.shape[1], solver_options=dict(options))
    program = trace(given, _product(given, weight))
    RTLModel(program, work, prj_name=MODULE, ternary_fuse=False).write()
    return _solved("alkaid", options, program, work, perf_counter() - start)


def da4ml(weight: Ints, work: Path, options: Options) -> Side:
    """da4ml, alkaid's predecessor, with its own emitter."""
    from da4ml.codegen import VerilogModel  # noqa: PLC0415
    from da4ml.trace import FixedVariableArrayInput, comb_trace  # noqa: PLC0415

    start = perf_counter()
    given = FixedVariableArrayInput(weight.shape[1], solver_options=dict(options) or None)
    program = comb_trace(given, _product(given, weight))
    VerilogModel(program, MODULE, work).write()
    return _solved("da4ml", options, program, work, perf_counter() - start)


def _product(given: Any, weight: Ints) -> Any:
    return given.quantize(0, 1, 0) @ weight.T.astype(np.float64)


def _solved(name: str, options: Options, program: Any, work: Path, seconds: float) -> Side:
    """The wrapper that both emitters write brings the sums to one format."""
    found = sorted((work / "src").rglob("*.v"))
    files = tuple(path for path in found if path.name not in _UNUSED)
    signed, integer, frac = (int(n) for n in np.max(program.out_kifs, axis=1))
    sums = Fixed(bool(signed), signed + integer + frac, signed + integer)
    given = "".join(f", {key}={value}" for key, value in options.items())
    ports = "model_inp", "model_out"
    return Side(name + given, files, f"{MODULE}_wrapper", ports, sums, seconds, solver=True)


def others(weight: Ints, work: Path) -> Iterator[Side]:
    """What the solvers write: alkaid with its defaults and as shallow as can be, da4ml if there."""
    asked = [(alkaid, {}), (alkaid, {"hard_dc": 0}), *[(da4ml, {})] * HAS_DA4ML]
    for k, (tool, options) in enumerate(asked):
        folder = work / f"{tool.__name__}{k}"
        folder.mkdir()
        yield tool(weight, folder, options)
