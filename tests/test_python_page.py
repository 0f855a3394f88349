"""docs/python.md: its examples run, one after the other, and give what the page shows."""

import doctest
import re
from pathlib import Path

import pytest

from fwgen.verify.hls4ml import run as hls4ml_run
from tests.ingest.spiking.snn_files import nir_nodes, write_nir

PAGE = Path(__file__).parent.parent / "docs" / "python.md"


def test_the_examples_give_what_they_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All code blocks are one session in an empty folder that holds a ``net.nir``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hls4ml_run, "installed", lambda: False)  # its g++ takes most of the time
    write_nir(tmp_path / "net.nir", nir_nodes())
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == text.count("```python")
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.DocTestRunner(optionflags=options).run(session)
    assert tried > 40
    assert not failed, capsys.readouterr().out
