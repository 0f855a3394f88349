"""Look-up tables as memories that are never written.

The attributes keep them in LUTs: a block RAM would be slower. Yosys obeys the first that it knows,
Vivado the second.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from fwgen.devices.delays import LUT_INPUTS
from fwgen.emit.literals import literal
from fwgen.lower.circuit.names import Names
from fwgen.lower.circuit.words import Lookup

TABLE = "__table"  # what the names of memories of one operation end in
ENTRY = "entry"  # the variable of the loops that fill memories
_BLOCKED = 8  # address bits of tables that are written as blocks of a LUT each
_LISTED = 256  # entries of one list: tools slow down where constants have very many bits
_ATTRIBUTES = '(* ram_style = "registers", rom_style = "distributed" *)'


@dataclass(frozen=True, slots=True)
class Memory:
    """Statements of a memory: its declarations, and the loops that ``fill`` it."""

    declared: list[str]
    fill: list[str]


def memory(names: Names, name: str, width: int, entries: Sequence[int | None]) -> Memory:
    """A memory with these entries; None stands for one that is never addressed.

    The entries are a list in the order of their addresses, which a loop puts into the memory.
    """
    found = Memory([f"{_ATTRIBUTES} reg [{width - 1}:0] {name} [0:{len(entries) - 1}];"], [])
    listed, i = f"{name.removesuffix(TABLE)}__values", ENTRY
    for start in range(0, len(entries), _LISTED):
        part = entries[start : start + _LISTED]
        values, last = names.take(listed), len(part) - 1
        packed, place = ", ".join(_listed(part, width)), f"{start} + {i}" if start else i
        taken = f"{values}[{width}*({last}-{i})+:{width}]"
        found.declared.append(f"localparam [{width * len(part) - 1}:0] {values} = {{{packed}}};")
        found.fill.append(f"for ({i} = 0; {i} <= {last}; {i} = {i} + 1) {name}[{place}] = {taken};")
    return found


def _listed(entries: Sequence[int | None], width: int) -> Iterator[str]:
    for value, alike in groupby(entries):
        count = len(list(alike))
        if value is not None:
            yield from [literal(value, width)] * count
        else:
            yield f"{{{count}{{{width}'dx}}}}" if count > 1 else f"{width}'dx"


def block_bits(op: Lookup) -> int:
    """Address bits of each memory of a table.

    Tables somewhat larger than a LUT are LUTs and a choice among them, written as such: left to
    itself Yosys maps some of their bits twice as deep.
    """
    return min(op.bits, LUT_INPUTS) if op.bits <= _BLOCKED else op.bits


def entry_blocks(op: Lookup) -> list[list[int | None] | None]:
    """Entries of a table's memories, by the upper bits of the address.

    None stands for a memory that no operand ever addresses, and for such an entry.
    """
    every: list[int | None] = [None] * (1 << op.bits)
    for place, value in enumerate(op.values, op.first):
        every[place % len(every)] = value
    size = 1 << block_bits(op)
    rows = (every[start : start + size] for start in range(0, len(every), size))
    return [row if row.count(None) < size else None for row in rows]


def key(op: Lookup) -> tuple[object, ...]:
    """What equal tables have in common."""
    return op.bits, op.word.width, op.first, op.values
