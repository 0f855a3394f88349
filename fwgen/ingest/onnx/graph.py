"""What must be true of an ONNX graph before any of its operations is looked at."""

from collections import Counter

from fwgen.errors import BundleError
from fwgen.ingest.onnx.file import HOW, OnnxModel, OnnxNode, Port

MIN_OPSET, MAX_OPSET = 7, 27
MIN_IR, MAX_IR = 3, 14
QONNX = frozenset({"qonnx.custom_op.general", "onnx.brevitas"})
MAX_QONNX = 2


def check_versions(where: str, model: OnnxModel) -> None:
    """Refuse versions in which operations may mean something else.

    Raises
    ------
    BundleError
        Naming the version.
    """
    if not MIN_IR <= model.ir_version <= MAX_IR:
        raise BundleError(
            f"{where}: ir_version",
            needed=f"{MIN_IR} to {MAX_IR}",
            found=f"{model.ir_version}",
            do=HOW,
        )
    for domain in {step.domain for step in model.steps}:
        version = model.opsets.get(domain, 1 if domain in QONNX else 0)
        low, high = (1, MAX_QONNX) if domain in QONNX else (MIN_OPSET, MAX_OPSET)
        if domain in QONNX | {""} and not low <= version <= high:
            raise BundleError(
                f"{where}: opset of domain {domain!r}",
                needed=f"a version from {low} to {high}",
                found=f"{version}" if version else "none",
                do="Export with another opset.",
            )


def check_order(where: str, model: OnnxModel) -> None:
    """Each tensor has one origin, and is there before it is read.

    Raises
    ------
    BundleError
        If a tensor is made twice, or read before it is made: in a cycle, for example.
    """
    ports = Counter(port.name for port in model.inputs)
    made = Counter(name for step in model.steps for name in step.outputs if name)
    there = set(ports) | set(model.constants)
    twice = [n for n, count in (ports + made).items() if count > 1] + [
        n for n in made if n in there
    ]
    if twice or "" in there:
        name = twice[0] if twice else ""
        raise _bad(
            where, f"tensor {name[:80]!r}", "one origin of each tensor", "several, or no name"
        )
    for step in model.steps:
        for name in filter(None, step.inputs):
            if name in there:
                continue
            found = (
                "which comes later: a cycle, or a wrong order" if name in made else "of no origin"
            )
            what = f"tensor {name[:80]!r}, {found}"
            raise _bad(f"{where}: {step.place}", "", "inputs that come before it", what)
        there |= set(filter(None, step.outputs))
    for port in model.outputs:
        if port.name not in there:
            raise _bad(where, "outputs", "outputs that a node makes", repr(port.name[:80]))


def _bad(where: str, place: str, needed: str, found: str) -> BundleError:
    return BundleError(f"{where}: {place}" if place else where, needed=needed, found=found, do=HOW)


def live(model: OnnxModel) -> list[OnnxNode]:
    """The nodes on which an output depends, in order."""
    wanted = {port.name for port in model.outputs}
    found = []
    for step in reversed(model.steps):
        if wanted & set(step.outputs):
            found.append(step)
            wanted |= set(step.inputs)
    return found[::-1]


def event(where: str, model: OnnxModel) -> tuple[Port, tuple[int, ...]]:
    """The input that is no constant, and its shape for a batch of one.

    Raises
    ------
    BundleError
        If there is not one, or its size is open.
    """
    ports = [port for port in model.inputs if port.name not in model.constants]
    if len(ports) != 1:
        names = ", ".join(repr(port.name[:40]) for port in ports[:4]) or "none"
        raise BundleError(
            f"{where}: inputs",
            needed="one input, the event, beside those that have an initialiser",
            found=f"{len(ports)}: {names}",
            do="Give all constants as initialisers, and join several inputs in the model.",
        )
    port = ports[0]
    shape = port.shape or ()
    if len(shape) > 1 and (shape[0] is None or shape[0] < 1):
        shape = (1, *shape[1:])
    fixed = tuple(v for v in shape if v is not None and v > 0)
    if not shape or len(fixed) != len(shape) or (len(shape) > 1 and shape[0] != 1):
        raise BundleError(
            f"{where}: input {port.name[:80]!r}",
            needed="the sizes of all dimensions, and a batch of one event or an open one",
            found=f"shape {port.shape}"[:80],
            do="Export the model with the size of one event.",
        )
    return port, fixed
