"""Every stage knows every operation: the tables of rules, walked from end to end."""

from collections.abc import Collection
from pathlib import Path
from typing import get_args

import pytest

from fwgen.hls.rules import OUTSIDE
from fwgen.hls.rules import RULES as HLS
from fwgen.ingest.bundle.layers import MAKERS
from fwgen.ir.nodes import ALL_NODES, PRIMITIVES, Composite, Dense, Derived, Input, Node
from fwgen.ir.shapes import RULES as SHAPES
from fwgen.lower.spiking.unrolled.rules import RULES as UNROLLED
from fwgen.lower.spiking.wavefront.rules import RULES as WAVEFRONT
from fwgen.lower.static import RULES as STATIC
from fwgen.quantise.rules import EXPANSIONS
from fwgen.quantise.rules import RULES as QUANTISE
from fwgen.verify.exact import RULES as EXACT
from fwgen.verify.real import RULES as REAL

WITHOUT_DERIVED = tuple(n for n in ALL_NODES if not issubclass(n, Derived))
COMPOSITES = tuple(n for n in ALL_NODES if issubclass(n, Composite))
STAGES: dict[str, tuple[Collection[type[Node]], Collection[type[Node]]]] = {
    "ir.shapes": (SHAPES, ALL_NODES),
    "quantise.rules": (QUANTISE, PRIMITIVES),
    "quantise.rules (expansions)": (EXPANSIONS, COMPOSITES),
    "verify.exact": (EXACT, PRIMITIVES),
    "verify.real": (REAL, WITHOUT_DERIVED),
    "lower.static or lower.spiking.wavefront": ({*STATIC, *WAVEFRONT}, PRIMITIVES),
    "lower.static or lower.spiking.unrolled": ({*STATIC, *UNROLLED}, PRIMITIVES),
    "hls.rules": ({*HLS, *OUTSIDE, Input}, PRIMITIVES),
}
"""The table of each stage, and the operations that it must know: no more and no fewer."""
MADE = {get_args(layer.model_fields["op"].annotation)[0] for layer in MAKERS}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_knows_every_operation(stage: str) -> None:
    """No rule is missing, and none is for an operation that cannot come there."""
    table, needed = STAGES[stage]
    missing = [node.op for node in needed if node not in table]
    idle = [node.op for node in table if node not in needed]
    assert not missing, f"{stage} has no rule for {', '.join(missing)}"
    assert not idle, f"{stage} has a rule for {', '.join(idle)}, which never comes there"


def test_only_dense_layers_are_both_static_and_spiking() -> None:
    """Where two stages could take an operation, the lowering says which does."""
    assert set(STATIC) & set(WAVEFRONT) == set(STATIC) & set(UNROLLED) == {Dense}
    assert not set(HLS) & set(OUTSIDE)


def test_every_operation_can_be_written_in_a_model() -> None:
    """`model.yaml` has a layer for each, but for those that only expansions make."""
    assert {n.op for n in WITHOUT_DERIVED} - {Input.op} <= MADE


def test_every_operation_is_in_the_law_and_each_layer_in_the_manual() -> None:
    """docs/ir.md has a section for each operation, docs/model-yaml.md for each layer."""
    docs = Path(__file__).parents[1] / "docs"
    law, manual = ((docs / f).read_text(encoding="utf-8") for f in ("ir.md", "model-yaml.md"))
    assert not [n.op for n in ALL_NODES if f"\n### `{n.op}`\n" not in law]
    assert not [op for op in MADE if f"\n### op: {op}\n" not in manual]
