"""A small valid bundle, and ways to spoil it."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml


@dataclass
class Draft:
    """A small valid bundle, to be changed before it is written."""

    model: dict[str, Any]
    weights: dict[str, Any]
    samples: dict[str, Any]
    text: str | bytes | None = None  # instead of ``model``
    after: list[Callable[[Path], object]] = field(default_factory=list)  # on the folder written

    def layer(self, name: str) -> dict[str, Any]:
        """The layer of that name."""
        return next(layer for layer in self.model["layers"] if layer["name"] == name)

    def yaml(self) -> str:
        """The model's text."""
        return yaml.safe_dump(self.model, sort_keys=False, allow_unicode=True, width=10_000)

    def write(self, folder: Path) -> Path:
        """Write all files into ``folder``; the folder itself."""
        folder.mkdir(parents=True)
        text = self.yaml() if self.text is None else self.text
        raw = text.encode() if isinstance(text, str) else text
        (folder / "model.yaml").write_bytes(raw)
        np.savez(folder / "weights.npz", **self.weights)
        np.savez(folder / "events.npz", **self.samples)
        for change in self.after:
            change(folder)
        return folder


def small_draft() -> Draft:
    """An autoencoder 3-2-3 with one spiking layer, a score and a trigger bit."""
    lif = {"beta": 0.9, "threshold": 1.0, "reset": "subtract", "reset_delay": True}
    layers: list[Mapping[str, Any]] = [
        {"name": "enc", "op": "dense", "units": 2},
        {"name": "enc_lif", "op": "lif", **lif, "membrane_format": "fixed<16,6,RND,SAT>"},
        {"name": "membrane", "op": "last_membrane"},
        {"name": "dec", "op": "dense"},
        {"name": "score", "op": "squared_error", "from": ["dec", "x"]},
        {"name": "trigger", "op": "threshold", "value": 0.5},
    ]
    model = {
        "fwgen": 1,
        "name": "demo",
        "steps": 3,
        "budgets": {"latency_ns": 1000},
        "input": {"name": "x", "size": 3, "format": "ufixed<8,0>", "scaling": {"scale": 0.5}},
        "layers": layers,
        "outputs": ["score", "trigger"],
        "samples": {"sets": [{"array": "toy", "kind": "toy", "source": "none"}]},
        "provenance": {"framework": "numpy"},
    }
    weights = {
        "enc.weight": np.array([[0.5, 0.25, -0.5], [1.0, 0.5, 0.25]]),
        "enc.bias": np.array([0.125, -0.25]),
        "dec.weight": np.array([[0.5, 1.0], [-0.5, 0.25], [0.75, 0.0]]),
        "dec.bias": np.zeros(3),
    }
    return Draft(model, weights, {"toy": np.array([[0.0, 0.5, 1.0], [1.5, 0.25, 0.125]])})


def on_spikes(draft: Draft) -> None:
    """Make it a network on spikes, without the score: three steps of three elements."""
    draft.model["input"] = {"name": "x", "size": 3, "spikes": True}
    draft.model["outputs"] = ["dec"]
    del draft.model["layers"][4:]
    draft.samples["toy"] = np.array([[[0, 1, 0], [1, 1, 0], [0, 0, 1]]] * 2)


Change = Callable[[Draft], Any]


class Case(NamedTuple):
    """What is wrong, how it comes about, and what is said about it."""

    what: str
    change: Change
    message: str


# ---- changes to a bundle ----


def top(**keys: Any) -> Change:
    """Set keys of the file."""
    return lambda draft: draft.model.update(keys)


def without(*keys: str) -> Change:
    """Remove keys of the file."""
    return lambda draft: [draft.model.pop(key) for key in keys]


def section(which: str, /, **keys: Any) -> Change:
    """Set keys of a section."""
    return lambda draft: draft.model[which].update(keys)


def layer(which: str, /, drop: str = "", **keys: Any) -> Change:
    """Set keys of a layer (``from_`` for ``from``), and remove one."""
    keys = {key.rstrip("_"): value for key, value in keys.items()}

    def change(draft: Draft) -> None:
        found = draft.layer(which)
        found.pop(drop, None)
        found.update(keys)

    return change


def added(**keys: Any) -> Change:
    """Add a layer at the end."""
    keys = {key.rstrip("_"): value for key, value in keys.items()}
    return lambda draft: draft.model["layers"].append(keys)


def both(*changes: Change) -> Change:
    """Make several changes."""
    return lambda draft: [change(draft) for change in changes]


def renamed(name: Any) -> Change:
    """Give the model another name."""
    return top(name=name)


def text(new: str | bytes) -> Change:
    """Put something else into model.yaml."""
    return lambda draft: setattr(draft, "text", new)


def swapped(old: str, new: str) -> Change:
    """Replace text in model.yaml."""

    def change(draft: Draft) -> None:
        assert old in draft.yaml()
        draft.text = draft.yaml().replace(old, new, 1)

    return change


def weights(**arrays: Any) -> Change:
    """Set arrays of the weights file; two underscores stand for a dot, None removes."""

    def change(draft: Draft) -> None:
        for name, value in arrays.items():
            draft.weights[name.replace("__", ".")] = value
        draft.weights = {k: v for k, v in draft.weights.items() if v is not None}

    return change


def samples(**arrays: Any) -> Change:
    """Replace the arrays of the sample file."""
    return lambda draft: setattr(draft, "samples", arrays)


def after(act: Callable[[Path], object]) -> Change:
    """Do something to the folder once it is written."""
    return lambda draft: draft.after.append(act)


def member(name: str, raw: bytes) -> Change:
    """Put a member as it is into the weights file."""

    def act(folder: Path) -> None:
        with zipfile.ZipFile(folder / "weights.npz", "a") as archive:
            archive.writestr(name, raw)

    return after(act)


def npy(array: Any, *, pickled: bool = False) -> bytes:
    """An array as a ``.npy`` file."""
    stream = BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=pickled)
    return stream.getvalue()


def claims(shape: str) -> bytes:
    """A ``.npy`` file whose header claims a shape, and 8 bytes."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)


def bomb(folder: Path) -> None:
    """257 MiB of zeros in a file of 256 KiB."""
    with (
        zipfile.ZipFile(folder / "weights.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("enc.weight.npy", "w") as stream,
    ):
        for _ in range(257):
            stream.write(bytes(1024 * 1024))


def truncate(folder: Path) -> None:
    """Cut the weights file in half."""
    raw = (folder / "weights.npz").read_bytes()
    (folder / "weights.npz").write_bytes(raw[: len(raw) // 2])


def instead(name: str, raw: bytes) -> Change:
    """Write other bytes into a file of the bundle."""
    return after(lambda folder: (folder / name).write_bytes(raw))


def folder_instead(name: str) -> Change:
    """Let a folder stand where a file should."""

    def act(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return after(act)
