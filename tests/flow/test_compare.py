"""``fwgen compare``: the first layer that differs, by how much, and what the exit code says.

What a framework would give is worked out here in float64, where it is exact: all numbers are small
multiples of powers of two.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen import cli
from fwgen.emit.top import emit_rtl
from fwgen.errors import MismatchError
from fwgen.flow import benches
from fwgen.flow import compare as differences
from fwgen.flow.prepare import prepare
from fwgen.flow.verdict import judge_comparison
from fwgen.ingest.bundle.reader import read_bundle
from fwgen.report.compare_tables import difference_table, first_lines, notes
from fwgen.verify.bench import checked as checks
from fwgen.verify.bench import native
from fwgen.verify.float_model import evaluate
from fwgen.verify.layers import firmware as bench
from fwgen.verify.layers.layers import Layers, rows_of
from tests.ingest.drafts import Draft, small_draft

Run = Callable[..., tuple[object, str, str]]
Arrays = dict[str, Any]
EVENTS = 6
X = np.random.default_rng(1).integers(0, 256, (EVENTS, 3)) / 256.0
DENSE = np.array([[0.5, 0.25, -0.5], [1.0, 0.5, 0.25]])


def dense_draft(*outputs: str) -> Draft:
    """Dense, batch normalisation (gamma / sqrt(variance) = 2 and 1/2), ReLU, rounding, dense."""
    draft = small_draft()
    draft.model |= {"steps": 1, "outputs": list(outputs or ("e", "r")), "samples": None}
    draft.model["layers"] = [
        {"name": "d", "op": "dense", "units": 2},
        {"name": "n", "op": "batch_norm", "epsilon": 0.0},
        {"name": "r", "op": "relu"},
        {"name": "q", "op": "quantise", "format": "ufixed<6,2,RND_CONV,SAT>"},
        {"name": "e", "op": "dense", "units": 2},
    ]
    draft.weights = {
        "d.weight": DENSE,
        "d.bias": np.array([0.125, -0.25]),
        "n.gamma": np.array([2.0, 1.0]),
        "n.beta": np.array([0.5, 0.125]),
        "n.mean": np.array([0.25, 0.0]),
        "n.variance": np.array([1.0, 4.0]),
        "e.weight": np.array([[1.0, -0.5], [0.25, 2.0]]),
        "e.bias": np.zeros(2),
    }
    return draft


def dense_outputs(weight: np.ndarray = DENSE) -> Arrays:
    """Every layer of `dense_draft` on ``X``."""
    d = X @ weight.T + [0.125, -0.25]
    n = (d - [0.25, 0.0]) * [2.0, 0.5] + [0.5, 0.125]
    r = np.maximum(n, 0.0)
    q = np.minimum(np.rint(r * 16), 63) / 16
    return {"x": X, "d": d, "n": n, "r": r, "q": q, "e": q @ [[1.0, 0.25], [-0.5, 2.0]]}


def spiking_draft() -> Draft:
    """The small autoencoder with numbers for which float64 is exact, and no decoder rounding."""
    draft = small_draft()
    draft.layer("enc_lif").update(beta=0.5, membrane_format="fixed<30,6,RND,SAT>")
    return draft


def spiking_outputs(weight: np.ndarray = DENSE) -> Arrays:
    """Layers of `spiking_draft` on ``X`` by snnTorch's equations: subtract, with the delay."""
    current = X @ weight.T + [0.125, -0.25]
    u, spikes, membranes = np.zeros((EVENTS, 2)), [], []
    for _ in range(3):
        u = 0.5 * u + current - (u > 1.0)
        spikes.append(u > 1.0)
        membranes.append(u)
    dec = u @ [[0.5, -0.5, 0.75], [1.0, 0.25, 0.0]]
    steps = {"enc_lif": np.stack(spikes, axis=1), "enc_lif.membrane": np.stack(membranes, axis=1)}
    score = ((dec - X) ** 2).sum(axis=1, keepdims=True)
    return {"x": X, "enc": current, **steps, "membrane": u, "dec": dec, "score": score}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """``run(draft, arrays, *words)`` gives exit code, output and errors of the command."""
    monkeypatch.chdir(tmp_path)

    def command(draft: Draft, arrays: Arrays | None, *words: str) -> tuple[object, str, str]:
        if not Path("demo").exists():
            draft.write(Path("demo"))
        given = [] if arrays is None else ["--against", "mine.npz"]
        if arrays is not None:
            np.savez("mine.npz", **arrays)
        monkeypatch.setattr("sys.argv", ["fwgen", "compare", "demo", *given, *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capfd.readouterr()
        return end.value.code, " ".join(said.out.split()), said.err

    return command


# ---- what a framework gave ----


@pytest.mark.parametrize("kind", ["dense", "spiking"])
def test_exact_outputs_equal_the_reference(kind: str, run: Run) -> None:
    """A framework that computes the same gives the reference's numbers, layer by layer."""
    arrays = dense_outputs() if kind == "dense" else spiking_outputs()
    arrays.pop("d", None)  # folded
    draft = dense_draft() if kind == "dense" else spiking_draft()
    assert kind == "dense" or 0 < arrays["enc_lif"].mean() < 1
    code, said, _ = run(draft, arrays, "--strict", "--no-firmware")
    count = len(arrays) - 1
    line = f"your outputs and reference: no layer differs: {count} arrays compared on 6 events"
    assert line in said
    assert code == 0


def test_a_flipped_weight_is_found_in_its_own_layer(run: Run) -> None:
    """Not in the layers behind it, which differ as well; with the event, element and size."""
    weight = DENSE.copy()
    weight[1, 2] += 0.25
    event = int(np.argmax(X[:, 2] > 0))
    code, said, _ = run(spiking_draft(), spiking_outputs(weight), "--no-firmware")
    worst = X[:, 2].max() / 4
    line = (
        f"your outputs and reference: first layer that differs: 'enc' (dense): "
        f"{np.count_nonzero(X[:, 2])} of 12 elements in {np.count_nonzero(X[:, 2])} of 6 events, "
        f"by at most {worst:.4g} ("
    )
    assert line in said
    want = X[event] @ DENSE[1] - 0.25
    mine = float(want + X[event, 2] / 4)
    place = f"first at event {event}, element 1: {mine!r} where the reference has"
    assert f"{place} {float(want)!r}" in said
    assert code == 0


def test_a_layer_that_is_a_step_late_is_found_with_its_step(run: Run) -> None:
    """The spikes are right and the membranes shifted by one step: the membrane is named."""
    arrays = spiking_outputs()
    arrays["enc_lif.membrane"] = np.roll(arrays["enc_lif.membrane"], 1, axis=1)
    _, said, _ = run(spiking_draft(), arrays, "--no-firmware")
    assert "reference: first layer that differs: 'enc_lif.membrane' (lif): " in said
    assert "first at event 0, step 0, element 0: " in said


def test_a_spike_too_many_is_counted(run: Run) -> None:
    """One element of one event at one step."""
    arrays = spiking_outputs()
    arrays["enc_lif"][4, 2, 1] ^= True
    _, said, _ = run(spiking_draft(), arrays, "--no-firmware")
    there, other = (int(v) for v in (arrays["enc_lif"][4, 2, 1], not arrays["enc_lif"][4, 2, 1]))
    assert (
        "your outputs and reference: first layer that differs: 'enc_lif' (lif): 1 of 36 elements "
        "in 1 of 6 events, by at most 1; first at event 4, step 2, element 1: "
        f"{there} where the reference has {other}"
    ) in said


def test_a_difference_fails_only_if_strict(run: Run) -> None:
    """Exit code 0 and a report, or 3 with the same sentence; a float model cannot be equal."""
    arrays = dense_outputs()
    arrays = {"x": X, "q": arrays["r"]}  # what a model without its quantiser gives
    code, said, complaint = run(dense_draft(), arrays, "--no-firmware")
    first = "first layer that differs: 'q' (quantise): "
    off = np.count_nonzero(arrays["q"] * 16 % 1)
    assert off > 0
    assert first in said
    assert f"{off} of them no numbers of its grid" in said
    assert (code, "error" in complaint) == (0, False)
    code, said, complaint = run(dense_draft(), arrays, "--no-firmware", "--strict")
    assert first in said
    assert complaint.partition("error: ")[2].startswith(
        "model 'demo': needed your outputs to equal the integer reference, as --strict asks; found "
        f"your outputs and reference: {first}"
    )
    assert code == 3


def test_the_float_model_s_own_outputs_differ_as_the_float_model_does(
    run: Run, tmp_path: Path
) -> None:
    """Both comparisons then give the same figures, at every layer."""
    folder = small_draft().write(tmp_path / "demo")
    values = evaluate(read_bundle(folder).graph, X)
    given = {k: np.moveaxis(v, 0, 1) if v.ndim == 3 else v for k, v in values.items()}
    _, said, _ = run(small_draft(), given, "--no-firmware", "--json", "found.json")
    found = json.loads(Path("found.json").read_text())
    for row in found["layers"][1:]:
        assert row["float"] == row["given"], row["name"]
        if row["given"]:
            assert row["given_from_float"]["elements"] == row["given"]["elements"]
            assert row["given_from_float"]["largest"] == row["given_from_float"]["differing"] == 0
    assert found["first"] == {"float": "enc_lif.membrane", "given": "enc_lif.membrane"} | {
        "firmware": None
    }
    assert said.count("first layer that differs: 'enc_lif.membrane' (lif): ") == 2


def test_how_far_yours_lie_from_the_float_model_is_shown(run: Run) -> None:
    """Rounding has no part in it: another weight shows, also in a layer that is folded."""
    arrays = dense_outputs() | dict.fromkeys("d", dense_outputs()["d"] + [[0.0, 0.5]])
    arrays["r"][2, 1] += 0.25
    _, said, _ = run(dense_draft(), arrays, "--no-firmware", "--json", "found.json")
    rows = {row["name"]: row for row in json.loads(Path("found.json").read_text())["layers"]}
    apart = {name: rows[name]["given_from_float"] for name in "dnr"}
    assert apart["d"] == {"elements": 2 * EVENTS, "differing": EVENTS, "largest": 0.5}
    assert apart["n"] == {"elements": 2 * EVENTS, "differing": 0, "largest": 0.0}
    assert apart["r"] == {"elements": 2 * EVENTS, "differing": 1, "largest": 0.25}
    assert re.search(r" d dense folded - - not compared - 0\.5 ", said)
    assert re.search(r" n batch_norm \S+ 0 0 equal 0 0 ", said)


def test_spikes_that_differ_from_the_float_model_are_counted(run: Run) -> None:
    """A bit differs or does not."""
    arrays = spiking_outputs()
    arrays["enc_lif"][1, 0, 0] = 1 - arrays["enc_lif"][1, 0, 0]
    _, said, _ = run(spiking_draft(), arrays, "--no-firmware")
    assert re.search(r" enc_lif lif \S+ .* 1 differ ", said)


# ---- folded layers ----


@pytest.mark.parametrize("outputs", [("e", "r"), ("e", "n")])
def test_folded_layers_are_shown_as_such(outputs: tuple[str, ...], run: Run) -> None:
    """The dense layer's own value is nowhere; the normalisation's is, whatever its node's name."""
    code, said, _ = run(dense_draft(*outputs), dense_outputs(), "--no-firmware")
    node = "n" if "n" in outputs else "d"
    assert code == 0
    assert re.search(r" d dense folded - - not compared - ", said)
    assert re.search(r" n batch_norm u?fixed<\d+,-?\d+> 0 0 equal 0 ", said)
    into = f"into the firmware's layer '{node}'"
    assert (
        f"'d' (dense) is folded with 'n' (batch_norm) {into}; compare 'n' instead (yours is given, "
        "but not compared)"
    ) in said
    assert f"'n' (batch_norm) is folded with 'd' (dense) {into}, whose value this is" in said
    assert "no layer differs: 4 arrays compared" in said


def test_two_numbers_that_differ_look_so(run: Run) -> None:
    """However small the difference, the sentence shows enough digits of both numbers."""
    arrays = {key: dense_outputs()[key] for key in "xr"}
    event, element = np.argwhere(arrays["r"] > 0)[0]
    want = arrays["r"][event, element]
    arrays["r"][event, element] = np.nextafter(want, 9)
    _, said, _ = run(dense_draft(), arrays, "--no-firmware")
    mine = float(arrays["r"][event, element])
    assert f"element {element}: {mine!r} where the reference has {float(want)!r}" in said


def test_what_cannot_be_compared_never_passes_for_equal(run: Run) -> None:
    """--strict refuses it; without, the sentence says that nothing was compared."""
    arrays = {key: dense_outputs()[key] for key in "xd"}
    code, said, _ = run(dense_draft(), arrays, "--no-firmware")
    assert code == 0
    assert (
        "your outputs and reference: nothing was compared: none of the layers given has a value "
        "in the firmware"
    ) in said
    code, said, complaint = run(dense_draft(), arrays, "--strict", "--no-firmware")
    assert (code, said) == (2, "")
    assert complaint.partition("error: ")[2] == (
        "mine.npz: 'd': needed arrays of layers that have a value in the firmware, as --strict "
        "asks; found a layer folded with 'n' (batch_norm) into the firmware's layer 'd'; compare "
        "'n' instead. Leave this array out.\n"
    )


def test_no_layer_of_either_graph_is_left_out(tmp_path: Path) -> None:
    """Every layer of the model has a row, and every node of the firmware's graph is in one."""
    ready = prepare(dense_draft().write(tmp_path / "demo"))
    rows = rows_of(ready.quantised, ready.reference)
    assert [row.name for row in rows] == [n.name for n in ready.bundle.graph]
    assert {row.value for row in rows} - {None} == {n.name for n in ready.graph}


# ---- groups, inputs, options ----


def test_groups_of_events_give_the_figures_of_all_at_once(tmp_path: Path) -> None:
    """However few events fit into memory at once."""
    ready = prepare(small_draft().write(tmp_path / "demo"))
    figures = []
    for size in (1, 4, EVENTS):
        layers = Layers(ready.quantised, ready.reference)
        for start in range(0, EVENTS, size):
            layers.add(X[start : start + size], {})
        figures.append([layers.figures(row) for row in layers.rows])
        assert layers.events == EVENTS
    for some in figures[:2]:
        for one, all_at_once in zip(some, figures[2], strict=True):
            one["float"]["mean"] = pytest.approx(one["float"]["mean"])
            assert all_at_once == one
    assert any(f["float"]["differing"] for f in figures[2])


def test_inputs_between_and_beyond_the_format_are_counted(run: Run) -> None:
    """As rounded and saturated, since the framework saw them as they are."""
    arrays = dense_outputs()
    arrays["x"] = X + np.array([0.001, 0.0, 0.0])
    arrays["x"][2, 1] = -7.5
    _, said, _ = run(dense_draft(), arrays, "--no-firmware")
    where = "of the input's format; the float model and your framework see them as they are"
    assert f"note: 6 input elements lie between numbers {where}" in said
    assert f"note: 1 input elements lie beyond the range {where}" in said
    assert "float model and reference: first layer that differs: 'x' (input): 7 of 18" in said


def test_without_outputs_the_model_s_samples_serve(run: Run) -> None:
    """No columns for outputs that were not given, and a name for where the events come from."""
    code, said, _ = run(small_draft(), None, "--no-firmware")
    assert code == 0
    assert "note: events are toy sample 'toy'" in said
    assert "yours" not in said
    assert "your outputs and reference" not in said
    assert "firmware and reference" not in said


def test_a_model_without_samples_gets_random_events(run: Run) -> None:
    """And the table says so."""
    _, said, _ = run(dense_draft(), None, "--no-firmware")
    assert "note: events are random: the model ships no samples" in said
    assert "2,000 events" in said


STRICT = (
    "--strict: needed outputs of yours that must equal the reference; found no --against. Give "
    "--against OUTPUTS.npz, or leave --strict out.\n"
)
GIVE = "Give another file.\n"
PLACE = "needed a file in a folder that exists;"
OWN = "needed a file of its own; found a file that the comparison reads."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--strict", STRICT),
        ("--json demo", f"--json demo: {PLACE} found a folder. {GIVE}"),
        ("--json no/f", f"--json no/f: {PLACE} found no folder no. {GIVE}"),
        ("--json demo/weights.npz", f"--json demo/weights.npz: {OWN} {GIVE}"),
        ("--against demo/weights.npz", "demo/weights.npz: 'x': needed an array of shape (events,"),
        ("--targets none.yaml", "none.yaml"),
    ],
)
def test_bad_options_are_refused_before_anything_is_done(
    words: str, message: str, run: Run
) -> None:
    """One message, exit code 2, nothing shown or written."""
    before = small_draft().write(Path("demo")) / "weights.npz"
    raw = before.read_bytes()
    code, said, complaint = run(small_draft(), None, *words.split())
    assert (code, said) == (2, "")
    assert complaint.partition("error: ")[2].startswith(message)
    assert before.read_bytes() == raw
    assert [path.name for path in Path().iterdir()] == ["demo"]


# ---- the firmware ----


def test_firmware_equals_the_reference(run: Run) -> None:
    """The Verilog of a small spiking model, on its own samples: every output, exit code 0."""
    code, said, _ = run(small_draft(), None, "--json", "found.json")
    assert "firmware and reference: no layer differs: 2 outputs compared on 2 events" in said
    found = json.loads(Path("found.json").read_text())
    rows = {row["name"]: row["firmware"] for row in found["layers"] if row["firmware"]}
    assert {name: row["elements"] for name, row in rows.items()} == {"score": 2, "trigger": 2}
    assert code == 0


def test_firmware_that_differs_is_found_and_ends_with_3(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two outputs has its lowest bit inverted: it is named, the other one is equal."""

    def broken(*design: Any) -> dict[str, str]:
        files = emit_rtl(*design)
        text = files["demo.v"]
        files["demo.v"] = re.sub(r"(assign e_o\s*=\s*)([^;]*);", r"\1(\2) ^ 1'b1;", text)
        assert files["demo.v"] != text
        return files

    monkeypatch.setattr(benches, "emit_rtl", broken)
    code, said, complaint = run(dense_draft(), dense_outputs(), "--json", "found.json")
    line = "firmware and reference: first layer that differs: 'e' (dense): 6 of 12 elements in 6 of"
    assert line in said
    assert complaint.partition("error: ")[2].startswith(
        "model 'demo': needed the firmware to equal the integer reference on every event; found "
        + line
    )
    found = json.loads(Path("found.json").read_text())
    rows = {row["name"]: row["firmware"] for row in found["layers"] if row["firmware"]}
    assert (rows["r"]["differing"], rows["e"]["largest_lsb"]) == (0, 1.0)
    assert code == 3


@pytest.mark.parametrize("fault", ["lost", "late"])
def test_firmware_that_loses_or_delays_events_is_no_match(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults of timing are counted and described with the event's number, and end with 3."""
    small_draft().write(tmp_path / "demo")

    def simulated(_exe: Path, face: Any, x: list[Any], *_: Any, **__: Any) -> checks.Result:
        taken = np.arange(len(x[0])) * face.interval
        late = np.arange(len(x[0])) == 1 if fault == "late" else 0
        keep = taken[:1] if fault == "lost" else taken
        outputs = tuple(np.zeros((len(keep), p.count), dtype=np.int64) for p in face.outputs)
        return checks.Result(taken, keep + face.latency + late, outputs)

    monkeypatch.setattr(native, "run", simulated)
    monkeypatch.setattr(bench, "compiled", lambda _subject: Path("none"))
    found = differences.compare(tmp_path / "demo", differences.Options())
    assert found["firmware_faults"] == 1
    line = first_lines(found)["firmware"]
    assert line.startswith("firmware and reference: 1 faults of timing, first: event ")
    rows = {row[0]: row[-1] for row in difference_table(found).rows}
    assert (rows["score"] == "lost") == (fault == "lost")
    assert ("nothing was compared" in line) == (fault == "lost")
    assert notes(found)
    with pytest.raises(MismatchError, match="faults of timing"):
        judge_comparison(found, strict=False)
