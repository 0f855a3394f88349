"""Resources and clock of a build: vendor, synthesised and estimated side by side."""

from fwgen.report.fit import BLOCKS, NAMES, count, does_not_fit, totals
from fwgen.report.table import Table
from fwgen.tools.plain import Json


def resource_tables(report: Json) -> list[Table]:
    """Tables of what was found; a figure that no tool gave has no column."""
    found = [_resources(report), _layers(report), _clock(report)]
    return [table for table in found if table.rows]


def resource_notes(report: Json) -> list[str]:
    """What a reader of the resources must know: what does not fit, what is not this build's."""
    over = [f"does not fit {report['target']}: {entry}" for entry in does_not_fit(report)]
    return [*over, *(report.get("vendor") or {}).get("notes", [])]


def _resources(report: Json) -> Table:
    kinds = [name for name in BLOCKS if totals(report.get(name))]
    device = report.get("device") or {}
    rows = []
    for key, title in NAMES.items():
        cells: list[str] = []
        for name in kinds:
            used = totals(report[name]).get(key)
            available = (report[name].get("available") or device).get(key)
            cells += [_count(used), _percent(used, available)]
        rows.append((title, *cells, _count(device.get(key))))
    head = [cell for name in kinds for cell in (_title(report[name], name), "%")]
    columns = ("resource", *head, f"{report['target']} has")
    return Table("Resources", columns, rows if kinds else [], frozenset(range(1, len(columns))))


def _layers(report: Json) -> Table:
    """LUT, FF and DSP of every layer, for each kind of figure that tells layers apart."""
    found = {name: _by_layer(report.get(name)) for name in BLOCKS}
    kinds = [name for name in BLOCKS if found[name]]
    columns = [(key, name) for key in ("lut", "ff", "dsp") for name in kinds]
    rows = [
        (layer, *(_count(found[name].get(layer, {}).get(key)) for key, name in columns))
        for layer in dict.fromkeys(layer for name in kinds for layer in found[name])
    ]
    head = [f"{NAMES[key]} {report[name].get('kind', name)}" for key, name in columns]
    right = frozenset(range(1, len(head) + 1))
    return Table("Resources by layer", ("layer", *head), rows, right)


def _by_layer(block: Json | None) -> dict[str, Json]:
    layers = (block or {}).get("layers")
    return {layer["name"]: layer for layer in layers} if isinstance(layers, list) else {}


def _clock(report: Json) -> Table:
    rows = []
    vendor = (report.get("vendor") or {}).get("timing")
    if vendor:
        rows.append(
            (
                f"vendor ({report['vendor']['tool']}, {vendor['stage']})",
                f"{vendor['fmax_mhz']:g}",
                "yes" if vendor["closes"] else "no",
                *(_slack(vendor[key]) for key in ("wns_ns", "tns_ns", "whs_ns")),
            )
        )
        modelled = report.get("timing") or {}
        if "fmax_mhz" in modelled:
            closes = "yes" if modelled.get("closes") else "no"
            rows.append(("modelled", f"{modelled['fmax_mhz']:g}", closes, "-", "-", "-"))
    closes = f"closes at {report['clock_mhz']:g} MHz"
    head = ("of", "Fmax MHz", closes, "WNS ns", "TNS ns", "WHS ns")
    return Table("Clock", head, rows, frozenset({1, 3, 4, 5}))


def _title(block: Json, name: str) -> str:
    kind = str(block.get("kind", name))
    tool = ", ".join(str(block[key]) for key in ("tool", "stage") if block.get(key))
    return f"{kind} ({tool})" if tool else kind


def _count(value: float | None) -> str:
    return "-" if value is None else count(value)


def _percent(used: float | None, available: float | None) -> str:
    return "-" if used is None or not available else f"{100 * used / available:.2f}"


def _slack(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
