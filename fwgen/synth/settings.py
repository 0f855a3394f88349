"""How fwgen synthesises: every setting in one place, and the same in the report.

The design is synthesised block by block: the modules that the top instantiates keep their
boundaries while cells are mapped, constants and unread bits pass through them first (``opt_hier``),
and only the finished netlist is flattened. So every cell belongs to exactly one block, and the
rows of the report add up to the total. On models/snn_ae that costs 1 LUT of 29,849 next to a
design flattened first.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

# how Yosys names the families of `fwgen.devices.catalogue`
FAMILIES = {"UltraScale+": "xcup", "UltraScale": "xcu", "7 series": "xc7"}
PESSIMISTIC = (
    "Yosys maps additions to CARRY4 chains with two operands, knows no ternary adders and packs "
    "no two small functions into one LUT6_2; Vivado needs fewer LUTs"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What Yosys is told. ``options`` follow ``synth_xilinx -family ... -top ...``."""

    family: str = "xcup"
    options: tuple[str, ...] = ("-flatten", "-noiopad", "-noclkbuf")
    boundaries: str = "blocks kept while mapping, opt_hier across them"
    adders: str = "one carry chain an addition, no carry-save arrays"
    # without Yosys' &scorr and &dch: these replace a signal by an equal one from another neuron
    # however late it comes, which made paths of models/snn_ae through three additions twice as long
    # no {C} as in Yosys' own script: ABC gets it as it stands and reads no option after it; so the
    # delay of wires (-W) would not count, and a choice of four bits takes two LUTs instead of one
    abc9: str = "&syn3; &ps; &if -C 32 {W} {D} {R} -v; &mfs"

    @property
    def cautious(self) -> "Settings":
        """Without ABC's last step, about 2 % of the LUTs.

        On some netlists it makes a loop through a carry chain, at which Yosys stops.
        """
        return replace(self, abc9=self.abc9.removesuffix("; &mfs"))

    def as_json(self) -> dict[str, Any]:
        """The settings as plain data, for the report."""
        return {**asdict(self), "options": list(self.options), "command": self.command("TOP")}

    def command(self, top: str) -> str:
        """Yosys' command that synthesises."""
        return f"synth_xilinx -family {self.family} -top {top} {' '.join(self.options)}"


def script(
    settings: Settings, top: str, files: Sequence[str], adders: str, netlist: str
) -> tuple[str, ...]:
    """Yosys commands from Verilog ``files`` to ``netlist`` + ``.json`` and ``.v``.

    ``adders`` is the techmap file of that name in ``templates/synth``. File names must be plain
    ones, without spaces: they stand in commands.
    """
    synth = settings.command(top)
    return (
        f'scratchpad -set abc9.script "+{settings.abc9}"',
        *(f"read_verilog -icells {name}" for name in files),
        f"hierarchy -check -top {top}",
        f"setattr -mod -set keep_hierarchy 1 {top}/c:* %M *__neuron*",
        "proc; opt_expr; opt_clean",
        "opt_hier; opt_clean; opt_hier; opt_clean",
        # else a register before a table moves past it, and its path into the stage before
        "memory_collect; memory_map -rom-only; bmuxmap; opt_clean",
        f"{synth} -run begin:coarse",
        f"techmap -map {adders}",
        f"{synth} -run coarse:edif",
        "delete t:$scopeinfo; setattr -unset src; setattr -unset src w:*",
        # modules that stand many times stay such: the simulator then compiles each once
        f"write_verilog -noattr {netlist}.v",
        "setattr -mod -unset keep_hierarchy *",
        "flatten; delete t:$scopeinfo",
        f"write_json {netlist}.json",
    )
