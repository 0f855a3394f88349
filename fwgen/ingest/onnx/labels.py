"""Names of nodes and ports of an ONNX graph as names of layers."""

import re

from fwgen.errors import BundleError
from fwgen.ingest.draft import Names
from fwgen.ingest.names import check_name
from fwgen.ingest.onnx.file import OnnxNode

MAX_LABEL = 34  # parts of an operation add to it
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_./:+ -]*")


def label(where: str, names: Names, k: int, step: OnnxNode) -> str:
    """The name of the layer that holds the result of node number ``k``.

    Raises
    ------
    BundleError
        If the node's name has characters that no name of a node needs.
    """
    wanted = step.name or f"{step.op}_{step.outputs[0]}"
    if not _PLAIN_NAME.fullmatch(wanted):
        raise BundleError(
            f"{where}: node {wanted[:80]!r}",
            needed="a name of letters, digits and . / : + - _",
            found="other characters",
            do="Rename the node; its name is used in Verilog, Tcl and file names.",
        )
    return legal(where, names, wanted, f"{step.op}_{k}")


def legal(where: str, names: Names, wanted: str, otherwise: str) -> str:
    """The name, its end if it is long, or another if it cannot be one at all."""
    plain = re.sub("[^A-Za-z0-9]+", "_", wanted).strip("_")
    if len(plain) > MAX_LABEL:
        plain = plain[-MAX_LABEL:].partition("_")[2]
    try:
        check_name(plain, where)
    except BundleError:
        plain = otherwise
    return names.fresh(plain, where)
