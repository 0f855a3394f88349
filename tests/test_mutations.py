"""Broken firmware must not pass: every mutation of the emitted Verilog is caught by the benches."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from fwgen.emit.top import emit_rtl
from fwgen.flow.prepare import prepare
from fwgen.flow.writer import write_files
from fwgen.ingest.bundle.reader import read_bundle
from fwgen.ir.nodes import Lif
from fwgen.lower.circuit.pace import Pace
from fwgen.lower.lowering import lower
from fwgen.verify.bench.prove import BenchResult, Subject, prove_cocotb, prove_native

MODEL = Path(__file__).parent.parent / "models" / "snn_ae"
MODEL_FILE = read_bundle(MODEL)
EVENTS = 10_000

Mutation = Callable[[Path], None]


def edit(path: Path, pattern: str, new: str, count: int = 1) -> None:
    """Replace text that must be there, or the mutation would test nothing."""
    text, hits = re.subn(pattern, new, path.read_text(), count=count)
    assert hits, f"nothing to mutate in {path.name}: {pattern}"
    path.write_text(text)


def flip_a_bit(path: Path, table: str, synapse: int = 1) -> None:
    """The lowest bit of one synapse's weight: all entries of its table with its spike change."""
    text = path.read_text()
    found = re.search(rf"{table}__values = \{{(.*?)\}};", text, re.DOTALL)
    assert found, f"no {table} in {path.name}"

    entries = re.split(r",\s+", found[1])
    for index, entry in enumerate(entries):
        head, value = re.fullmatch(r"(-?\d+'s?d)(\d+)", entry).groups()
        entries[index] = f"{head}{int(value) ^ (index >> synapse & 1)}"
    assert len(entries) > 1 << synapse
    path.write_text(text.replace(found[1], ", ".join(entries), 1))


def flip_hidden_weight_bit(rtl: Path) -> None:
    """One weight of one synapse of the layer 'dec1' differs by one unit."""
    flip_a_bit(rtl / "snn_ae_dec1.v", "n3_c0_t0")


def flip_output_weight_bit(rtl: Path) -> None:
    """One weight of one synapse of the last layer differs by one unit."""
    flip_a_bit(rtl / "snn_ae_recon.v", "n0_c0_t0")


def fire_at_threshold(rtl: Path) -> None:
    """The neurons of one layer fire at the threshold, not above it."""
    node = MODEL_FILE.graph["enc2_lif"]
    assert isinstance(node, Lif)
    assert node.membrane
    threshold = round(float(node.threshold.values) * 2**node.membrane.frac)
    both = rf"wire fires = (\1) | (shown_q == {threshold});"
    edit(rtl / "snn_ae_enc2_lif__neuron0.v", r"wire fires = (.+);", both)


def keep_state_between_events(rtl: Path) -> None:
    """The membranes of one layer are not cleared in front of an event's first step."""
    kept = r"if \(clear_i\) membrane_q <= \d+'d0;\s*else "
    edit(rtl / "snn_ae_enc2_lif__neuron0.v", kept, "")


def keep_spike_between_events(rtl: Path) -> None:
    """The last spike of an event resets a neuron in the next event."""
    path = rtl / "snn_ae_enc2_lif__neuron0.v"
    edit(path, r"wire resets = (.*)\bmembrane_q\b(.*);", r"wire resets = \1shown_q\2;")


def late_valid(rtl: Path) -> None:
    """valid_o comes one cycle after the results."""
    edit(
        rtl / "snn_ae.v",
        r"assign valid_o = event__at\[\d+\];",
        "reg late; always @(posedge clk_i) late <= event__at[LAST]; assign valid_o = late;",
    )
    last = re.search(r"\.LAST\((\d+)\)", (rtl / "snn_ae.v").read_text())
    assert last
    edit(rtl / "snn_ae.v", "LAST]", f"{last[1]}]")


def reset_forgets_nothing(rtl: Path) -> None:
    """Events under way survive a reset."""
    edit(rtl / "fwgen_events.v", r"if \(rst_i\) at_q <= [^;]*;\n\s*else ", "")


def ready_too_early(rtl: Path) -> None:
    """A new event is taken one cycle before the interval is over."""
    edit(rtl / "fwgen_events.v", r"at_q\[INTERVAL-2:0\]", "at_q[INTERVAL-3:0]")


def wrap_instead_of_saturate(rtl: Path) -> None:
    """A current beyond its format wraps around."""
    edit(rtl / "snn_ae_enc1_current.v", r"y3_sat = .*\| (\w+\[5:0\])\).*;", r"y3_sat = \1;")


def hold_one_cycle_late(rtl: Path) -> None:
    """The static current is captured a cycle late."""
    found = re.search(r"\.load_i\(event__at\[(\d+)\]\)", (rtl / "snn_ae.v").read_text())
    assert found
    late = int(found[1]) + 1
    edit(rtl / "snn_ae.v", r"\.load_i\(event__at\[\d+\]\)", f".load_i(event__at[{late}])")


# one of each kind in every run: arithmetic, comparison, state, protocol
ALWAYS: frozenset[Mutation] = frozenset(
    {flip_hidden_weight_bit, fire_at_threshold, keep_state_between_events, late_valid}
)
VOLUME: tuple[Mutation, ...] = (
    flip_hidden_weight_bit,
    flip_output_weight_bit,
    fire_at_threshold,
    keep_state_between_events,
    keep_spike_between_events,
    late_valid,
    reset_forgets_nothing,
    ready_too_early,
    wrap_instead_of_saturate,
    hold_one_cycle_late,
)
PROTOCOL: tuple[Mutation, ...] = (
    flip_output_weight_bit,
    keep_state_between_events,
    late_valid,
    reset_forgets_nothing,
)


def some(mutations: tuple[Mutation, ...], always: frozenset[Mutation]) -> list[ParameterSet]:
    """All of them; those beyond the ones that always run are slow."""
    return [
        pytest.param(m, marks=() if m in always else pytest.mark.slow, id=m.__name__)
        for m in mutations
    ]


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """The published model, lowered and written, not mutated."""
    ready = prepare(MODEL)
    design = lower(ready.graph, Pace(240.0))
    folder = tmp_path_factory.mktemp("mutations")
    rtl = write_files(folder / "rtl", emit_rtl(design, ready.graph))
    samples = ready.bundle.samples
    return Subject(ready.reference, design.interface, rtl, samples, folder / "work")


def mutated(subject: Subject, mutation: Mutation, folder: Path) -> Subject:
    """A copy of the subject with broken Verilog."""
    rtl = folder / "rtl"
    shutil.copytree(subject.rtl[0].parent, rtl)
    mutation(rtl)
    return replace(subject, rtl=sorted(rtl.glob("*.v")), work=folder / "work")


def caught(bench: BenchResult) -> bool:
    """Whether a bench reports mismatches and describes the first of them."""
    return bench.mismatches > 0 and bool(bench.first)


def test_the_firmware_itself_passes(subject: Subject) -> None:
    """Without a mutation the same bench with the same events finds nothing."""
    bench = prove_native(subject, EVENTS, seed=1)
    assert (bench.mismatches, bench.first) == (0, None)
    assert bench.events >= EVENTS


@pytest.mark.parametrize("mutation", some(VOLUME, ALWAYS))
def test_volume_bench_catches(mutation: Mutation, subject: Subject, tmp_path: Path) -> None:
    """The native harness reports every mutation."""
    assert caught(prove_native(mutated(subject, mutation, tmp_path), EVENTS, seed=1))


@pytest.mark.parametrize("mutation", some(PROTOCOL, frozenset({keep_state_between_events})))
def test_protocol_bench_catches(mutation: Mutation, subject: Subject, tmp_path: Path) -> None:
    """The cocotb benches report mutations of the arithmetic, the state and the protocol."""
    assert caught(prove_cocotb(mutated(subject, mutation, tmp_path), seed=1))
