"""Reading ``model.yaml`` from strangers."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fwgen.devices import catalogue as targets
from fwgen.errors import BundleError, FwgenError
from fwgen.ingest.bundle import schema, yaml_file
from fwgen.ingest.bundle.reader import read_bundle
from fwgen.ingest.bundle.yaml_file import read_model_file
from tests.cpu import cpu_within
from tests.ingest.drafts import Draft, small_draft

ANY_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
TEXT = small_draft().yaml()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
SYNTAX = st.text("abx01:.-[]{}&*!|>'\"%@`?,#\\ \n\t~=<e_/\x00\x85\ud7ff", max_size=60)


def parsed(tmp_path: Path, text: str) -> Any:
    """A text as ``model.yaml`` is parsed, before its schema is looked at."""
    return yaml_file._parse(tmp_path / "model.yaml", text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-2.", -2.0),
        ("+7", 7),
        ("0", 0),
        ("-.inf", float("-inf")),
        ("true", True),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("on", "on"),
        ("012", "012"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("<<", "<<"),
        ("=", "="),
        ("'1'", "1"),
    ],
)
def test_values_follow_the_core_schema(text: str, value: object, tmp_path: Path) -> None:
    """Numbers are what they look like; nothing but true and false is a truth value."""
    found = parsed(tmp_path, f"a: {text}\n")["a"]
    assert found == value
    assert type(found) is type(value)


def test_a_byte_order_mark_and_windows_lines_are_accepted(draft: Draft, tmp_path: Path) -> None:
    """As some editors leave them."""
    draft.text = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    assert read_bundle(draft.write(tmp_path / "demo")).settings.name == "demo"


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    """The smallest file is complete."""
    path = tmp_path / "model.yaml"
    path.write_text(
        "fwgen: 1\nname: demo\ninput: {size: 2, format: 'ufixed<8,0>'}\n"
        "layers: [{name: enc, op: dense}]\noutputs: [enc]\n"
    )
    found = read_model_file(path)
    assert (found.steps, found.clock_mhz, found.target) == (1, 240.0, "xcvu9p")
    assert (found.input.name, found.weights) == ("x", "weights.npz")
    assert found.budgets == schema.Budgets(latency_ns=None, interval_ns=25.0)


def test_the_schema_and_the_command_line_agree_on_clocks() -> None:
    """What --clock takes, model.yaml takes."""
    assert schema.MIN_CLOCK_MHZ == targets.MIN_CLOCK_MHZ
    assert schema.MAX_CLOCK_MHZ == targets.MAX_CLOCK_MHZ


@pytest.mark.parametrize("text", ["[" * 900_000, "- " * 400_000, "{a: " * 200_000, "? " * 400_000])
def test_nesting_is_refused_at_once(text: str, tmp_path: Path) -> None:
    """Depth costs neither stack nor time."""
    with cpu_within(5), pytest.raises(BundleError, match="nested deeper than 16 levels"):
        parsed(tmp_path, text)


@given(raw=st.binary(max_size=200))
@ANY_FOLDER
def test_random_bytes_are_refused(raw: bytes, tmp_path: Path) -> None:
    """No bytes give anything but one FwgenError."""
    path = tmp_path / "model.yaml"
    path.write_bytes(raw)
    _refused(path)


@given(text=SYNTAX)
@ANY_FOLDER
def test_random_syntax_is_refused(text: str, tmp_path: Path) -> None:
    """No YAML, valid or not, gives anything but one FwgenError."""
    path = tmp_path / "model.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    _refused(path)


@pytest.mark.parametrize(
    "text",
    [
        "? |\n\n: x",
        "a: !!map [1]",
        "!!set {a, b}",
        "<<: {a: 1}",
        "a: 2026-99-99",
        "a: 0b_",
        "a: ._",
        "? {}\n: 1",
        '"\\ud800": 1',
        "%YAML 9.9\n---\na: 1",
        "%TAG ! x\n---\na: 1",
        "--- a\n--- b",
        "&a a: 1",
        "*a : 1",
    ],
)
def test_known_traps_are_refused(text: str, tmp_path: Path) -> None:
    """Corners in which YAML parsers have raised other things than YAML errors."""
    path = tmp_path / "model.yaml"
    path.write_text(text)
    _refused(path)


@given(tree=TREES)
@ANY_FOLDER
def test_random_documents_are_refused(tree: object, tmp_path: Path) -> None:
    """No well-formed document that is no model gives anything but one FwgenError."""
    path = tmp_path / "model.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    _refused(path)


@given(data=st.data())
@ANY_FOLDER
def test_a_model_with_one_value_replaced_is_refused_or_read(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands at any place of a valid model, it is read or refused in one message."""
    draft = small_draft()
    places = list(_places(draft.model))
    parent, key = places[data.draw(st.integers(0, len(places) - 1))]
    parent[key] = data.draw(TREES)
    folder = draft.write(tmp_path_factory.mktemp("any") / "demo")
    message = _message(folder)
    assert "\n" not in message
    assert len(message) < 1200


@given(place=st.integers(0, len(TEXT) - 1), new=st.characters())
@ANY_FOLDER
def test_a_model_with_one_character_replaced_is_refused_or_read(
    place: int, new: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A slip of the finger never ends in a traceback."""
    draft = small_draft()
    draft.text = (TEXT[:place] + new + TEXT[place + 1 :]).encode("utf-8", "replace")
    folder = draft.write(tmp_path_factory.mktemp("any") / "demo")
    assert _message(folder).isprintable()


def _places(tree: Any) -> Any:
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _message(folder: Path) -> str:
    try:
        read_bundle(folder)
    except FwgenError as error:
        return str(error)
    return ""


def _refused(path: Path) -> None:
    with pytest.raises(FwgenError) as refusal:
        read_model_file(path)
    assert str(refusal.value).startswith(str(path))
    assert str(refusal.value).isprintable()
