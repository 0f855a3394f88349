"""The event of an ONNX model: its size and type, and the format in which it arrives."""

from collections.abc import Callable

from fwgen.errors import BundleError, FormatError
from fwgen.ingest.answers import INPUT_FORMAT, ask
from fwgen.ingest.bundle.schema import MAX_SIZE
from fwgen.ingest.onnx.file import DOUBLE, FLOAT, Port
from fwgen.ingest.sources import Request
from fwgen.ir.fixed import Fixed

_KINDS = frozenset({FLOAT, DOUBLE})


def check_event(where: str, port: Port, size: int) -> None:
    """Refuse an event that is too long, or of other numbers than floats.

    Raises
    ------
    BundleError
        If it is.
    """
    if size > MAX_SIZE or port.kind not in _KINDS:
        raise BundleError(
            f"{where}: input {port.name[:80]!r}",
            needed=f"an event of 1 to {MAX_SIZE:,} float numbers",
            found=f"{size:,} of type {port.kind}",
            do="Shorten the event.",
        )


def event_format(
    where: str, request: Request, first: Callable[[], Fixed | None]
) -> tuple[Fixed, bool]:
    """The event's format, and whether a quantiser that comes ``first`` has said it.

    Raises
    ------
    BundleError, FormatError
        If nobody says it, or the answer is no format.
    """
    given = request.answers.get(INPUT_FORMAT.key)
    if given is not None:
        return Fixed.parse(given, f"--set {INPUT_FORMAT.key}"), False
    found = first()
    if found is None:
        ask(where, [INPUT_FORMAT])
        raise FormatError(where, needed="a format", found="none", do="Give one.")
    return found, True
