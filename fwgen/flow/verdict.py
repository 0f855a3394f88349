"""The verdict on what was found: which figures a command line, or a script, must not pass over."""

from fwgen.errors import BudgetError, FitError, MismatchError
from fwgen.report.build_tables import clock_missed, missed
from fwgen.report.compare_tables import first_lines
from fwgen.report.fit import does_not_fit
from fwgen.tools.plain import Json


def judge_build(report: Json, *, strict: bool) -> None:
    """Refuse a build of which an implementation differs from the reference.

    Raises
    ------
    MismatchError
        With the first difference.
    FitError, BudgetError
        If ``strict``: where the device is too small, a loop too long for the clock or a budget of
        the model missed.
    """
    where = f"model '{report['model']}'"
    verification = report["verification"]
    if verification["mismatches"]:
        firsts = [b["first_mismatch"] for b in verification["backends"].values()]
        raise MismatchError(
            where,
            needed="every implementation to equal the integer reference on every event",
            found=f"{verification['mismatches']:,} mismatches; first: "
            f"{next((f for f in firsts if f), 'none described')}",
            do="If rtl/ and hls/ were not edited this is a fault of fwgen; please report it.",
        )
    if strict:
        _judge_fit(report, where)
        _judge_times(report, where)


def _judge_fit(report: Json, where: str) -> None:
    over = does_not_fit(report)
    if over:
        raise FitError(
            where,
            needed=f"a design that fits {report['target']}",
            found="; ".join(map(str, over)),
            do="Choose a larger device, narrower formats, or a schedule that shares hardware.",
        )


def _judge_times(report: Json, where: str) -> None:
    if clock_missed(report):
        raise BudgetError(
            where,
            needed=f"loops that fit into a cycle of {report['loop']['cycle_ns']:g} ns",
            found=f"{report['loop']['ns']:g} ns for that of '{report['loop']['layer']}'",
            do="Choose a slower clock, fewer steps a clock, or narrower membranes.",
        )
    if missed(report):
        raise BudgetError(
            where,
            needed="every budget of the model to be met",
            found=f"missed: {', '.join(missed(report))}",
            do="Choose a faster clock, fewer steps, or a wider budget in model.yaml.",
        )


def judge_comparison(found: Json, *, strict: bool) -> None:
    """Refuse firmware that differs from the reference and, if ``strict``, outputs that do.

    Raises
    ------
    MismatchError
        With the first difference.
    """
    where, lines = f"model '{found['model']}'", first_lines(found)
    if found["first"]["firmware"] is not None or found["firmware_faults"]:
        raise MismatchError(
            where,
            needed="the firmware to equal the integer reference on every event",
            found=lines["firmware"],
            do="This is a fault of fwgen; please report it with the model.",
        )
    if strict and found["first"]["given"] is not None:
        raise MismatchError(
            where,
            needed="your outputs to equal the integer reference, as --strict asks",
            found=lines["given"],
            do="Look at this layer's formats, equations and inputs first; later ones follow.",
        )
