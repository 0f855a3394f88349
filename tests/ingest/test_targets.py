"""A user's file of devices, boards and budgets."""

import re
from pathlib import Path

import pytest

from fwgen import cli
from fwgen.devices.catalogue import Budget
from fwgen.errors import TargetError
from fwgen.ingest import targets

PAGE = Path(__file__).parents[2] / "docs" / "targets.md"
DEVICE = """
  - name: xcku040
    family: UltraScale
    part: xcku040-ffva1156-2-e
    speed_grades: ["1", "2"]
    lut: 242400
    ff: 484800
    dsp: 1920
    bram36: 600
    source: DS890
"""
HOW = "docs/targets.md explains the keys."


def written(tmp_path: Path, text: str) -> Path:
    """A targets file with that text after its version."""
    path = tmp_path / "mine.yaml"
    path.write_text(f"fwgen_targets: 1\n{text}")
    return path


def refusal(tmp_path: Path, text: str) -> str:
    """What is said of a file, without the folder it lies in."""
    with pytest.raises(TargetError) as caught:
        targets.catalogue(written(tmp_path, text))
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_file_adds_devices_boards_and_budgets(tmp_path: Path) -> None:
    """Its entries are known beside fwgen's own."""
    text = f"devices:{DEVICE}boards:\n  - {{name: kcu105, part: xcku040-ffva1156-1-e}}\n"
    known = targets.catalogue(
        written(tmp_path, text + "budgets:\n  - {name: my trigger, limit_ns: 1500}\n")
    )
    assert known.device("kcu105").part == "xcku040-ffva1156-1-e"
    assert (known.device("xcku040").uram, known.device("xcku040").slr) == (0, 1)
    assert known.device("xcvu9p") == targets.device("xcvu9p")
    assert known.budgets[0] == Budget("my trigger", 1500.0)
    assert known.budgets[1:] == targets.catalogue().budgets


def test_an_entry_replaces_the_one_of_its_name(tmp_path: Path) -> None:
    """A collaboration may want another default part."""
    text = DEVICE.replace("xcku040-ffva1156-2-e", "xcvu9p-flgb2104-1-e").replace(
        "xcku040", "xcvu9p"
    )
    known = targets.catalogue(written(tmp_path, f"devices:{text}"))
    assert known.device("xcvu9p").part == "xcvu9p-flgb2104-1-e"
    assert len(known.devices) == len(targets.catalogue().devices)


def test_the_example_of_the_page_works(tmp_path: Path) -> None:
    """What docs/targets.md shows can be used as it stands."""
    example = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    path = tmp_path / "mine.yaml"
    path.write_text(example[1])
    known = targets.catalogue(path)
    assert known.device("kcu105").lut == 242_400
    assert known.budgets[0].name == "my calorimeter trigger"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("devices: [", "mine.yaml:2: needed plain YAML; found"),
        ("a: &x 1\nb: *x\n", "mine.yaml:3: needed plain YAML; found aliases are not allowed."),
        (
            "devises: []\n",
            f"mine.yaml: devises: needed a key that fwgen knows; found another. {HOW}",
        ),
        (
            f"devices:{DEVICE}    luts: 3\n",
            "mine.yaml: devices[0] ('xcku040'): luts: needed a key that fwgen knows; found",
        ),
        (
            "devices:" + DEVICE.replace("    dsp: 1920\n", ""),
            "mine.yaml: devices[0] ('xcku040'): dsp: needed this key; found nothing. Add",
        ),
        (
            "devices:" + DEVICE.replace("1920", "-1"),
            "mine.yaml: devices[0] ('xcku040'): dsp: needed a number of at least 0; found -1.",
        ),
        (
            "devices:" + DEVICE.replace("name: xcku040", "name: '[exec ls]'"),
            "mine.yaml: devices[0] ('[exec ls]'): name: needed letters, digits and single - or _;",
        ),
        (
            "devices:" + DEVICE.replace("xcku040-ffva1156-2-e", "xcku040-ffva1156-3-e"),
            "mine.yaml: device 'xcku040': part: needed a full part number of this device with one",
        ),
        (
            "devices:" + DEVICE.replace("xcku040-ffva1156-2-e", "xcku040; exec ls"),
            "mine.yaml: device 'xcku040': part: needed a full part number of this device with one",
        ),
        (f"devices:{DEVICE}{DEVICE}", "mine.yaml: needed every name once; found 'xcku040' twice."),
        (
            "boards: [{name: mine, part: xcvu99p-flga2104-2-e}]\n",
            "mine.yaml: board 'mine': target: needed a part of a device that fwgen knows; found",
        ),
        (
            "budgets: [{name: mine, limit_ns: 0}]\n",
            "mine.yaml: budgets[0] ('mine'): limit_ns: needed a number above 0; found 0.",
        ),
        (
            "budgets: [{name: mine, limit_ns: 5, of: power}]\n",
            "mine.yaml: budgets[0] ('mine'): of: needed 'latency' or 'interval'; found power.",
        ),
    ],
)
def test_a_bad_file_is_refused_with_one_message(text: str, message: str, tmp_path: Path) -> None:
    """The message names the file, and the entry and key or the line."""
    assert refusal(tmp_path, text).startswith(message)


def test_own_file_is_read_once() -> None:
    """And not before somebody asks: importing the catalogue reads nothing."""
    assert targets.catalogue() is targets.catalogue()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Not taken for an empty one."""
    with pytest.raises(TargetError, match="needed a file of devices and budgets; found no such"):
        targets.catalogue(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("way", ["option", "environment"])
def test_the_command_line_reads_it(
    way: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """--targets FILE and FWGEN_TARGETS both add it to what 'fwgen targets' lists."""
    path = str(written(tmp_path, f"devices:{DEVICE}"))
    words = ["fwgen", "targets", *(["--targets", path] if way == "option" else [])]
    if way == "environment":
        monkeypatch.setenv("FWGEN_TARGETS", path)
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    assert "xcku040-ffva1156-2-e" in capfd.readouterr().out
