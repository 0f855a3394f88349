"""The delay model: every constant that fwgen's timing figures rest on, with its source.

None is calibrated against a placed and routed design; a figure made from them is *estimated* and
shown with a low and a high. All values are picoseconds unless the name says otherwise.

Sources
-------
assumed
    No source: chosen to be plausible.
prototype
    Constants under which fwgen's spiking prototypes were compared, for UltraScale+ -2; not
    calibrated.
DS923
    AMD, Virtex UltraScale+ Data Sheet v1.20, "DSP48 Slice Switching Characteristics": 891, 775 and
    645 MHz for -3, -2 and -1 with all registers, 635, 544 and 456 MHz for two registers around the
    multiplier ("without MREG").
DS922
    AMD, Kintex UltraScale+ Data Sheet v1.18, "Clock Buffers and Networks": global clock tree.
cells_sim
    Yosys 0.70, ``share/xilinx/cells_sim.v``, taken there from the prjxray database of Artix-7.
"""

import re
from dataclasses import dataclass, fields, replace

PERMILLE = 1000
LUT_INPUTS = 6  # of all families here
SHORTEST_SHIFT = 3  # registers in a row that Yosys turns into a shift-register LUT
# nets are what placement and routing decide; the range of the report comes from them
NETS_LOW, NETS_HIGH = 700, 1400  # assumed


@dataclass(frozen=True, slots=True)
class Delays:
    """Delays of one family and speed grade.

    ``net`` is a net to one sink, ``net_doubling`` is added each time that the number of sinks
    doubles. A carry chain costs ``carry_in`` at its entry, half of ``carry_8`` for each CARRY4
    passed and ``carry_out`` where a sum or a carry leaves it. ``slack`` is kept for clock skew and
    jitter. Inside a slice (LUT to its carry bit, multiplexer or flip-flop, carry to carry) nets
    cost nothing.
    """

    name: str
    clk_to_q: int
    setup: int
    slack: int
    lut: int
    mux: int
    net: int
    net_doubling: int
    carry_in: int
    carry_8: int
    carry_out: int
    dsp: int
    srl_clk_to_q: int
    srl_setup: int
    bram_clk_to_q: int
    bram_setup: int
    clock_tree_mhz: int

    def wire(self, sinks: int) -> int:
        """Delay of a net with that many sinks."""
        return self.net + self.net_doubling * (max(1, sinks).bit_length() - 1)

    def chain(self, bits: int) -> int:
        """Delay of a carry chain of ``bits`` bits, from its first LUT to its last sum."""
        passed = max(0, (bits + 3) // 4 - 1)
        return self.carry_in + passed * self.carry_8 // 2 + self.carry_out

    @property
    def register(self) -> int:
        """What a register takes of a clock cycle."""
        return self.clk_to_q + self.setup + self.slack

    def scaled(self, name: str, permille: int, **others: int) -> "Delays":
        """These delays times ``permille`` / 1000, under another name; ``others`` are set."""
        kept = {"name", "clock_tree_mhz", *others}
        delays = {
            f.name: round(getattr(self, f.name) * permille / PERMILLE)
            for f in fields(self)
            if f.name not in kept
        }
        return replace(self, name=name, **delays, **others)


_ULTRASCALE_PLUS_2 = Delays(
    name="UltraScale+ -2",
    clk_to_q=100,  # assumed
    setup=50,  # assumed
    slack=100,  # assumed
    lut=100,  # prototype
    mux=60,  # assumed
    net=350,  # prototype
    net_doubling=35,  # assumed: a tenth of a net
    carry_in=200,  # prototype, sum included
    carry_8=50,  # prototype
    carry_out=0,  # prototype: part of the entry
    dsp=1838,  # DS923: 1 / 544 MHz
    srl_clk_to_q=490,  # assumed: 4.9 flip-flops, as in cells_sim
    srl_setup=100,  # assumed
    bram_clk_to_q=900,  # assumed
    bram_setup=300,  # assumed
    clock_tree_mhz=775,  # DS922
)
_SEVEN_1 = Delays(
    name="7 series -1",
    clk_to_q=303,  # cells_sim FDRE
    setup=0,  # cells_sim FDRE: -46, taken as 0
    slack=150,  # assumed
    lut=127,  # cells_sim LUT6, its fastest input
    mux=223,  # cells_sim MUXF7
    net=560,  # assumed: 1.6 of UltraScale+ -2
    net_doubling=56,  # assumed
    carry_in=508,  # cells_sim CARRY4: S[0] to CO[3]
    carry_8=228,  # cells_sim CARRY4: twice CI to CO[3]
    carry_out=0,  # cells_sim: S to O is no longer than S to CO
    dsp=2952,  # cells_sim DSP48E1: AREG to P
    srl_clk_to_q=1472,  # cells_sim SRL16E
    srl_setup=173,  # cells_sim SRL16E
    bram_clk_to_q=2454,  # cells_sim RAMB36E1 without output register
    bram_setup=566,  # assumed
    clock_tree_mhz=625,  # assumed
)
_ULTRASCALE_2 = _ULTRASCALE_PLUS_2.scaled(  # assumed: a quarter slower than UltraScale+
    "UltraScale -2", 1250, dsp=2298, clock_tree_mhz=630
)

# by family and speed grade; grades by the ratio of DSP48 frequencies where one is known
MODELS: dict[tuple[str, int], Delays] = {
    ("UltraScale+", 1): _ULTRASCALE_PLUS_2.scaled(  # DS923: 775 / 645; DSP 1 / 456 MHz; DS922
        "UltraScale+ -1", 1202, dsp=2193, clock_tree_mhz=667
    ),
    ("UltraScale+", 2): _ULTRASCALE_PLUS_2,
    ("UltraScale+", 3): _ULTRASCALE_PLUS_2.scaled(  # DS923: 775 / 891; DSP 1 / 635 MHz; DS922
        "UltraScale+ -3", 870, dsp=1575, clock_tree_mhz=891
    ),
    ("UltraScale", 1): _ULTRASCALE_2.scaled("UltraScale -1", 1120),  # assumed
    ("UltraScale", 2): _ULTRASCALE_2,
    ("UltraScale", 3): _ULTRASCALE_2.scaled("UltraScale -3", 890, clock_tree_mhz=725),  # assumed
    ("7 series", 1): _SEVEN_1,
    ("7 series", 2): _SEVEN_1.scaled("7 series -2", 850, clock_tree_mhz=710),  # assumed
    ("7 series", 3): _SEVEN_1.scaled("7 series -3", 750, clock_tree_mhz=741),  # assumed
}
DEFAULT_GRADE = 2
DEFAULT = MODELS["UltraScale+", DEFAULT_GRADE]


def speed_grade(part: str) -> int:
    """Speed grade in a full part number such as ``xcvu9p-flga2104-2L-e``; 2 where none stands."""
    found = re.search(r"-([123])(?![0-9])", part)
    return int(found[1]) if found else DEFAULT_GRADE


def model_for(family: str, part: str) -> Delays:
    """The delays of a part of a family such as ``UltraScale+``."""
    return MODELS[family, speed_grade(part)]
