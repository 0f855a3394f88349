"""Look-up tables as memories that are never written."""

from fwgen.emit.literals import literal
from fwgen.lower.ops import GROUP_BITS, Lookup

_BLOCKED = 8  # address bits of tables that are written as blocks of a LUT each


def block_bits(op: Lookup) -> int:
    """Address bits of each memory of a table.

    Tables somewhat larger than a LUT are LUTs and a choice among them, written as such: left to
    itself Yosys maps some of their bits twice as deep.
    """
    return GROUP_BITS if op.bits <= _BLOCKED else op.bits


def blocks(op: Lookup) -> list[str]:
    """What the names of a table's memories end in, by the upper bits of the address."""
    count = 1 << max(0, op.bits - block_bits(op))
    return [f"_{k}" for k in range(count)] if count > 1 else [""]


def memory(name: str, op: Lookup, block: int) -> list[str]:
    """A memory with those values whose addresses have ``block`` as their upper bits."""
    bits, width = min(op.bits, block_bits(op)), op.word.width
    places = ((n & ((1 << op.bits) - 1), value) for n, value in enumerate(op.values, op.first))
    held = [(n % (1 << bits), value) for n, value in places if n >> bits == block]
    return [
        '(* ram_style = "registers", rom_style = "distributed" *)',
        f"reg [{width - 1}:0] {name} [0:{(1 << bits) - 1}];",
        "initial begin",
        *(f"    {name}[{literal(n, bits)}] = {literal(value, width)};" for n, value in held),
        "end",
    ]


def key(op: Lookup) -> tuple[object, ...]:
    """What equal tables have in common."""
    return op.bits, op.word.width, op.first, op.values
