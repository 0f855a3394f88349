"""CPU time that a test allows, on whatever machine it runs and whatever else runs there."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from time import process_time

_USUAL = 0.05  # seconds that `_measure` finds on a machine for which limits are written


@contextmanager
def cpu_within(seconds: float) -> Iterator[None]:
    """What stands in it takes less CPU time than this; more only where the machine is slower.

    How slow the machine is at that moment says a loop of the same kind of work, which runs in the
    same process just after; it is asked only where the time is exceeded.
    """
    begin = process_time()
    yield
    spent = process_time() - begin
    if spent >= seconds:
        slower = max(1.0, _measure() / _USUAL)
        assert spent < seconds * slower, f"{spent:.2f} s, on a machine {slower:.2f} times as slow"


def _measure() -> float:
    """Seconds of a fixed piece of work: Python's objects and exact numbers, as importers have."""
    begin, total = process_time(), Fraction(0)
    for n in range(1, 20_001):
        total = max(total, Fraction(n, 7) * 3)
    return process_time() - begin
