"""Imports each model of a folder, in a process that need not have any training framework.

For every ``NAME.onnx``, ``NAME.json`` holds the answers, and the precision if any; the bundle
becomes the folder ``NAME``. What is refused leaves the message in ``NAME.error``.
"""

import json
import sys
from pathlib import Path

from fwgen.errors import FwgenError
from fwgen.flow.import_ import import_model
from fwgen.ingest.answers import Answers
from fwgen.ingest.sources import Request


def main(folder: Path) -> None:
    """Import all."""
    for path in sorted(folder.glob("*.onnx")):
        said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        precision = said.pop("precision", None)
        request = Request(path, "model", Answers(said), precision=precision)
        try:
            import_model(request, folder / path.stem)
        except FwgenError as error:
            path.with_suffix(".error").write_text(str(error), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
