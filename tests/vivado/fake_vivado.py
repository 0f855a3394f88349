"""A program called vivado: checks how it was called, then answers with reports of the fixtures.

It is copied onto the PATH by a test. ``FAKE_VIVADO`` names the folder of fixtures, or is
``fail`` or ``silent``; ``FAKE_VIVADO_CALLS`` names a file that gets one line for each call.
"""

import os
import re
import shutil
import sys
from itertools import pairwise
from pathlib import Path


def main() -> int:
    """Behave as 'vivado -mode batch -source FILE -tclargs N' does, as far as files are seen."""
    words = sys.argv[1:]
    options = dict(pairwise(words))
    script = Path(options["-source"]).read_text(encoding="utf-8")
    with Path(os.environ["FAKE_VIVADO_CALLS"]).open("a", encoding="utf-8") as calls:
        calls.write(f"{Path.cwd().name} {' '.join(words)}\n")
    Path(options["-log"]).write_text("the whole log\n", encoding="utf-8")
    if os.environ["FAKE_VIVADO"] == "fail":
        sys.stdout.write("ERROR: [Synth 8-439] module 'snn_ae' not found\nINFO: Exiting\n")
        return 1
    if os.environ["FAKE_VIVADO"] != "silent":
        answer(script, Path(os.environ["FAKE_VIVADO"]))
    return 0


def answer(script: str, fixtures: Path) -> None:
    """Read what the script reads, write what it writes."""
    sources = re.search(r"read_verilog \{(.*?)\}", script, re.DOTALL)
    for name in [*(sources[1].split() if sources else []), *re.findall(r"\S+\.xdc", script)]:
        Path(name).read_text(encoding="utf-8")
    for name in re.findall(r"open_checkpoint (\S+)", script):
        Path(name).read_bytes()
    Path("reports").mkdir(exist_ok=True)
    for name in re.findall(r"-file (reports/\S+)", script):
        report(Path(name), fixtures)
    for name in re.findall(r"write_checkpoint -force (\S+)", script):
        Path(name).write_bytes(b"checkpoint")


def report(name: Path, fixtures: Path) -> None:
    """One report: the routed one of the fixtures, or made to look synthesised."""
    kind = name.name.removeprefix("synth_").removeprefix("route_")
    source = fixtures / f"route_{kind}"
    if not source.is_file():
        name.write_text("a report that fwgen does not read\n", encoding="utf-8")
    elif name.name.startswith("route_"):
        shutil.copyfile(source, name)
    else:
        text = source.read_text(encoding="utf-8")
        text = text.replace(": Routed", ": Synthesized").replace("9120", "9876")
        name.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
