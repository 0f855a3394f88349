"""Names are checked once, here, because they end up in Verilog, Tcl and shell."""

import re

from fwgen.errors import BundleError

MAX_LENGTH = 48
# what names of a layer's parts end in: leaky synaptic currents, and what membranes see of them
SYNAPSE, CURRENT = "_syn", "_current"
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")

# IEEE 1364-2005 annex B, plus VHDL-2008 and SystemVerilog words that trip mixed-language tools
_WORDS = """
abs accept_on access after alias all always always_comb always_ff always_latch and architecture
array assert assign assume attribute automatic before begin bind bins binsof bit block body
break buf buffer bufif0 bufif1 bus byte case casex casez cell chandle checker class clk clocking
cmos component config configuration const constant constraint context continue cover coverage
covergroup coverpoint cross deassign default defparam design disable disconnect dist do downto
edge else elsif end endcase endchecker endclass endclocking endconfig endfunction endgenerate
endgroup endinterface endmodule endpackage endprimitive endprogram endproperty endsequence
endspecify endtable endtask entity enum event eventually exit expect export extends extern file
final first_match for force foreach forever fork forkjoin function generate generic genvar
global group guarded highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies
import impure in incdir include inertial initial inout input inside instance int integer
interconnect interface intersect is join join_any join_none label large let liblist library
linkage literal local localparam logic longint loop macromodule map matches medium mod modport
module nand negedge nettype new next nexttime nmos nor noshowcancelled not notif0 notif1 null of
on open or others out output package packed parameter pmos port posedge postponed primitive
priority procedure process program property protected pull0 pull1 pulldown pullup
pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase randsequence range rcmos ready
real realtime record ref reg register reject reject_on release rem repeat report restrict return
rnmos rol ror rpmos rst rtran rtranif0 rtranif1 s_always s_eventually s_nexttime s_until
s_until_with scalared select sequence severity shared shortint shortreal showcancelled signal
signed sla sll small soft solve specify specparam sra srl static std string strong strong0
strong1 struct subtype super supply0 supply1 sync_accept_on sync_reject_on table tagged task
then this throughout time timeprecision timeunit to tran tranif0 tranif1 transport tri tri0 tri1
triand trior trireg type typedef unaffected union unique unique0 units unsigned until until_with
untyped unused use uwire valid var variable vectored virtual void wait wait_order wand weak
weak0 weak1 when while wildcard wire with within wor xnor xor
"""
_RESERVED = frozenset(_WORDS.split())
# NAME_i and NAME_o become ports of the top module besides these; 'events' is an instance in it
_OWN = frozenset({"clk", "rst", "valid", "ready", "events"})


def check_name(name: str, where: str) -> str:
    """The name itself, if it may become an identifier in every language that fwgen writes.

    Raises
    ------
    BundleError
        If it is no identifier, too long, a reserved word, or one that fwgen's own Verilog uses.
    """
    needed, do = _objection(name)
    if needed:
        raise BundleError(where, needed=needed, found=repr(name[:80]), do=do)
    return name


def _objection(name: str) -> tuple[str, str]:
    """What a name would have to be, and what to do; both empty if it may stay."""
    if not _IDENTIFIER.fullmatch(name) or len(name) > MAX_LENGTH:
        letters = "letters, digits and single underscores, beginning with a letter"
        return (
            f"a name of at most {MAX_LENGTH} {letters}",
            "Rename it; the name is used in Verilog, Tcl and file names.",
        )
    low = name.lower()
    if low.endswith(("_i", "_o")) or low.startswith("fwgen"):
        return (
            "a name that neither ends in _i or _o (ports do) nor begins with fwgen",
            "Rename it.",
        )
    if low in _OWN:
        return f"a name that fwgen does not use itself ({', '.join(sorted(_OWN))})", "Rename it."
    if low in _RESERVED:
        return (
            "a name that is no word of Verilog or VHDL",
            f"Rename it, for example to '{name}_layer'.",
        )
    return "", ""
