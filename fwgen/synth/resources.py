"""What a mapped netlist takes of an FPGA: by layer, in total, and as a share of the device."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from fwgen.devices.catalogue import Device
from fwgen.errors import ToolError
from fwgen.synth.netlist import SHARED, Cell
from fwgen.tools.plain import Json


@dataclass(frozen=True, slots=True)
class Resources:
    """Counts of cells.

    ``lut`` is everything that sits in a look-up table: logic, shift registers (``srl``) and
    memory (``lutram``), the latter two also on their own. ``carry`` counts chains of 4 bits.
    ``bram36`` may end in a half.
    """

    lut: int = 0
    ff: int = 0
    dsp: int = 0
    bram36: float = 0
    uram: int = 0
    carry: int = 0
    srl: int = 0
    lutram: int = 0

    def __add__(self, other: "Resources") -> "Resources":
        pairs = ((f.name, getattr(self, f.name) + getattr(other, f.name)) for f in fields(self))
        return Resources(**dict(pairs))

    def as_json(self) -> Json:
        """For the report; whole numbers of BRAM36 as such."""
        counts = asdict(self)
        return {name: int(n) if n == int(n) else n for name, n in counts.items()}


_LUT, _FF, _DSP = Resources(lut=1), Resources(ff=1), Resources(dsp=1)
_SRL = Resources(lut=1, srl=1)
COSTS: dict[str, Resources] = {
    **{f"LUT{n}": _LUT for n in range(1, 7)},
    "LUT6_2": _LUT,
    **dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE", "LDCE", "LDPE"), _FF),
    **dict.fromkeys(("SRL16E", "SRLC16E", "SRLC32E"), _SRL),
    "CARRY4": Resources(carry=1),
    "CARRY8": Resources(carry=2),
    "DSP48E1": _DSP,
    "DSP48E2": _DSP,
    **{kind: Resources(bram36=0.5) for kind in ("RAMB18E1", "RAMB18E2")},
    **{kind: Resources(bram36=1) for kind in ("RAMB36E1", "RAMB36E2")},
    "URAM288": Resources(uram=1),
    # LUTs that each memory takes: UG474 and UG574, "Distributed RAM"
    **{kind: Resources(lut=n, lutram=n) for kind, n in (
        ("RAM32X1S", 1), ("RAM64X1S", 1), ("RAM128X1S", 2), ("RAM256X1S", 4), ("RAM512X1S", 8),
        ("RAM32X1D", 2), ("RAM64X1D", 2), ("RAM128X1D", 4), ("RAM256X1D", 8),
        ("RAM32M", 4), ("RAM64M", 4), ("RAM32M16", 8), ("RAM64M8", 8),
    )},
    # inverters vanish into the LUTs that read them; wide multiplexers and buffers sit next to them
    **{kind: Resources() for kind in ("INV", "MUXF7", "MUXF8", "MUXF9", "BUFG", "GND", "VCC")},
}  # fmt: skip


def count(cells: Iterable[Cell]) -> dict[str, Resources]:
    """Resources by layer, in the order in which layers first appear.

    Raises
    ------
    ToolError
        If a cell is of a kind whose cost is not known: counting it as nothing would be a lie.
    """
    rows: dict[str, Resources] = {}
    for cell in cells:
        if cell.kind not in COSTS:
            raise ToolError(
                f"cell '{cell.name}' of the netlist",
                needed=f"a kind whose cost is known: {', '.join(COSTS)}",
                found=cell.kind,
                do="This is a fault of fwgen; please report it with the model.",
            )
        rows[cell.layer] = rows.get(cell.layer, Resources()) + COSTS[cell.kind]
    return rows


def total(rows: dict[str, Resources]) -> Resources:
    """The sum of all rows."""
    return sum(rows.values(), Resources())


def ordered(rows: dict[str, Resources], layers: Iterable[str]) -> list[Json]:
    """Rows for the report: the model's layers first and in their order, what is shared last."""
    names = [name for name in layers if name in rows]
    names += [name for name in rows if name not in names and name != SHARED]
    names += [SHARED] if SHARED in rows else []
    return [{"name": name, **rows[name].as_json()} for name in names]


def percent(used: Resources, device: Device) -> Json:
    """``used`` in percent of the device, and of one of its super logic regions."""
    counts = {name: getattr(used, name) for name in ("lut", "ff", "dsp", "bram36", "uram")}
    shares = {
        name: 100.0 * n / getattr(device, name)
        for name, n in counts.items()
        if getattr(device, name)
    }
    return {
        "device": {name: round(share, 3) for name, share in shares.items()},
        "slr": {name: round(share * device.slr, 3) for name, share in shares.items()},
    }
