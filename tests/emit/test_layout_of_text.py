"""Lines that fit: what is divided, and where."""

import re

import pytest

from fwgen.emit.layout import WIDEST, fitted, wrapped_terms
from fwgen.emit.sums import sums_text
from fwgen.lower.circuit.sums import Part, Sums
from tests.emit.golden import files
from tests.ops.operation import ints


def test_short_lines_stay_as_they_are() -> None:
    """Spaces within and in front of them included, and empty lines."""
    text = "a  b\n\n    wire  c;\n"
    assert fitted(text) == text


@pytest.mark.parametrize(
    ("start", "more"), [("    wire y = a", "        "), ("//   y: a", "//       ")]
)
def test_long_lines_go_on_in_the_next(start: str, more: str) -> None:
    """With the same words, deeper; a comment stays a comment."""
    text = f"{start}{' + word' * 60};"
    first, *others = fitted(text).splitlines()
    assert all(len(line) <= WIDEST for line in (first, *others))
    assert first.startswith(start)
    assert all(line.startswith(f"{more}{line.strip(' /')[0]}") for line in others)
    bare = [line.removeprefix(more) for line in others]
    assert " ".join([first, *bare]) == text


def test_no_term_is_divided() -> None:
    """A weight stands in the line of its input."""
    lines = wrapped_terms("// ", "y0:", ["+10 x1"] * 80)
    assert len(lines) > 1
    assert all(line.endswith("x1") and len(line) <= WIDEST for line in lines)
    assert " ".join(line.strip("/ ") for line in lines) == f"y0: {' '.join(['+10 x1'] * 80)}"


def test_a_sum_names_its_weights() -> None:
    """Those that are not 0, the constant last, in one unit; a sum of nothing is 0."""
    spikes = Part("s", "spike_i", ints([[4, 0, -3], [0, 0, 0]]))
    current = Part("c", "current_i", ints([[2, 0], [0, 0]]))
    assert sums_text(Sums("neuron ", (spikes, current), ints([-7, 0]), 5)) == [
        "// In units of 2**-5, s the elements of spike_i and c the elements of current_i:",
        "//   neuron 0: +4 s0 -3 s2 +2 c0 -7",
        "//   neuron 1: 0",
    ]
    assert sums_text(None) == []


def test_no_emitted_line_is_too_long() -> None:
    """And each holds one statement, apart from the head of a loop."""
    for name, text in files().items():
        for line in text.splitlines():
            assert len(line) <= WIDEST, name
            code = re.sub(r"for \([^()]*\)", "for ()", line.partition("//")[0])
            assert name.startswith("fwgen_") or code.count(";") <= 1, line
