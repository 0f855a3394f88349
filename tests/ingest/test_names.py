"""Names from files, before they become identifiers."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwgen.errors import BundleError
from fwgen.ingest.names import MAX_LENGTH, check_name

LETTERS = string.ascii_letters + string.digits + "_"


@pytest.mark.parametrize("name", ["x", "enc1_lif", "recon", "A9", "snn_ae", "a" * MAX_LENGTH])
def test_plain_names_pass(name: str) -> None:
    """A good name comes back as it is."""
    assert check_name(name, "here") == name


@pytest.mark.parametrize(
    "name",
    [
        *("module", "Module", "ENTITY", "logic", "small", "clk", "RST", "events", "fwgen"),
        *("FWGEN_x", "x_i", "X_O", "", "é", "\uff41", "1", "a__b", "a_", "a\n"),
        "a" * (MAX_LENGTH + 1),
    ],
)
def test_dangerous_names_are_refused(name: str) -> None:
    """Words of a language, of fwgen, and what no language takes."""
    with pytest.raises(BundleError) as refusal:
        check_name(name, "here")
    assert refusal.value.where == "here"
    assert refusal.value.found == repr(name)


@given(st.text() | st.text(LETTERS, min_size=1, max_size=60))
def test_what_passes_is_safe_everywhere(name: str) -> None:
    """ASCII letters, digits and single underscores: nothing for a shell, Tcl or Verilog to see."""
    if message := _refusal(name):
        assert message.startswith("here: needed a name ")
    else:
        assert re.fullmatch(r"[A-Za-z](_?[A-Za-z0-9])*", name, re.ASCII)
        assert len(name) <= MAX_LENGTH


def _refusal(name: str) -> str:
    try:
        check_name(name, "here")
    except BundleError as error:
        return str(error)
    return ""
