"""Does it fit: the resource and the factor."""

import pytest

from fwgen.errors import FitError
from fwgen.flow.verdict import judge_build
from fwgen.report.fit import does_not_fit, excess
from fwgen.report.markdown import to_markdown
from fwgen.report.resource_tables import resource_notes
from tests.vivado.builds import report_of

HAS = {"lut": 53_200, "ff": 106_400, "dsp": 220, "bram36": 140, "uram": 0}
USES = {"lut": 85_120, "ff": 9_000, "dsp": 440, "bram36": 139.5, "uram": 0}


def test_the_worst_comes_first_with_its_factor() -> None:
    """What is over, by how much, and of what kind the figure is."""
    assert [str(e) for e in excess(USES, HAS, "synthesised")] == [
        "440 DSP (synthesised), 2.00 times the 220 of the device",
        "85,120 LUT (synthesised), 1.60 times the 53,200 of the device",
    ]


def test_exactly_full_fits() -> None:
    """As many as there are is not too many; one more is."""
    assert excess(HAS, HAS, "vendor") == []
    (over,) = excess(HAS | {"lut": 53_201}, HAS, "vendor")
    assert over.resource == "LUT"


def test_a_resource_that_the_device_has_not() -> None:
    """No factor of nothing."""
    (over,) = excess({"uram": 4}, HAS, "estimated")
    assert str(over) == "4 URAM (estimated), and the device has none"


def test_the_best_figures_decide() -> None:
    """Vendor before synthesised before estimated; without any there is nothing to say."""
    report = report_of("pynq-z2")
    assert does_not_fit(report) == []
    report["estimate"] = {"kind": "estimated", "lut": 60_000}
    assert [e.kind for e in does_not_fit(report)] == ["estimated"]
    report["resources"] = {"kind": "synthesised", "total": {"lut": 50_000}}
    assert does_not_fit(report) == []
    report["vendor"] = {"kind": "vendor", "lut": 99_000, "available": {"lut": 90_000}}
    assert [str(e) for e in does_not_fit(report)] == [
        "99,000 LUT (vendor), 1.10 times the 90,000 of the device"
    ]


def test_it_is_a_note_in_every_medium() -> None:
    """Without --strict it is said, not punished."""
    report = report_of("pynq-z2")
    report["resources"] = {"kind": "synthesised"} | USES
    note = "does not fit xc7z020: 440 DSP (synthesised), 2.00 times the 220 of the device"
    assert note in resource_notes(report)
    assert f"Note: {note}\n" in to_markdown(report)
    judge_build(report, strict=False)


def test_strict_ends_with_4() -> None:
    """The message names resource, factor and device."""
    report = report_of("pynq-z2")
    report["resources"] = {"kind": "synthesised"} | USES
    with pytest.raises(FitError) as caught:
        judge_build(report, strict=True)
    assert caught.value.exit_code == 4
    assert str(caught.value) == (
        "model 'snn_ae': needed a design that fits xc7z020; found 440 DSP (synthesised), 2.00 "
        "times the 220 of the device; 85,120 LUT (synthesised), 1.60 times the 53,200 of the "
        "device. Choose a larger device, narrower formats, or a schedule that shares hardware."
    )
