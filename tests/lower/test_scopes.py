"""Names within one scope."""

import pytest

from fwgen.ir.ranges import Range
from fwgen.lower.circuit.builder import Circuit
from fwgen.lower.circuit.names import Names
from fwgen.lower.circuit.pace import Pace
from tests.ops.operation import ints


def test_a_name_is_given_out_once() -> None:
    """Whoever comes second gets a number, which may be taken as well."""
    names = Names()
    assert names.take("a_1") == "a_1"
    assert [names.take("a") for _ in range(3)] == ["a", "a_2", "a_3"]
    assert [names.take("y", "_o"), names.take("y", "_o")] == ["y_o", "y_1_o"]


def test_a_fixed_name_must_be_free() -> None:
    """A port cannot make way."""
    names = Names()
    names.claim(["x_i", "y_o"])
    with pytest.raises(ValueError, match="the name 'x_i' is taken twice in one module"):
        names.claim(["x_i"])


def test_a_copy_takes_nothing_from_the_original() -> None:
    """A module may be written twice, with the same names."""
    names = Names()
    copy = names.copy()
    assert copy.take("a") == "a"
    assert names.take("a") == "a"


def test_registers_are_called_after_what_they_hold() -> None:
    """One cycle later is _q, and each cycle more counts; another signal's name stays its own."""
    c = Circuit(Pace(240.0))
    (a,) = c.input("a_i", Range(ints([0]), ints([3]), 0))
    b, taken = c.word("t_qa", 0, 3, 0, 0), c.word("a_0_q2", 0, 3, 0, 0)
    assert [c.delay(a, stage).name for stage in (1, 2, 3)] == ["a_0_q", "a_0_q2_1", "a_0_q3"]
    assert [c.delay(b, 2).name, c.delay(taken, 1).name] == ["t_qa_q2", "a_0_q2_q"]
