"""The hand-made device of ``dut.v`` and its ports."""

from pathlib import Path

from fwgen.ir.fixed import Fixed
from fwgen.ir.ports import Interface, Port

DUT = Path(__file__).with_name("dut.v")
INTERFACE = Interface(
    top="dut",
    inputs=(
        Port("x_i", Fixed.parse("fixed<39,39>"), 3),
        Port("y_i", Fixed.parse("fixed<11,4>"), 1),
    ),
    outputs=(
        Port("wide_o", Fixed.parse("fixed<40,40>"), 3),
        Port("total_o", Fixed.parse("fixed<41,41>"), 1),
        Port("flag_o", Fixed.parse("ufixed<1,1>"), 1),
    ),
    latency=6,
    interval=3,
)
