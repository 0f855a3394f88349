"""Look-up tables as memories that are never written."""

from fwgen.devices.delays import LUT_INPUTS
from fwgen.emit.literals import literal
from fwgen.lower.circuit.words import Lookup

_BLOCKED = 8  # address bits of tables that are written as blocks of a LUT each


def block_bits(op: Lookup) -> int:
    """Address bits of each memory of a table.

    Tables somewhat larger than a LUT are LUTs and a choice among them, written as such: left to
    itself Yosys maps some of their bits twice as deep.
    """
    return min(op.bits, LUT_INPUTS) if op.bits <= _BLOCKED else op.bits


def blocks(name: str, op: Lookup) -> list[str | None]:
    """Names of a table's memories, by the upper bits of the address.

    None stands for one that no operand ever addresses.
    """
    bits, mask = block_bits(op), (1 << op.bits) - 1
    if bits == op.bits:
        return [name]
    used = {(op.first + n & mask) >> bits for n in range(len(op.values))}
    return [f"{name}_{k}" if k in used else None for k in range(1 << op.bits - bits)]


def memory(name: str, op: Lookup, block: int) -> list[str]:
    """A memory with those values whose addresses have ``block`` as their upper bits."""
    bits, width = block_bits(op), op.word.width
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
