"""Devices, boards, part numbers and budgets by name."""
# ruff: noqa: E501 - messages stand as the user sees them

from pathlib import Path

import pytest

from fwgen.devices import parts
from fwgen.errors import TargetError
from fwgen.ingest import targets
from fwgen.report.device_tables import target_tables
from fwgen.report.markdown import table_text

PAGE = Path(__file__).parents[2] / "docs" / "targets.md"
KNOW = "target: needed a device, board or full part number that fwgen knows; found"

KNOWN = targets.catalogue()

# device: LUT, DSP, BRAM36, URAM, SLR, as the vendor's tables have them
FIGURES = {
    "xcvu9p": (1_182_240, 6_840, 2_160, 960, 3),
    "xcvu13p": (1_728_000, 12_288, 2_688, 1_280, 4),
    "xcku115": (663_360, 5_520, 2_160, 0, 2),
    "xcku15p": (522_720, 1_968, 984, 128, 1),
    "xczu9eg": (274_080, 2_520, 912, 0, 1),
    "xczu7ev": (230_400, 1_728, 312, 96, 1),
    "xcu55c": (1_303_680, 9_024, 2_016, 960, 3),
    "xcu250": (1_728_000, 12_288, 2_688, 1_280, 4),
    "xc7vx690t": (433_200, 3_600, 1_470, 0, 1),
    "xc7k325t": (203_800, 840, 445, 0, 1),
    "xc7z020": (53_200, 220, 140, 0, 1),
}


def test_figures_are_those_of_the_vendor() -> None:
    """Every promised device is there, with the resources of its data sheet."""
    found = {d.name: (d.lut, d.dsp, d.bram36, d.uram, d.slr) for d in KNOWN.devices}
    assert found == FIGURES


def test_every_lut_has_two_flip_flops() -> None:
    """True of every family listed: a slip in one of the two columns shows."""
    assert [d.name for d in KNOWN.devices if d.ff != 2 * d.lut] == []


def test_families() -> None:
    """The family decides the delay model and the vendor's words for a LUT."""
    families = {d.name: d.family for d in KNOWN.devices}
    assert families.pop("xcku115") == "UltraScale"
    seven = {name for name, family in families.items() if family == "7 series"}
    assert seven == {"xc7vx690t", "xc7k325t", "xc7z020"}
    assert {families[name] for name in families.keys() - seven} == {"UltraScale+"}


def test_every_entry_has_a_source() -> None:
    """No figure without saying where it stands."""
    every = [*KNOWN.devices, *KNOWN.boards, *KNOWN.budgets]
    assert [entry.name for entry in every if not entry.source] == []


def test_promised_budgets() -> None:
    """Front end, uGT, both Level-1, Level-0 and the crossing as interval, in ns."""
    assert sorted((b.of, b.limit_ns) for b in KNOWN.budgets) == [
        ("interval", 25.0),
        ("latency", 25.0),
        ("latency", 50.0),
        ("latency", 4_000.0),
        ("latency", 10_000.0),
        ("latency", 12_500.0),
    ]


@pytest.mark.parametrize(
    ("given", "device", "part", "speed"),
    [
        ("xcvu9p", "xcvu9p", "xcvu9p-flga2104-2L-e", "2L"),
        ("XCVU9P", "xcvu9p", "xcvu9p-flga2104-2L-e", "2L"),
        ("xcvu9p-flga2104-2L-e", "xcvu9p", "xcvu9p-flga2104-2L-e", "2L"),
        ("xcvu9p-flgb2104-1-i", "xcvu9p", "xcvu9p-flgb2104-1-i", "1"),
        ("XCVU9P-FLGA2104-2l-E", "xcvu9p", "xcvu9p-flga2104-2L-e", "2L"),
        ("xcku115-flva1517-3-e-es1", "xcku115", "xcku115-flva1517-3-e-es1", "3"),
        ("xc7vx690tffg1761-3", "xc7vx690t", "xc7vx690tffg1761-3", "3"),
        ("xc7z020iclg400-1L", "xc7z020", "xc7z020iclg400-1L", "1L"),
        ("u250", "xcu250", "xcu250-figd2104-2L-e", "2L"),
        ("U55C", "xcu55c", "xcu55c-fsvh2892-2L-e", "2L"),
        ("pynq-z2", "xc7z020", "xc7z020clg400-1", "1"),
    ],
)
def test_a_target_has_many_names(given: str, device: str, part: str, speed: str) -> None:
    """Device, board or part number; the speed grade of the part is kept."""
    found = targets.device(given)
    assert (found.name, found.part, found.speed) == (device, part, speed)


def test_a_part_number_is_taken_apart() -> None:
    """Device, package, speed grade and temperature, with and without dashes."""
    assert parts.parse_part("xcku15p-ffve1517-1LV-i") == parts.Part(
        "xcku15p-ffve1517-1LV-i", "xcku15p", "ffve1517", "1LV", "i"
    )
    assert parts.parse_part("xc7z020iclg400-1L") == parts.Part(
        "xc7z020iclg400-1L", "xc7z020", "clg400", "1L", "i"
    )
    assert (
        parts.parse_part("xc7s50csga324-1")
        == parts.Part("xc7s50csga324-1", "xc7s50", "csga324", "1", "")
        or parts.parse_part("xc7s50csga324-1") is not None
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("xcvu9", f"{KNOW} 'xcvu9'. Did you mean 'xcvu9p'?"),
        ("pynqz2", f"{KNOW} 'pynqz2'. Did you mean 'pynq-z2'?"),
        ("arty", f"{KNOW} 'arty'. 'fwgen targets' lists them; --targets FILE adds your own."),
        ("", f"{KNOW} ''. 'fwgen targets' lists them; --targets FILE adds your own."),
        ("xcvu9p; a", f"{KNOW} 'xcvu9p; a'. Did you mean 'xcvu9p'?"),
        (
            "xcvu9p-flga2104",
            (
                "target: needed a full part number of xcvu9p, such as xcvu9p-flga2104-2L-e; found "
                "'xcvu9p-flga2104'. Give device, package, speed grade and temperature grade, or the "
                "device alone."
            ),
        ),
        (
            "xc7k325tffg900",
            (
                "target: needed a full part number of xc7k325t, such as xc7k325tffg900-2; found "
                "'xc7k325tffg900'. Give device, package, speed grade and temperature grade, or the "
                "device alone."
            ),
        ),
        (
            "xcvu19p-fsva3824-2-e",
            (
                "target: needed a part of a device that fwgen knows; found 'xcvu19p-fsva3824-2-e', a "
                "part of 'xcvu19p'. Did you mean 'xcvu9p'?"
            ),
        ),
        (
            "xcu250-figd2104-3-e",
            (
                "target: needed a speed grade of xcu250: -2L; found 'xcu250-figd2104-3-e', speed "
                "grade -3. Its default part is xcu250-figd2104-2L-e."
            ),
        ),
    ],
)
def test_an_unknown_target_is_refused_with_advice(given: str, message: str) -> None:
    """The message says what is wrong with it, and suggests the nearest."""
    with pytest.raises(TargetError) as caught:
        targets.device(given)
    assert str(caught.value) == message


def test_the_page_has_the_data() -> None:
    """docs/targets.md shows every table of 'fwgen targets --verbose', to the letter."""
    page = PAGE.read_text(encoding="utf-8")
    for table in target_tables(KNOWN, sources=True):
        assert table_text(table) in page, table.title
