"""Import saved models and compare the integer reference with the framework's outputs.

Run as ``python -m tests.frameworks.import_and_run FOLDER`` where the framework cannot be imported;
prints one line of JSON a model: its path, and the first difference or null.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fwgen.errors import FwgenError
from fwgen.flow.import_ import import_model
from fwgen.ingest.answers import Answers
from fwgen.ingest.sources import Request
from fwgen.ir.cast import to_real
from fwgen.quantise.passes import quantise
from fwgen.verify.reference import Reference, quantise_input

BLOCKED = ("tensorflow", "tf_keras", "keras", "qkeras", "hgq", "torch")


def check_blocked() -> None:
    """No framework can be imported here."""
    for name in BLOCKED:
        try:
            __import__(name)
        except ImportError:
            continue
        raise SystemExit(f"{name} can be imported")


def first_difference(entry: dict[str, Any], folder: Path) -> str | None:
    """What differs first, or None: outputs are those of every layer, in order."""
    path = Path(entry["path"])
    given = dict(entry["answers"])
    precision = given.pop("precision", None)
    request = Request(path, "net", Answers(given), precision=precision)
    bundle = import_model(request, folder / f"{path.stem}_bundle")
    graph = quantise(bundle.graph)
    reference = Reference.of(graph)
    with np.load(folder / f"{path.stem}.npz") as arrays:
        found = {key: arrays[key] for key in arrays.files}
    values = reference.run(quantise_input(graph, found["x"])).values
    if len(graph.outputs) != entry["outputs"]:
        return f"{len(graph.outputs)} outputs of {entry['outputs']}"
    for index, name in enumerate(graph.outputs):
        ours = to_real(values[name], reference.analysis.values[name].frac)
        theirs = found[f"y{index}"].reshape(ours.shape)
        if not np.array_equal(ours, theirs):
            at = tuple(int(i) for i in np.argwhere(ours != theirs)[0])
            many = int((ours != theirs).sum())
            return f"{name}{list(at)}: {ours[at]!r} for {theirs[at]!r}, {many} of {ours.size}"
    return None


def main(folder: Path) -> None:
    """Compare every model that models.json lists."""
    check_blocked()
    for entry in json.loads((folder / "models.json").read_text()):
        try:
            found = first_difference(entry, folder)
        except FwgenError as error:
            found = f"refused: {error}"
        line = {"path": entry["path"], "seen": entry["seen"], "difference": found}
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
