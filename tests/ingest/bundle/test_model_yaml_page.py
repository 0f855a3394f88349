"""docs/model-yaml.md tells the truth about model.yaml."""

import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from pydantic import BaseModel

from fwgen import cli
from fwgen.ingest import names
from fwgen.ingest.bundle import schema, yaml_file
from fwgen.ingest.bundle.reader import read_bundle
from fwgen.ingest.files import arrays
from fwgen.ir.fixed import Overflow, Rounding
from fwgen.quantise.passes import quantise
from tests.ingest.drafts import Draft

PAGE = (Path(__file__).parents[3] / "docs" / "model-yaml.md").read_text(encoding="utf-8")
OPERATIONS = {
    get_args(model.model_fields["op"].annotation)[0]: model
    for model in get_args(get_args(schema.AnyLayer)[0])
}
SECTIONS: dict[str, type[BaseModel]] = {
    "## Top level": schema.ModelFile,
    "## budgets": schema.Budgets,
    "## input": schema.InputSection,
    "`scaling` has two keys": schema.Scaling,
    "## samples": schema.Samples,
    "Each set is one array": schema.SampleSet,
    "## provenance": schema.Provenance,
}
COMMON = {"name", "op", "from"}


def rows(start: str) -> dict[str, str]:
    """The first table behind a line that begins so: default by key."""
    _, found, rest = PAGE.partition(f"\n{start}")
    assert found, start
    section = re.split(r"\n#+ ", rest, maxsplit=1)[0]
    table = re.search(r"((?:^\|.*\n)+)", section, re.MULTILINE)
    cells = [line.split(" | ") for line in table[1].splitlines()] if table else []
    return {row[0].strip("| `"): row[2].strip("`") for row in cells if row[0].startswith("| `")}


def keys(model: type[BaseModel]) -> set[str]:
    """The keys of a section as they stand in the file."""
    return {field.alias or key for key, field in model.model_fields.items()}


@pytest.mark.parametrize(("start", "model"), SECTIONS.items(), ids=SECTIONS)
def test_each_section_lists_its_keys_and_their_defaults(start: str, model: type[BaseModel]) -> None:
    """Every field of the schema stands in the section's table, nothing else does."""
    table = rows(start)
    assert set(table) == keys(model)
    for key, field in model.model_fields.items():
        assert (table[key] == "required") == field.is_required()
        if isinstance(field.default, bool):
            assert table[key] == str(field.default).lower()
        elif isinstance(field.default, int | float):
            assert float(table[key]) == field.default
        elif field.default and isinstance(field.default, str):
            assert table[key] == field.default


@pytest.mark.parametrize("op", OPERATIONS)
def test_each_operation_lists_its_keys(op: str) -> None:
    """Every field of every layer is explained, nothing else is."""
    table = rows(f"### op: {op}\n")
    model = OPERATIONS[op]
    assert set(table) == keys(model) - COMMON
    for key, default in table.items():
        assert (default == "required") == model.model_fields[key].is_required()


def test_what_all_layers_share_is_listed_once() -> None:
    """Name, operation and source."""
    assert set(rows("## layers")) == COMMON


def test_limits_are_those_of_the_code() -> None:
    """Numbers in the page are the reader's."""
    for limit in (
        f"{yaml_file.MAX_BYTES:,} bytes",
        f"{arrays.MAX_BYTES:,} bytes",
        f"{arrays.MAX_MEMBERS} arrays",
        f"1 to {schema.MAX_STEPS} ",
        f"1 to {schema.MAX_SIZE} ",
        f"1 to {schema.MAX_LAYERS} layers",
        f"{schema.MIN_CLOCK_MHZ:g} to {schema.MAX_CLOCK_MHZ:g};",
        f"at most {names.MAX_LENGTH}\n",
    ):
        assert limit in PAGE, limit


def test_every_mode_is_named() -> None:
    """Rounding and overflow modes, each as the parser takes it."""
    for mode in (*Rounding, *Overflow):
        assert f"`{mode}`" in PAGE


def test_the_example_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page's own bundle passes ``fwgen check`` with arrays of the shapes in its table."""
    rng = np.random.default_rng(1)
    text = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert text
    table = re.findall(r"^\| `([\w.]+)` \| \(([\d, ]+)\) \|$", PAGE, re.MULTILINE)
    shapes = {name: [int(n) for n in re.findall(r"\d+", shape)] for name, shape in table}
    assert len(shapes) == 5
    (tmp_path / "model.yaml").write_text(text[1])
    np.savez(tmp_path / "weights.npz", **{k: rng.uniform(-1, 1, s) for k, s in shapes.items()})
    np.savez(tmp_path / "events.npz", toy=rng.uniform(0, 400, (5, 3)))
    monkeypatch.setattr("sys.argv", ["fwgen", "check", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    assert "tiny is valid" in capsys.readouterr().out


def test_a_wrap_is_accepted_by_name_as_the_page_says(tmp_path: Path, draft: Draft) -> None:
    """The key's own example."""
    draft.layer("enc_lif")["membrane_format"] = "fixed<6,1>"
    draft.model["accept_wrap"] = ["enc_lif"]
    assert quantise(read_bundle(draft.write(tmp_path / "demo")).graph).accepted_wraps == (
        "enc_lif",
    )
