"""Layer by layer: the float model, and what a user's framework gave, against the reference.

Rows are the model's own layers, also where a pass has made one node of two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ir.cast import Ints, from_real, to_real
from fwgen.ir.nodes import LatencyEncoder, Neurons, Node, Threshold
from fwgen.quantise.passes import Quantised
from fwgen.verify.float_model import evaluate
from fwgen.verify.layers.tally import Apart, Tally
from fwgen.verify.reference import Reference, quantise_input

Floats = NDArray[np.float64]
GROUP = 10_000
GROUP_BYTES = 1 << 28
_COPIES = 48  # bytes an element: integers, real numbers, differences


@dataclass(frozen=True, slots=True)
class Row:
    """One value of the model: a layer's, or the membrane of a lif layer.

    ``node`` is the integer graph's node that the layer is in. ``value`` is the key of its value in
    `fwgen.verify.reference.Trace`; None if it has none, for the reason in ``note``.
    """

    name: str
    op: str
    node: str | None
    value: str | None
    fmt: str = ""
    frac: int = 0
    bits: bool = False
    note: str = ""


def rows_of(quantised: Quantised, reference: Reference) -> list[Row]:
    """A row for every layer of the real graph in order, none left out, the input first."""
    real, where = quantised.real, quantised.homes
    kept = {node.name for node in reference.graph}
    parts: dict[str, list[Node]] = {}
    for node in real:
        parts.setdefault(where[node.name].node, []).append(node)
    rows: list[Row] = []
    for node in real:
        home = where[node.name]
        if home.node not in kept:
            note = "removed by a pass: it has no value in the firmware"
            rows.append(Row(node.name, node.op, None, None, note=note))
            continue
        note = _folded(node, parts[home.node], home.node, own_value=home.own_value)
        if not home.own_value:
            rows.append(Row(node.name, node.op, home.node, None, note=note))
            continue
        rows += _rows(node, home.node, reference, note)
    named = {home.node for home in where.values()}
    for extra in reference.graph:
        if extra.name not in named:
            rows += _rows(extra, extra.name, reference, "added by a pass, no layer of the model")
    return rows


def _rows(node: Node, home: str, reference: Reference, note: str) -> list[Row]:
    values = reference.analysis.values[home]
    bits = isinstance(node, Neurons | LatencyEncoder | Threshold)
    rows = [Row(node.name, node.op, home, home, str(values.fmt), values.frac, bits, note)]
    if isinstance(node, Neurons):
        rows = rows if node.fires else []
        membrane = reference.analysis.lifs[home].membrane
        key = f"{home}.membrane"
        fmt, frac = str(membrane.fmt), membrane.frac
        rows.append(Row(f"{node.name}.membrane", node.op, home, key, fmt, frac))
    return rows


def _folded(node: Node, parts: list[Node], home: str, *, own_value: bool) -> str:
    if len(parts) == 1:
        return ""
    others = ", ".join(f"'{n.name}' ({n.op})" for n in parts if n is not node)
    whole = f"folded with {others} into the firmware's layer '{home}'"
    last = parts[-1].name
    return f"{whole}, whose value this is" if own_value else f"{whole}; compare '{last}' instead"


@dataclass(slots=True, eq=False)
class Layers:
    """The comparison of every layer, added up over groups of events.

    ``floats`` and ``given`` are tallies by row name, ``apart`` how far these two lie from each
    other, also where the reference has no value; ``rounded`` and ``beyond`` count elements of
    the input that are none of its format's numbers, and that its range cannot hold.
    """

    quantised: Quantised
    reference: Reference
    rows: list[Row] = field(init=False)
    floats: dict[str, Tally] = field(default_factory=dict)
    given: dict[str, Tally] = field(default_factory=dict)
    apart: dict[str, Apart] = field(default_factory=dict)
    overflows: dict[str, int] = field(default_factory=dict)
    events: int = 0
    rounded: int = 0
    beyond: int = 0

    def __post_init__(self) -> None:
        self.rows = rows_of(self.quantised, self.reference)

    @property
    def group(self) -> int:
        """Events to add at once: as many as fit into memory with every value of every step."""
        elements = sum(len(r) for r in self.reference.analysis.values.values())
        return max(1, min(GROUP, GROUP_BYTES // (_COPIES * elements * self.reference.graph.steps)))

    def add(self, events: Floats, given: Mapping[str, Floats]) -> tuple[Ints, list[Ints]]:
        """Compare a group; give its integer inputs and the reference's integers of each output.

        Parameters
        ----------
        events
            (events, size), as the network sees them.
        given
            Values by row name, events first.
        """
        x = quantise_input(self.reference.graph, events)
        self._see_input(events, x)
        trace = self.reference.run(x)
        with np.errstate(all="ignore"):  # inputs may be absurdly large; differences then are too
            wide = evaluate(self.quantised.real, events)
        for row in self.rows:
            if row.value is not None:
                self._add_row(row, trace.values[row.value], wide, given)
            if row.name in given and row.name in wide:
                apart = self.apart.setdefault(row.name, Apart())
                apart.add(given[row.name], _events_first(wide[row.name]))
        for name, count in trace.overflows.items():
            self.overflows[name] = self.overflows.get(name, 0) + count
        return x, [trace.values[name] for name in self.reference.graph.outputs]

    def _add_row(
        self, row: Row, exact: Ints, wide: Mapping[str, Floats], given: Mapping[str, Floats]
    ) -> None:
        exact = _events_first(exact)
        if row.name in wide:
            tally = self.floats.setdefault(row.name, Tally(row.frac))
            tally.add_reals(_events_first(wide[row.name]), exact)
        if row.name in given:
            tally = self.given.setdefault(row.name, Tally(row.frac))
            tally.add_reals(given[row.name], exact)

    def _see_input(self, events: Floats, x: Ints) -> None:
        fmt = self.reference.graph.input.fmt
        changed = to_real(x, fmt.frac) != events
        grid = from_real(events[changed], fmt)
        beyond = int(np.count_nonzero((grid < fmt.lo) | (grid > fmt.hi)))
        self.events += len(events)
        self.beyond += beyond
        self.rounded += int(np.count_nonzero(changed)) - beyond

    def figures(self, row: Row) -> dict[str, Any]:
        """A row's figures so far: the float model's, what was given, and these two together."""
        tallies = {
            "float": self.floats.get(row.name),
            "given": self.given.get(row.name),
            "given_from_float": self.apart.get(row.name),
        }
        return {key: None if t is None else t.as_json() for key, t in tallies.items()}


def _events_first(values: Any) -> Any:
    """(steps, events, size) as (events, steps, size); (events, size) as it is."""
    return np.moveaxis(values, 0, 1) if values.ndim == 3 else values  # noqa: PLR2004 - three axes
