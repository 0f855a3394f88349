"""The limits of CPU time that tests set."""

import pytest

from tests import cpu


def _clock(monkeypatch: pytest.MonkeyPatch, spent: float, loop: float) -> None:
    """A clock on which the work takes ``spent`` seconds, and the loop behind it ``loop``."""
    moments = iter((0.0, spent, spent, spent + loop))
    monkeypatch.setattr(cpu, "process_time", lambda: next(moments))


def test_too_long_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine as fast as usual, and on one that is faster, what takes too long fails."""
    for loop in (0.05, 0.01):
        _clock(monkeypatch, 5.1, loop)
        with pytest.raises(AssertionError, match=r"5\.10 s"), cpu.cpu_within(5):
            pass


def test_a_slow_machine_has_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """On half as fast a machine twice the time is allowed, and no more."""
    _clock(monkeypatch, 9.9, 0.1)
    with cpu.cpu_within(5):
        pass
    _clock(monkeypatch, 10.1, 0.1)
    with pytest.raises(AssertionError), cpu.cpu_within(5):
        pass


def test_errors_pass_through() -> None:
    """What the work raises is what the test sees."""
    with pytest.raises(KeyError), cpu.cpu_within(5):
        raise KeyError
