"""A mapped netlist as Yosys writes it in JSON (``write_json``): cells, and the bits between them.

A bit is a number; constants are the texts ``0``, ``1`` and ``x``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fwgen.errors import ToolError

Bit = int | str
SHARED = "shared: event control and wiring"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: ``ports`` are its bits by port name, ``outputs`` the names of output ports.

    ``layer`` is the layer that the cell was made for.
    """

    name: str
    kind: str
    layer: str
    ports: Mapping[str, tuple[Bit, ...]]
    outputs: frozenset[str]
    parameters: Mapping[str, str]

    def number(self, parameter: str) -> int:
        """A numeric parameter; 0 where it is not given, and for bits that are unknown."""
        text = str(self.parameters.get(parameter, "0"))
        return int("".join(c if c in "01" else "0" for c in text) or "0", 2)


@dataclass(frozen=True, slots=True)
class Netlist:
    """Cells in the order of their names, and the names that the Verilog gave to bits."""

    cells: tuple[Cell, ...]
    names: Mapping[Bit, str]

    def name(self, bit: Bit) -> str:
        """Name of a bit, such as ``enc1_lif.neuron3.membrane_q[4]``."""
        return self.names.get(bit, f"bit {bit}")


def read_netlist(path: Path, top: str) -> Netlist:
    """The flat module ``top``.

    Raises
    ------
    ToolError
        If the file is no netlist with that module.
    """
    try:
        return netlist_of(json.loads(path.read_text(encoding="utf-8")), top)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(
            str(path),
            needed=f"a netlist of '{top}' as Yosys writes it",
            found=f"{type(error).__name__}: {error}"[:200],
            do="Build again.",
        ) from None


def netlist_of(data: Mapping[str, Any], top: str) -> Netlist:
    """The module ``top`` of JSON data that is already read."""
    module = data["modules"][top]
    cells = module["cells"]
    return Netlist(
        tuple(_cell(name, cells[name]) for name in sorted(cells)),
        _names(module.get("netnames", {})),
    )


def _names(nets: Mapping[str, Any]) -> dict[Bit, str]:
    """One name a bit: that of the shortest public net that holds it."""
    names: dict[Bit, str] = {}
    for name in sorted(nets, key=lambda n: (-len(n), n)):
        bits = nets[name]["bits"]
        if nets[name].get("hide_name"):
            continue
        text = name.replace("__block.", ".")
        for i, bit in enumerate(bits):
            names[bit] = f"{text}[{i}]" if len(bits) > 1 else text
    return names


def _cell(name: str, data: Mapping[str, Any]) -> Cell:
    return Cell(
        name=name,
        kind=data["type"],
        layer=layer_of(name),
        ports={port: tuple(bits) for port, bits in data["connections"].items()},
        outputs=frozenset(p for p, way in data["port_directions"].items() if way == "output"),
        parameters=data.get("parameters", {}),
    )


def layer_of(cell: str) -> str:
    """The layer in a flattened cell's name.

    The top instantiates every block as ``LAYER__block`` or ``LAYER__PART__block``, and a layer's
    name holds no double underscore; what bears neither belongs to all.
    """
    instance = cell.removeprefix("$flatten").lstrip("\\").split(".")[0]
    layer, found, _ = instance.partition("__")
    return layer if found and instance.endswith("__block") else SHARED
