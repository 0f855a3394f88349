"""A bundle in the making: what an importer writes down before it becomes files.

An importer only fills a draft. The files made of it are read back through
`fwgen.ingest.bundle.reader`, so an imported model passes the same door as one that a person wrote.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray

from fwgen.errors import BundleError
from fwgen.ingest.bundle.schema import FORMAT_VERSION
from fwgen.ingest.names import check_name
from fwgen.ir.fixed import Fixed

SPIKES = "spikes"  # the input format of spike trains
_LARGEST = 1e60  # float32 ends at 3.4e38
_NOT_A_LETTER = re.compile(r"[^A-Za-z0-9]+")


@dataclass(slots=True, eq=False)
class Draft:
    """Layers in order, as ``model.yaml`` spells them, and their arrays.

    Parameters
    ----------
    name
        The model's name.
    size, input_format
        The event: its numbers, and the format in which they arrive.
    layers
        Mappings with ``name``, ``op`` and the keys of docs/model-yaml.md.
    arrays
        Arrays by name, such as ``enc1.weight``.
    outputs
        Names of the layers whose values leave the firmware.
    parts
        Names of the layers that an importer builds an exact operation of: only the value at its end
        can be without a format.
    accept_wrap
        Names of the layers whose format may wrap around, as the user allows.
    provenance
        Framework, version, source file and its hash.
    notes
        Sentences on what was decided on the way; kept under ``provenance.notes``.
    """

    name: str
    size: int
    input_format: str
    input_name: str = "x"
    steps: int = 1
    layers: list[dict[str, Any]] = field(default_factory=list)
    arrays: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)
    accept_wrap: list[str] = field(default_factory=list)
    provenance: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        op: str,
        name: str,
        source: str | Sequence[str] | None = None,
        arrays: Mapping[str, ArrayLike] | None = None,
        **keys: Any,
    ) -> str:
        """Append a layer; keys that are None are left out. Returns its name.

        ``arrays`` are stored as ``NAME.KEY``; ``source`` is one name or several, and left out
        it is the layer before.
        """
        layer: dict[str, Any] = {"name": name, "op": op}
        if source is not None:
            layer["from"] = source if isinstance(source, str) else list(source)
        layer |= {key: value for key, value in keys.items() if value is not None}
        self.layers.append(layer)
        for key, values in (arrays or {}).items():
            self.arrays[f"{name}.{key}"] = np.asarray(values, dtype=np.float64)
        return name

    def check_numbers(self, where: str) -> None:
        """Refuse weights that no training could have meant; ``where`` begins the message.

        Raises
        ------
        BundleError
            If an array has infinite or absurd numbers, or a variance is none.
        """
        for key, values in self.arrays.items():
            if not (np.abs(values) < _LARGEST).all():
                raise _diverged(f"{where}: '{key}'", f"numbers below {_LARGEST:g}", values)
        for layer in self.layers:
            variance = self.arrays.get(f"{layer['name']}.variance")
            if variance is not None and not (variance + layer["epsilon"] > 1 / _LARGEST).all():
                place = f"{where}: '{layer['name']}.variance'"
                raise _diverged(place, "variance + epsilon above 0", variance + layer["epsilon"])

    def as_mapping(self) -> dict[str, Any]:
        """The keys of ``model.yaml``."""
        notes = {"notes": " ".join(self.notes)} if self.notes else {}
        return {
            "fwgen": FORMAT_VERSION,
            "name": self.name,
            "steps": self.steps,
            "input": {"name": self.input_name, "size": self.size, **self._kind()},
            "layers": self.layers,
            "outputs": self.outputs,
            **({"accept_wrap": self.accept_wrap} if self.accept_wrap else {}),
            "provenance": self.provenance | notes,
        }

    def _kind(self) -> dict[str, Any]:
        spikes = self.input_format == SPIKES
        return {"spikes": True} if spikes else {"format": self.input_format}

    def as_yaml(self) -> str:
        """The text of ``model.yaml``."""
        return str(
            yaml.safe_dump(self.as_mapping(), sort_keys=False, width=100, allow_unicode=True)
        )


def _diverged(where: str, needed: str, values: NDArray[np.float64]) -> BundleError:
    found = values[~(np.abs(values) < _LARGEST)] if "below" in needed else [values.min()]
    return BundleError(
        where, needed=needed, found=f"{found[0]:g}", do="Look for a diverged training."
    )


class Names:
    """Names from a source file as names that fwgen accepts, each once.

    ``taken`` are names that are spoken for: the model's and the input's.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = {name.lower() for name in taken}

    def fresh(self, wanted: str, where: str, parts: Sequence[str] = ()) -> str:
        """A name for ``wanted``: runs of other characters than letters and digits become ``_``.

        A name that is already taken gets a number. Nothing else is changed. ``parts`` are what
        names that belong to it end in, such as ``_syn``: they are taken with it.

        Raises
        ------
        BundleError
            If the result is no name that fwgen accepts; begins with ``where``.
        """
        plain = _NOT_A_LETTER.sub("_", wanted).strip("_")
        name, number = plain, 2
        while not self._taken.isdisjoint(_family(name, parts)):
            name, number = f"{plain}_{number}", number + 1
        try:
            for each in (name, *(name + part for part in parts)):
                check_name(each, where)
        except BundleError as error:
            raise BundleError(
                where, needed=error.needed, found=repr(wanted[:80]), do=error.do
            ) from None
        self._taken |= _family(name, parts)
        return name


def _family(name: str, parts: Sequence[str]) -> set[str]:
    return {name.lower(), *(f"{name}{part}".lower() for part in parts)}


@dataclass(slots=True)
class FormatNotes:
    """Which layers got which format, for the notes; ``origin`` is who asked for it."""

    origin: str
    groups: dict[str, list[str]] = field(default_factory=dict)

    def add(self, fmt: Fixed, what: str) -> None:
        """Note that ``what``, part of a layer, got a format."""
        self.groups.setdefault(str(fmt), []).append(what)

    def sentences(self) -> list[str]:
        """A sentence for each format."""
        return [
            f"{fmt} from {self.origin}: {', '.join(items)}." for fmt, items in self.groups.items()
        ]
