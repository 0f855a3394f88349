"""Full part numbers as Vivado spells them: device, package, speed grade, temperature grade."""

import re
from dataclasses import dataclass

# xcvu9p-flga2104-2L-e, xcku15p-ffve1517-1LV-i, xcvu9p-flga2104-2-e-es1
_DASHED = re.compile(
    r"(?P<device>xc[a-z0-9]+)-(?P<package>[a-z]{3,4}\d{3,4})-(?P<speed>\d(?:L|LV|HV)?)"
    r"-(?P<temperature>[ceimq])(?P<sample>-es\d?)?",
    re.IGNORECASE,
)
# xc7vx690tffg1927-2, xc7z020iclg400-1L: no dash before the package, a temperature only sometimes
_SEVEN = re.compile(
    r"(?P<device>xc7[a-z]{1,2}\d{2,4}t?)(?P<temperature>[iq]?)(?P<package>[a-z]{3,4}\d{3,4})"
    r"-(?P<speed>\dL?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A full part number, taken apart.

    ``speed`` is the speed grade without its dash (``2L``). ``temperature`` is a letter (``c``
    commercial, ``e`` extended, ``i`` industrial) and empty where a 7 series part does not say.
    """

    number: str
    device: str
    package: str
    speed: str
    temperature: str


def parse_part(text: str) -> Part | None:
    """The parts of a full part number, in Vivado's upper and lower case; None if it is none."""
    match = _DASHED.fullmatch(text) or _SEVEN.fullmatch(text)
    if match is None:
        return None
    small = text.lower()
    start, end = match.span("speed")
    return Part(
        number=small[:start] + text[start:end].upper() + small[end:],
        device=match["device"].lower(),
        package=match["package"].lower(),
        speed=match["speed"].upper(),
        temperature=match["temperature"].lower(),
    )
