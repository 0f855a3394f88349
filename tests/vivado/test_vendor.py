"""Vivado's reports, in the layouts of several versions and families, read back as figures."""

import pytest

from fwgen.errors import OutputError
from fwgen.report.resource_tables import resource_tables
from fwgen.report.vendor import stage, vendor_block
from fwgen.report.vivado_text import clock_periods, head, number
from tests.vivado.builds import report_of, texts

ROUTED = "vu9p_2023.2_routed"
SYNTHESISED = "z020_2019.2_synth"
PROJECT = "ku115_2020.2_project"
PERCENT = "u55c_2025.1_percent"


def without(found: dict[str, str], word: str) -> dict[str, str]:
    """Reports but those whose name holds a word."""
    return {name: text for name, text in found.items() if word not in name}


def test_ultrascale_plus_routed() -> None:
    """Figures, percentages and slack of the design that the build's own scripts report."""
    block = vendor_block(texts(ROUTED), report_of())
    layers = block.pop("layers")
    assert block == {
        "kind": "vendor",
        "tool": "Vivado 2023.2",
        "device": "xcvu9p-flga2104-2L-e",
        "stage": "routed",
        "lut": 9120,
        "ff": 7315,
        "dsp": 19,
        "bram36": 1.5,
        "uram": 0,
        "available": {
            "lut": 1_182_240,
            "ff": 2_364_480,
            "dsp": 6_840,
            "bram36": 2_160,
            "uram": 960,
        },
        "percent": {"lut": 0.77, "ff": 0.31, "dsp": 0.28, "bram36": 0.07, "uram": 0.0},
        "timing": {
            "kind": "vendor",
            "stage": "routed",
            "clock": "clk",
            "period_ns": 4.166,
            "wns_ns": 0.512,
            "tns_ns": 0.0,
            "whs_ns": 0.021,
            "ths_ns": 0.0,
            "fmax_mhz": 273.7,  # 1 / (4.166 ns - 0.512 ns)
            "closes": True,
        },
        "notes": [],
    }
    assert [layer["name"] for layer in layers] == [
        "snn_ae", "dec1", "enc1", "enc1_lif", "events", "membrane", "score",
    ]  # fmt: skip
    assert layers[-2] == {
        "name": "membrane",
        "lut": 60,
        "ff": 120,
        "dsp": 0,
        "bram36": 1.5,
        "uram": 0,
    }
    assert layers[-1]["dsp"] == 19


def test_7_series_synthesised() -> None:
    """Slice LUTs with a star, no URAM, a device without its xc, negative slack."""
    block = vendor_block(texts(SYNTHESISED), report_of("pynq-z2"))
    assert (block["tool"], block["stage"]) == ("Vivado 2019.2", "synthesised")
    assert (block["lut"], block["ff"], block["dsp"]) == (61_480, 9_004, 19)
    assert (block["uram"], block["available"]["uram"], block["percent"]["uram"]) == (0, 0, 0.0)
    assert block["percent"]["lut"] == 115.56
    timing = block["timing"]
    assert (timing["stage"], timing["wns_ns"]) == ("synthesised", -5.204)
    assert (timing["fmax_mhz"], timing["closes"]) == (106.7, False)
    assert block["notes"] == []


def test_ultrascale_in_a_project_of_several_clocks() -> None:
    """The slack is the one of clk, not the worst of another clock; reports name no state."""
    block = vendor_block(texts(PROJECT), report_of("xcku115"))
    assert (block["tool"], block["stage"]) == ("Vivado 2020.2", "placed")
    assert (block["lut"], block["ff"], block["dsp"], block["bram36"]) == (11_222, 8_120, 0, 0)
    timing = block["timing"]
    assert (timing["stage"], timing["clock"]) == ("routed", "clk")
    assert (timing["wns_ns"], timing["tns_ns"], timing["whs_ns"]) == (-0.117, -0.530, 0.018)
    assert (timing["fmax_mhz"], timing["closes"]) == (233.5, False)


def test_hierarchical_percentages() -> None:
    """Cells such as 3400(0.26%) hold the count first; two RAMB18 make a tile."""
    block = vendor_block(texts(PERCENT), report_of("u55c"))
    assert block["layers"] == [
        {"name": "snn_ae", "lut": 12, "ff": 40, "dsp": 0, "bram36": 0, "uram": 0},
        {"name": "enc1", "lut": 3400, "ff": 1800, "dsp": 0, "bram36": 0, "uram": 0},
        {"name": "score", "lut": 5388, "ff": 5260, "dsp": 0, "bram36": 1.5, "uram": 0},
    ]
    assert "timing" not in block


def test_the_latest_stage_wins() -> None:
    """Reports of synthesis and of routing in one folder: the routed figures are shown."""
    both = texts(ROUTED)
    for name, text in texts(ROUTED).items():
        early = text.replace(": Routed", ": Synthesized").replace("9120", "9999")
        both[f"z_{name}"] = early.replace("0.512", "2.000")
    block = vendor_block(both, report_of())
    assert (block["stage"], block["lut"], block["timing"]["wns_ns"]) == ("routed", 9120, 0.512)


def test_a_report_of_timing_alone_is_enough() -> None:
    """Figures that were not reported are absent."""
    only = without(texts(ROUTED), "utilization")
    block = vendor_block(without(only, "hierarchy"), report_of())
    assert block["timing"]["fmax_mhz"] == 273.7
    assert "lut" not in block


def test_reports_of_something_else_are_noted() -> None:
    """Another device, another design, another clock: shown, but said."""
    report = report_of("xcvu13p") | {"model": "other", "clock_mhz": 360.0}
    report["interface"]["top"] = "other"
    block = vendor_block(texts(ROUTED), report)
    assert block["notes"] == [
        "Vivado's reports are of design 'snn_ae', the build is 'other'",
        "Vivado's reports are for xcvu9p-flga2104-2L-e, the build is for xcvu13p-flga2577-2-e",
        "Vivado was asked for 240.0 MHz, the build is for 360 MHz",
    ]
    assert block["timing"]["closes"] is False


def test_hold_violations_do_not_close() -> None:
    """No clock is slow enough for a hold violation."""
    late = {n: t.replace(" 0.021 ", "-0.021 ") for n, t in texts(ROUTED).items()}
    assert vendor_block(late, report_of())["timing"]["closes"] is False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("| CLB LUTs ", "| XYZ LUTs "), "route_utilization.rpt: needed a row 'CLB LUTs' or"),
        (("{0.000 2.083}", "0.000 2.083"), "route_timing.rpt: needed a timing summary with one"),
        (
            ("0.512", "   NA"),
            "route_timing.rpt: needed a worst negative slack (WNS) of clock 'clk'",
        ),
    ],
)
def test_a_damaged_report_is_named(change: tuple[str, str], message: str) -> None:
    """No figure is made up for one that cannot be read."""
    damaged = {name: text.replace(*change) for name, text in texts(ROUTED).items()}
    with pytest.raises(OutputError) as caught:
        vendor_block(damaged, report_of())
    assert str(caught.value).startswith(message)


def test_the_only_clock_may_have_any_name() -> None:
    """Reports of a user's own constraints."""
    renamed = {n: t.replace("\nclk ", "\nabc ") for n, t in texts(ROUTED).items()}
    timing = vendor_block(renamed, report_of())["timing"]
    assert (timing["clock"], timing["fmax_mhz"]) == ("abc", 273.7)


def test_several_clocks_without_clk_are_refused() -> None:
    """Nobody guesses which clock is the trigger's."""
    renamed = {name: text.replace("\nclk   ", "\nabc   ") for name, text in texts(PROJECT).items()}
    with pytest.raises(OutputError, match="one called clk; found refclk, clk_ipb, abc"):
        vendor_block(renamed, report_of("xcku115"))


@pytest.mark.parametrize("found", [{}, {"notes.txt": "my notes"}])
def test_files_that_are_no_reports(found: dict[str, str]) -> None:
    """Said with what was there and how to get reports."""
    with pytest.raises(OutputError, match=r"^Vivado's reports: needed a report of report_util"):
        vendor_block(found, report_of())


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12", 12), ("40.5", 40.5), ("12(0.01%)", 12), ("<0.01", 0.01), ("", None), ("NA", None)],
)
def test_numbers(cell: str, value: float | None) -> None:
    """Counts, halves, percentages in brackets, blanks."""
    assert number(cell) == value


def test_the_head_of_every_fixture_is_read() -> None:
    """Tool and stage stand in every report, whatever its version."""
    for name in (ROUTED, SYNTHESISED, PROJECT, PERCENT):
        for file, text in texts(name).items():
            assert head(text).tool == f"Vivado {name.split('_')[1]}", file
            assert head(text).design == "snn_ae"
            assert stage(text) in {"synthesised", "placed", "routed"}
    assert clock_periods(texts(PROJECT)["snn_ae_timing_summary_routed.rpt"]) == {
        "refclk": 25.0,
        "clk_ipb": 8.0,
        "clk": 4.166,
    }


def test_vendor_stands_beside_synthesised_beside_estimated() -> None:
    """One table; a kind that is absent has no column."""
    report = report_of()
    assert resource_tables(report) == []
    report["vendor"] = vendor_block(texts(ROUTED), report)
    alone = resource_tables(report)[0]
    assert alone.head == ("resource", "vendor (Vivado 2023.2, routed)", "%", "xcvu9p has")
    assert alone.rows[0] == ("LUT", "9,120", "0.77", "1,182,240")
    report["resources"] = {"kind": "synthesised", "tool": "Yosys 0.70", "total": {"lut": 11_822}}
    report["estimate"] = {"kind": "estimated", "lut": 12_000}
    beside = resource_tables(report)[0]
    assert beside.head[1::2] == (
        "vendor (Vivado 2023.2, routed)",
        "synthesised (Yosys 0.70)",
        "estimated",
        "xcvu9p has",
    )
    assert beside.rows[0][1::2] == ("9,120", "11,822", "12,000", "1,182,240")
    assert beside.rows[3] == ("BRAM36", "1.5", "0.07", "-", "-", "-", "-", "2,160")
    report["resources"]["layers"] = [{"name": "enc1", "lut": 4000}, {"name": "other", "lut": 7}]
    layers = resource_tables(report)[1]
    assert layers.head[:3] == ("layer", "LUT vendor", "LUT synthesised")
    assert ("enc1", "3,522", "4,000", "1,830", "-", "0", "-") in layers.rows
    assert ("other", "-", "7", "-", "-", "-", "-") in layers.rows
    clock = resource_tables(report)[-1]
    assert clock.rows[0][:3] == ("vendor (Vivado 2023.2, routed)", "273.7", "yes")
