"""fwgen: trained trigger networks in, verified FPGA firmware out.

    >>> import fwgen
    >>> fwgen.build("models/snn_ae").judge()

Every call loads what it needs: importing fwgen costs next to nothing. ``docs/python.md`` shows all
of it at work; the command line is a thin layer on it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fwgen.errors import FwgenError
from fwgen.flow import DEFAULT_EVENTS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from fwgen.flow.progress import Stage
    from fwgen.results.build import Build
    from fwgen.results.check import Check
    from fwgen.results.comparison import Comparison
    from fwgen.results.model import Model

__version__ = "0.1.0"
__all__ = [
    "Build",
    "Check",
    "Comparison",
    "FwgenError",
    "Model",
    "build",
    "check",
    "compare",
    "import_model",
    "load",
]


def build(
    model: str | PathLike[str],
    *,
    target: str | None = None,
    clock_mhz: float | None = None,
    out: str | PathLike[str] | None = None,
    events: int = DEFAULT_EVENTS,
    schedule: str | None = None,
    resources: bool = False,
    force: bool = False,
    explain: bool = False,
    targets: str | PathLike[str] | None = None,
    progress: "bool | Stage | None" = None,
) -> "Build":
    """Build a model: Verilog, proof and report, in its own folder.

    Parameters
    ----------
    model
        A ``model.yaml``, the folder that holds one, or what `import_model` returned.
    target
        Device, board or full part number; None takes the model's.
    clock_mhz
        Clock in MHz; None takes the model's.
    out
        Folder for the build; None takes ``build/NAME``. An earlier build of the same model is
        replaced.
    events
        Events that are simulated.
    schedule
        Schedule of the spiking layers, such as ``unrolled`` or ``wavefront,steps=2``; None takes
        the model's, and ``auto`` the cheapest that meets the budgets.
    resources
        Whether to synthesise with Yosys: LUTs, DSPs and flip-flops by layer, timing, and a proof of
        the netlist; takes minutes.
    force
        Whether to write into a folder that holds other files.
    explain
        Whether to work out every schedule, even where none is to be chosen.
    targets
        A file of your own devices, boards and budgets.
    progress
        Whether to show it; None shows it on a terminal and in a notebook. A function may be given
        too: it takes the text of a stage and returns a context manager, whose value takes counts
        of events.

    Raises
    ------
    FwgenError
        If the model, an argument or the machine will not do; nothing is left half-written.
        Mismatches and missed budgets are found, not raised: see `Build.judge`.
    """
    from fwgen.flow import build as flow
    from fwgen.flow.progress import stages
    from fwgen.results.build import Build

    options = flow.Options(
        target=target,
        clock_mhz=clock_mhz,
        schedule=schedule,
        targets=_path(targets),
        explain=explain,
        out=_path(out),
        events=events,
        force=force,
        resources=resources,
    )
    folder, report, benches = flow.build(Path(model), options, stages(progress, events))
    return Build(report, folder, benches)


def check(
    model: str | PathLike[str],
    *,
    target: str | None = None,
    clock_mhz: float | None = None,
    schedule: str | None = None,
    explain: bool = False,
    targets: str | PathLike[str] | None = None,
    progress: "bool | Stage | None" = None,
) -> "Check":
    """Validate a model and estimate its times and resources, in seconds; nothing is built.

    The parameters are those of `build`.

    Raises
    ------
    FwgenError
        If the model or an argument will not do.
    """
    from fwgen.flow import check as flow
    from fwgen.flow.prepare import Wishes
    from fwgen.flow.progress import stages
    from fwgen.results.check import Check

    wishes = Wishes(target, clock_mhz, schedule, _path(targets), explain)
    graph, report = flow.check(Path(model), wishes, stages(progress))
    return Check(report, graph)


def compare(
    model: str | PathLike[str],
    against: "str | PathLike[str] | Mapping[str, ArrayLike] | None" = None,
    *,
    firmware: bool = True,
    strict: bool = False,
    targets: str | PathLike[str] | None = None,
    progress: "bool | Stage | None" = None,
) -> "Comparison":
    """Compare float model, firmware and outputs of yours with the reference, layer by layer.

    Parameters
    ----------
    model
        A ``model.yaml``, the folder that holds one, or what `import_model` returned.
    against
        Outputs of your framework: an ``.npz`` file, or arrays by name. ``x`` (events, size) are the
        inputs as the network sees them, scaled already; every other array bears a layer's name and
        holds its output, (events, size) or (events, steps, size). None takes the model's samples.
    firmware
        Whether the Verilog is simulated too; takes a minute.
    strict
        Whether to refuse arrays of layers that have no value in the firmware.
    targets
        A file of your own devices, boards and budgets.
    progress
        See `build`.

    Raises
    ------
    FwgenError
        If the model, the outputs or the machine will not do. Differences are found, not raised: see
        `Comparison.judge`.
    """
    from fwgen.flow import compare as flow
    from fwgen.flow.progress import stages
    from fwgen.results.comparison import Comparison

    with _file_of(against) as outputs:
        options = flow.Options(outputs, firmware, strict, _path(targets))
        return Comparison(flow.compare(Path(model), options, stages(progress)))


def import_model(
    source: str | PathLike[str],
    out: str | PathLike[str],
    *,
    answers: Mapping[str, object] | None = None,
    producer: str | None = None,
    precision: str | None = None,
    samples: str | PathLike[str] | None = None,
    name: str | None = None,
    force: bool = False,
) -> "Model":
    """Make a model of a trained network's file, without the training framework.

    Parameters
    ----------
    source
        A file of NIR, snnTorch, Keras, QKeras, HGQ2, ONNX or QONNX.
    out
        Folder for the model.
    answers
        To what the file leaves open, by key, as ``--set`` takes them; without them the error asks
        for all that is needed.
    producer
        Who wrote a ``.nir`` file, and so answers for it: ``snntorch``, ``norse`` or ``sinabs``.
    precision
        Number format of whatever the file gives none, such as ``fixed<16,6,RND_CONV,SAT>``.
    samples
        An ``.npz`` file whose array ``x`` holds events, for formats that follow from their range.
    name
        Name of the model; None takes the folder's.
    force
        Whether to replace the model in a folder that holds files.

    Raises
    ------
    FwgenError
        If the source, an answer or the folder is refused; nothing is written then.
    """
    from fwgen.flow import import_ as flow
    from fwgen.results.model import Model

    folder = Path(out)
    title = name or folder.resolve().name
    request = flow.request_of(
        Path(source), title, answers or {}, producer, precision, _path(samples)
    )
    return Model(folder, flow.import_model(request, folder, force=force))


def load(folder: str | PathLike[str]) -> "Build":
    """Open a build that stands in its folder.

    Raises
    ------
    OutputError
        If the folder is none, or its report is damaged.
    """
    from fwgen.results.build import Build

    return Build.open(folder)


_RESULTS = {"Build": "build", "Check": "check", "Comparison": "comparison", "Model": "model"}


def __getattr__(name: str) -> Any:
    """A class of results; its module is loaded when it is asked for."""
    if name in _RESULTS:
        return getattr(import_module(f"fwgen.results.{_RESULTS[name]}"), name)
    raise AttributeError(f"module 'fwgen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _path(path: str | PathLike[str] | None) -> Path | None:
    return None if path is None else Path(path)


@contextmanager
def _file_of(
    outputs: "str | PathLike[str] | Mapping[str, ArrayLike] | None",
) -> Iterator[Path | None]:
    """The file of a user's outputs; arrays go into one, and are read as strictly as any."""
    if not isinstance(outputs, Mapping):
        yield _path(outputs)
        return
    from tempfile import TemporaryDirectory

    import numpy as np

    with TemporaryDirectory(prefix="fwgen-") as folder:
        path = Path(folder) / "arrays.npz"
        np.savez(path, **dict(outputs))  # type: ignore[arg-type]  # NumPy's stub of keywords
        yield path
