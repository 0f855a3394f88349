"""Small Keras files without Keras: a valid model, and ways to spoil it."""

import copy
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np

QUANTISER = {"class_name": "quantized_bits", "config": {"bits": 4, "integer": 1, "alpha": 1}}
WEIGHTS = {"kernel": [[0.5, -1.0], [0.25, 1.5], [-0.5, 0.75]], "bias": [0.5, -0.25]}


def dense(**keys: Any) -> dict[str, Any]:
    """A QDense layer named ``d`` with two units."""
    config = {
        "name": "d",
        "trainable": True,
        "dtype": "float32",
        "units": 2,
        "activation": "linear",
        "use_bias": True,
        "kernel_quantizer": copy.deepcopy(QUANTISER),
        "bias_quantizer": copy.deepcopy(QUANTISER),
    }
    return {"class_name": "QDense", "config": config | keys}


def layer(kind: str, name: str = "l", **keys: Any) -> dict[str, Any]:
    """Any layer."""
    return {"class_name": kind, "config": {"name": name, "dtype": "float32"} | keys}


def node(*sources: str) -> list[Any]:
    """The inbound nodes of a layer that is called once."""
    return [[[source, 0, 0, {}] for source in sources]]


@dataclass
class KerasDraft:
    """A model 3 -> 2 in the making."""

    layers: list[dict[str, Any]] = field(
        default_factory=lambda: [
            layer("InputLayer", "x_in", batch_input_shape=[None, 3]),
            layer("QActivation", "q", activation="quantized_bits(6,2,alpha=1)"),
            dense(),
        ]
    )
    weights: dict[str, dict[str, Any]] = field(default_factory=lambda: {"d": dict(WEIGHTS)})
    kind: str = "Sequential"
    keys: dict[str, Any] = field(default_factory=dict)  # of the model's configuration
    text: str | bytes | None = None  # instead of the configuration

    @property
    def config(self) -> str | bytes:
        """The model's configuration as JSON."""
        if self.text is not None:
            return self.text
        config = {"name": "m", "layers": self.layers} | self.keys
        return json.dumps({"class_name": self.kind, "config": config})

    def functional(self, outputs: list[Any], **nodes: list[Any]) -> "KerasDraft":
        """The same layers as a Functional model with these inbound nodes."""
        self.kind = "Functional"
        self.keys = {"input_layers": [["x_in", 0, 0]], "output_layers": outputs}
        for entry in self.layers:
            name = entry["config"]["name"]
            entry |= {"name": name, "inbound_nodes": nodes.get(name, [])}
        return self

    # ---- files ----

    def h5(self, path: Path) -> Path:
        """One HDF5 file, as model.save() writes it."""
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = self.config
            file.attrs["keras_version"] = "2.15.0"
            self._by_name(file.create_group("model_weights"))
        return path

    def pair(self, path: Path) -> Path:
        """A JSON file, and its weights beside it."""
        config = self.config
        path.write_bytes(config.encode() if isinstance(config, str) else config)
        with h5py.File(path.with_name(f"{path.stem}_weights.h5"), "w") as file:
            self._by_name(file)
        return path

    def _by_name(self, group: h5py.Group) -> None:
        names = [entry["config"].get("name", "") for entry in self.layers]
        group.attrs["layer_names"] = names
        for name in names:
            if not name or name in group:
                continue
            inner = group.create_group(name)
            arrays = self.weights.get(name, {})
            inner.attrs["weight_names"] = [f"{name}/{key}:0" for key in arrays]
            for key, values in arrays.items():
                inner.create_dataset(f"{name}/{key}:0", data=np.asarray(values, np.float32))

    def archive(self, path: Path, **extra: bytes) -> Path:
        """A .keras archive; ``extra`` are more members, with a dot for ``__``."""
        stream = BytesIO()
        with h5py.File(stream, "w") as file:
            for name, arrays in self.weights.items():
                place = "q_dense" if name == "d" else name.removeprefix("d/")
                place = f"q_dense/{place}/quantizer" if name.startswith("d/") else place
                group = file.create_group(f"layers/{place}/vars")
                for index, values in enumerate(arrays.values()):
                    group.create_dataset(str(index), data=np.asarray(values, np.float32))
        config = self.config
        members = {
            "metadata.json": b'{"keras_version": "3.0.0"}',
            "config.json": config.encode() if isinstance(config, str) else config,
            "model.weights.h5": stream.getvalue(),
        } | {name.replace("__", "."): raw for name, raw in extra.items()}
        with zipfile.ZipFile(path, "w") as file:
            for name, raw in members.items():
                file.writestr(name, raw)
        return path


Change = Callable[[KerasDraft], Any]
