"""Look-up tables as memories that are never written.

The attributes keep them in LUTs: a block RAM would be slower. Yosys obeys the first that it knows,
Vivado the second.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    """A memory with these entries; None stands for one that is never addressed, and stays empty.

    The entries are lists in the order of their addresses, which loops put into the memory.
    """
    found = Memory([f"{_ATTRIBUTES} reg [{width - 1}:0] {name} [0:{len(entries) - 1}];"], [])
    listed, i = f"{name.removesuffix(TABLE)}__values", ENTRY
    for start, part in _lists(entries):
        values, last = names.take(listed), start + len(part) - 1
        packed = ", ".join(literal(value, width) for value in part)
        taken = f"{values}[{width}*({last}-{i})+:{width}]"
        found.declared.append(f"localparam [{width * len(part) - 1}:0] {values} = {{{packed}}};")
        found.fill.append(
            f"for ({i} = {start}; {i} <= {last}; {i} = {i} + 1) {name}[{i}] = {taken};"
        )
    return found


def _lists(entries: Sequence[int | None]) -> Iterator[tuple[int, list[int]]]:
    """Entries that follow one another, with the address of the first."""
    start, part = 0, list[int]()
    for place, value in enumerate([*entries, None]):
        if part and (value is None or len(part) == _LISTED):
            yield start, part
            part = []
        if value is not None:
            start = start if part else place
            part.append(value)


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
