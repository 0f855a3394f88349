"""A model made ready: read, every format fixed, aimed at a device and a clock, and lowered."""

from dataclasses import dataclass
from pathlib import Path

from fwgen.devices.catalogue import Budget, Device, check_clock
from fwgen.errors import FwgenError
from fwgen.ingest.bundle.reader import Bundle, read_bundle
from fwgen.ingest.targets import catalogue
from fwgen.ir.graph import Graph
from fwgen.ir.schedule import Schedule
from fwgen.lower.choose import Chosen, Limits, check_possible, choose
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.design import Design
from fwgen.lower.lowering import Lowerings
from fwgen.quantise.passes import Quantised
from fwgen.verify.reference import Reference


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user may choose of what a model is lowered for; None takes the model's own value.

    ``targets`` is a file of the user's devices and budgets; with ``explain`` every schedule is
    worked out, even where there is nothing to choose.
    """

    target: str | None = None
    clock_mhz: float | None = None
    schedule: str | None = None
    targets: Path | None = None
    explain: bool = False

    def check(self) -> None:
        """Refuse an unknown device, clock or schedule before anything is read.

        Raises
        ------
        FwgenError
            See `fwgen.ingest.targets` and `fwgen.ir.schedule`.
        """
        known = catalogue(self.targets)
        if self.target is not None:
            known.device(self.target)
        if self.clock_mhz is not None:
            check_clock(self.clock_mhz)
        if self.schedule is not None:
            Schedule.parse(self.schedule, "--schedule")


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A model after the quantise stage."""

    bundle: Bundle
    quantised: Quantised

    @property
    def graph(self) -> Graph:
        """The integer graph."""
        return self.quantised.graph

    @property
    def reference(self) -> Reference:
        """Its interpreter."""
        return Reference(self.quantised.graph, self.quantised.analysis)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a model is lowered for: a device and a clock; and the budgets known by name."""

    device: Device
    clock_mhz: float
    budgets: tuple[Budget, ...]

    @property
    def pace(self) -> Pace:
        """How much logic fits between two registers."""
        return Pace.of(self.device, self.clock_mhz)


def prepare(model: Path) -> Prepared:
    """Read a model and fix every format.

    Raises
    ------
    FwgenError
        For whatever is wrong with it.
    """
    bundle = read_bundle(model)
    try:
        return Prepared(bundle, Quantised.of(bundle.graph))
    except FwgenError as error:
        raise error.within(str(bundle.files[0])) from None


def aim_of(ready: Prepared, wishes: Wishes) -> Aim:
    """The device and the clock that the user wants, or else the model.

    Raises
    ------
    TargetError
        If either is none.
    """
    settings, known = ready.bundle.settings, catalogue(wishes.targets)
    clock = settings.clock_mhz if wishes.clock_mhz is None else wishes.clock_mhz
    device = known.device(wishes.target or settings.target)
    return Aim(device, check_clock(clock), known.budgets)


def lowered(
    ready: Prepared, pace: Pace, asked: str | None, *, explain: bool = False
) -> tuple[Design, Chosen]:
    """A model's design by the schedule that the user or the model asks for, or else the cheapest.

    Raises
    ------
    FwgenError
        If the text is no schedule, or none for so many time steps.
    """
    settings = ready.bundle.settings
    text, where = (settings.schedule, "schedule") if asked is None else (asked, "--schedule")
    wanted = Schedule.parse(text, where)
    if wanted:
        check_possible(wanted, ready.graph.steps)
    lowerings = Lowerings(ready.graph, pace, ready.reference.analysis)
    limits = Limits(settings.budgets.latency_ns, settings.budgets.interval_ns)
    chosen = choose(lowerings, wanted, limits, every=explain)
    design = lowerings.best(chosen.schedule)
    return design, chosen.built(design)
